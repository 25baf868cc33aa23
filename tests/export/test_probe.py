"""The probe settles what is open about Graph, here on a sandbox that answers each question in every way it can."""

from __future__ import annotations

import json
import re

import pytest

from scimconf.diagnostics import GraphError
from scimconf.graph.probe import NAME, probe, switches
from scimconf.graph.probe.switches import SWITCHES
from scimconf.sandbox.switches import Switches, table
from tests.tenant_fixture import Rehearsal

UNSEEN = {("masked_secret_write", "literal"), ("masked_secret_write", "keep"), ("expression_spaces", "single")}
"""Positions that look like others from outside: a star that was taken, and a text that was spaced or rebuilt."""
SETTLED = [(one.name, value) for one in table() for value in one.values or () if one.name in SWITCHES]


GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE)


def probed(tenant: Rehearsal, told: list[str] | None = None):
    return tenant.run(lambda live: probe(live, (told if told is not None else []).append))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "value"), [one for one in SETTLED if one not in UNSEEN])
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
        ({"status": 500, "body": {}}, {"method": "POST", "path": "*/validateCredentials", "times": 0}, {}),
        ({"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}, {"method": "PUT", "path": "*/secrets", "times": 0}, {"secrets": "403 Denied"}),
        ({"status": 200, "body": {"value": [{}]}}, {"method": "GET", "path": "*/secrets", "times": 0}, {"secrets": "unexpected response (KeyError)"}),
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
        {"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}, method="POST", path="*/jobs", times=0
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
        path="/applications/*",
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
        "initial_state": {"code": "Strange"}, "started": {"code": "Quarantine"}, "paused": {"state": "Strange"}, "order": None,
        "notifications_shown": "*", "masked_write": "204", "False_shown": "0", "false_shown": "0", "before_any": {"SyncAll": "*"},
    }  # fmt: skip
    assert switches(odd) == {}
    assert switches({}) == {}


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_report_that_a_sandbox_is_like(desk):
    """And says how much it found; nothing of the tenant is changed."""
    switched(desk, secrets_put="replace", unary_operand="empty")
    said = desk("probe", "--yes", "--out", "probe.json")
    assert (said.code, said.err) == (0, "")
    report = json.loads((desk.folder / "probe.json").read_text())
    assert f"Wrote {len(report['facts'])} facts to probe.json; 0 checks failed." in said.out
    assert report["switches"]["secrets_put"] == "replace"
    assert set(report) == {"facts", "failed", "format_version", "scimconf", "switches"}
    from scimconf.cli.sandbox import reported_switches

    assert reported_switches("probe.json") == report["switches"]


def switched(desk, **positions):
    desk.service.tenant.switches = desk.service.tenant.switches.changed(positions)


def test_nobody_to_ask_means_that_nothing_is_done(desk):
    """It makes something in a tenant, so it never goes on by itself."""
    said = desk("probe")
    assert (said.code, desk.writes) == (1, [])
    assert "--yes" in said.err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_it_asks_first(sandbox, desk, tmp_path, answer, code):
    """And no is the default."""
    from server_fixture import environment, terminal

    argv = ["probe", "--out", str(tmp_path / "probe.json")]
    with terminal(argv, environment(sandbox.url)) as there:
        there.until("Continue? [y/N]:")
        assert desk.writes == []
        there.types(answer)
        assert there.ends() == code
    assert (tmp_path / "probe.json").exists() is (code == 0)
    assert bool(desk.writes) is (code == 0)


def test_what_got_no_answer_and_what_is_left_is_said(desk):
    """With exit code 5: something was written that is still there."""
    refused = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    desk.fault(refused, method="DELETE", path="/applications/*", times=0)
    desk.fault(refused, method="PUT", path="*/secrets", times=0)
    said = desk("probe", "--yes")
    assert said.code == 5
    assert "failed: secrets (403 Denied)" in said.err
    assert "Delete it by hand." in said.err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"switches": 1}'])
def test_what_is_no_report_is_refused(desk, text):
    """With its name."""
    desk.file("probe.json", text)
    said = desk("sandbox", "serve", "--like", "probe.json")
    assert said.code == 64
    assert "probe.json is not a report of scimconf probe" in said.err


def test_a_switch_that_this_version_does_not_know_is_told_and_left_out(desk, capsys):
    """A report may be of another version."""
    from scimconf.cli.sandbox import reported_switches

    desk.file("probe.json", json.dumps({"switches": {"gone": "yes", "secrets_put": "odd", "if_match": "honoured"}}))
    assert reported_switches("probe.json") == {"if_match": "honoured"}
    told = capsys.readouterr().err
    assert "unknown switch 'gone'" in told
    assert "switch secrets_put: expected" in told
