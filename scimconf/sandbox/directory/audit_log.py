"""The directory audit log: which client changed which application and its provisioning, and when.

Each successful write is an event; what was written is not in it. The names of activities, categories and services are
those of Microsoft's reference of audit activities. A client is known by the claims of its token, which is not verified,
or by the header `Sandbox-User` with a user principal name; a request with neither is one of the client `scimconf`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.directory.filters import FilterColumn, filter_condition
from scimconf.sandbox.directory.responses import PagedRows, page_response, select_properties
from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, unsupported_query
from scimconf.sandbox.store import Condition
from scimconf.sandbox.tenant import Tenant, stable_id

ACTIVITIES: Mapping[str, list[str]] = read_data("audit_activities.json")
"""Per route: a key of _SERVICES, the name of the activity, and the type of the operation."""
USER_HEADER = "sandbox-user"
DEFAULT_CLIENT = "scimconf"
_SERVICES = {
    "sync": ("Account Provisioning", "ProvisioningManagement"),
    "core": ("Core Directory", "ApplicationManagement"),
}
_ASSIGNED = {
    "User": ("Core Directory", "UserManagement", "grant to user", "from user"),
    "Group": ("Core Directory", "GroupManagement", "to group", "from group"),
    "ServicePrincipal": ("Core Directory", "ApplicationManagement", "to service principal", "from service principal"),
}
_APP_ID = re.compile(r"\(appId='(?P<id>[^']*)'\)")
_EXACT = frozenset({"eq"})
_SORTABLE = "activityDateTime"


@dataclass(frozen=True, slots=True)
class AuditSubject:
    """What a request changes: the application or its service principal, and the assigned user or group, if any."""

    target: Json | None = None
    assigned: Json | None = None


def subject_of(tenant: Tenant, activity: str, request: GraphRequest) -> AuditSubject:
    """Return what a request for an activity is about, as it is before the request. No reads are counted."""
    parameters = request.path_parameters
    principal_id = parameters.get("sp", "")
    assigned: Json | None = None
    if "assignment" in parameters:
        row = tenant.store.rows(
            "SELECT principal_type, principal_id FROM assignments WHERE id = ?", (parameters["assignment"],)
        )
        assigned = {"type": row[0][0], "id": row[0][1]} if row else None
    elif activity == "assign" and isinstance(request.body, dict):
        assigned = _principal(tenant, str(request.body.get("principalId", "")))
        principal_id = principal_id or str(request.body.get("resourceId", ""))
    kind, key = (
        ("application", parameters["application"])
        if "application" in parameters
        else ("servicePrincipal", principal_id)
    )
    return AuditSubject(_resource(tenant, kind, key), assigned)


def _principal(tenant: Tenant, key: str) -> Json | None:
    for kind, name in (("user", "User"), ("group", "Group"), ("servicePrincipal", "ServicePrincipal")):
        document = tenant.documents.get(kind, key)
        if document is not None:
            return {"type": name, "id": document["id"]}
    return None


def _resource(tenant: Tenant, kind: str, key: str) -> Json | None:
    by_app_id = _APP_ID.fullmatch(key)
    if by_app_id is None:
        return tenant.documents.get(kind, key)
    rows = tenant.documents.all(kind, Condition("json_extract(doc, '$.appId') = ?", (by_app_id["id"],)))
    return rows[0] if rows else None


def record(tenant: Tenant, route: str, request: GraphRequest, subject: AuditSubject, body: Any) -> None:
    """Add the event of a successful request."""
    service, activity, operation = ACTIVITIES[route]
    if service == "assign":
        kind = str((subject.assigned or {}).get("type") or "User")
        logged_by, category, added, removed = _ASSIGNED[kind]
        activity = f"{activity} {added if operation == 'Assign' else removed}"
    else:
        logged_by, category = _SERVICES[service]
    targets = [_target(tenant, resource, service) for resource in _changed(subject, body)]
    targets += [_assigned_target(tenant, subject.assigned)] if subject.assigned is not None else []
    number = int(tenant.store.value("SELECT COALESCE(MAX(seq), 0) + 1 FROM audit_log"))
    event = {
        "id": f"Directory_{stable_id(f'audit/{number}')}",
        "category": category,
        "correlationId": request.headers.get("client-request-id") or stable_id(f"correlation/{number}"),
        "result": "success",
        "resultReason": "",
        "activityDisplayName": activity,
        "activityDateTime": f"{tenant.now().astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z",  # seven digits, as Graph has
        "loggedByService": logged_by,
        "operationType": operation,
        "initiatedBy": initiator(tenant, request),
        "targetResources": targets,
        "additionalDetails": [],
    }
    tenant.store.run("INSERT INTO audit_log (doc) VALUES (?)", (json.dumps(event, ensure_ascii=False),))


def _changed(subject: AuditSubject, body: Any) -> list[Json]:
    """Return the application and service principal of an event: those of the request, or those that it created."""
    if subject.target is not None:
        return [subject.target]
    created = body if isinstance(body, dict) else {}
    if "servicePrincipal" in created:
        return [created["application"], created["servicePrincipal"]]
    return [created] if "id" in created else []


def _target(tenant: Tenant, resource: Json, service: str) -> Json:
    named_only = service == "sync" and tenant.switches.audit_target == "name"
    kind = (
        "ServicePrincipal"
        if "servicePrincipalNames" in resource or "servicePrincipalType" in resource
        else "Application"
    )
    key = None if named_only else resource["id"]
    return _target_resource(key, resource.get("displayName"), kind)


def _assigned_target(tenant: Tenant, assigned: Json) -> Json:
    kind = {"User": "user", "Group": "group"}.get(assigned["type"], "servicePrincipal")
    document = tenant.documents.get(kind, assigned["id"]) or {}
    target = _target_resource(assigned["id"], document.get("displayName"), assigned["type"])
    return target | {"userPrincipalName": document.get("userPrincipalName")}


def _target_resource(key: str | None, name: str | None, kind: str) -> Json:
    return {
        "id": key,
        "displayName": name,
        "type": kind,
        "userPrincipalName": None,
        "groupType": None,
        "modifiedProperties": [],
    }


# ---- who ------------------------------------------------------------------------------------------------------------


def initiator(tenant: Tenant, request: GraphRequest) -> Json:
    """Return who sent a request, in the form of Graph's auditActivityInitiator."""
    user = request.headers.get(USER_HEADER, "")
    claims = _claims(request.headers.get("authorization", "")) if not user else {}
    user = user or str(claims.get("upn") or "")
    if user:
        return {"user": _user(tenant, user, str(claims.get("oid") or "")), "app": None}
    app_id = str(claims.get("appid") or DEFAULT_CLIENT)
    name = str(claims.get("app_displayname") or f"Client {app_id}")
    key = str(claims.get("oid") or stable_id(f"caller/{app_id}"))
    app = {"appId": app_id, "displayName": name, "servicePrincipalId": key, "servicePrincipalName": None}
    return {"user": None, "app": app}


