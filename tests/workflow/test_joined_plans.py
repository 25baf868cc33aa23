"""Tests of `scimconf show` with several saved plans: one plan for each tenant."""

from __future__ import annotations

import json

import pytest

from scimconf.cli.main import main
from scimconf.plan import Action, Address, ApplicationPlan, Change, Plan, Tenant
from scimconf.render import json as as_json

CONTOSO, FABRIKAM = Tenant("11111111", "contoso.com"), Tenant("22222222", "fabrikam.com")


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Return a function that saves a plan that creates one resource in each application."""
    monkeypatch.chdir(tmp_path)

    def write(file, tenant, *names, **options):
        applications = tuple(
            ApplicationPlan(name, paths=(f"{name}.yaml",), changes=(Change(Address(name, "settings"), Action.CREATE),))
            for name in names
        )
        (tmp_path / file).write_text(as_json.plan(Plan(tenant, applications, options)))
        return file

    return write


def test_plans_of_one_tenant_are_shown_as_one_plan(save, capsys):
    files = [save("1.json", CONTOSO, "slack"), save("2.json", CONTOSO, "writer", "zoom")]
    assert main(["show", *files]) == 0
    output = capsys.readouterr().out
    assert output.count("Tenant: contoso.com") == 1
    assert output.endswith("Plan: 3 to create, 0 to update, 0 to replace, 0 to delete.\n")
    assert main(["show", "--format", "json", *files]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [application["name"] for application in document["applications"]] == ["slack", "writer", "zoom"]
    assert document["summary"]["create"] == 3


def test_plans_of_two_tenants_are_shown_one_after_the_other(save, capsys):
    files = [save("1.json", CONTOSO, "slack"), save("2.json", FABRIKAM, "slack"), save("3.json", CONTOSO, "zoom")]
    assert main(["show", *files]) == 0
    output = capsys.readouterr().out
    assert output.index("Tenant: contoso.com") < output.index("zoom\n") < output.index("\n\nTenant: fabrikam.com")


def test_comment_of_two_tenants_stays_within_the_limit(save, capsys):
    names = [f"app{number:04}" for number in range(200)]
    files = [save("1.json", CONTOSO, *names), save("2.json", FABRIKAM, *names)]
    assert main(["show", "--format", "markdown", "--comment-marker", "plan", "--max-length", "4000", *files]) == 0
    output = capsys.readouterr().out
    assert "`contoso.com`" in output
    assert "`fabrikam.com`" in output
    assert len(output) <= 4000
    assert output.count("<!-- scimconf: plan -->") == 1


@pytest.mark.parametrize("form", ["json", "html"])
def test_document_of_two_tenants_is_refused(form, save, capsys):
    files = [save("1.json", CONTOSO, "slack"), save("2.json", FABRIKAM, "zoom")]
    assert main(["show", "--format", form, *files]) == 1
    assert "the plans of one tenant, not those of contoso.com, fabrikam.com" in capsys.readouterr().err


def test_same_application_in_two_plans_is_refused(save, capsys):
    files = [save("1.json", CONTOSO, "slack"), save("2.json", CONTOSO, "slack", "zoom")]
    assert main(["show", *files]) == 1
    assert "Several of these plans contain slack" in capsys.readouterr().err


def test_plans_with_different_options_are_refused(save, capsys):
    files = [save("1.json", CONTOSO, "slack"), save("2.json", CONTOSO, "zoom", allow=["mass-removal"])]
    assert main(["show", *files]) == 1
    assert "made with different options" in capsys.readouterr().err
