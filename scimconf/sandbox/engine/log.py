"""The provisioning log: what happened to each object, in the form of Graph's provisioningObjectSummary.

Names of steps and keys of details are those of published entries of the service.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from scimconf.sandbox.directory.filters import FilterColumn, filter_condition
from scimconf.sandbox.directory.responses import PagedRows, page_response, select_properties
from scimconf.sandbox.engine.quarantine import stamp
from scimconf.sandbox.engine.values import Json, ObjectFailure
from scimconf.sandbox.http_types import GraphRequest, GraphResponse, unsupported_query
from scimconf.sandbox.tenant import Tenant, stable_id

SEPARATOR = ", "
_SERVICE = {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"}
_OPERATORS = frozenset({"eq", "contains", "gt", "lt", "ge", "le"})
_COLUMNS = (
    "id", "tenantId", "jobId", "changeId", "cycleId", "provisioningAction", "provisioningStatusInfo/status",
    "statusInfo/status", "sourceSystem/displayName", "targetSystem/displayName", "sourceIdentity/id",
    "sourceIdentity/displayName", "sourceIdentity/identityType", "targetIdentity/id", "targetIdentity/displayName",
    "targetIdentity/identityType", "initiatedBy/displayName", "servicePrincipal/id", "servicePrincipal/displayName",
    "durationInMilliseconds", "activityDateTime",
)  # fmt: skip
_CASELESS = frozenset({"provisioningAction", "provisioningStatusInfo/status", "statusInfo/status"})
_SORTABLE = "activityDateTime"
_ENUMERATION = re.compile(r"microsoft\.graph\.\w+(?=')")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a change: its name, its type (Graph: provisioningStepType), status, text and details."""

    name: str
    kind: str
    status: str
    description: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Modified:
    """A target attribute with its old and new value as text, None for none."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """The object of a change: kind, id, what identifies it in texts, and its display name."""

    kind: str
    id: str
    name: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an object. `action` and `status` are Graph's provisioningAction and provisioningResult."""

    action: str
    status: str
    subject: Subject
    target_object: str
    target_id: str = ""
    steps: tuple[Step, ...] = ()
    modified: tuple[Modified, ...] = ()
    failure: ObjectFailure | None = None
    is_reference: bool = False

    @property
    def references(self) -> int:
        """The number of references that were added or removed."""
        texts = (text for part in self.modified for text in (part.old, part.new) if text)
        return sum(len(text.split(SEPARATOR)) for text in texts) if self.is_reference else 0

    def failed(self, failure: ObjectFailure) -> Event:
        return replace(self, status="failure", failure=failure)


@dataclass(frozen=True, slots=True)
class LogContext:
    """What the entries of one cycle have in common."""

    tenant_id: str
    job_id: str
    cycle_id: str
    principal: Json
    source_system: str
    target_system: str


def target_key(name: str) -> str:
    """Return the key of a target attribute in the details of a step, which lacks dots and colons."""
    return name.replace(".", "").replace(":", "")


