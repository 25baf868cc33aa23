"""provisionOnDemand: whether an object would be provisioned, and why not.

The engine really provisions it if the sandbox may reach the application; otherwise nothing is sent.

The response has the form of published captures: two JSON texts; `key` contains the result, `value` the report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from scimconf.sandbox.directory.applications import with_roles
from scimconf.sandbox.directory.users_and_groups import find_principal
from scimconf.sandbox.engine.cycle import BusyError
from scimconf.sandbox.engine.on_demand import provision, response_body
from scimconf.sandbox.http_types import GraphResponse, Json, PendingResponse, bad_request, sync_error
from scimconf.sandbox.synchronization.call import SCHEMA, SyncCall
from scimconf.sandbox.synchronization.connection import connection_failure, stored_secrets
from scimconf.sandbox.tenant import Tenant

if TYPE_CHECKING:
    from scimconf.sandbox.service import Service

MAX_SUBJECTS = 5
_ATTRIBUTES = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName")
"""Properties of a user or group that the synchronization service calls the same."""


def provision_on_demand(call: SyncCall) -> GraphResponse:
    request, job = call.request, call.job()
    rule, subjects = _parse(call.tenant, job, request.object_body().get("parameters"))
    if call.switches.paused_on_demand == "refused" and job["schedule"]["state"] != "Active":
        raise sync_error(400, "EmulatedJobPaused", "Provisioning is paused.")
    if call.tenant.reach.drives(stored_secrets(call.tenant, call.principal["id"])):
        return PendingResponse(200, complete=partial(_really_provision, call, job, subjects))
    tenant, principal = call.tenant, with_roles(call.tenant, call.principal)
    outcomes = [_outcome(tenant, principal, _mapping_of(rule, subject), subject) for subject in subjects]
    worst = next((outcome for outcome in outcomes if outcome.result != "Success"), outcomes[0])
    reports = [_report(tenant, rule, *pair) for pair in zip(subjects, outcomes, strict=True)]
    body = {
        "key": json.dumps({"result": worst.result, "details": worst.details}, separators=(",", ":")),
        "value": json.dumps(reports[0] if len(reports) == 1 else reports, separators=(",", ":")),
    }
    return _response(call, body)


async def _really_provision(call: SyncCall, job: Json, subjects: list[Json], service: Service) -> GraphResponse:
    try:
        reports = await provision(service, call.principal, job, subjects)
    except BusyError as error:
        raise sync_error(409, "EmulatedConflict", str(error)) from error
    return _response(call, response_body(reports))


def _response(call: SyncCall, body: Json) -> GraphResponse:
    context = f"{call.request.base_url}/$metadata#microsoft.graph.stringKeyStringValuePair"
    return GraphResponse(200, body if call.switches.annotations == "none" else {"@odata.context": context} | body)


def _parse(tenant: Tenant, job: Json, parameters: Any) -> tuple[Json, list[Json]]:
    parameter = parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else None
    subjects = parameter.get("subjects") if isinstance(parameter, dict) else None
    if not isinstance(parameter, dict) or not isinstance(subjects, list) or not 1 <= len(subjects) <= MAX_SUBJECTS:
        raise _invalid(f"The request must have one rule and 1 to {MAX_SUBJECTS} subjects.")
    if not all(map(_is_subject, subjects)):
        raise _invalid("A subject must have an objectId and an objectTypeName.")
    schema: Json = tenant.documents.get(SCHEMA, job["id"]) or {}
    rule_id = str(parameter.get("ruleId")).split("#", 1)[0]
    for rule in schema.get("synchronizationRules") or ():
        if rule.get("id") == rule_id:
            return rule, subjects
    raise _invalid(f"The job does not include the rule '{rule_id}'.")


def _is_subject(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("objectId")) and bool(value.get("objectTypeName"))


def _invalid(message: str) -> Exception:
    return bad_request(message, code="RequestParameterInvalid")


# ---- one subject ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What happened to a subject: result, error code and message, steps, and the source attributes that were read."""

    result: str
    steps: list[Json]
    code: str | None = None
    message: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None

    @property
    def details(self) -> Json:
        return {} if self.code is None else {"errorCode": self.code, "errorMessage": self.message}


