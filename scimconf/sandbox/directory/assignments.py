"""App role assignments. They are table rows and not documents, since there can be tens of thousands."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Any

from scimconf.sandbox.directory.applications import find_service_principal, with_roles
from scimconf.sandbox.directory.filters import FilterColumn, filter_condition
from scimconf.sandbox.directory.responses import (
    PagedRows,
    context_annotation,
    is_first_page,
    page_response,
    select_properties,
)
from scimconf.sandbox.directory.users_and_groups import find_group, find_principal, find_user
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphRequest,
    GraphResponse,
    Json,
    ResponseError,
    bad_request,
    not_allowed,
    not_found,
)
from scimconf.sandbox.store import Condition
from scimconf.sandbox.tenant import Tenant

DEFAULT_ROLE = "00000000-0000-0000-0000-000000000000"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_COLUMNS = "seq, id, role_id, created, principal_name, principal_id, principal_type, resource_id"
_FILTERS = {
    "principalDisplayName": FilterColumn("principal_name COLLATE NOCASE", frozenset({"eq", "startswith"})),
    "resourceId": FilterColumn("resource_id", frozenset({"eq"})),
}
_LISTED = Condition("hidden = 0")  # a deleted row is still listed while `stale_reads` is not 0
_EXISTS = Condition("stale_reads = 0")


# ---- of an application ----------------------------------------------------------------------------------------------


def list_assigned(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = find_service_principal(tenant, request.path_parameters["sp"])
    return _list(tenant, request, Condition("resource_id = ?", (principal["id"],)), "appRoleAssignments")


def get_assigned(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    row = _find(tenant, request)
    return GraphResponse(
        200, context_annotation(request, "appRoleAssignments/$entity") | select_properties(request, row)
    )


def create_assigned(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = find_service_principal(tenant, request.path_parameters["sp"])
    return _create(tenant, request, principal)


def delete_assigned(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    row = _find(tenant, request)
    remove_assignment(tenant, row["id"])
    return NO_CONTENT


def update_assigned(_tenant: Tenant, _request: GraphRequest) -> GraphResponse:
    raise not_allowed()


# ---- of a user or a group -------------------------------------------------------------------------------------------


def list_of_principal(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    name, key = _principal(tenant, request)
    return _list(tenant, request, Condition("principal_id = ?", (key,)), f"{name}('{key}')/appRoleAssignments")


def create_of_principal(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    _, key = _principal(tenant, request)
    body = request.object_body()
    if str(body.get("principalId")).lower() != key:
        raise bad_request("Not a valid reference update.")
    return _create(tenant, request, find_service_principal(tenant, str(body.get("resourceId"))))


def _principal(tenant: Tenant, request: GraphRequest) -> tuple[str, str]:
    """Return the name of the collection and the id of the user or group of the path."""
    parameters = request.path_parameters
    if "user" in parameters:
        return "users", find_user(tenant, parameters["user"])["id"]
    return "groups", find_group(tenant, parameters["group"])["id"]


# ---- rows -----------------------------------------------------------------------------------------------------------


def assignment_id(resource: str, principal: str, role: str) -> str:
    """Return the id of an assignment: 43 characters of URL-safe base64, always the same for the same three ids."""
    digest = hashlib.sha256(f"{resource}/{principal}/{role}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def insert_assignments(tenant: Tenant, resource: str, role: str, principals: Iterable[Json]) -> None:
    """Insert assignments without validation. Existing ones are unchanged."""
    created = tenant.stamp()
    tenant.store.run_many(
        "INSERT OR IGNORE INTO assignments"
        " (id, resource_id, role_id, principal_id, principal_type, principal_name, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (
                assignment_id(resource, principal["id"], role),
                resource,
                role,
                principal["id"],
                _type_of(principal),
                principal["displayName"],
                created,
            )
            for principal in principals
        ),
    )


def remove_assignment(tenant: Tenant, key: str) -> None:
    """Delete an assignment; with `late_reads`, that many lists still contain it."""
    if tenant.switches.late_reads:
        tenant.store.run(
            "UPDATE assignments SET stale_reads = ?, hidden = 0 WHERE id = ?", (tenant.switches.late_reads, key)
        )
    else:
        tenant.store.run("DELETE FROM assignments WHERE id = ?", (key,))


def _list(tenant: Tenant, request: GraphRequest, owner: Condition, name: str) -> GraphResponse:
    where = owner & filter_condition(tenant, request, _FILTERS) & _LISTED
    response = page_response(
        tenant,
        request,
        PagedRows(
            name,
            lambda after, limit: [
                (row[0], select_properties(request, _document(tenant, row)))
                for row in _rows(tenant, where, after, limit)
            ],
            lambda: len(_rows(tenant, where, 0, -1)),
        ),
    )
    if is_first_page(request):
        _count_list_read(tenant, owner)
    return response


def _rows(tenant: Tenant, where: Condition, after: int, limit: int) -> list[tuple[Any, ...]]:
    return tenant.store.rows(
        f"SELECT {_COLUMNS} FROM assignments WHERE ({where.sql}) AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
        (*where.values, after, limit),
    )


def _count_list_read(tenant: Tenant, owner: Condition) -> None:
    run = tenant.store.run
    run(f"DELETE FROM assignments WHERE stale_reads > 0 AND stale_reads = 1 AND {owner.sql}", owner.values)  # noqa: S608
    run(f"UPDATE assignments SET stale_reads = stale_reads - 1 WHERE stale_reads > 0 AND {owner.sql}", owner.values)  # noqa: S608
    run(f"UPDATE assignments SET hidden = hidden - 1 WHERE hidden > 0 AND {owner.sql}", owner.values)  # noqa: S608


def _document(tenant: Tenant, row: tuple[Any, ...]) -> Json:
    _, key, role, created, principal_name, principal, principal_type, resource = row
    return {
        "id": key,
        "deletedDateTime": None,
        "appRoleId": role,
        "createdDateTime": created,
        "principalDisplayName": principal_name,
        "principalId": principal,
        "principalType": principal_type,
        "resourceDisplayName": _resource_name(tenant, resource),
        "resourceId": resource,
    }


def _resource_name(tenant: Tenant, resource: str) -> Any:
    return tenant.store.value(
        "SELECT json_extract(doc, '$.displayName') FROM objects WHERE kind = 'servicePrincipal' AND id = ?", (resource,)
    )


def _find(tenant: Tenant, request: GraphRequest) -> Json:
    principal = find_service_principal(tenant, request.path_parameters["sp"])
    key = request.path_parameters["assignment"]
    rows = _rows(tenant, Condition("resource_id = ? AND id = ?", (principal["id"], key)) & _EXISTS, 0, 1)
    if not rows:
        raise not_found(key)
    return _document(tenant, rows[0])


# ---- creation -------------------------------------------------------------------------------------------------------


def _create(tenant: Tenant, request: GraphRequest, resource: Json) -> GraphResponse:
    sent = {name: str(request.object_body().get(name)).lower() for name in ("principalId", "resourceId", "appRoleId")}
    for name, value in sent.items():
        if not _GUID.match(value):
            raise bad_request(f"Invalid GUID:{value} specified for property '{name}'.")
    if sent["resourceId"] != resource["id"] or tenant.is_still_delayed(f"assignable/{resource['id']}"):
        raise bad_request("Not a valid reference update.")
    principal = find_principal(tenant, sent["principalId"], ["user", "group", "serviceprincipal"])
    if principal is None:
        raise bad_request("Not a valid reference update.")
    _validate_role(tenant, resource, principal, sent["appRoleId"])
    key = assignment_id(resource["id"], principal["id"], sent["appRoleId"])
    tenant.store.run("DELETE FROM assignments WHERE id = ? AND stale_reads > 0", (key,))
    if tenant.store.value("SELECT 1 FROM assignments WHERE id = ?", (key,)):
        raise _duplicate_error(tenant)
    insert_assignments(tenant, resource["id"], sent["appRoleId"], [principal])
    tenant.store.run("UPDATE assignments SET hidden = ? WHERE id = ?", (tenant.switches.late_reads, key))
    row = _rows(tenant, Condition("id = ?", (key,)), 0, 1)[0]
    return GraphResponse(201, context_annotation(request, "appRoleAssignments/$entity") | _document(tenant, row))


def _validate_role(tenant: Tenant, resource: Json, principal: Json, role_id: str) -> None:
    is_delayed = tenant.has_delay(f"roles/{resource['id']}")
    declared = with_roles(tenant, resource)["appRoles"]
    if role_id == DEFAULT_ROLE and not declared:
        return
    role = next((role for role in declared if role["id"] == role_id), None)
    if role is None and is_delayed:
        raise bad_request("Not a valid reference update.")
    if role is None:
        status = 404 if tenant.switches.unknown_role == "not_found" else 400
        raise ResponseError(status, "Request_BadRequest", "Permission being assigned was not found on application")
    if not role["isEnabled"]:
        raise bad_request("Permission being assigned is disabled on the application")
    member_type = "Application" if _type_of(principal) == "ServicePrincipal" else "User"
    if member_type not in role["allowedMemberTypes"]:
        raise bad_request(f"Permission being assigned cannot be assigned to a {_type_of(principal)}")
    if principal.get("securityEnabled") is False:
        raise bad_request("Only security groups can be assigned to an application.")


def _duplicate_error(tenant: Tenant) -> ResponseError:
    if tenant.switches.duplicate_assignment == "conflict":
        return ResponseError(409, "Request_MultipleObjectsWithSameKeyValue", "EntitlementGrant entry already exists.")
    return bad_request("Permission being assigned already exists on the object")


def _type_of(principal: Json) -> str:
    kind = str(principal.get("@odata.type", "")).rsplit(".", 1)[-1]
    if not kind:
        kind = "user" if "userPrincipalName" in principal else "group"
    return {"user": "User", "group": "Group"}.get(kind, "ServicePrincipal")