def text_of(value: Any) -> str | None:
    """Return a value as the log shows it: booleans as `True` and `False`, lists joined by commas."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return SEPARATOR.join(str(text_of(entry)) for entry in value)
    return str(value.get("value", value)) if isinstance(value, Mapping) else str(value)


def entry(context: LogContext, event: Event, number: int, started: datetime, ended: datetime) -> Json:
    """Return the entry of an event; `number` is its position in the cycle."""
    key = stable_id(f"event/{context.cycle_id}/{number}")
    return {
        "id": key,
        "activityDateTime": stamp(ended),
        "tenantId": context.tenant_id,
        "jobId": context.job_id,
        "cycleId": context.cycle_id,
        "changeId": stable_id(f"change/{context.cycle_id}/{number}"),
        "provisioningAction": event.action,
        "durationInMilliseconds": round((ended - started).total_seconds() * 1000),
        **_systems(context, key),
        **_identities(event),
        "provisioningStatusInfo": {"status": event.status, "errorInformation": _error(event.failure)},
        "provisioningSteps": [_step(step) for step in event.steps],
        "modifiedProperties": [
            {"displayName": row.name, "oldValue": row.old, "newValue": row.new} for row in event.modified
        ],
    }


def _systems(context: LogContext, key: str) -> Json:
    principal = context.principal
    details = {
        "ApplicationId": principal["appId"],
        "ServicePrincipalId": principal["id"],
        "ServicePrincipalDisplayName": principal["displayName"],
    }
    return {
        "servicePrincipal": {"id": principal["id"], "displayName": principal["displayName"]},
        "sourceSystem": {"id": stable_id(f"source/{key}"), "displayName": context.source_system, "details": {}},
        "targetSystem": {"id": stable_id(f"target/{key}"), "displayName": context.target_system, "details": details},
        "initiatedBy": dict(_SERVICE),
    }


def _identities(event: Event) -> Json:
    subject = event.subject
    details = {"id": subject.id, "odatatype": subject.kind, "DisplayName": subject.display_name}
    source = {"id": subject.id, "displayName": subject.display_name, "identityType": subject.kind}
    target = {"id": event.target_id, "displayName": "", "identityType": event.target_object, "details": {}}
    named = details | ({"UserPrincipalName": subject.name} if subject.kind == "User" else {})
    return {"sourceIdentity": source | {"details": named}, "targetIdentity": target}


def _step(step: Step) -> Json:
    return {
        "name": step.name,
        "provisioningStepType": step.kind,
        "status": step.status,
        "description": step.description,
        "details": dict(step.details),
    }


def _error(failure: ObjectFailure | None) -> Json | None:
    if failure is None:
        return None
    return {
        "errorCode": failure.code,
        "reason": failure.reason,
        "errorCategory": "nonServiceFailure",
        "additionalDetails": None,
        "recommendedAction": None,
    }


def store_entries(tenant: Tenant, entries: Iterable[Json]) -> None:
    rows = ((json.dumps(document, ensure_ascii=False),) for document in entries)
    tenant.store.run_many("INSERT INTO provisioning_log (doc) VALUES (?)", rows)


# ---- GET /auditLogs/provisioning ------------------------------------------------------------------------------------


def _column(name: str) -> FilterColumn:
    path = name.replace("statusInfo/", "provisioningStatusInfo/") if name.startswith("statusInfo/") else name
    value = "json_extract(doc, '$." + path.replace("/", ".") + "')"
    return FilterColumn(f"{value} COLLATE NOCASE" if name in _CASELESS else value, _OPERATORS)


_FILTERS: Mapping[str, FilterColumn] = {name: _column(name) for name in _COLUMNS}


def list_provisioning(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return the provisioning log, newest entries first; `$filter`, `$orderby=activityDateTime`, `$top`, `$select`."""
    text = _ENUMERATION.sub("", request.query.get("filter", ""))
    where = filter_condition(tenant, replace(request, query={**request.query, "filter": text}), _FILTERS)
    order = _order(request)

    def rows(after: int, limit: int) -> list[tuple[int, Json]]:
        sql = f"SELECT doc FROM provisioning_log WHERE {where.sql} ORDER BY seq {order} LIMIT ? OFFSET ?"  # noqa: S608
        texts = tenant.store.rows(sql, (*where.values, limit, after))
        return [
            (number, select_properties(request, json.loads(text))) for number, (text,) in enumerate(texts, after + 1)
        ]

    def count() -> int:
        sql = f"SELECT COUNT(*) FROM provisioning_log WHERE {where.sql}"  # noqa: S608
        return int(tenant.store.value(sql, where.values))

    return page_response(tenant, request, PagedRows("auditLogs/provisioning", rows, count, sortable=True))


def _order(request: GraphRequest) -> str:
    """Return the SQL order: the sequence is that of the times, so that entries of one second keep their order."""
    words = request.query.get("orderby", f"{_SORTABLE} desc").split()
    if words not in ([_SORTABLE], [_SORTABLE, "asc"], [_SORTABLE, "desc"]):
        raise unsupported_query(f"Unsupported sort property '{' '.join(words)}'.")
    return "DESC" if words[-1] == "desc" else "ASC"