def _outcome(tenant: Tenant, principal: Json, mapping: Json | None, subject: Json) -> _Outcome:
    kind = str(subject["objectTypeName"])
    document = find_principal(tenant, subject["objectId"], [kind.lower()]) if kind in ("User", "Group") else None
    if document is None:
        step = _step(tenant, "EntryImport", "Import", "Failure", f"{kind} {subject['objectId']} was not found.")
        return _Outcome("Failure", [step], "ObjectNotFound", "The object was not found.")
    name = str(document.get("userPrincipalName") or document.get("displayName"))
    attributes = _source_attributes(tenant, principal, document)
    entitled = mapping is not None and _is_entitled(tenant, principal, document)
    steps = [
        _step(tenant, "EntryImport", "Import", "Success", f"Retrieved {kind} '{name}'", attributes),
        _step(tenant, "EntryImport", "Matching", "Skipped", "The sandbox does not read from the application."),
        _scoping_step(tenant, kind, attributes, entitled=entitled),
    ]
    if not entitled:
        message = f"{kind} '{name}' is not assigned to the application."
        return _Outcome("Skipped", steps, "NotEffectivelyEntitled", message, attributes, name)
    failure = connection_failure(tenant, principal, stored_secrets(tenant, principal["id"]))
    description = failure or "The sandbox sends nothing to the application."
    status = "Success" if failure is None else "Failure"
    steps.append(_step(tenant, "EntryExport", "Export", status, description))
    return _Outcome(status, steps, None if failure is None else "InvalidCredentials", failure, attributes, name)


def _mapping_of(rule: Json, subject: Json) -> Json | None:
    mappings = (mapping for mapping in rule["objectMappings"] if mapping.get("enabled", True))
    return next((entry for entry in mappings if entry.get("sourceObjectName") == subject["objectTypeName"]), None)


def _is_entitled(tenant: Tenant, principal: Json, document: Json) -> bool:
    """Return whether all objects are in scope, or this one is assigned, or is a direct member of an assigned group."""
    if stored_secrets(tenant, principal["id"]).get("SyncAll", "").lower() == "true":
        return True
    sql = (
        "SELECT 1 FROM assignments WHERE stale_reads = 0 AND resource_id = ? AND (principal_id = ?"
        " OR principal_id IN (SELECT group_id FROM members WHERE member_id = ?))"
    )
    return bool(tenant.store.value(sql, (principal["id"], document["id"], document["id"])))


def _source_attributes(tenant: Tenant, principal: Json, document: Json) -> dict[str, str]:
    """Return attributes of a user or group under the names of the synchronization service, as text."""
    sql = "SELECT role_id FROM assignments WHERE stale_reads = 0 AND resource_id = ? AND principal_id = ?"
    assigned = {row[0] for row in tenant.store.rows(sql, (principal["id"], document["id"]))}
    roles = ", ".join(role["displayName"] for role in principal["appRoles"] if role["id"] in assigned)
    values = {"objectId": document["id"]} | {name: document.get(name) for name in _ATTRIBUTES}
    computed = {"IsSoftDeleted": "False", "appRoleAssignments": roles or None}
    return {name: str(value) for name, value in (values | computed).items() if value is not None}


def _scoping_step(tenant: Tenant, kind: str, attributes: Mapping[str, str], *, entitled: bool) -> Json:
    details = {
        "IsActive": attributes.get("accountEnabled", "True"),
        "Assigned": str(entitled),
        "IsEffectivelyEntitledForProvisioning": str(entitled),
        "IsInProvisioningScopeDisplayName": "True",
        "ScopeEvaluationResult": "{}",
    }
    description = f"Determine if {kind} in scope by evaluating against each scoping filter"
    status = "Success" if entitled else "Skipped"
    return _step(tenant, "EntrySynchronizationScoping", "Scoping", status, description, details)


def _step(
    tenant: Tenant, name: str, kind: str, status: str, description: str, details: Mapping[str, str] | None = None
) -> Json:
    step = {"name": name, "type": kind, "status": status, "description": description, "timestamp": tenant.stamp()}
    return step | {"details": dict(details or {})}


# ---- the report -----------------------------------------------------------------------------------------------------


def _report(tenant: Tenant, rule: Json, subject: Json, outcome: _Outcome) -> Json:
    """Return the report of a subject, with the properties of the example in the reference."""
    target = (_mapping_of(rule, subject) or {}).get("targetObjectName")
    failed = outcome.result == "Failure"
    return {
        "action": "Other",
        "changeId": tenant.new_id("activity"),
        "endTime": tenant.stamp(),
        "modifiedProperties": [
            {"displayName": name, "oldValue": None, "newValue": value} for name, value in outcome.attributes.items()
        ],
        "provisioningSteps": outcome.steps,
        "reportableIdentifier": outcome.name,
        "startTime": tenant.stamp(),
        "statusInfo": {
            "status": outcome.result,
            "errorCode": outcome.code if failed else None,
            "reason": outcome.message if failed else None,
            "additionalDetails": None,
            "errorCategory": None,
            "recommendedAction": None,
        },
        "sourceIdentity": _identity(subject["objectId"], subject["objectTypeName"]),
        "sourceSystem": _system(rule.get("sourceDirectoryName")),
        "targetIdentity": _identity(None, target),
        "targetSystem": _system(rule.get("targetDirectoryName")),
    }


def _identity(key: str | None, kind: str | None) -> Json:
    return {"id": key, "type": kind, "displayName": None, "details": None}


def _system(name: str | None) -> Json:
    return {"id": None, "name": name, "details": None}
