"""Tests of the status of jobs: the traps of Graph's fields, and the published captures."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shared_specs import SHARED

from scimconf.monitoring.job_status import JobPhase, job_status

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00Z"


def at(minutes):
    return (NOON - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.1234567Z")


def execution(minutes=10, state="Succeeded", **fields):
    return {"state": state, "timeBegan": at(minutes + 1), "timeEnded": at(minutes), "error": None, **fields}


def job(state="Active", interval="PT40M", **status):
    return {"id": "scim.1", "templateId": "scim", "schedule": {"state": state, "interval": interval}, "status": status}


def quarantine(days, reason="EncounteredQuarantineException", **fields):
    began = at(days * 24 * 60)
    return {"reason": reason, "seriesBegan": began, "nextAttempt": at(-60), "error": None, **fields}


STEADY = {"code": "Active", "steadyStateFirstAchievedTime": at(600), "lastExecution": execution()}
NOT_RUN = {
    "state": "Failed",
    "error": {"code": "None", "message": "", "tenantActionable": False},
    "timeBegan": NEVER,
    "timeEnded": NEVER,
}


@pytest.mark.parametrize(
    ("document", "phase"),
    [
        (job("Disabled", code="NotConfigured"), JobPhase.OFF),
        (job("Active", code="NotRun", lastExecution=NOT_RUN), JobPhase.FIRST_CYCLE),
        (job("Active", code="Active", steadyStateFirstAchievedTime=NEVER), JobPhase.FIRST_CYCLE),
        (job("Active", **STEADY), JobPhase.RUNNING),
        (job("Disabled", **STEADY), JobPhase.OFF),
        (job("Active", **STEADY | {"code": "InProgress"}), JobPhase.RUNNING),
        (job("Active", **STEADY | {"quarantine": quarantine(3)}), JobPhase.QUARANTINE),
        (job("Active", code="Quarantine"), JobPhase.QUARANTINE),
        (job("Disabled", code="Paused", quarantine=quarantine(29)), JobPhase.DISABLED),
        (job("Disabled", code="Paused", quarantine=quarantine(27)), JobPhase.QUARANTINE),
        ({}, JobPhase.OFF),
    ],
)
def test_phases(document, phase):
    assert job_status(document, NOON).phase is phase


FAILED = execution(state="Failed", error={"code": "ContosoInvalidCredentials", "message": "401"})
ODD = execution(state="Failed", error={"code": "NewCode"})


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (job("Disabled", code="NotConfigured"), "off, no cycle has ended"),
        (job("Disabled", code="Paused", lastExecution=NOT_RUN), "off, no cycle has ended"),
        (job("Disabled", **STEADY), "off"),
        (job("Active", code="NotRun", lastExecution=NOT_RUN), "on, the first cycle has not ended"),
        (job("Active", **STEADY | {"code": "NotRun"}), "on, no cycle has ended since it was started"),
        (job("Active", **STEADY), "on"),
        (job("Active", **STEADY | {"lastExecution": FAILED}), "on, the last cycle failed"),
        (job("Disabled", **STEADY | {"lastExecution": FAILED}), "off"),
        (job("Active", **STEADY | {"quarantine": quarantine(3), "lastExecution": FAILED}), "in quarantine"),
        (job("Disabled", code="Paused", quarantine=quarantine(29)), "in quarantine, and switched off by the service"),
    ],
)
def test_the_state_in_words_is_the_same_for_all_commands(document, state):
    assert job_status(document, NOON).state == state


def test_a_quarantine_whose_deletions_are_allowed_ends_with_the_next_cycle():
    held_back = job_status(job(**STEADY | {"quarantine": quarantine(3, "TooManyDeletes")}), NOON)
    allowed = replace(held_back, deletions_allowed=NOON)
    assert (held_back.state, allowed.state) == (
        "in quarantine",
        "in quarantine until the next cycle, which carries out the allowed deletions",
    )


def test_a_cycle_that_failed_as_a_whole_has_a_cause():
    refused, odd = (job_status(job(**STEADY | {"lastExecution": last}), NOON).failure for last in (FAILED, ODD))
    assert refused.meaning == "the application refused the credentials or could not be reached"
    assert odd.meaning == "the service reports an error"


def test_the_placeholder_of_a_job_that_never_ran_is_no_failed_execution():
    assert job_status(job(code="NotRun", lastExecution=NOT_RUN), NOON).last is None


def test_a_succeeded_execution_may_have_failing_objects():
    status = job_status(job(**STEADY | {"lastExecution": execution(countEscrowed=15)}), NOON)
    assert (status.failing, status.last.succeeded) == (15, True)
    assert status.notes == ("the last cycle succeeded, and 15 of its objects fail and are tried again",)


@pytest.mark.parametrize(
    ("minutes", "notes"), [(120, ()), (121, ("no cycle ended for 2 h; one is expected every 40 min",))]
)
def test_an_overdue_cycle_is_reported_after_three_intervals(minutes, notes):
    assert job_status(job(**STEADY | {"lastExecution": execution(minutes)}), NOON).notes == notes


def test_the_next_cycle_is_expected_after_the_interval_and_announced_in_quarantine():
    assert job_status(job(**STEADY), NOON).next_cycle == NOON + timedelta(minutes=30)
    assert job_status(job(**STEADY | {"quarantine": quarantine(3)}), NOON).next_cycle == NOON + timedelta(minutes=60)
    assert job_status(job("Disabled", **STEADY), NOON).next_cycle is None
    assert job_status(job("Disabled", quarantine=quarantine(40)), NOON).next_cycle is None


@pytest.mark.parametrize(
    ("days", "note"),
    [
        (20, None),
        (21, "the service disables the job about 2026-12-07 12:00 UTC, four weeks after the quarantine began"),
        (28, "the quarantine began more than four weeks ago, after which the service disables the job"),
    ],
)
def test_the_end_of_a_quarantine_after_four_weeks_is_announced(days, note):
    notes = job_status(job(**STEADY | {"quarantine": quarantine(days)}), NOON).notes
    assert list(notes) == ([note] if note else [])


def test_a_first_cycle_with_too_many_failures_waits_for_a_start():
    status = job_status(job("Disabled", code="Paused", escrowsPruned=True), NOON)
    assert status.notes == ("the first cycle had too many failures; the service dropped them and waits for a start",)


def test_reason_and_error_of_a_quarantine():
    error = {"code": "SystemForCrossDomainIdentityManagementCredentialValidationFailure", "message": "401"}
    status = job_status(job(quarantine=quarantine(1, "toomanydeletes", error=error)), NOON)
    assert "deletion threshold" in status.quarantine.cause.meaning
    assert (status.quarantine.error_code, status.quarantine.error_message) == (error["code"], "401")
    assert "no reason" in job_status(job(quarantine=quarantine(1, "New")), NOON).quarantine.cause.meaning


def test_objects_are_counted_by_type_without_urns():
    entries = [
        {"key": "User to urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "value": 40},
        {"key": "Group to urn:ietf:params:scim:schemas:core:2.0:Group", "value": 2},
        {"key": "", "value": 1},
        None,
    ]
    assert job_status(job(synchronizedEntryCountByType=entries), NOON).objects == {
        "User to User": 40,
        "Group to Group": 2,
    }


def test_an_execution_of_which_only_the_end_is_known():
    last = job_status(job(lastExecution=execution(timeBegan=NEVER, countImported=True)), NOON).last
    assert (last.began, last.ended is None, last.counts["imported"]) == (None, False, 0)


@pytest.mark.parametrize(
    ("name", "phases"),
    [
        ("30-job-aws-get-active-2021.json", [JobPhase.QUARANTINE]),
        ("31-job-aws-post-201-2021.json", [JobPhase.OFF]),
        ("32-job-boxoutdelta-get-quarantine.json", [JobPhase.QUARANTINE]),
        ("33-job-list-boxoutdelta-repaired.json", [JobPhase.OFF]),
        ("34-job-aws-notconfigured.json", [JobPhase.OFF]),
    ],
)
def test_published_captures(name, phases):
    path = SHARED / "data" / "samples" / name
    if not path.exists():
        pytest.skip("the published captures are not there")
    document = json.loads(path.read_text())
    assert [job_status(entry, NOON).phase for entry in document.get("value", [document])] == phases


def test_a_job_that_was_started_again_after_a_cycle_that_failed_waits_for_the_next():
    failed = job_status(job(**STEADY | {"lastExecution": FAILED}), NOON)
    restarted = replace(failed, restarted=NOON)
    assert (restarted.state, restarted.failure) == ("on, no cycle has ended since it was restarted", None)


def test_a_job_that_is_off_in_quarantine_has_no_next_attempt():
    paused = job_status(job("Disabled", code="Paused", quarantine=quarantine(3)), NOON)
    assert (paused.state, paused.next_cycle) == ("in quarantine, and off", None)
