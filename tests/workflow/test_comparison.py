"""Tests of `workflow.comparison`: what a preview predicts, against what a provisioning engine recorded over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tenant_fixture import NOON, WRITER

from scimconf.monitoring.comparison import Agreement, LogComparison, compare, redacted_comparison
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.plan.preview import UserState
from scimconf.plan.sent_request import SentRequest
from scimconf.render import comparison as rendering
from scimconf.workflow.comparison import compare_logs
from scimconf.workflow.logs import LogOptions
from scimconf.workflow.status import StatusOptions, statuses
from scimconf.workflow.targets import spec_targets

DAY = timedelta(days=1)
LOG = "/auditLogs/provisioning"


@pytest.fixture
def tenant(after_the_first_cycle):
    return after_the_first_cycle


def compared(tenant, **options):
    log_options = LogOptions(window=DAY, now=NOON, **options)
    (result,) = tenant.run(lambda session: compare_logs(lambda: session, [tenant.load(WRITER)], log_options))
    return result


def entries(tenant):
    return tenant.request("GET", LOG)["value"]


def test_the_engine_sent_what_the_preview_predicts(tenant):
    result = compared(tenant)
    assert {user.agreement for user in result.users} == {Agreement.AGREES}
    assert len(result.users) == 8
    assert not result.disagrees
    text = rendering.text([result])
    assert text.startswith("writer: 8 as predicted, 16 of ")
    assert '"ada@contoso.com"' in rendering.text([result], full=True)
    assert json.loads(rendering.json([result]))["applications"][0]["users"][0]["agreement"] == "agrees"


def test_the_status_has_the_counts_of_the_cycle(tenant):
    options = StatusOptions(window=DAY, now=NOON)
    targets = spec_targets([tenant.load(WRITER)])
    (status,) = tenant.run(lambda session: statuses(session.graph, targets, options))
    assert status.log.counts["created"] == 10
    assert status.jobs[0].last.counts["assigned"] == 10
    assert not status.has_failures


def test_a_value_that_the_service_recorded_otherwise_is_named_with_its_mapping(tenant):
    wrong = entries(tenant)
    for entry in wrong:
        for changed in entry["modifiedProperties"]:
            if changed["displayName"] == "title" and entry["sourceIdentity"]["displayName"] == "Ada Lovelace":
                changed["newValue"] = "Countess"
    tenant.fault({"status": 200, "body": {"value": wrong}}, method="GET", path=LOG, times=0)
    result = compared(tenant)
    (user,) = [user for user in result.users if user.agreement is Agreement.DISAGREES]
    (row,) = [row for row in user.attributes if row.agreement is Agreement.DISAGREES]
    assert (user.name, row.target, row.predicted, row.recorded) == (
        "ada@contoso.com",
        "title",
        "Principal Analyst",
        "Countess",
    )
    assert result.disagrees
    assert 'title: predicted "Principal Analyst", recorded "Countess"' in rendering.text([result])
    hidden = redacted_comparison(result)
    assert "Countess" not in rendering.json([hidden])
    assert 'predicted "Aaaaaaaaa Aaaaaaa", recorded "Aaaaaaaa"' in rendering.text([hidden])


def test_a_user_who_was_edited_after_the_event_does_not_disagree(tenant):
    ada = tenant.request("GET", "/users/ada@contoso.com")["id"]
    tenant.request("PATCH", f"/users/{ada}", {"jobTitle": "Countess"})
    (user,) = [user for user in compared(tenant).users if user.agreement is not Agreement.AGREES]
    assert (user.name, user.agreement, user.note) == (
        "ada@contoso.com",
        Agreement.CHANGED_SINCE,
        "edited since: jobTitle",
    )


def test_a_user_who_is_gone_and_a_log_that_cannot_be_read(tenant):
    ada = tenant.request("GET", "/users/ada@contoso.com")["id"]
    tenant.request("DELETE", f"/users/{ada}")
    (user,) = [user for user in compared(tenant).users if user.agreement is not Agreement.AGREES]
    assert (user.agreement, user.note) == (Agreement.NOT_COMPARED, "the tenant has no such user any more")
    tenant.fault({"status": 403, "body": {}}, method="GET", path=LOG, times=0)
    assert "ProvisioningLog.Read.All" in compared(tenant).problem


def test_a_spec_that_cannot_be_planned_has_a_problem(tenant, tmp_path):
    path = tmp_path / "scimconf.yaml"
    path.write_text("version: 1\nname: x\napplication: {display_name: Nope}\nprovisioning: {enabled: true}\n")
    log_options = LogOptions(window=DAY, now=NOON)
    (result,) = tenant.run(lambda session: compare_logs(lambda: session, [tenant.load(path)], log_options))
    assert result.problem.startswith("K103")
    assert "Nope" in rendering.text([result])
    tenant.fault({"status": 400, "body": {}}, method="GET", path="/organization", times=0)
    assert compared(tenant).problem


# ---- one event against one prediction --------------------------------------------------------------------------------


def event(action="create", status="success", code="", **fields):
    return LoggedEvent(
        time=datetime(2026, 11, 25, tzinfo=UTC),
        change_id="1",
        cycle_id="1",
        action=action,
        status=status,
        kind="User",
        source_id="id",
        source_name="ada",
        target_id="",
        code=code,
        **fields,
    )


def state(*, in_scope=True, **sent):
    return UserState(in_scope, "", sent={target: request for target, request in sent.items()})


def value(text, apply="always"):
    return SentRequest("value", text, apply=apply)


@pytest.mark.parametrize(
    ("recorded", "predicted", "agreement"),
    [
        ({"title": (None, "A")}, {"title": value("A")}, Agreement.AGREES),
        ({"title": (None, "a")}, {"title": value("A")}, Agreement.AGREES),
        ({"title": (None, "B")}, {"title": value("A")}, Agreement.DISAGREES),
        ({}, {"title": value("A")}, Agreement.DISAGREES),
        ({"title": (None, "A")}, {"title": SentRequest("null")}, Agreement.DISAGREES),
        ({"title": (None, "A")}, {"title": SentRequest("null", default="A")}, Agreement.AGREES),
        ({"title": (None, "*")}, {"title": value("A")}, Agreement.UNDETERMINED),
        ({"title": (None, "A")}, {"title": SentRequest("undetermined", reason="why")}, Agreement.UNDETERMINED),
        ({"other": (None, "A")}, {}, Agreement.NOT_COMPARED),
        ({"roles": (None, "A, B")}, {"roles": value(("A", "B"))}, Agreement.AGREES),
    ],
)
def test_creations(recorded, predicted, agreement):
    assert compare(event(properties=recorded), state(**predicted), {}).agreement is agreement


@pytest.mark.parametrize(
    ("recorded", "predicted", "agreement"),
    [
        ({"title": ("A", "B")}, {"title": value("B")}, Agreement.AGREES),
        ({"title": ("A", "B")}, {"title": value("C")}, Agreement.DISAGREES),
        ({"title": ("A", "B")}, {"title": value("B"), "userName": value("x")}, Agreement.AGREES),
        ({"title": ("A", "B")}, {"title": value("B", "on_create")}, Agreement.DISAGREES),
    ],
)
def test_updates_list_only_what_changed(recorded, predicted, agreement):
    assert compare(event("update", properties=recorded), state(**predicted), {}).agreement is agreement


def test_what_a_failed_creation_tried_is_compared_by_its_shortened_name():
    tried = {"namegivenName": "Ada"}
    sent = {"name.givenName": value("Ada")}
    failed = event(status="failure", code="EntryConflict", tried=tried)
    assert compare(failed, UserState(True, "", sent=sent), {}).agreement is Agreement.AGREES


@pytest.mark.parametrize(
    ("code", "in_scope", "agreement"),
    [
        ("RedundantExport", True, Agreement.AGREES),
        ("NotEffectivelyEntitled", False, Agreement.AGREES),
        ("NotEffectivelyEntitled", True, Agreement.DISAGREES),
        ("NotEffectivelyEntitled", None, Agreement.UNDETERMINED),
        ("AttributeValidationFailed", True, Agreement.NOT_COMPARED),
        ("", True, Agreement.NOT_COMPARED),
    ],
)
def test_skipped_users(code, in_scope, agreement):
    assert compare(event(status="skipped", code=code), state(in_scope=in_scope), {}).agreement is agreement


def test_other_actions_are_not_compared():
    assert compare(event("disable"), state(), {}).agreement is Agreement.NOT_COMPARED
    assert "no users in the log" in rendering.summary(LogComparison("writer"))


def test_a_source_value_that_was_removed_counts_as_edited():
    before = event(properties={"title": (None, "A")}, source_values={"jobTitle": "A", "city": "Oslo", "unknown": "x"})
    comparison = compare(before, state(title=SentRequest("null")), {"jobTitle": None, "city": "Oslo"})
    assert (comparison.agreement, comparison.note) == (Agreement.CHANGED_SINCE, "edited since: jobTitle")


def test_users_who_are_disabled_or_failed_before_anything_was_sent():
    disabled = UserState(True, "", disabled=True)
    skipped = event(status="skipped", code="NotEffectivelyEntitled")
    assert compare(skipped, disabled, {}).agreement is Agreement.AGREES
    failed = event(status="failure", code="EmulatedUndetermined")
    comparison = compare(failed, state(title=value("A")), {})
    assert (comparison.agreement, comparison.note) == (
        Agreement.NOT_COMPARED,
        "failed before anything was sent: EmulatedUndetermined",
    )
