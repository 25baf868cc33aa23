"""Requests about synchronization templates and jobs, and the life cycle of a job.

A started job completes its cycle after a number of reads (switch `cycle_reads`), independently of time.
"""

from __future__ import annotations

from datetime import timedelta

from scimconf.sandbox.data_files import new_document
from scimconf.sandbox.directory.applications import SERVICE_PRINCIPAL, find_service_principal
from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.gallery import GALLERY
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphRequest,
    GraphResponse,
    Json,
    bad_request,
    not_found,
    sync_error,
    sync_path_not_found,
    sync_unauthorized,
)
from scimconf.sandbox.store import Condition
from scimconf.sandbox.synchronization.annotations import annotated, count_response
from scimconf.sandbox.synchronization.connection import connection_failure, stored_secrets
from scimconf.sandbox.synchronization.schema_validation import format_flags
from scimconf.sandbox.synchronization.stored_form import to_stored_form
from scimconf.sandbox.synchronization.templates import (
    ProvisioningTemplate,
    default_schema,
    template_document,
    templates_of,
)
from scimconf.sandbox.tenant import VISIBLE, Tenant, stable_id

JOB = "job"
SCHEMA = "schema"
_NEVER = "0001-01-01T00:00:00Z"
_RESET_SCOPES = ("None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes")
_CLEARS_QUARANTINE = ("QuarantineState", "Full")
_QUARANTINE_CODE = "SystemForCrossDomainIdentityManagementInvalidCredentials"
_PRIVATE_PREFIX = "_"  # of keys that responses do not contain
_DISPLAY_NAMES = {"new": "Microsoft Entra ID", "old": "Azure Active Directory"}
_NOT_CONFIGURED = {"code": "NotConfigured", "interval": "P10675199DT2H48M5.4775807S"}
_PAUSED = {"code": "Paused", "interval": "PT40M"}


# ---- look-up --------------------------------------------------------------------------------------------------------


def synchronization_principal(tenant: Tenant, request: GraphRequest) -> Json:
    """Return the service principal of a synchronization request; raise a ResponseError if the service does not know it."""
    key = request.path_parameters["sp"]
    if key.startswith("("):
        if tenant.switches.sync_by_app_id == "refused":
            raise sync_path_not_found(request.path)
        return find_service_principal(tenant, key)
    principal = tenant.documents.get(SERVICE_PRINCIPAL, key)
    if principal is None:
        raise not_found(key)
    if tenant.is_still_delayed(f"synchronization/{principal['id']}"):
        raise sync_unauthorized()
    return principal


