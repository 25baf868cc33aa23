"""Every preset in a simulated tenant: apply, a second plan without changes, and a rehearsal under the vendor's limits."""

from __future__ import annotations

import asyncio

import pytest
from canary.values import TOKEN

from scimconf.plan import ApplyStatus, Result
from scimconf.presets.catalogue import load_preset
from scimconf.rehearsal.built_in import played_vendor, start_built_in
from scimconf.rehearsal.run import RehearsalOptions, default_switches
from scimconf.rehearsal.whole_run import rehearse
from scimconf.sandbox.synchronization.connection import authorize
from tests.rehearsal.rehearsals import MONDAY
from tests.tenant_fixture import Rehearsal, all_allowed, changes

from .catalogue import answered, each_preset, loaded, with_sandbox_token

pytestmark = pytest.mark.slow
USER = {
    "userPrincipalName": f"{'long' * 11}@contoso.com",
    "mailNickname": "long" * 11,
    "mail": f"{'long' * 11}@contoso.com",
    "displayName": "Long @ Contoso",
    "givenName": "Long",
    "surname": "Contoso",
    "employeeId": "4711",
}
"""A user whose names are longer than many vendors allow, and contain what some refuse."""
SWITCHES = {"role_blob": "display_name", "bare_extension": "attribute"}
"""What is assumed where nobody knows what Entra does."""


def rehearsed(entry):
    """Return the report of a rehearsal of the preset with its example answers."""
    vendor = played_vendor(entry.name)
    with start_built_in("tolerant", TOKEN, vendor) as target:
        options = RehearsalOptions(
            address=target.url,
            token=TOKEN,
            started=MONDAY,
            is_built_in=True,
            users=(USER,),
            switches=default_switches().changed(SWITCHES),
            vendor=vendor,
        )
        spec = loaded(answered(entry))
        return rehearse(spec, options, lambda work: asyncio.run(work()), lambda: 0.0, 30.0).report


@each_preset
def test_apply_in_a_tenant_whose_gallery_has_the_application_leaves_no_changes(name):
    entry = load_preset(name)
    spec = loaded(with_sandbox_token(answered(entry)))
    assert spec.spec is not None
    has_create = spec.spec.application.create is not None
    description = {"displayName": spec.spec.application.display_name, "preferredSingleSignOnMode": "saml"}
    tenant = Rehearsal({} if has_create else {"applications": [description]})
    is_authorized = spec.spec.connection is not None and spec.spec.connection.authentication == "portal"
    planned = tenant.plan(spec, all_allowed())
    assert planned.errors == ()
    if is_authorized:
        planned = apply_and_authorize(tenant, spec, planned)
    report = tenant.apply(spec, all_allowed())
    assert [
        f"{outcome.message}: {outcome.detail}" for outcome in report.outcomes if outcome.result is Result.FAILED
    ] == []
    assert report.status is ApplyStatus.APPLIED
    assert changes(tenant.plan(spec, all_allowed())) == []


def apply_and_authorize(tenant, spec, planned):
    """Apply once, so that the application exists; then a person selects Authorize in the portal."""
    tenant.apply(planned, all_allowed())
    authorize(tenant.service.tenant, tenant.principal(spec.spec.application.display_name)["id"])
    return tenant.plan(spec, all_allowed())


@each_preset
def test_rehearsal_against_the_limits_of_the_vendor_has_no_failures(name):
    report = rehearsed(load_preset(name))
    failed = {
        result.id: (result.actual, result.consequence) for result in report.results if result.status.value == "failed"
    }
    assert failed == {}
