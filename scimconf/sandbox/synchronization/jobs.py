"""Templates and jobs of a service principal: a job's life from creation to quarantine.

A job runs its cycle when it has been read so many times after its start; time plays no part.
"""

from __future__ import annotations

from datetime import timedelta

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
_INNER = "_"  # what the answers leave out
_SHOWN_NAMES = {"new": "Microsoft Entra ID", "old": "Azure Active Directory"}
_UNBORN = {"code": "NotConfigured", "interval": "P10675199DT2H48M5.4775807S"}
_BORN = {"code": "Paused", "interval": "PT40M"}


# ---- who is asked ---------------------------------------------------------------------------------------------------


def synchronization_principal(tenant: Tenant, request: GraphRequest) -> Json:
    """The service principal that a synchronization call is about, once the service knows of it."""
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
    for shape in templates_of(principal["applicationTemplateId"]):
        if shape.template_id == template_id:
            return shape
    raise sync_error(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")


def schema_of_template(tenant: Tenant, shape: ProvisioningTemplate) -> Json:
    """The template's schema, in the spelling and under the names that the switches ask for."""
    switches = tenant.switches
    document = default_schema(shape, switches.directory_name, _SHOWN_NAMES[switches.display_names])
    for rule in document["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            mapping["flowTypes"] = format_flags(mapping["flowTypes"], switches)
    version = (
        stable_id(f"version/{shape.template_id}") if switches.schema_version == "guid" else switches.schema_version
    )
    return to_stored_form(document, document, document, switches) | {"version": version}


# ---- templates ------------------------------------------------------------------------------------------------------


def list_templates(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    shapes = (
        ()
        if tenant.is_still_delayed(f"templates/{principal['id']}")
        else templates_of(principal["applicationTemplateId"])
    )
    value = [_template(tenant, principal, shape) for shape in shapes]
    return GraphResponse(200, annotated(tenant, request, principal, "templates", {"value": value}))


def get_template(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    shape = find_template(principal, request.path_parameters["template"])
    return GraphResponse(
        200, annotated(tenant, request, principal, "templates/$entity", _template(tenant, principal, shape))
    )


def count_templates(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    return count_response(tenant, request, len(templates_of(principal["applicationTemplateId"])))


def _template(tenant: Tenant, principal: Json, shape: ProvisioningTemplate) -> Json:
    document = template_document(shape, GALLERY[principal["applicationTemplateId"]])
    if tenant.switches.inline_template_schema == "yes":
        document["schema"] = schema_of_template(tenant, shape)
    return document


# ---- jobs -----------------------------------------------------------------------------------------------------------


def list_jobs(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)) & VISIBLE)
    tenant.store.run(
        "UPDATE objects SET hidden = hidden - 1 WHERE kind = 'job' AND parent = ? AND hidden > 0", (principal["id"],)
    )
    value = [_shown(_advanced(tenant, principal, job)) for job in jobs]
    return GraphResponse(200, annotated(tenant, request, principal, "jobs", {"value": value}))


def count_jobs(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)) & VISIBLE)
    return count_response(tenant, request, len(jobs))


def get_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    job = _advanced(tenant, principal, find_job(tenant, principal, request))
    return GraphResponse(200, annotated(tenant, request, principal, "jobs/$entity", _shown(job)))


def create_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    template_id = request.object_body().get("templateId")
    if tenant.is_still_delayed(f"templates/{principal['id']}"):
        raise sync_error(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")
    shape = find_template(principal, template_id)
    if tenant.switches.second_job == "refused" and _has_job(tenant, principal, shape):
        raise sync_error(409, "EmulatedJobExists", f"There is a job of template '{template_id}' already.")
    job = add_job(tenant, principal, shape)
    answer = annotated(tenant, request, principal, "jobs/$entity", _shown(job))
    return GraphResponse(int(tenant.switches.job_created), answer)


def add_job(tenant: Tenant, principal: Json, shape: ProvisioningTemplate) -> Json:
    """A job as it is born: not running, with the template's schema."""
    key = _job_id(tenant, principal, shape)
    born = _UNBORN if tenant.switches.initial_state == "NotConfigured" else _BORN
    job: Json = {
        "id": key,
        "templateId": shape.template_id,
        "schedule": {"expiration": None, "interval": born["interval"], "state": "Disabled"},
        "status": {
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": False,
            "code": born["code"],
            "lastExecution": None,
            "lastSuccessfulExecution": None,
            "lastSuccessfulExecutionWithExports": None,
            "quarantine": None,
            "steadyStateFirstAchievedTime": _NEVER,
            "steadyStateLastAchievedTime": _NEVER,
            "troubleshootingUrl": None,
            "progress": [],
            "synchronizedEntryCountByType": [],
        },
        "synchronizationJobSettings": [
            {"name": "AzureIngestionAttributeOptimization", "value": "False"},
            {"name": "LookaheadQueryEnabled", "value": "False"},
        ],
        "_cycle": None,
        "_restarts": [],
    }
    schema = schema_of_template(tenant, shape) | {"id": key}
    tenant.documents.put(JOB, key, job, parent=principal["id"], hidden=tenant.switches.late_reads)
    tenant.documents.put(SCHEMA, key, schema, parent=principal["id"])
    tenant.delay([f"control/{key}"])
    return job


def _job_id(tenant: Tenant, principal: Json, shape: ProvisioningTemplate) -> str:
    organization = tenant.stored_value(ORGANIZATION)["id"].replace("-", "")
    last = tenant.new_id("job")
    if tenant.switches.job_id == "two_parts":
        return f"{shape.template_id}.{last.replace('-', '')}"
    if tenant.switches.job_id == "app_id" and not tenant.documents.get(
        JOB, f"{shape.template_id}.{organization}.{principal['appId']}"
    ):
        last = principal["appId"]
    return f"{shape.template_id}.{organization}.{last}"


def update_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """In the metadata only; whoever sends it must not count on anything."""
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
    """Sets a job running, out of quarantine; one that runs already goes on."""
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
    found = tenant.documents.all(JOB, Condition("id = ? AND parent = ?", (key, principal["id"])))
    if not found or not tenant.is_visible(JOB, key):
        raise sync_error(404, "EmulatedJobNotFound", f"There is no synchronization job '{key}'.")
    return found[0]


def schedule_cycles(tenant: Tenant, principal: Json) -> None:
    """Something that the jobs work with has changed: those that run have a cycle before them."""
    for job in tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],))):
        if job["schedule"]["state"] == "Active" and not job["status"]["quarantine"]:
            tenant.documents.put(JOB, job["id"], job | {"_cycle": tenant.switches.cycle_reads})


