"""Requests about single directory definitions of a schema, and requests that no application of the sandbox supports."""

from __future__ import annotations

from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, sync_error
from scimconf.sandbox.synchronization.annotations import annotated, count_response
from scimconf.sandbox.synchronization.jobs import (
    SCHEMA,
    find_job,
    find_template,
    schema_of_template,
    synchronization_principal,
)
from scimconf.sandbox.tenant import Tenant


def list_directories(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal, owner, directories = _requested_directories(tenant, request)
    return GraphResponse(
        200, annotated(tenant, request, principal, f"{owner}/schema/directories", {"value": directories})
    )


def count_directories(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return count_response(tenant, request, len(_requested_directories(tenant, request)[2]))


def get_directory(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal, owner, directories = _requested_directories(tenant, request)
    name = f"{owner}/schema/directories/$entity"
    return GraphResponse(200, annotated(tenant, request, principal, name, _directory(directories, request)))


def discover(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    """Return a 400: no template of the sandbox has a directory that can be discovered."""
    _, _, directories = _requested_directories(tenant, request)
    name = _directory(directories, request)["name"]
    raise sync_error(400, "EmulatedNotDiscoverable", f"Directory '{name}' cannot be discovered.")


def _requested_directories(tenant: Tenant, request: GraphRequest) -> tuple[Json, str, list[Json]]:
    principal = synchronization_principal(tenant, request)
    if "job" in request.path_parameters:
        job = find_job(tenant, principal, request)
        schema: Json = tenant.documents.get(SCHEMA, job["id"]) or {}
        return principal, f"jobs('{job['id']}')", schema.get("directories") or []
    template = find_template(principal, request.path_parameters["template"])
    return principal, f"templates('{template.template_id}')", schema_of_template(tenant, template)["directories"]


def _directory(directories: list[Json], request: GraphRequest) -> Json:
    for directory in directories:
        if directory.get("id") == request.path_parameters["directory"]:
            return directory
    raise sync_error(
        404, "EmulatedDirectoryNotFound", f"There is no directory '{request.path_parameters['directory']}'."
    )


# ---- requests for other kinds of applications -----------------------------------------------------------------------


def bulk_upload(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    find_job(tenant, synchronization_principal(tenant, request), request)
    raise sync_error(400, "EmulatedNotInbound", "The job does not support API-driven inbound provisioning.")


def acquire_access_token(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    synchronization_principal(tenant, request)
    raise sync_error(400, "EmulatedNoAuthorizationCode", "The application does not use the authorization code flow.")
