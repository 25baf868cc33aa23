"""What `status` proposes is run as it is printed, against a tenant that provisions, and leads to the promised state."""

import json

import pytest
from server_fixture import run

pytestmark = pytest.mark.slow


def test_nothing_is_proposed_while_all_is_well(on_call):
    assert (on_call.state(), on_call.actions()) == ("running", [])


def test_a_paused_job_is_resumed_where_it_stopped(on_call):
    assert run(["pause", "writer", "--yes"]).code == 0
    on_call.unassign("User")
    assert on_call.cycle()["skipped"].startswith("the job is not started")
    assert all(on_call.accounts().values())  # leavers keep their access
    on_call.secret("SecretToken", "expired")
    refused = on_call.follow()
    assert (refused.code, "refuses the stored credentials" in refused.err, on_call.state()) == (1, True, "off")
    on_call.secret("SecretToken", "sandbox")
    assert on_call.follow().code == 0
    assert on_call.state() in ("running", "first cycle")
    assert on_call.cycle()["cycle"] == "incremental"
    assert not all(on_call.accounts().values())
    assert (on_call.state(), on_call.actions()) == ("running", [])


def test_a_quarantine_after_a_refused_token_ends_with_a_new_one(on_call):
    on_call.secret("SecretToken", "expired")
    on_call.unassign("User")
    on_call.tenant.put_schema(on_call.tenant.schema())
    assert on_call.cycle("PT40M")["quarantine"]["reason"] == "EncounteredQuarantineException"
    refused = on_call.follow()
    assert (refused.code, "refuses the stored credentials" in refused.err, on_call.state()) == (1, True, "quarantine")
    on_call.secret("SecretToken", "sandbox")
    assert on_call.follow().code == 0
    assert on_call.cycle()["cycle"] == "initial"
    assert (on_call.state(), on_call.actions()) == ("running", [])
    history = json.loads(run(["history", "writer", "--format", "json"]).out)["entries"]
    assert [(entry["command"].split()[0], entry["status"]) for entry in history] == [
        ("restart", "done"),
        ("restart", "failed"),
    ]


@pytest.mark.parametrize(
    ("action", "cycles"), [("stagedDelete", 0), ("stagedDelete", 1), ("other", 0), ("unknownFutureValue", 1)]
)
def test_held_back_deletions_are_carried_out_when_they_are_allowed(on_call, action, cycles):
    _, number = on_call.hold_back(action)
    for _ in range(cycles):  # a later attempt lists all again, or only some
        on_call.cycle("PT6H")
    on_call.secret("SecretToken", "expired")
    refused = on_call.follow(1, "--expect", str(number))
    assert (refused.code, "refuses the stored credentials" in refused.err) == (1, True), refused
    on_call.secret("SecretToken", "sandbox")
    allowed = on_call.follow(1, "--expect", str(number))
    assert allowed.code == 0, allowed
    again = run(["allow-deletions", "writer", "--yes", "--expect", str(number)])
    assert (again.code, "the deletions were allowed on" in again.out, on_call.actions()) == (0, True, [])
    on_call.cycle()
    assert (on_call.state(), on_call.actions()) == ("running", [])
    assert not any(on_call.accounts().values())


def test_held_back_deletions_whose_cause_is_undone_end_with_a_restart(on_call):
    rows, _ = on_call.hold_back()
    on_call.assign(rows)
    assert on_call.follow(0).code == 0
    on_call.cycle()
    assert (on_call.state(), on_call.actions()) == ("running", [])
    assert all(on_call.accounts().values())


def test_too_many_failures_end_with_a_restart_that_evaluates_nobody_else(on_call):
    quarantine = {"reason": "EncounteredEscrowProportionThreshold", "seriesBegan": "2026-11-25T11:00:00Z"}
    on_call.change_job(status={"code": "Quarantine", "quarantine": quarantine})
    assert on_call.follow().code == 0
    assert on_call.cycle()["cycle"] == "incremental"
    assert (on_call.state(), on_call.actions()) == ("running", [])


@pytest.mark.parametrize("form", ["kept", "paused", "cleared", "paused_cleared"])
def test_a_job_that_the_service_switched_off_is_started_again(on_call, form):
    on_call.tenant.switch(expired_quarantine=form)
    on_call.secret("SecretToken", "expired")
    on_call.tenant.put_schema(on_call.tenant.schema())
    on_call.cycle("PT40M")
    assert "disabled" in on_call.cycle("P29D")["skipped"]
    on_call.secret("SecretToken", "sandbox")
    assert on_call.follow().code == 0
    on_call.cycle()
    assert (on_call.state(), on_call.actions()) == ("running", [])


def test_a_first_cycle_with_too_many_failures_is_restarted(on_call):
    on_call.change_job(schedule={"state": "Disabled"}, status={"code": "Paused", "escrowsPruned": True})
    assert on_call.follow().code == 0
    assert on_call.cycle()["cycle"] == "initial"
    assert on_call.state() == "running"