def find_template(principal: Json, template_id: object) -> ProvisioningTemplate:
    for template in templates_of(principal["applicationTemplateId"]):
        if template.template_id == template_id:
            return template
    raise sync_error(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")


def schema_of_template(tenant: Tenant, template: ProvisioningTemplate) -> Json:
    """Return the schema of a template, with the formatting and the names that the switches select."""
    switches = tenant.switches
    document = default_schema(template, switches.directory_name, _DISPLAY_NAMES[switches.display_names])
    for rule in document["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            mapping["flowTypes"] = format_flags(mapping["flowTypes"], switches)
    version = switches.schema_version
    if version == "guid":
        version = stable_id(f"version/{template.template_id}")
    return to_stored_form(document, document, document, switches) | {"version": version}


# ---- templates ------------------------------------------------------------------------------------------------------


def list_templates(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    is_delayed = tenant.is_still_delayed(f"templates/{principal['id']}")
    templates = () if is_delayed else templates_of(principal["applicationTemplateId"])
    value = [_template(tenant, principal, template) for template in templates]
    return GraphResponse(200, annotated(tenant, request, principal, "templates", {"value": value}))


def get_template(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    template = find_template(principal, request.path_parameters["template"])
    return GraphResponse(
        200, annotated(tenant, request, principal, "templates/$entity", _template(tenant, principal, template))
    )


def count_templates(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    return count_response(tenant, request, len(templates_of(principal["applicationTemplateId"])))


def _template(tenant: Tenant, principal: Json, template: ProvisioningTemplate) -> Json:
    document = template_document(template, GALLERY[principal["applicationTemplateId"]])
    if tenant.switches.inline_template_schema == "yes":
        document["schema"] = schema_of_template(tenant, template)
    return document


# ---- jobs -----------------------------------------------------------------------------------------------------------


def list_jobs(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)) & VISIBLE)
    tenant.store.run(
        "UPDATE objects SET hidden = hidden - 1 WHERE kind = 'job' AND parent = ? AND hidden > 0", (principal["id"],)
    )
    value = [_public(_advance(tenant, principal, job)) for job in jobs]
    return GraphResponse(200, annotated(tenant, request, principal, "jobs", {"value": value}))


def count_jobs(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)) & VISIBLE)
    return count_response(tenant, request, len(jobs))


def get_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    job = _advance(tenant, principal, find_job(tenant, principal, request))
    return GraphResponse(200, annotated(tenant, request, principal, "jobs/$entity", _public(job)))


def create_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    template_id = request.object_body().get("templateId")
    if tenant.is_still_delayed(f"templates/{principal['id']}"):
        raise sync_error(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")
    template = find_template(principal, template_id)
    if tenant.switches.second_job == "refused" and _has_job(tenant, principal, template):
        raise sync_error(
            409, "EmulatedJobExists", f"A job of the synchronization template '{template_id}' already exists."
        )
    job = add_job(tenant, principal, template)
    body = annotated(tenant, request, principal, "jobs/$entity", _public(job))
    return GraphResponse(int(tenant.switches.job_created), body)


def add_job(tenant: Tenant, principal: Json, template: ProvisioningTemplate) -> Json:
    """Create a job that is not running, with the schema of its template, and return it."""
    key = _job_id(tenant, principal, template)
    initial = _NOT_CONFIGURED if tenant.switches.initial_state == "NotConfigured" else _PAUSED
    job = {"id": key, "templateId": template.template_id, **new_document(JOB)}
    job["schedule"]["interval"], job["status"]["code"] = initial["interval"], initial["code"]
    schema = schema_of_template(tenant, template) | {"id": key}
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


def update_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Refuse or ignore PATCH of a job, which only the metadata contains."""
    principal = synchronization_principal(tenant, request)
    if tenant.switches.patch_job == "refused":
        raise sync_path_not_found(request.path)
    find_job(tenant, principal, request)
    request.object_body()
    return NO_CONTENT


def delete_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    job = _find_controllable_job(tenant, synchronization_principal(tenant, request), request)
    tenant.documents.remove(JOB, job["id"])
    tenant.documents.remove(SCHEMA, job["id"])
    return NO_CONTENT


def start_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    job = _find_controllable_job(tenant, synchronization_principal(tenant, request), request)
    activate_job(tenant, job)
    return NO_CONTENT


def activate_job(tenant: Tenant, job: Json) -> None:
    """Start a job and end its quarantine; do nothing if it already runs without one."""
    if job["schedule"]["state"] != "Active" or job["status"]["quarantine"]:
        job["schedule"]["state"] = "Active"
        job["status"] |= {"code": tenant.switches.started_code, "quarantine": None}
        job["_cycle"] = tenant.switches.cycle_reads
    tenant.documents.put(JOB, job["id"], job)


def pause_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    job = _find_controllable_job(tenant, synchronization_principal(tenant, request), request)
    job["schedule"]["state"] = tenant.switches.paused_state
    job["status"]["code"] = "Paused"
    job["_cycle"] = None
    tenant.documents.put(JOB, job["id"], job)
    return NO_CONTENT


def restart_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    job = _find_controllable_job(tenant, synchronization_principal(tenant, request), request)
    criteria = {} if request.body is None else request.object_body().get("criteria") or {}
    if not isinstance(criteria, dict):
        raise bad_request("'criteria' is not a synchronizationJobRestartCriteria.", code="BadRequest")
    scopes = [part.strip() for part in str(criteria.get("resetScope") or "").split(",") if part.strip()]
    for scope in scopes:
        if scope not in _RESET_SCOPES:
            raise sync_error(400, "EmulatedInvalidResetScope", f"'{scope}' is not a synchronizationJobRestartScope.")
    job["_restarts"].append(scopes)
    if not scopes or any(scope in _CLEARS_QUARANTINE for scope in scopes):
        job["status"]["quarantine"] = None
        if job["status"]["code"] == "Quarantine":
            job["status"]["code"] = "Active"
    if tenant.switches.restart_starts == "yes":
        job["schedule"]["state"] = "Active"
    if job["schedule"]["state"] == "Active":
        job["_cycle"] = tenant.switches.cycle_reads
    tenant.documents.put(JOB, job["id"], job)
    return NO_CONTENT


def find_job(tenant: Tenant, principal: Json, request: GraphRequest) -> Json:
    key = request.path_parameters["job"]
    matches = tenant.documents.all(JOB, Condition("id = ? AND parent = ?", (key, principal["id"])))
    if not matches or not tenant.is_visible(JOB, key):
        raise sync_error(404, "EmulatedJobNotFound", f"There is no synchronization job '{key}'.")
    return matches[0]


def schedule_cycles(tenant: Tenant, principal: Json) -> None:
    """Let the running jobs of a service principal run another cycle, because their schema or secrets changed."""
    for job in tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],))):
        if job["schedule"]["state"] == "Active" and not job["status"]["quarantine"]:
            tenant.documents.put(JOB, job["id"], job | {"_cycle": tenant.switches.cycle_reads})


# ---- life cycle -----------------------------------------------------------------------------------------------------


def _find_controllable_job(tenant: Tenant, principal: Json, request: GraphRequest) -> Json:
    """Return the job of a request that changes its state; raise a 409 while a new job is not replicated."""
    matches = tenant.documents.all(
        JOB, Condition("id = ? AND parent = ?", (request.path_parameters["job"], principal["id"]))
    )
    if matches and tenant.is_still_delayed(f"control/{matches[0]['id']}"):
        raise sync_error(409, "EmulatedConflict", "The job is being changed by another request.")
    return find_job(tenant, principal, request)


def _has_job(tenant: Tenant, principal: Json, template: ProvisioningTemplate) -> bool:
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)))
    return any(job["templateId"] == template.template_id for job in jobs)


def _advance(tenant: Tenant, principal: Json, job: Json) -> Json:
    """Count a read of a job and return it; the last read before the end of the cycle also runs the cycle."""
    remaining_reads = job["_cycle"]
    if remaining_reads is None:
        return job
    if remaining_reads > 0:
        job["_cycle"] = remaining_reads - 1
    else:
        job["_cycle"] = None
        _run_cycle(tenant, principal, job)
    tenant.documents.put(JOB, job["id"], job)
    return job


def _run_cycle(tenant: Tenant, principal: Json, job: Json) -> None:
    failure = connection_failure(tenant, stored_secrets(tenant, principal["id"]))
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
