"""The probe settles what is open about Graph, here on a sandbox that answers each question in every way it can."""

from __future__ import annotations

import json
import re

import pytest

from scimconf.errors import GraphError
from scimconf.live.probe import NAME, probe, switches
from scimconf.sandbox.switches import Switches, table
from tests.rehearsal import Rehearsal

SETTLED = [
    (one.name, value)
    for one in table()
    for value in one.values or ()
    if one.name in switches.__globals__["_SWITCHES"] and (one.name, value) not in {("star_secret", "literal"), ("star_secret", "keep")}
]  # fmt: skip
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


def probed(tenant: Rehearsal, told: list[str] | None = None):
    return tenant.run(lambda live: probe(live, (told if told is not None else []).append))


@pytest.mark.parametrize(("name", "value"), SETTLED)
def test_each_position_is_found_again(name, value):
    """A position, to the facts that it shows itself in, to the same position; and nothing is left behind."""
    tenant = Rehearsal(**{name: value})
    found = probed(tenant)
    assert switches(found.facts).get(name) == value, found
    assert found.left_over == ""
    assert NAME not in {one["displayName"] for one in tenant.state["applications"]}


def test_a_sandbox_like_what_was_found_answers_the_same_again():
    """The report says all that a second sandbox needs."""
    tenant = Rehearsal(secrets_put="replace", sort_mappings="no", paused_state="Paused", unary_operand="empty")
    found = probed(tenant)
    again = probed(Rehearsal(**switches(found.facts)))
    assert again == found
    assert found.failed == {}
    Switches().changed(switches(found.facts))


def test_every_question_is_told_and_what_arrives_late_is_waited_for():
    """In an order in which each finds what it needs."""
    told: list[str] = []
    found = probed(Rehearsal(late_reads=2, role_propagation=2), told)
    assert told[:3] == ["template", "roles", "job"]
    assert (found.failed, found.left_over) == ({}, "")


def test_the_report_holds_no_secret_no_id_and_no_name():
    """It can be sent to anybody."""
    tenant = Rehearsal(schema_version="guid")
    text = json.dumps([probed(tenant).facts, probed(tenant).failed])
    assert GUID.findall(text) == []
    assert not {"contoso", "not-a-secret", "Contoso"} & set(re.findall(r"[\w-]+", text))


@pytest.mark.parametrize(
    ("action", "where", "failed"),
    [
        ({"status": 500, "body": {}}, {"method": "POST", "path": "*/validateCredentials", "count": 99}, {}),
        ({"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}, {"method": "PUT", "path": "*/secrets", "count": 99}, {"secrets": "403 Denied"}),
        ({"status": 200, "body": {"value": [{}]}}, {"method": "GET", "path": "*/secrets", "count": 99}, {"secrets": "unexpected answer (KeyError)"}),
    ],
)  # fmt: skip
def test_a_question_without_an_answer_stops_no_other_and_all_is_cleared_away(action, where, failed):
    """What was refused stands in the report, and the application is gone whatever happened."""
    tenant = Rehearsal()
    tenant.fault(action, **where)
    found = probed(tenant)
    assert found.failed == failed
    assert "paused" in found.facts
    assert tenant.state["applications"] == []


def test_without_its_job_the_other_questions_fail_and_all_is_cleared_away():
    """Names that nobody gave are no crash."""
    tenant = Rehearsal()
    tenant.fault(
        {"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}, method="POST", path="*/jobs", count=99
    )
    found = probed(tenant)
    assert found.failed["job"] == "400 Bad"
    assert "secrets_put" in found.facts
    assert tenant.state["applications"] == []


def test_what_cannot_be_deleted_is_said():
    """With the name to look for."""
    tenant = Rehearsal()
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}},
        method="DELETE",
        path="/v1.0/applications/*",
    )
    assert probed(tenant).left_over == f"{NAME} could not be deleted: 403 Denied"


def test_where_not_even_the_application_can_be_made_nothing_is_left():
    """The refusal is the command's own."""
    tenant = Rehearsal()
    tenant.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}, method="POST", path="*/instantiate"
    )
    with pytest.raises(GraphError):
        probed(tenant)
    assert tenant.state["applications"] == []


def test_facts_that_tell_nothing_set_no_switch():
    """A value that the sandbox does not know is left at its default."""
    odd = {
        "born": {"code": "Strange"}, "started": {"code": "Quarantine"}, "paused": {"state": "Strange"}, "order": None,
        "mails_shown": "*", "star_answer": "204", "False_shown": "0", "false_shown": "0", "before_any": {"SyncAll": "*"},
    }  # fmt: skip
    assert switches(odd) == {}
    assert switches({}) == {}
