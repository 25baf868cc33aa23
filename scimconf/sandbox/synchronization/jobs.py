"""Templates and jobs of a service principal: a job's life from creation to quarantine.

A job runs its cycle when it has been read so many times after its start; time plays no part.
"""

from __future__ import annotations

from datetime import timedelta

from scimconf.sandbox.directory.applications import SERVICE_PRINCIPAL, find_service_principal
from scimconf.sandbox.directory.people import ORGANIZATION
from scimconf.sandbox.gallery import GALLERY
from scimconf.sandbox.store import Condition
from scimconf.sandbox.synchronization.annotations import annotated, counted
from scimconf.sandbox.synchronization.connection import failure_of, saved_secrets
from scimconf.sandbox.synchronization.normal import kept_form
from scimconf.sandbox.synchronization.schema import spelled_flags
from scimconf.sandbox.synchronization.template import Shape, default_schema, template_document, templates_of
from scimconf.sandbox.tenant import VISIBLE, Tenant, stable_id
from scimconf.sandbox.wire import (
    NO_CONTENT,
    Answer,
    Call,
    Json,
    bad_request,
    not_found,
    sync_no_route,
    sync_refusal,
    sync_unauthorized,
)

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


def synchronized(tenant: Tenant, call: Call) -> Json:
    """The service principal that a synchronization call is about, once the service knows of it."""
    key = call.holes["sp"]
    if key.startswith("("):
        if tenant.switches.sync_by_app_id == "refused":
            raise sync_no_route(call.path)
        return find_service_principal(tenant, key)
    principal = tenant.documents.get(SERVICE_PRINCIPAL, key)
    if principal is None:
        raise not_found(key)
    if tenant.is_late(f"synchronization/{principal['id']}"):
        raise sync_unauthorized()
    return principal


def find_shape(principal: Json, template_id: object) -> Shape:
    for shape in templates_of(principal["applicationTemplateId"]):
        if shape.template_id == template_id:
            return shape
    raise sync_refusal(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")


def schema_of_template(tenant: Tenant, shape: Shape) -> Json:
    """The template's schema, in the spelling and under the names that the switches ask for."""
    switches = tenant.switches
    document = default_schema(shape, switches.directory_name, _SHOWN_NAMES[switches.display_names])
    for rule in document["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            mapping["flowTypes"] = spelled_flags(mapping["flowTypes"], switches)
    version = (
        stable_id(f"version/{shape.template_id}") if switches.schema_version == "guid" else switches.schema_version
    )
    return kept_form(document, document, document, switches) | {"version": version}


# ---- templates ------------------------------------------------------------------------------------------------------


def list_templates(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    shapes = () if tenant.is_late(f"templates/{principal['id']}") else templates_of(principal["applicationTemplateId"])
    value = [_template(tenant, principal, shape) for shape in shapes]
    return Answer(200, annotated(tenant, call, principal, "templates", {"value": value}))


def get_template(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    shape = find_shape(principal, call.holes["template"])
    return Answer(200, annotated(tenant, call, principal, "templates/$entity", _template(tenant, principal, shape)))


def count_templates(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    return counted(tenant, call, len(templates_of(principal["applicationTemplateId"])))


def _template(tenant: Tenant, principal: Json, shape: Shape) -> Json:
    document = template_document(shape, GALLERY[principal["applicationTemplateId"]])
    if tenant.switches.inline_template_schema == "yes":
        document["schema"] = schema_of_template(tenant, shape)
    return document


# ---- jobs -----------------------------------------------------------------------------------------------------------


def list_jobs(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)) & VISIBLE)
    tenant.store.run(
        "UPDATE objects SET hidden = hidden - 1 WHERE kind = 'job' AND parent = ? AND hidden > 0", (principal["id"],)
    )
    value = [_shown(_advanced(tenant, principal, job)) for job in jobs]
    return Answer(200, annotated(tenant, call, principal, "jobs", {"value": value}))


def count_jobs(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    jobs = tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],)) & VISIBLE)
    return counted(tenant, call, len(jobs))


