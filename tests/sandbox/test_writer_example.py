"""`examples/writer` finds the application that SAML single sign-on was set up on; `examples/writer-new` creates it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tenant_fixture import NOON, ROOT, Rehearsal, all_allowed, changes, exit_code

from scimconf.plan import Result
from scimconf.workflow.validate import lint, validate

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


ALTERNATIVE = "SingleAppRoleAssignment([appRoleAssignments])"


def with_alternative(example: Path) -> str:
    """Return the example with its commented `role_attribute` in the place of the one that it uses."""
    before, after = example.read_text("utf-8").split("role_attribute:", 1)
    _, alternative = after.split("# role_attribute:\n", 1)
    commented, rest = alternative.split("\n\n", 1)
    lines = ["role_attribute:", *(line.removeprefix("# ") for line in commented.splitlines())]
    return before + "\n".join(lines) + "\n\n" + rest


@pytest.mark.parametrize("example", ["writer", "writer-new"])
def test_the_alternative_role_attribute_of_the_writer_example_passes_its_own_tests(example, saml_tenant, tmp_path):
    folder = ROOT / "examples" / example
    (tmp_path / "people.csv").write_bytes((folder / "people.csv").read_bytes())
    path = tmp_path / "scimconf.yaml"
    path.write_text(with_alternative(folder / "scimconf.yaml"), "utf-8")

    loaded = saml_tenant.load(path)

    assert loaded.spec.role_attribute.expression == ALTERNATIVE
    assert len(loaded.spec.role_attribute.tests) == 2
    assert validate(loaded, NOON.date()) == ()
    assert "L401" not in {diagnostic.code for diagnostic in lint(loaded)}


def test_the_alternative_role_attribute_of_the_writer_example_changes_one_mapping(saml_tenant, tmp_path):
    saml_tenant.apply(WRITER_EXAMPLE, all_allowed())
    (tmp_path / "people.csv").write_bytes((WRITER_EXAMPLE.parent / "people.csv").read_bytes())
    path = tmp_path / "scimconf.yaml"
    path.write_text(with_alternative(WRITER_EXAMPLE), "utf-8")

    (change,) = changes(saml_tenant.plan(path))
    assert change.startswith("~ attribute_mapping/users/urn:custom:params:scim")
    saml_tenant.apply(path, all_allowed())
    assert changes(saml_tenant.plan(path)) == []
