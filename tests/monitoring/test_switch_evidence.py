"""Tests of what a log shows about undocumented behaviour, of reports of comparisons, and of commands in texts."""

import json

import pytest

from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.monitoring.causes import error_cause, with_application
from scimconf.monitoring.comparison import Agreement, LogComparison, compare, redacted_comparison
from scimconf.monitoring.comparison_report import comparison_report
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.switch_evidence import Observation, SwitchEvidence, merged, switch_evidence
from scimconf.monitoring.why import UserFacts
from scimconf.monitoring.why_checks import _runnable
from scimconf.plan.preview import UserState
from scimconf.plan.sent_request import SentRequest
from scimconf.render import comparison as rendering
from tests.tenant_fixture import NOON

ADMIN = {"displayName": "Admins", "value": "admin"}
EDITOR = {"displayName": "Editors", "value": "editor"}
DIRECT = {"role": "[appRoleAssignments]"}
SINGLE = {"role": "SingleAppRoleAssignment( [appRoleAssignments] )"}


def event(action="create", status="success", code="", role=None, **properties):
    values = {name: (None, text) for name, text in properties.items()}
    values |= {} if role is None else {"role": (None, role)}
    return LoggedEvent(
        time=NOON, change_id="1", cycle_id="1", action=action, status=status, kind="User", source_id="0123456789",
        source_name="ada", target_id="", code=code, properties=values,
    )  # fmt: skip


def observed(event, mappings=DIRECT, roles=(ADMIN,), in_scope=True, disabled=False, **more):
    state = UserState(in_scope, "", disabled)
    return Observation(event=event, predicted=state, mappings=mappings, roles=roles, **more)


@pytest.mark.parametrize(
    ("observation", "evidence"),
    [
        (observed(event(role="Admins")), {"role_blob": "display_name"}),
        (observed(event(role="Admins, Editors"), roles=(ADMIN, EDITOR)), {"role_blob": "display_name"}),
        (observed(event(role='[{"id":"1"}]')), {"role_blob": "json"}),
        (observed(event(role='"text"')), {}),
        (observed(event(role="other")), {}),
        (observed(event(role="Admins"), roles=("role-without-a-label",)), {}),
        (observed(event(role="Admins"), roles=()), {}),
        (observed(event()), {}),
        (observed(event(role="Admins"), {"role": "[title]"}), {}),
        (observed(event(role="Admins"), SINGLE), {"role_text": "displayName"}),
        (observed(event(role="admin"), SINGLE), {"role_text": "value"}),
        (observed(event(role="x"), SINGLE), {}),
        (observed(event(role="same"), SINGLE, ({"displayName": "same", "value": "same"},)), {}),
        (observed(event(), SINGLE), {}),
        (observed(event(role="Admins"), SINGLE, (ADMIN, EDITOR)), {}),
        (observed(event(role="Admins"), SINGLE, (ADMIN, ADMIN)), {"duplicate_role": "counted_once"}),
        (
            observed(event(status="failure", code="MultipleGrantsNotSupported"), SINGLE, (ADMIN, ADMIN)),
            {"duplicate_role": "counted_twice"},
        ),
        (observed(event(), SINGLE, (ADMIN, ADMIN)), {}),
        (observed(event(), SINGLE, (DEFAULT_ACCESS,)), {"default_access": "no_role"}),
        (observed(event(role="User"), SINGLE, (DEFAULT_ACCESS,)), {"default_access": "role"}),
        (observed(event("update"), SINGLE, (DEFAULT_ACCESS,)), {}),
        (observed(event("stageddelete", "skipped"), in_scope=False), {"staged_action": "stagedDelete"}),
        (observed(event("disable"), in_scope=False), {"unassigned_action": "disable"}),
        (observed(event("delete"), in_scope=False), {"unassigned_action": "delete"}),
        (observed(event("disable"), in_scope=False, disabled=True), {}),
        (observed(event("disable", "failure"), in_scope=False), {}),
        (observed(event(), in_scope=None), {"undetermined_filter": "includes"}),
        (
            observed(event(status="skipped", code="NotEffectivelyEntitled"), in_scope=None),
            {"undetermined_filter": "excludes"},
        ),
        (observed(event(status="skipped", code="RedundantExport"), in_scope=None), {}),
        (observed(event(), in_scope=None, knows_assignments=False), {}),
    ],
)
def test_an_event_supports_a_position_of_a_switch(observation, evidence):
    assert {item.switch: item.position for item in switch_evidence([observation], ())} == evidence


@pytest.mark.parametrize(
    ("state", "escrowed", "evidence"),
    [("Succeeded", 2, {"Succeeded": 1}), ("EntryLevelErrors", 2, {"EntryLevelErrors": 1}), ("Succeeded", 0, None)],
)
def test_the_state_of_a_cycle_with_failed_objects(state, escrowed, evidence):
    last = {"timeEnded": "2026-11-25T11:00:00Z", "state": state, "countEscrowed": escrowed}
    result = switch_evidence((), [job_status({"status": {"lastExecution": last}}, NOON)])
    assert [dict(item.counts) for item in result] == ([] if evidence is None else [evidence])