def get_job(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    job = _advanced(tenant, principal, find_job(tenant, principal, call))
    return Answer(200, annotated(tenant, call, principal, "jobs/$entity", _shown(job)))


def create_job(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    template_id = call.object_body().get("templateId")
    if tenant.is_late(f"templates/{principal['id']}"):
        raise sync_refusal(404, "EmulatedTemplateNotFound", f"There is no synchronization template '{template_id}'.")
    shape = find_shape(principal, template_id)
    if tenant.switches.second_job == "refused" and _has_job(tenant, principal, shape):
        raise sync_refusal(409, "EmulatedJobExists", f"There is a job of template '{template_id}' already.")
    job = add_job(tenant, principal, shape)
    answer = annotated(tenant, call, principal, "jobs/$entity", _shown(job))
    return Answer(int(tenant.switches.job_created), answer)


def add_job(tenant: Tenant, principal: Json, shape: Shape) -> Json:
    """A job as it is born: not running, with the template's schema."""
    key = _job_id(tenant, principal, shape)
    born = _UNBORN if tenant.switches.born == "NotConfigured" else _BORN
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


def _job_id(tenant: Tenant, principal: Json, shape: Shape) -> str:
    organization = tenant.remembered(ORGANIZATION)["id"].replace("-", "")
    last = tenant.new_id("job")
    if tenant.switches.job_id == "two_parts":
        return f"{shape.template_id}.{last.replace('-', '')}"
    if tenant.switches.job_id == "app_id" and not tenant.documents.get(
        JOB, f"{shape.template_id}.{organization}.{principal['appId']}"
    ):
        last = principal["appId"]
    return f"{shape.template_id}.{organization}.{last}"


def update_job(tenant: Tenant, call: Call) -> Answer:
    """In the metadata only; whoever sends it must not count on anything."""
    principal = synchronized(tenant, call)
    if tenant.switches.patch_job == "refused":
        raise sync_no_route(call.path)
    find_job(tenant, principal, call)
    call.object_body()
    return NO_CONTENT


def delete_job(tenant: Tenant, call: Call) -> Answer:
    job = _controlled(tenant, synchronized(tenant, call), call)
    tenant.documents.remove(JOB, job["id"])
    tenant.documents.remove(SCHEMA, job["id"])
    return NO_CONTENT


def start_job(tenant: Tenant, call: Call) -> Answer:
    job = _controlled(tenant, synchronized(tenant, call), call)
    run_job(tenant, job)
    return NO_CONTENT


def run_job(tenant: Tenant, job: Json) -> None:
    """Sets a job running, out of quarantine; one that runs already goes on."""
    if job["schedule"]["state"] != "Active" or job["status"]["quarantine"]:
        job["schedule"]["state"] = "Active"
        job["status"] |= {"code": tenant.switches.started_code, "quarantine": None}
        job["_cycle"] = tenant.switches.cycle_reads
    tenant.documents.put(JOB, job["id"], job)


def pause_job(tenant: Tenant, call: Call) -> Answer:
    job = _controlled(tenant, synchronized(tenant, call), call)
    job["schedule"]["state"] = tenant.switches.paused_state
    job["status"]["code"] = "Paused"
    job["_cycle"] = None
    tenant.documents.put(JOB, job["id"], job)
    return NO_CONTENT


def restart_job(tenant: Tenant, call: Call) -> Answer:
    job = _controlled(tenant, synchronized(tenant, call), call)
    criteria = {} if call.body is None else call.object_body().get("criteria") or {}
    if not isinstance(criteria, dict):
        raise bad_request("'criteria' is not a synchronizationJobRestartCriteria.", code="BadRequest")
    scopes = [part.strip() for part in str(criteria.get("resetScope") or "").split(",") if part.strip()]
    for scope in scopes:
        if scope not in _RESET_SCOPES:
            raise sync_refusal(400, "EmulatedInvalidResetScope", f"'{scope}' is not a synchronizationJobRestartScope.")
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


def find_job(tenant: Tenant, principal: Json, call: Call) -> Json:
    key = call.holes["job"]
    found = tenant.documents.all(JOB, Condition("id = ? AND parent = ?", (key, principal["id"])))
    if not found or not tenant.has_arrived(JOB, key):
        raise sync_refusal(404, "EmulatedJobNotFound", f"There is no synchronization job '{key}'.")
    return found[0]


def touch_jobs(tenant: Tenant, principal: Json) -> None:
    """Something that the jobs work with has changed: those that run have a cycle before them."""
    for job in tenant.documents.all(JOB, Condition("parent = ?", (principal["id"],))):
        if job["schedule"]["state"] == "Active" and not job["status"]["quarantine"]:
            tenant.documents.put(JOB, job["id"], job | {"_cycle": tenant.switches.cycle_reads})


# ---- a job's life ---------------------------------------------------------------------------------------------------


def _controlled(tenant: Tenant, principal: Json, call: Call) -> Json:
    """The job, for a call that changes its state; one that was just created is not ready for that."""
    found = tenant.documents.all(JOB, Condition("id = ? AND parent = ?", (call.holes["job"], principal["id"])))
    if found and tenant.is_late(f"control/{found[0]['id']}"):
        raise sync_refusal(409, "EmulatedConflict", "The job is being changed by another request.")
    return find_job(tenant, principal, call)


def _has_job(tenant: Tenant, principal: Json, shape: Shape) -> bool:
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
    failure = failure_of(tenant, saved_secrets(tenant, principal["id"]))
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