def _user(tenant: Tenant, name: str, key: str) -> Json:
    condition = Condition("json_extract(doc, '$.userPrincipalName') = ? COLLATE NOCASE", (name,))
    document = next(iter(tenant.documents.all("user", condition)), {})
    return {
        "id": document.get("id") or key or stable_id(f"user/{name}"),
        "displayName": document.get("displayName"),
        "userPrincipalName": document.get("userPrincipalName") or name,
        "ipAddress": "",
    }


def _claims(header: str) -> Mapping[str, Any]:
    """Return the claims of a bearer token, none if it is not a JWT."""
    parts = header.partition(" ")[2].strip().split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


# ---- GET /auditLogs/directoryAudits ---------------------------------------------------------------------------------


def _column(path: str, operators: frozenset[str] = _EXACT) -> FilterColumn:
    return FilterColumn(f"json_extract(doc, '$.{path.replace('/', '.')}')", operators)


_FILTERS: Mapping[str, FilterColumn] = {
    _SORTABLE: _column(_SORTABLE, frozenset({"eq", "ge", "le"})),
    "activityDisplayName": _column("activityDisplayName", frozenset({"eq", "startswith"})),
    "targetResources": _column("targetResources"),
    **{
        name: _column(name)
        for name in (
            "id", "category", "correlationId", "loggedByService", "result", "initiatedBy/user/id",
            "initiatedBy/user/displayName", "initiatedBy/app/appId", "initiatedBy/app/displayName",
        )
    },
    "initiatedBy/user/userPrincipalName": _column("initiatedBy/user/userPrincipalName", frozenset({"eq", "startswith"})),
}  # fmt: skip
"""The properties and operators that the reference of directoryAudit names."""


def list_audits(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the events that the tenant still has, newest first; `$filter`, `$orderby=activityDateTime`, `$top`, `$select`."""
    oldest = tenant.now() - timedelta(days=tenant.switches.audit_retention_days)
    still_there = Condition(f"{_FILTERS[_SORTABLE].sql} >= ?", (oldest.strftime("%Y-%m-%dT%H:%M:%SZ"),))
    where = filter_condition(tenant, request, _FILTERS) & still_there
    words = request.query.get("orderby", f"{_SORTABLE} desc").split()
    if words not in ([_SORTABLE], [_SORTABLE, "asc"], [_SORTABLE, "desc"]):
        raise unsupported_query(f"Unsupported sort property '{' '.join(words)}'.")
    order = "DESC" if words[-1] == "desc" else "ASC"

    def rows(after: int, limit: int) -> list[tuple[int, Json]]:
        sql = f"SELECT doc FROM audit_log WHERE {where.sql} ORDER BY seq {order} LIMIT ? OFFSET ?"  # noqa: S608
        texts = tenant.store.rows(sql, (*where.values, limit, after))
        return [
            (number, select_properties(request, json.loads(text))) for number, (text,) in enumerate(texts, after + 1)
        ]

    def count() -> int:
        return int(tenant.store.value(f"SELECT COUNT(*) FROM audit_log WHERE {where.sql}", where.values))  # noqa: S608

    return page_response(tenant, request, PagedRows("auditLogs/directoryAudits", rows, count, sortable=True))
