"""The calls about secrets and about trying credentials."""

from __future__ import annotations

from scimconf.sandbox.synchronization.connection import (
    check_settings,
    failure_of,
    read_pairs,
    saved_secrets,
    shown_secrets,
    store_secrets,
)
from scimconf.sandbox.synchronization.jobs import find_job, find_shape, synchronized, touch_jobs
from scimconf.sandbox.tenant import Tenant
from scimconf.sandbox.wire import NO_CONTENT, Answer, Call, Json, sync_refusal


def get_secrets(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    path = f"servicePrincipals('{principal['id']}')/synchronization/secrets"
    return Answer(
        200, {"@odata.context": f"{call.base_url}/$metadata#{path}", "value": shown_secrets(tenant, principal)}
    )


def put_secrets(tenant: Tenant, call: Call) -> Answer:
    principal = synchronized(tenant, call)
    sent = read_pairs(call.object_body().get("value"))
    check_settings(sent)
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
        raise sync_refusal(400, "EmulatedCredentialsError", failure)
    return NO_CONTENT
