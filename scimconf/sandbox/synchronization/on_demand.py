"""provisionOnDemand: whether an object would be provisioned, and why not. Nothing is sent to an application.

The response has the form of published captures: two JSON texts; `key` contains the result, `value` the report.
"""

from __future__ import annotations

import json
from typing import Any

from scimconf.sandbox.directory.users_and_groups import find_principal
from scimconf.sandbox.http_types import GraphResponse, Json, bad_request
from scimconf.sandbox.synchronization.call import SCHEMA, SyncCall
from scimconf.sandbox.synchronization.connection import connection_failure, stored_secrets
from scimconf.sandbox.tenant import Tenant

MAX_SUBJECTS = 5


def provision_on_demand(call: SyncCall) -> GraphResponse:
    request = call.request
    rule, subjects = _parse(call.tenant, call.job(), request.object_body().get("parameters"))
    outcomes = [_outcome(call.tenant, call.principal, rule, subject) for subject in subjects]
    failures = ((result, details) for result, details, _ in outcomes if result != "Success")
    result, details = next(failures, ("Success", {}))
    reports = [report for _, _, report in outcomes]
    context_annotation = {"@odata.context": f"{request.base_url}/$metadata#microsoft.graph.stringKeyStringValuePair"}
    body = {
        "key": json.dumps({"result": result, "details": details}, separators=(",", ":")),
        "value": json.dumps(reports[0] if len(reports) == 1 else reports, separators=(",", ":")),
    }
    return GraphResponse(200, body if call.switches.annotations == "none" else context_annotation | body)


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


def _outcome(tenant: Tenant, principal: Json, rule: Json, subject: Json) -> tuple[str, Json, Json]:
    kind = str(subject["objectTypeName"])
    document = find_principal(tenant, subject["objectId"], [kind.lower()]) if kind in ("User", "Group") else None
    name = str((document or {}).get("userPrincipalName") or (document or {}).get("displayName"))
    if document is None:
        failed = _step("EntryImport", "Import", "Failure", f"{kind} {subject['objectId']} was not found.")
        return "Failure", _details("ObjectNotFound", "The object was not found."), _report(rule, subject, [failed])
    steps = [_step("EntryImport", "Import", "Success", f"Retrieved {kind} '{name}'")]
    mapped = any(
        mapping.get("sourceObjectName") == kind and mapping.get("enabled", True) for mapping in rule["objectMappings"]
    )
    entitled = mapped and _is_entitled(tenant, principal, document)
    scoping = _step("EntrySynchronizationScoping", "Scoping", "Success" if entitled else "Skipped", "Assignment only")
    steps.append(scoping | {"details": {"Assigned": str(entitled)}})
    if not entitled:
        details = _details("NotEffectivelyEntitled", f"{kind} '{name}' is not assigned to the application.")
        return "Skipped", details, _report(rule, subject, steps)
    failure = connection_failure(tenant, stored_secrets(tenant, principal["id"]))
    status = "Success" if failure is None else "Failure"
    steps.append(_step("EntryExport", "Export", status, failure or "The sandbox sends nothing to the application."))
    details = {} if failure is None else _details("InvalidCredentials", failure)
    return status, details, _report(rule, subject, steps)


def _is_entitled(tenant: Tenant, principal: Json, document: Json) -> bool:
    """Return whether all objects are in scope, or this one is assigned, or is a direct member of an assigned group."""
    if stored_secrets(tenant, principal["id"]).get("SyncAll", "").lower() == "true":
        return True
    sql = (
        "SELECT 1 FROM assignments WHERE stale_reads = 0 AND resource_id = ? AND (principal_id = ?"
        " OR principal_id IN (SELECT group_id FROM members WHERE member_id = ?))"
    )
    return bool(tenant.store.value(sql, (principal["id"], document["id"], document["id"])))


def _step(name: str, kind: str, status: str, description: str) -> Json:
    return {"name": name, "type": kind, "status": status, "description": description, "details": {}}


def _details(code: str, message: str) -> Json:
    return {"errorCode": code, "errorMessage": message}


def _report(rule: Json, subject: Json, steps: list[Json]) -> Json:
    return {
        "action": "Other",
        "provisioningSteps": steps,
        "sourceIdentity": {"id": subject["objectId"], "type": subject["objectTypeName"]},
        "sourceSystem": {"name": rule.get("sourceDirectoryName")},
        "targetSystem": {"name": rule.get("targetDirectoryName")},
    }
