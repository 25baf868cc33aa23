"""The directory definitions of a schema one by one, and the calls that no application here has a use for."""

from __future__ import annotations

from scimconf.sandbox.synchronization.annotations import annotated, counted
from scimconf.sandbox.synchronization.jobs import SCHEMA, find_job, find_shape, schema_of_template, synchronized
from scimconf.sandbox.tenant import Tenant
from scimconf.sandbox.wire import Answer, Call, Json, sync_refusal


def list_directories(tenant: Tenant, call: Call) -> Answer:
    principal, place, directories = _asked(tenant, call)
    return Answer(200, annotated(tenant, call, principal, f"{place}/schema/directories", {"value": directories}))


def count_directories(tenant: Tenant, call: Call) -> Answer:
    return counted(tenant, call, len(_asked(tenant, call)[2]))


def get_directory(tenant: Tenant, call: Call) -> Answer:
    principal, place, directories = _asked(tenant, call)
    name = f"{place}/schema/directories/$entity"
    return Answer(200, annotated(tenant, call, principal, name, _directory(directories, call)))


def discover(tenant: Tenant, call: Call) -> Answer:
    """None of the templates here has a directory that can be discovered."""
    _, _, directories = _asked(tenant, call)
    name = _directory(directories, call)["name"]
    raise sync_refusal(400, "EmulatedNotDiscoverable", f"Directory '{name}' cannot be discovered.")


def _asked(tenant: Tenant, call: Call) -> tuple[Json, str, list[Json]]:
    principal = synchronized(tenant, call)
    if "job" in call.holes:
        job = find_job(tenant, principal, call)
        schema: Json = tenant.documents.get(SCHEMA, job["id"]) or {}
        return principal, f"jobs('{job['id']}')", schema.get("directories") or []
    shape = find_shape(principal, call.holes["template"])
    return principal, f"templates('{shape.template_id}')", schema_of_template(tenant, shape)["directories"]


def _directory(directories: list[Json], call: Call) -> Json:
    for one in directories:
        if one.get("id") == call.holes["directory"]:
            return one
    raise sync_refusal(404, "EmulatedDirectoryNotFound", f"There is no directory '{call.holes['directory']}'.")


# ---- of other applications ------------------------------------------------------------------------------------------


def bulk_upload(tenant: Tenant, call: Call) -> Answer:
    find_job(tenant, synchronized(tenant, call), call)
    raise sync_refusal(400, "EmulatedNotInbound", "The job does not take people by API.")


def acquire_access_token(tenant: Tenant, call: Call) -> Answer:
    synchronized(tenant, call)
    raise sync_refusal(400, "EmulatedNoAuthorizationCode", "The application does not log in by authorization code.")
