"""`examples/writer` finds the application that SAML single sign-on was set up on; `examples/writer-new` creates it."""

from __future__ import annotations

import pytest
from tenant_fixture import ROOT, Rehearsal, all_allowed, changes, exit_code

from scimconf.plan import Result

WRITER_EXAMPLE = ROOT / "examples" / "writer" / "scimconf.yaml"
SAML_APPLICATION = {"displayName": "Writer", "template": "custom", "preferredSingleSignOnMode": "saml"}


@pytest.fixture
def saml_tenant():
    return Rehearsal({"applications": [SAML_APPLICATION]})


def test_the_writer_example_sets_up_an_application_with_single_sign_on(saml_tenant):
    planned = saml_tenant.plan(WRITER_EXAMPLE)
    assert planned.errors == ()
    assert "+ job" in changes(planned)
    assert "+ application" not in changes(planned)

    report = saml_tenant.apply(WRITER_EXAMPLE, all_allowed())

    assert (exit_code(report), report.error) == (0, "")
    assert {outcome.result for outcome in report.outcomes} == {Result.DONE}
    assert saml_tenant.schema()["id"].startswith("scim.")
    assert saml_tenant.assigned()["Ada Lovelace"] == {"admin"}


def test_the_writer_example_has_no_changes_and_no_single_sign_on_warning_after_an_apply(saml_tenant):
    saml_tenant.apply(WRITER_EXAMPLE, all_allowed())

    planned = saml_tenant.plan(WRITER_EXAMPLE)

    assert changes(planned) == []
    assert "K105" not in {diagnostic.code for diagnostic in planned.plan.warnings}


def test_the_writer_example_warns_of_an_application_without_single_sign_on():
    tenant = Rehearsal({"applications": [SAML_APPLICATION | {"preferredSingleSignOnMode": None}]})

    assert "K105" in {diagnostic.code for diagnostic in tenant.plan(WRITER_EXAMPLE).plan.warnings}


def test_the_writer_example_is_refused_without_an_application_and_names_how_to_create_it():
    (error,) = Rehearsal().plan(WRITER_EXAMPLE).errors

    assert error.code == "K103"
    assert "create: {from_template: custom}" in error.hint
