"""provisionOnDemand: the form of its answer, and who would be provisioned."""

from __future__ import annotations

import json

import pytest

from .client import WRITER

GOOD = {"BaseAddress": "https://a.example", "SecretToken": "t"}
ROWS = [{"user": "ada@contoso.com", "role": "User"}, {"group": "AP-Finance", "role": "User"}]


@pytest.fixture
def ask(sandbox):
    def make(secrets=GOOD, **switches):
        client = sandbox({"applications": [WRITER | {"jobs": [{}], "assignments": ROWS, "secrets": secrets}]})
        client.switch(**switches)
        rule = client.get(f"{client.job()}/schema")["synchronizationRules"][0]["id"]

        def one(name, expect=200, kind="User", **changed):
            key = client.get(f"/users/{name}")["id"] if "@" in name else name
            subject = {"objectId": key, "objectTypeName": kind}
            body = {"parameters": [{"ruleId": rule, "subjects": [subject]} | changed]}
            return client.post(f"{client.job()}/provisionOnDemand", body, expect=expect)

        return one

    return make


def result(answer):
    assert set(answer) == {"@odata.context", "key", "value"}
    key, value = json.loads(answer["key"]), json.loads(answer["value"])
    return key["result"], key["details"].get("errorCode"), [one["type"] for one in value["provisioningSteps"]]


@pytest.mark.parametrize(
    ("secrets", "name", "outcome"),
    [
        (GOOD, "ada@contoso.com", ("Success", None, ["Import", "Scoping", "Export"])),
        (GOOD, "mary@contoso.com", ("Success", None, ["Import", "Scoping", "Export"])),
        (GOOD, "alan@contoso.com", ("Skipped", "NotEffectivelyEntitled", ["Import", "Scoping"])),
        (GOOD | {"SyncAll": "true"}, "alan@contoso.com", ("Success", None, ["Import", "Scoping", "Export"])),
        ({}, "ada@contoso.com", ("Failure", "InvalidCredentials", ["Import", "Scoping", "Export"])),
        (GOOD, "nobody", ("Failure", "ObjectNotFound", ["Import"])),
    ],
)
def test_who_would_be_provisioned(ask, secrets, name, outcome):
    assert result(ask(secrets)(name)) == outcome


def test_a_rule_may_carry_a_suffix_and_must_be_the_jobs(ask):
    one = ask()
    error = one("ada@contoso.com", expect=400, ruleId="other")["error"]
    assert error["code"] == "RequestParameterInvalid" and "does not include the rule" in error["message"]


def test_an_object_that_the_rule_does_not_map(ask):
    assert result(ask()("nobody", kind="Device"))[0] == "Failure"


@pytest.mark.parametrize("subjects", [None, [], [None], [{}], [{"objectId": "x", "objectTypeName": "User"}] * 6])
def test_what_is_asked_must_have_a_form(ask, subjects):
    ask()("ada@contoso.com", expect=400, subjects=subjects)


def test_several_subjects_give_several_reports(ask):
    subject = {"objectId": "x", "objectTypeName": "User"}
    answer = ask()("ada@contoso.com", subjects=[subject, subject])
    assert len(json.loads(answer["value"])) == 2


def test_without_annotations(ask):
    assert "@odata.context" not in ask(annotations="none")("ada@contoso.com")
