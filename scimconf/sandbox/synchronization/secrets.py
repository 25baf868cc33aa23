"""Requests about secrets, and validateCredentials."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from scimconf.sandbox.engine.credentials import credentials_failure
from scimconf.sandbox.engine.mapping import job_flows
from scimconf.sandbox.http_types import (
    NO_CONTENT,
    GraphResponse,
    Json,
    PendingResponse,
    ResponseError,
    bad_request,
    sync_error,
)
from scimconf.sandbox.synchronization.call import SCHEMA, SyncCall
from scimconf.sandbox.synchronization.connection import (
    MASK,
    check_notification_settings,
    connection_failure,
    form_failure,
    masked_secrets,
    parse_pairs,
    store_secrets,
    stored_secrets,
)
from scimconf.sandbox.synchronization.jobs import schedule_cycles, schema_of_template
from scimconf.sandbox.synchronization.templates import templates_of

if TYPE_CHECKING:
    from scimconf.sandbox.service import Service


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
    if call.tenant.reach.drives(credentials):
        return PendingResponse(204, complete=partial(_ask_application, call, credentials))
    failure = connection_failure(call.tenant, call.principal, credentials)
    if failure is not None:
        raise _credentials_error(failure, call.switches.credentials_failure)
    return NO_CONTENT


async def _ask_application(call: SyncCall, credentials: Mapping[str, str], service: Service) -> GraphResponse:
    """Test the connection to the application, whose address requests may be sent to."""
    failure = form_failure(templates_of(call.principal["applicationTemplateId"], call.switches), credentials)
    if failure is None:
        cause = await credentials_failure(service, job_flows(_schema_of_owner(call)), credentials)
        failure = None if cause is None else cause.message
    if failure is not None:
        raise _credentials_error(failure, call.switches.credentials_failure)
    return NO_CONTENT


def _schema_of_owner(call: SyncCall) -> Json:
    """Return the schema of the job of the path, or of the template that the body names."""
    if "job" in call.request.path_parameters:
        return call.tenant.documents.get(SCHEMA, call.request.path_parameters["job"]) or {}
    template = call.template(call.request.object_body().get("templateId"))
    return schema_of_template(call.tenant, call.principal, template)


def _credentials_error(failure: str, position: str) -> ResponseError:
    if position == "plain":
        return bad_request(failure, code="EmulatedCredentialsError")
    if position == "empty":
        return ResponseError(400, "UnknownError", "")
    return sync_error(400, "EmulatedCredentialsError", failure)
