"""provisionOnDemand, as far as it goes here: who would be provisioned, and why not. Nothing is sent to an application.

The answer has the form of published captures: two strings of JSON, of which `key` says how it went.
"""

from __future__ import annotations

import json
from typing import Any

from scimconf.sandbox.directory.users_and_groups import find_principal
from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, bad_request
from scimconf.sandbox.synchronization.connection import connection_failure, stored_secrets
from scimconf.sandbox.synchronization.jobs import SCHEMA, find_job, synchronization_principal
from scimconf.sandbox.tenant import Tenant

MAX_SUBJECTS = 5


def provision_on_demand(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    job = find_job(tenant, principal, request)
    rule, subjects = _asked(tenant, job, request.object_body().get("parameters"))
    outcomes = [_outcome(tenant, principal, rule, subject) for subject in subjects]
    result, details = next((one[:2] for one in outcomes if one[0] != "Success"), ("Success", {}))
    report = [steps for _, _, steps in outcomes]
    context_annotation = {"@odata.context": f"{request.base_url}/$metadata#microsoft.graph.stringKeyStringValuePair"}
    body = {
        "key": json.dumps({"result": result, "details": details}, separators=(",", ":")),
        "value": json.dumps(report[0] if len(report) == 1 else report, separators=(",", ":")),
    }
    return GraphResponse(200, body if tenant.switches.annotations == "none" else context_annotation | body)


def _asked(tenant: Tenant, job: Json, parameters: Any) -> tuple[Json, list[Json]]:
    given = parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else None
    subjects = given.get("subjects") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(subjects, list) or not 1 <= len(subjects) <= MAX_SUBJECTS:
        raise _invalid(f"One rule and up to {MAX_SUBJECTS} subjects are to be named.")
    if not all(isinstance(one, dict) and one.get("objectId") and one.get("objectTypeName") for one in subjects):
        raise _invalid("A subject is named by its objectId and its objectTypeName.")
    schema: Json = tenant.documents.get(SCHEMA, job["id"]) or {}
    wanted = str(given.get("ruleId")).split("#", 1)[0]
    for rule in schema.get("synchronizationRules") or ():
        if rule.get("id") == wanted:
            return rule, subjects
    raise _invalid(f"The job does not include the rule '{wanted}'.")


def _invalid(message: str) -> Exception:
    return bad_request(message, code="RequestParameterInvalid")


# ---- one subject ----------------------------------------------------------------------------------------------------


def _outcome(tenant: Tenant, principal: Json, rule: Json, subject: Json) -> tuple[str, Json, Json]:
    kind = str(subject["objectTypeName"])
    found = find_principal(tenant, subject["objectId"], [kind.lower()]) if kind in ("User", "Group") else None
    name = str((found or {}).get("userPrincipalName") or (found or {}).get("displayName"))
    if found is None:
        failed = _step("EntryImport", "Import", "Failure", f"{kind} {subject['objectId']} was not found.")
        return "Failure", _details("ObjectNotFound", "The object was not found."), _report(rule, subject, [failed])
    steps = [_step("EntryImport", "Import", "Success", f"Retrieved {kind} '{name}'")]
    mapped = any(one.get("sourceObjectName") == kind and one.get("enabled", True) for one in rule["objectMappings"])
    entitled = mapped and _is_entitled(tenant, principal, found)
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


def _is_entitled(tenant: Tenant, principal: Json, found: Json) -> bool:
    """Whether everybody is in scope, or this one by assignment, or as a direct member of a group that is."""
    if stored_secrets(tenant, principal["id"]).get("SyncAll", "").lower() == "true":
        return True
    sql = (
        "SELECT 1 FROM assignments WHERE stale_reads = 0 AND resource_id = ? AND (principal_id = ?"
        " OR principal_id IN (SELECT group_id FROM members WHERE member_id = ?))"
    )
    return bool(tenant.store.value(sql, (principal["id"], found["id"], found["id"])))


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
