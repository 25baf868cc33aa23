"""Requests about synchronization templates and jobs, and the life cycle of a job.

A started job whose address the sandbox may reach is driven by the engine. Any other completes a simulated cycle, without
requests, after a number of reads (switch `cycle_reads`), independently of time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scimconf.sandbox.data_files import new_document
from scimconf.sandbox.directory.applications import import_roles
from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.engine.state import JobState
from scimconf.sandbox.http_types import NO_CONTENT, GraphResponse, Json, bad_request, sync_error, sync_path_not_found
from scimconf.sandbox.store import Condition
from scimconf.sandbox.synchronization.call import JOB, SCHEMA, SyncCall
from scimconf.sandbox.synchronization.connection import connection_failure, stored_secrets
from scimconf.sandbox.synchronization.stored_form import format_flags, to_stored_form
from scimconf.sandbox.synchronization.templates import (
    ProvisioningTemplate,
    SchemaNames,
    default_schema,
    template_document,
    templates_of,
)
from scimconf.sandbox.tenant import VISIBLE, Tenant, stable_id

_NEVER = "0001-01-01T00:00:00Z"
_RESET_SCOPES = ("None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes")
_RESETS_LINKS = ("Full", "ConnectorDataStore")
_CLEARS_QUARANTINE = ("QuarantineState", "Full")
_QUARANTINE_CODE = "SystemForCrossDomainIdentityManagementInvalidCredentials"
_PRIVATE_PREFIX = "_"  # of keys that responses do not contain
_MAPPING_NAMES = {
    "new": "Provision Microsoft Entra ID {object}",
    "old": "Provision Azure Active Directory {object}",
    "oldest": "Synchronize Azure Active Directory {object} to {target}",
}
_NOT_CONFIGURED = {"code": "NotConfigured", "interval": "P10675199DT2H48M5.4775807S"}
_PAUSED = {"code": "Paused", "interval": "PT40M"}


def schema_of_template(tenant: Tenant, principal: Json, template: ProvisioningTemplate) -> Json:
    """Return the schema of a template for an application, with the formatting and names that the switches select."""
    switches = tenant.switches
    names = SchemaNames(switches.directory_name, object_mapping=_MAPPING_NAMES[switches.display_names])
    if switches.target_directory_name == "application":
        names = replace(names, target_directory=principal["displayName"])
    document = default_schema(template, names)
    for directory in document["directories"]:
        directory["discoverabilities"] = format_flags(directory["discoverabilities"], switches)
    for rule in document["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            mapping["flowTypes"] = format_flags(mapping["flowTypes"], switches)
    version = switches.schema_version
    if version == "guid":
        version = stable_id(f"version/{template.template_id}")
    return to_stored_form(document, document, document, switches) | {"version": version}


# ---- templates ------------------------------------------------------------------------------------------------------


def list_templates(call: SyncCall) -> GraphResponse:
    is_delayed = call.tenant.is_still_delayed(f"templates/{call.principal['id']}")
    templates = () if is_delayed else templates_of(call.principal["applicationTemplateId"], call.switches)
    return call.response("templates", {"value": [_template(call, template) for template in templates]})


def get_template(call: SyncCall) -> GraphResponse:
    return call.response("templates/$entity", _template(call, call.template(call.request.path_parameters["template"])))


def count_templates(call: SyncCall) -> GraphResponse:
    return call.count(len(templates_of(call.principal["applicationTemplateId"], call.switches)))


def _template(call: SyncCall, template: ProvisioningTemplate) -> Json:
    document = template_document(template, call.principal["applicationTemplateId"])
    if call.switches.inline_template_schema == "yes":
        document["schema"] = schema_of_template(call.tenant, call.principal, template)
    return document


# ---- jobs -----------------------------------------------------------------------------------------------------------


def list_jobs(call: SyncCall) -> GraphResponse:
    jobs = [job for job in call.jobs(VISIBLE) if call.is_selected(job)]
    sql = "UPDATE objects SET hidden = hidden - 1 WHERE kind = 'job' AND parent = ? AND hidden > 0"
    call.tenant.store.run(sql, (call.principal["id"],))
    return call.response("jobs", {"value": [_public(_advance(call, job)) for job in jobs]})


def count_jobs(call: SyncCall) -> GraphResponse:
    return call.count(len(call.jobs(VISIBLE)))


def get_job(call: SyncCall) -> GraphResponse:
    return call.response("jobs/$entity", _public(_advance(call, call.job())))


def create_job(call: SyncCall) -> GraphResponse:
    template_id = call.request.object_body().get("templateId")
    if call.tenant.is_still_delayed(f"templates/{call.principal['id']}"):
        raise sync_error(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")
    template = call.template(template_id)
    if call.switches.second_job == "refused" and any(job["templateId"] == template_id for job in call.jobs()):
        message = f"A job of the synchronization template '{template_id}' already exists."
        raise sync_error(409, "EmulatedJobExists", message)
    job = add_job(call.tenant, call.principal, template)
    return call.response("jobs/$entity", _public(job), status=int(call.switches.job_created))


def add_job(tenant: Tenant, principal: Json, template: ProvisioningTemplate) -> Json:
    """Create a job that is not running, with the schema of its template, and return it."""
    key = _job_id(tenant, principal, template)
    initial = _NOT_CONFIGURED if tenant.switches.initial_state == "NotConfigured" else _PAUSED
    job = {"id": key, "templateId": template.template_id, **new_document(JOB)}
    job["schedule"]["interval"], job["status"]["code"] = initial["interval"], initial["code"]
    schema = schema_of_template(tenant, principal, template) | {"id": key}
    tenant.documents.put(JOB, key, job, parent=principal["id"], hidden=tenant.switches.late_reads)
    tenant.documents.put(SCHEMA, key, schema, parent=principal["id"])
    tenant.delay([f"control/{key}"])
    return job


def _job_id(tenant: Tenant, principal: Json, template: ProvisioningTemplate) -> str:
    organization = tenant.stored_value(ORGANIZATION)["id"].replace("-", "")
    last = tenant.new_id("job")
    if tenant.switches.job_id == "two_parts":
        return f"{template.template_id}.{last.replace('-', '')}"
    if tenant.switches.job_id == "app_id" and not tenant.documents.get(
        JOB, f"{template.template_id}.{organization}.{principal['appId']}"
    ):
        last = principal["appId"]
    return f"{template.template_id}.{organization}.{last}"


def update_job(call: SyncCall) -> GraphResponse:
    """Refuse or ignore PATCH of a job, which only the metadata contains."""
    if call.switches.patch_job == "refused":
        raise sync_path_not_found(call.request.path)
    call.job()
    call.request.object_body()
    return NO_CONTENT


def delete_job(call: SyncCall) -> GraphResponse:
    job = _find_controllable_job(call)
    call.tenant.documents.remove(JOB, job["id"])
    call.tenant.documents.remove(SCHEMA, job["id"])
    JobState(call.tenant.store, job["id"]).forget()
    return NO_CONTENT


def start_job(call: SyncCall) -> GraphResponse:
    job = _find_controllable_job(call)
    activate_job(call.tenant, job)
    return NO_CONTENT


def activate_job(tenant: Tenant, job: Json) -> None:
    """Start a job and end its quarantine; do nothing if it already runs without one."""
    if job["schedule"]["state"] != "Active" or job["status"]["quarantine"]:
        job["schedule"]["state"] = "Active"
        job["status"] |= {"code": tenant.switches.started_code, "quarantine": None}
        job["_cycle"] = tenant.switches.cycle_reads
    tenant.documents.put(JOB, job["id"], job)


def pause_job(call: SyncCall) -> GraphResponse:
    job = _find_controllable_job(call)
    job["schedule"]["state"] = call.switches.paused_state
    job["status"]["code"] = "Paused"
    job["_cycle"] = None
    call.tenant.documents.put(JOB, job["id"], job)
    return NO_CONTENT


def restart_job(call: SyncCall) -> GraphResponse:
    job = _find_controllable_job(call)
    criteria = {} if call.request.body is None else call.request.object_body().get("criteria") or {}
    if not isinstance(criteria, dict):
        raise bad_request("'criteria' is not a synchronizationJobRestartCriteria.", code="BadRequest")
    scopes = [part.strip() for part in str(criteria.get("resetScope") or "").split(",") if part.strip()]
    for scope in scopes:
        if scope not in _RESET_SCOPES:
            raise sync_error(400, "EmulatedInvalidResetScope", f"'{scope}' is not a synchronizationJobRestartScope.")
    job["_restarts"].append(scopes)
    JobState(call.tenant.store, job["id"]).restart(scopes)
    if any(scope in _RESETS_LINKS for scope in scopes):  # the service counts the objects again
        counts = job["status"]["synchronizedEntryCountByType"]
        job["status"]["synchronizedEntryCountByType"] = [{**count, "value": 0} for count in counts]
    if not scopes or any(scope in _CLEARS_QUARANTINE for scope in scopes):
        job["status"]["quarantine"] = None
        if job["status"]["code"] == "Quarantine":
            job["status"]["code"] = "Active"
    quarantine = job["status"]["quarantine"]
    if "ForceDeletes" in scopes and quarantine:
        quarantine["nextAttempt"] = call.tenant.stamp()
    if call.switches.restart_starts == "yes":
        job["schedule"]["state"] = "Active"
    if job["schedule"]["state"] == "Active":
        job["_cycle"] = call.switches.cycle_reads
    call.tenant.documents.put(JOB, job["id"], job)
    return NO_CONTENT


def bulk_upload(call: SyncCall) -> GraphResponse:
    call.job()
    raise sync_error(400, "EmulatedNotInbound", "The job does not support API-driven inbound provisioning.")


def acquire_access_token(_call: SyncCall) -> GraphResponse:
    raise sync_error(400, "EmulatedNoAuthorizationCode", "The application does not use the authorization code flow.")


def schedule_cycles(call: SyncCall) -> None:
    """Let the running jobs of a service principal run another cycle, because their schema or secrets changed."""
    for job in call.jobs():
        if job["schedule"]["state"] == "Active" and not job["status"]["quarantine"]:
            call.tenant.documents.put(JOB, job["id"], job | {"_cycle": call.switches.cycle_reads})


# ---- life cycle -----------------------------------------------------------------------------------------------------


def _find_controllable_job(call: SyncCall) -> Json:
    """Return the job of a request that changes its state; raise a 409 while a new job is not replicated."""
    matches = call.jobs(Condition("id = ?", (call.request.path_parameters["job"],)))
    if matches and call.tenant.is_still_delayed(f"control/{matches[0]['id']}"):
        raise sync_error(409, "EmulatedConflict", "The job is being changed by another request.")
    return call.job()


def _advance(call: SyncCall, job: Json) -> Json:
    """Count a read of a job and return it; the last read before the end of the cycle also runs the cycle."""
    remaining_reads = job["_cycle"]
    if remaining_reads is None or call.tenant.reach.drives(stored_secrets(call.tenant, call.principal["id"])):
        return job
    if remaining_reads > 0:
        job["_cycle"] = remaining_reads - 1
    else:
        job["_cycle"] = None
        _run_cycle(call.tenant, call.principal, job)
    call.tenant.documents.put(JOB, job["id"], job)
    return job


def _run_cycle(tenant: Tenant, principal: Json, job: Json) -> None:
    failure = connection_failure(tenant, principal, stored_secrets(tenant, principal["id"]))
    execution = _execution(tenant, failed=failure is not None)
    status = job["status"]
    status["lastExecution"] = execution
    if failure is None:
        first = status["steadyStateFirstAchievedTime"]
        status |= {
            "code": "Active",
            "countSuccessiveCompleteFailures": 0,
            "lastSuccessfulExecution": execution,
            "quarantine": None,
            "steadyStateFirstAchievedTime": tenant.stamp() if first == _NEVER else first,
            "steadyStateLastAchievedTime": tenant.stamp(),
        }
        import_roles(tenant, principal)
        return
    error = {"code": _QUARANTINE_CODE, "message": failure, "tenantActionable": True}
    execution["error"] = error
    status |= {
        "code": "Quarantine",
        "countSuccessiveCompleteFailures": status["countSuccessiveCompleteFailures"] + 1,
        "quarantine": {
            "currentBegan": tenant.stamp(),
            "error": error,
            "nextAttempt": (tenant.now() + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "reason": "EncounteredQuarantineException",
            "seriesBegan": tenant.stamp(),
            "seriesCount": 1,
        },
    }


def _execution(tenant: Tenant, *, failed: bool) -> Json:
    return {
        "activityIdentifier": tenant.new_id("activity"),
        **new_document("execution"),
        "state": "Failed" if failed else "Succeeded",
        "timeBegan": tenant.stamp(),
        "timeEnded": tenant.stamp(),
    }


def _public(job: Json) -> Json:
    return {key: value for key, value in job.items() if not key.startswith(_PRIVATE_PREFIX)}
