"""Tests of a canary on a sandbox whose engine provisions over HTTP to a SCIM server: who is touched, and what stays."""

from dataclasses import replace

import pytest
from canary_apply import ADA, GRACE, TITLE, Dialog, is_on, mappings, people, sent, spec, titles, tried
from lifecycle.deaths import Recorder
from lifecycle.tenant_states import State
from tenant_fixture import WRITER, Person, all_allowed, changes, exit_code

from scimconf.plan import ApplyStatus, Pause
from scimconf.render import text
from scimconf.workflow.canary_checks import UnfinishedCanary
from scimconf.workflow.history import saved_documents

pytestmark = pytest.mark.slow


@pytest.fixture
def tenant(before_the_first_cycle):
    before_the_first_cycle.request("POST", "/_sandbox/cycle", {})
    before_the_first_cycle.forget()
    return before_the_first_cycle


@pytest.fixture
def changed(tmp_path):
    return spec(tmp_path, TITLE)


def test_users_as_predicted_and_then_everybody(tenant, changed):
    dialog = Dialog("auto")
    report = tried(tenant, changed, ADA, GRACE, dialog=dialog)
    assert (report.status, exit_code(report), report.pause) == (ApplyStatus.APPLIED, 0, Pause.NONE)
    assert [(result.user.name, result.is_as_predicted) for result in dialog.results] == [(ADA, True), (GRACE, True)]
    assert len(sent(tenant)) == 2
    verbs = [write.rpartition("/")[2] for write in tenant.made if "/synchronization/" in write]
    assert verbs == ["pause", "schema", "provisionOnDemand", "provisionOnDemand", "restart", "start"]
    assert (is_on(tenant), changes(tenant.plan(changed))) == (True, [])
    tenant.request("POST", "/_sandbox/cycle", {})
    assert all(" - " in title for title in titles(tenant).values())


def test_it_is_put_back_if_it_is_not_approved_and_nobody_else_is_touched(tenant, changed):
    before, mapped, person = titles(tenant), mappings(tenant), Person()
    report = tried(tenant, changed, dialog=Dialog(answer=False), person=person)
    assert (report.status, exit_code(report), report.pause) == (ApplyStatus.PUT_BACK, 7, Pause.NONE)
    assert report.error == "The canary was put back: it was not approved"
    assert (is_on(tenant), mappings(tenant), len(person.entries)) == (True, mapped, 1)
    assert len(sent(tenant)) == 1
    assert {name for name, title in titles(tenant).items() if title != before[name]} == {ADA}
    sent_title = 'title is "Principal Analyst - Engineering" in the application'
    assert report.warnings == (f'ada@contoso.com: {sent_title}; the next cycle sends "Principal Analyst"',)
    assert "The canary was put back" in text.report([report], width=200)
    tenant.request("POST", "/_sandbox/cycle", {})
    assert titles(tenant) == before
    assert changes(tenant.plan(WRITER)) == []


def test_a_wrong_result_is_put_back_and_nobody_else_was_touched(tenant, changed):
    """The application refuses the update of one of two users."""
    before, mapped, dialog = titles(tenant), mappings(tenant), Dialog("auto")
    tenant.fault({"status": 400, "body": {"detail": "no"}}, method="PATCH", path="*/Users/*", times=1)
    report = tried(tenant, changed, ADA, GRACE, dialog=dialog)
    assert [result.is_as_predicted for result in dialog.results] == [False, True]
    assert (report.status, report.pause, is_on(tenant)) == (ApplyStatus.PUT_BACK, Pause.NONE, True)
    assert "ada@contoso.com: not provisioned" in report.error
    assert mappings(tenant) == mapped
    assert {request.rpartition("/")[0] for request in sent(tenant)} == {"PATCH /Users"}
    assert {name for name, title in titles(tenant).items() if title != before[name]} == {GRACE}
    assert [warning.partition(":")[0] for warning in report.warnings] == [GRACE]


def test_a_wrong_value_is_put_back_and_the_next_cycle_corrects_it(tenant, changed):
    """The service makes another title than the mapping says."""
    before, dialog = titles(tenant), Dialog("auto")
    tenant.switch(wrong_mapping=sorted(mappings(tenant)).index("title") + 1)
    report = tried(tenant, changed, dialog=dialog)
    assert (report.status, is_on(tenant), len(sent(tenant))) == (ApplyStatus.PUT_BACK, True, 1)
    assert report.error == "The canary was put back: ada@contoso.com: not as predicted: title"
    assert 'title is "Principal Analyst - Engineering (wrong)" in the application' in report.warnings[0]
    assert {name for name, title in titles(tenant).items() if title != before[name]} == {ADA}
    tenant.switch(wrong_mapping=0)
    tenant.request("POST", "/_sandbox/cycle", {})
    assert titles(tenant) == before


def test_a_user_who_is_new_is_disabled_or_deleted_after_the_return(tenant, tmp_path):
    added = spec(
        tmp_path,
        (
            "    - {user: ada@contoso.com,",
            "    - {user: hedy@contoso.com, role: member}\n    - {user: ada@contoso.com,",
        ),
    )
    report = tried(tenant, added, "hedy@contoso.com", dialog=Dialog(answer=False))
    assert report.status is ApplyStatus.PUT_BACK, report
    assert "out of scope again: the next cycle disables or deletes the account" in report.warnings[0]
    assert sent(tenant) == ["POST /Users"]
    tenant.request("POST", "/_sandbox/cycle", {})
    assert people(tenant)["hedy@contoso.com"]["active"] is False


@pytest.mark.parametrize("answer", [True, False], ids=["widened", "put back"])
def test_killed_at_every_request_both_ways_lead_on(tenant, changed, answer):
    """From each state in which the process can die, `apply` reaches the spec, and a canary that is put back the state before."""
    planned, mapped = tenant.plan(changed), mappings(tenant)
    recorder = Recorder(tenant, writes_only=False)
    reference = tenant.copy()
    unfinished = UnfinishedCanary(
        {**saved_documents(planned.snapshot), "assignments": list(planned.snapshot.rows("assignments"))},
        frozenset(str(change.address) for change in planned.plan.changes),
    )
    tenant.wire = recorder
    report = tried(tenant, changed, dialog=Dialog(answer))
    assert report.status is (ApplyStatus.APPLIED if answer else ApplyStatus.PUT_BACK)
    states = dict.fromkeys(death.state for death in recorder.deaths)
    assert (len(states) > 5, recorder.requests > 30) == (True, True), (len(states), recorder.requests)
    for state in states:
        _check_both_ways(_restored(reference, tenant, state), changed, unfinished, mapped)


def _restored(reference, tenant, state):
    restored = State.restore(state, reference)
    restored.service.tenant.reach = replace(restored.service.tenant.reach, target=tenant.service.tenant.reach.target)
    return restored


def _check_both_ways(tenant, changed, unfinished, mapped):
    was_on = is_on(tenant)
    assert was_on or "~ schedule" in changes(tenant.plan(changed))
    again = _restored(tenant, tenant, State.of(tenant))
    assert exit_code(again.apply(again.plan(changed, all_allowed()), all_allowed())) == 0
    assert (is_on(again), changes(again.plan(changed))) == (True, [])
    planned = tenant.plan(changed)
    if planned.plan.changes:
        report = tried(tenant, changed, dialog=Dialog(answer=False), unfinished=unfinished)
        assert report.status is ApplyStatus.PUT_BACK, report
        assert (is_on(tenant), mappings(tenant)) == (True, mapped)
