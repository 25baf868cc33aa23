"""Requests about secrets, and validateCredentials."""

from __future__ import annotations

from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphRequest,
    GraphResponse,
    Json,
    ResponseError,
    bad_request,
    sync_error,
)
from scimconf.sandbox.synchronization.annotations import annotated, count_response
from scimconf.sandbox.synchronization.connection import (
    MASK,
    check_notification_settings,
    connection_failure,
    masked_secrets,
    parse_pairs,
    store_secrets,
    stored_secrets,
)
from scimconf.sandbox.synchronization.jobs import find_job, find_template, schedule_cycles, synchronization_principal
from scimconf.sandbox.tenant import Tenant


def get_secrets(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    return GraphResponse(
        200, annotated(tenant, request, principal, "secrets", {"value": masked_secrets(tenant, principal)})
    )


def count_secrets(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    return count_response(tenant, request, len(masked_secrets(tenant, synchronization_principal(tenant, request))))


def put_secrets(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    sent = parse_pairs(request.object_body().get("value"))
    check_notification_settings(sent, tenant.switches)
    if tenant.switches.masked_secret_write == "refused" and MASK in sent.values():  # noqa: S105  a position of a switch
        raise sync_error(400, "EmulatedInvalidSecret", "The value of a secret cannot be its mask.")
    store_secrets(tenant, principal["id"], sent)
    schedule_cycles(tenant, principal)
    return NO_CONTENT


def validate_for_job(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    find_job(tenant, principal, request)
    return _validate(tenant, principal, request)


def validate_for_template(tenant: Tenant, request: GraphRequest) -> GraphResponse:
    principal = synchronization_principal(tenant, request)
    find_template(principal, request.object_body().get("templateId"))
    return _validate(tenant, principal, request)


def _validate(tenant: Tenant, principal: Json, request: GraphRequest) -> GraphResponse:
    body = request.object_body()
    if body.get("useSavedCredentials"):
        credentials = stored_secrets(tenant, principal["id"])
    else:
        credentials = parse_pairs(body.get("credentials"))
    failure = connection_failure(tenant, credentials)
    if failure is not None:
        raise _credentials_error(failure, tenant.switches.credentials_failure)
    return NO_CONTENT


def _credentials_error(failure: str, position: str) -> ResponseError:
    if position == "plain":
        return bad_request(failure, code="EmulatedCredentialsError")
    if position == "empty":
        return ResponseError(400, "UnknownError", "")
    return sync_error(400, "EmulatedCredentialsError", failure)