def contradictory(name="a"):
    seen = switch_evidence([observed(event(role=text)) for text in ("Admins", "Admins", "{}")], ())
    return LogComparison(name, evidence=seen)


def test_contradictory_evidence_decides_nothing_and_is_said():
    (item,) = contradictory().evidence
    assert (dict(item.counts), item.position) == ({"display_name": 2, "json": 1}, "")
    assert rendering.evidence_text(item) == (
        "contradictory, so nothing follows: role_blob is display_name (2), json (1)"
    )
    decided = SwitchEvidence("role_blob", {"json": 3})
    assert rendering.evidence_text(decided) == "undocumented behaviour observed: role_blob is json (3)"
    assert [dict(total.counts) for total in merged([item, decided])] == [{"display_name": 2, "json": 4}]


def disagreeing(value="Countess", mapping='Switch([x], "Ms", "1b", [jobTitle])'):
    sent = {"title": SentRequest("value", "Analyst 7"), "userName": SentRequest("value", "ada")}
    recorded = event(title=value, userName="ada")
    return compare(recorded, UserState(True, "", sent=sent), {}, {"title": mapping})


def test_a_report_has_the_mapping_and_the_form_of_the_values_and_no_names():
    skipped = compare(event(status="skipped", code="NotEffectivelyEntitled"), UserState(True, ""), {})
    agreeing = compare(event(), UserState(True, ""), {})
    users = (disagreeing(), disagreeing("Duchesse"), skipped, agreeing)
    comparisons = [LogComparison("Secret name", users), contradictory()]
    comparisons.append(LogComparison("broken", problem="Secret problem"))
    report = comparison_report(comparisons, "1.2")
    assert (report["switches"], report["conflicts"]) == ({}, ["role_blob"])
    assert report["evidence"] == {"role_blob": {"display_name": 2, "json": 1}}
    first, _, broken = report["applications"]
    assert (first["users"], first["values"]) == ({"disagrees": 3, "not compared": 1}, {"agrees": 2, "disagrees": 2})
    common = {"action": "create", "code": "", "target": "title", "mapping": 'Switch([x], "Aa", "0a", [jobTitle])'}
    assert first["disagreements"][0] == {
        **common, "status": "success", "predicted": "Aaaaaaa 0", "recorded": "Aaaaaaaa", "users": 2,
    }  # fmt: skip
    assert first["disagreements"][1]["note"] == "predicted in scope, and the service skipped the user as not entitled"
    assert not broken["compared"]
    for word in ("Secret", "Countess", "Analyst", "0123456", "Ms"):
        assert word not in json.dumps(report)


def test_a_disagreement_names_its_mapping_once_and_then_both_values():
    comparison = LogComparison("writer", (*[disagreeing()] * 21, disagreeing(mapping="")))
    text = rendering.text([comparison], width=120)
    assert '! title, whose mapping is Switch([x], "Ms", "1b", [jobTitle]): differs for 21 users' in text
    assert "! title: differs for 1 user\n" in text
    assert 'title: predicted "Analyst 7", recorded "Countess"\n' in text
    assert "and 2 more users; --full lists all" in text
    assert text.count("ada: disagrees") == 20
    assert rendering.text([comparison], full=True).count("ada: disagrees") == 22
    redacted = redacted_comparison(comparison)
    assert redacted.users[0].attributes[0].mapping == 'Switch([x], "Aa", "0a", [jobTitle])'
    assert "0123456789" not in rendering.json([redacted])


def test_an_undetermined_value_is_shown_with_what_was_recorded():
    def row(text, **request):
        sent = {"title": SentRequest("undetermined", **request)}
        (only,) = compare(event(title=text), UserState(True, "", sent=sent), {}).attributes
        assert only.agreement is Agreement.UNDETERMINED
        return rendering.row_text(only)

    assert row("Admins", reason="why") == 'title: why; recorded "Admins"'
    assert row("*") == "title: masked in the log"
    assert row("Aaa") == 'title: undetermined; recorded "Aaa"'


def test_commands_in_texts_name_the_application():
    text = "Look at `scimconf logs --status staged`, then `scimconf restart`; not `scimconf apply`."
    assert with_application(text, "--app 'HR app'") == (
        "Look at `scimconf logs --status staged --app 'HR app'`, then `scimconf restart --app 'HR app'`; not `scimconf apply`."
    )
    assert with_application(text, "") == text
    assert error_cause("InvalidAnchor").action_for("apps/writer") == (
        "Restore the user there, or run `scimconf restart apps/writer`."
    )


@pytest.mark.parametrize(
    ("action", "printed"),
    [
        (
            "Look at `scimconf logs --app NAME --user UPN`.",
            "Look at `scimconf logs --app 'HR app' --user ada@contoso.com`.",
        ),
        ("Run `scimconf restart`.", "Run `scimconf restart --app 'HR app'`."),
        ("Wait: `scimconf status --app NAME --watch`.", "Wait: `scimconf status --app 'HR app' --watch`."),
        ("Enable the account.", "Enable the account."),
    ],
)
def test_commands_of_an_answer_name_the_application_and_the_user(action, printed):
    facts = UserFacts(user="ada@contoso.com", application="HR app", now=NOON)
    assert _runnable(action, facts) == printed