# ---- a job's life ---------------------------------------------------------------------------------------------------


def _find_controllable_job(tenant: Tenant, principal: Json, request: GraphRequest) -> Json:
    """The job, for a call that changes its state; one that was just created is not ready for that."""
    found = tenant.documents.all(
        JOB, Condition("id = ? AND parent = ?", (request.path_parameters["job"], principal["id"]))
    )
    if found and tenant.is_still_delayed(f"control/{found[0]['id']}"):
        raise sync_error(409, "EmulatedConflict", "The job is being changed by another request.")
    return find_job(tenant, principal, request)


def _has_job(tenant: Tenant, principal: Json, shape: ProvisioningTemplate) -> bool:
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)))
    return any(job["templateId"] == shape.template_id for job in jobs)


def _advanced(tenant: Tenant, principal: Json, job: Json) -> Json:
    """The job as a read finds it; the read that makes the cycle due sees its outcome."""
    waiting = job["_cycle"]
    if waiting is None:
        return job
    if waiting > 0:
        job["_cycle"] = waiting - 1
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
    counters = (
        "countEntitled", "countEntitledForProvisioning", "countEscrowed", "countEscrowedRaw", "countExported",
        "countExports", "countImported", "countImportedDeltas", "countImportedReferenceDeltas",
    )  # fmt: skip
    return {
        "activityIdentifier": tenant.new_id("activity"),
        **dict.fromkeys(counters, 0),
        "state": "Failed" if failed else "Succeeded",
        "timeBegan": tenant.stamp(),
        "timeEnded": tenant.stamp(),
        "error": None,
    }


def _shown(job: Json) -> Json:
    return {key: value for key, value in job.items() if not key.startswith(_INNER)}
