"""provisionOnDemand: the form of the response, and which objects would be provisioned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .client import WRITER

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "samples"
EXAMPLE = SAMPLES / "45-provisionondemand-response-skipped-2020.json"
GOOD = {"BaseAddress": "https://a.example", "SecretToken": "t"}
ROWS = [{"user": "ada@contoso.com", "role": "User"}, {"group": "AP-Finance", "role": "User"}]


@pytest.fixture
def provisioner(sandbox):
    def make(secrets=GOOD, **switches):
        client = sandbox({"applications": [WRITER | {"jobs": [{}], "assignments": ROWS, "secrets": secrets}]})
        client.switch(**switches)
        rule = client.get(f"{client.job()}/schema")["synchronizationRules"][0]["id"]

        def provision(name, expect=200, kind="User", **changed):
            key = client.get(f"/users/{name}")["id"] if "@" in name else name
            subject = {"objectId": key, "objectTypeName": kind}
            body = {"parameters": [{"ruleId": rule, "subjects": [subject]} | changed]}
            return client.post(f"{client.job()}/provisionOnDemand", body, expect=expect)

        return provision

    return make


@pytest.mark.parametrize(("position", "status"), [("works", 200), ("refused", 400)])
def test_a_paused_job_provisions_on_demand_depending_on_its_switch(provisioner, position, status):
    provision = provisioner(paused_on_demand=position)
    provision("ada@contoso.com", expect=status)


def result(answer):
    assert set(answer) == {"@odata.context", "key", "value"}
    key, value = json.loads(answer["key"]), json.loads(answer["value"])
    return key["result"], key["details"].get("errorCode"), [step["type"] for step in value["provisioningSteps"]]


@pytest.mark.parametrize(
    ("secrets", "name", "outcome"),
    [
        (GOOD, "ada@contoso.com", ("Success", None, ["Import", "Matching", "Scoping", "Export"])),
        (GOOD, "mary@contoso.com", ("Success", None, ["Import", "Matching", "Scoping", "Export"])),
        (GOOD, "alan@contoso.com", ("Skipped", "NotEffectivelyEntitled", ["Import", "Matching", "Scoping"])),
        (
            GOOD | {"SyncAll": "true"},
            "alan@contoso.com",
            ("Success", None, ["Import", "Matching", "Scoping", "Export"]),
        ),
        ({}, "ada@contoso.com", ("Failure", "InvalidCredentials", ["Import", "Matching", "Scoping", "Export"])),
        (GOOD, "nobody", ("Failure", "ObjectNotFound", ["Import"])),
    ],
)
def test_provision_on_demand_reports_scope_and_credentials(provisioner, secrets, name, outcome):
    assert result(provisioner(secrets)(name)) == outcome


def test_provision_on_demand_refuses_an_unknown_rule(provisioner):
    provision = provisioner()
    error = provision("ada@contoso.com", expect=400, ruleId="other")["error"]
    assert error["code"] == "RequestParameterInvalid" and "does not include the rule" in error["message"]


def test_provision_on_demand_fails_for_an_object_without_mapping(provisioner):
    assert result(provisioner()("nobody", kind="Device"))[0] == "Failure"


@pytest.mark.parametrize("subjects", [None, [], [None], [{}], [{"objectId": "x", "objectTypeName": "User"}] * 6])
def test_provision_on_demand_refuses_invalid_subjects(provisioner, subjects):
    provisioner()("ada@contoso.com", expect=400, subjects=subjects)


def test_provision_on_demand_returns_a_report_for_each_subject(provisioner):
    subject = {"objectId": "x", "objectTypeName": "User"}
    answer = provisioner()("ada@contoso.com", subjects=[subject, subject])
    assert len(json.loads(answer["value"])) == 2


def test_provision_on_demand_returns_the_properties_of_the_published_example(provisioner):
    if not EXAMPLE.exists():
        pytest.skip("the published documents are not beside this checkout")
    example = json.loads(json.loads(EXAMPLE.read_bytes())["value"])
    example_roles = example["modifiedProperties"].pop()
    assert example_roles["displayName"] == "appRoleAssignments"
    for name, status, roles in (
        ("ada@contoso.com", "Success", ["appRoleAssignments"]),
        ("alan@contoso.com", "Skipped", []),
    ):
        report = json.loads(provisioner()(name)["value"])
        assert list(report) == list(example)
        assert report["statusInfo"] == example["statusInfo"] | {"status": status}
        for key in ("sourceIdentity", "sourceSystem", "targetIdentity", "targetSystem"):
            assert list(report[key]) == list(example[key])
        assert report["targetIdentity"]["type"] == example["targetIdentity"]["type"]
        steps = {step["type"]: step for step in report["provisioningSteps"]}
        published = {step["type"]: step for step in example["provisioningSteps"]}
        assert {tuple(step) for step in steps.values()} == {tuple(published["Import"])}
        assert list(steps["Scoping"]["details"]) == list(published["Scoping"]["details"])
        names = [*(entry["displayName"] for entry in example["modifiedProperties"]), *roles]
        assert list(steps["Import"]["details"]) == names
        assert [entry["displayName"] for entry in report["modifiedProperties"]] == names
        assert list(report["modifiedProperties"][0]) == list(example_roles)


def test_provision_on_demand_states_the_roles_and_the_reason_of_a_failure(provisioner):
    report = json.loads(provisioner({})("ada@contoso.com")["value"])
    assert report["statusInfo"]["errorCode"] == "InvalidCredentials" and report["statusInfo"]["reason"]
    details = report["provisioningSteps"][0]["details"]
    assert (details["userPrincipalName"], details["appRoleAssignments"]) == ("ada@contoso.com", "User")


def test_provision_on_demand_has_no_annotations_by_a_switch(provisioner):
    assert "@odata.context" not in provisioner(annotations="none")("ada@contoso.com")
