"""The calls about secrets and about trying credentials."""

from __future__ import annotations

from scimconf.sandbox.synchronization.annotations import annotated, counted
from scimconf.sandbox.synchronization.connection import (
    MASK,
    check_settings,
    failure_of,
    read_pairs,
    saved_secrets,
    shown_secrets,
    store_secrets,
)
from scimconf.sandbox.synchronization.jobs import find_job, find_shape, synchronized, touch_jobs
from scimconf.sandbox.tenant import Tenant
from scimconf.sandbox.wire import NO_CONTENT, Answer, Call, Json, Refusal, bad_request, sync_refusal


def get_secrets(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    return Answer(200, annotated(tenant, call, principal, "secrets", {"value": shown_secrets(tenant, principal)}))


def count_secrets(tenant: Tenant, call: Call) -> Answer:
    return counted(tenant, call, len(shown_secrets(tenant, synchronized(tenant, call))))


def put_secrets(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    sent = read_pairs(call.object_body().get("value"))
    check_settings(sent, tenant.switches)
    if tenant.switches.star_secret == "refused" and MASK in sent.values():  # noqa: S105  a position of a switch
        raise sync_refusal(400, "EmulatedInvalidSecret", "The mask of a secret is not its value.")
    store_secrets(tenant, principal["id"], sent)
    touch_jobs(tenant, principal)
    return NO_CONTENT


def validate_for_job(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    find_job(tenant, principal, call)
    return _validate(tenant, principal, call)


def validate_for_template(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    find_shape(principal, call.object_body().get("templateId"))
    return _validate(tenant, principal, call)


def _validate(tenant: Tenant, principal: Json, call: Call) -> Answer:
    body = call.object_body()
    if body.get("useSavedCredentials"):
        credentials = saved_secrets(tenant, principal["id"])
    else:
        credentials = read_pairs(body.get("credentials"))
    failure = failure_of(tenant, credentials)
    if failure is not None:
        raise _refusal(failure, tenant.switches.credentials_failure)
    return NO_CONTENT


def _refusal(failure: str, how: str) -> Refusal:
    if how == "plain":
        return bad_request(failure, code="EmulatedCredentialsError")
    if how == "empty":
        return Refusal(400, "UnknownError", "")
    return sync_refusal(400, "EmulatedCredentialsError", failure)
