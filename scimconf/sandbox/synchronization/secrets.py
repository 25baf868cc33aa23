"""Requests about secrets, and validateCredentials."""

from __future__ import annotations

from scimconf.sandbox.http_types import NO_CONTENT, GraphResponse, ResponseError, bad_request, sync_error
from scimconf.sandbox.synchronization.call import SyncCall
from scimconf.sandbox.synchronization.connection import (
    MASK,
    check_notification_settings,
    connection_failure,
    masked_secrets,
    parse_pairs,
    store_secrets,
    stored_secrets,
)
from scimconf.sandbox.synchronization.jobs import schedule_cycles


def get_secrets(call: SyncCall) -> GraphResponse:
    return call.response("secrets", {"value": masked_secrets(call.tenant, call.principal)})


def count_secrets(call: SyncCall) -> GraphResponse:
    return call.count(len(masked_secrets(call.tenant, call.principal)))


def put_secrets(call: SyncCall) -> GraphResponse:
    sent = parse_pairs(call.request.object_body().get("value"))
    check_notification_settings(sent, call.switches)
    if call.switches.masked_secret_write == "refused" and MASK in sent.values():  # noqa: S105  a position of a switch
        raise sync_error(400, "EmulatedInvalidSecret", "The value of a secret cannot be its mask.")
    store_secrets(call.tenant, call.principal["id"], sent)
    schedule_cycles(call)
    return NO_CONTENT


def validate_credentials(call: SyncCall) -> GraphResponse:
    """Check the credentials of a job, or of the template that the body names."""
    if "job" in call.request.path_parameters:
        call.job()
    else:
        call.template(call.request.object_body().get("templateId"))
    body = call.request.object_body()
    if body.get("useSavedCredentials"):
        credentials = stored_secrets(call.tenant, call.principal["id"])
    else:
        credentials = parse_pairs(body.get("credentials"))
    failure = connection_failure(call.tenant, call.principal, credentials)
    if failure is not None:
        raise _credentials_error(failure, call.switches.credentials_failure)
    return NO_CONTENT


def _credentials_error(failure: str, position: str) -> ResponseError:
    if position == "plain":
        return bad_request(failure, code="EmulatedCredentialsError")
    if position == "empty":
        return ResponseError(400, "UnknownError", "")
    return sync_error(400, "EmulatedCredentialsError", failure)
