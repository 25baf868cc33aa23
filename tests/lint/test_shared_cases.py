"""The shared cases about names, roles and connections give the diagnostics that they ask for."""

from __future__ import annotations

import json
from datetime import date

import pytest
from canary import secret

from scimconf.documents.application import CUSTOM_TEMPLATE
from scimconf.lint import lint
from scimconf.snapshot import Snapshot
from scimconf.spec.load import load
from scimconf.workflow.validate import validate
from tests.export.test_export_laws import exported
from tests.shared_specs import CASES, translate_spec
from tests.tenant_fixture import TOKEN, Rehearsal, changes, exit_code

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not beside this checkout")
CUSTOM = Snapshot({"service_principals": [{"applicationTemplateId": CUSTOM_TEMPLATE}]})
ENVIRON = {"ACME_TOKEN": TOKEN, "VENDOR_TOKEN": TOKEN, "VENDOR_PASSWORD": secret("password")}


def load_case(name, before="", after=""):
    text = translate_spec((CASES / name).read_text("utf-8")).replace(before, after, 1)
    return load("scimconf.yaml", lambda _: text, {}, {}, lambda _: True)


def diagnostics(loaded, snapshot=None):
    reported = [*loaded.diagnostics, *validate(loaded, date(2026, 11, 25)), *lint(loaded, snapshot)]
    return [f"{diagnostic.code} {diagnostic.severity}" for diagnostic in dict.fromkeys(reported)]


@pytest.mark.parametrize(
    ("case", "offline", "of_a_custom_application"),
    [
        ("02/scimconf.yaml", ["L511 warning"], ["L511 warning"]),
        ("07/scimconf.yaml", ["L403 warning", "L404 error"], ["L403 warning", "L404 error"]),
        ("07b/scimconf.yaml", ["L403 warning", "L404 error"], ["L403 warning", "L404 error"]),
        ("10/scimconf.yaml", ["L515 warning"], ["L515 error"]),
        ("11/scimconf.yaml", ["L512 warning"], ["L512 warning"]),
        ("12/scimconf.yaml", [], ["L513 warning"]),
        ("18/scimconf.yaml", [], []),
        ("32/scimconf.yaml", ["L513 warning"], ["L513 warning"]),
        ("32/bearer.yaml", ["L513 warning"], ["L513 warning"]),
        ("32/other.yaml", ["S303 error"], ["S303 error"]),
    ],
)
def test_validate_and_plan_report_the_defect_of_a_case(case, offline, of_a_custom_application):
    loaded = load_case(case)
    assert diagnostics(loaded) == offline
    assert diagnostics(loaded, CUSTOM) == of_a_custom_application


def test_l404_names_the_target_that_takes_a_list():
    hints = [diagnostic.hint for diagnostic in lint(load_case("07/scimconf.yaml")) if diagnostic.code == "L404"]
    assert hints == ["Map it to roles, or write SingleAppRoleAssignment([appRoleAssignments])."]


def test_role_values_with_a_colon_are_exported_and_applied():
    tenant = Rehearsal(json.loads((CASES / "18" / "tenant.json").read_text("utf-8")), environ=ENVIRON)
    assert [role["value"] for role in exported(tenant, "Acme").tree["app_roles"]["roles"]] == [
        "broker.tag:administrator",
        "member",
    ]
    assert_round_trip(tenant, load_case("18/scimconf.yaml"))


@pytest.mark.parametrize("case", ["32/scimconf.yaml", "32/bearer.yaml"])
def test_user_name_password_and_token_work_with_both_authentications(case):
    address = "  base_address: https://acme.example.com/scim\n"  # the sandbox's custom applications require it
    loaded = load_case(case, "  secret_token:", f"{address}  secret_token:")
    assert_round_trip(Rehearsal({}, environ=ENVIRON), loaded)


def assert_round_trip(tenant, loaded):
    planned = tenant.plan(loaded)
    assert planned.errors == ()
    assert exit_code(tenant.apply(planned)) == 0
    assert changes(tenant.plan(loaded)) == []
