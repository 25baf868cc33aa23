"""Tests of `monitoring.pauses`: which history entry, or which event of the audit log, explains that a job is off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scimconf.monitoring.audit_events import AuditEvent
from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.monitoring.job_status import job_status, redacted_job
from scimconf.monitoring.pauses import (
    PauseRecord,
    logged_pause,
    recorded_allowance,
    recorded_pause,
    recorded_restart,
    redacted_pause,
)

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ADA = RunContext(reason="INC-7", identity="ada@contoso.com")
CANARY = RunContext(identity="ada@contoso.com", canary="grace@contoso.com")
PIPELINE = RunContext(identity="app", actor="grace")


def entry(command="apply", status="done", run=ADA, **values):
    return HistoryEntry(
        application="writer",
        time="20261130T115900.000000Z",
        ended="20261130T120000.000000Z" if status != "started" else "",
        status=status,
        command=command,
        run=run,
        **values,
    )


def steps(*names):
    return tuple((name, "done") for name in names)


PAUSED = entry("pause")
UNENDED = entry(status="started")
STEPS = steps("pause provisioning", "start provisioning")
CASES = {
    "nothing": ([], None),
    "pause": ([PAUSED], "paused by ada@contoso.com: INC-7"),
    "pause of a pipeline": ([entry("pause", run=PIPELINE)], "paused by grace"),
    "pause of nobody": ([entry("pause", run=RunContext())], "paused"),
    "failed pause": ([entry("pause", "failed")], None),
    "pause, then a failed resume": ([entry("resume", "failed"), PAUSED], "paused by ada@contoso.com: INC-7"),
    "pause, then a resume": ([entry("resume"), PAUSED], None),
    "pause, then a restart": ([entry("restart --scope full"), PAUSED], None),
    "retired": ([entry("retire", "retired")], "paused by ada@contoso.com with `retire`: INC-7"),
    "no start": ([entry(pause="not started")], "paused by ada@contoso.com with `apply --no-start`: INC-7"),
    "failed apply": ([entry(pause="paused")], "paused by ada@contoso.com with an apply that failed: INC-7"),
    "interrupted": (
        [entry(status="interrupted", pause="pause unconfirmed")],
        "paused by ada@contoso.com with an apply that was interrupted: INC-7",
    ),
    "canary": (
        [entry(pause="paused", run=CANARY)],
        "paused by ada@contoso.com for a canary that has not ended",
    ),
    "switched off in the spec": (
        [entry(outcomes=steps("pause provisioning"))],
        "paused by ada@contoso.com with an apply: INC-7",
    ),
    "apply that starts again": ([entry(outcomes=STEPS), PAUSED], None),
    "apply that changes neither": ([entry(outcomes=steps("update x")), PAUSED], "paused by ada@contoso.com: INC-7"),
    "paused before an apply": ([entry(pause="paused before"), PAUSED], "paused by ada@contoso.com: INC-7"),
    "not ended": ([UNENDED], "paused by ada@contoso.com with an apply that has not ended: INC-7"),
    "not ended, on before": (
        [UNENDED, UNENDED, entry("resume")],
        "paused by ada@contoso.com with an apply that has not ended: INC-7",
    ),
    "not ended, paused before": ([UNENDED, PAUSED], "paused by ada@contoso.com: INC-7"),
}


@pytest.mark.parametrize("name", CASES)
def test_recorded_pause(name):
    entries, text = CASES[name]
    pause = recorded_pause(iter(entries), None)
    assert (None if pause is None else pause.text) == text


@pytest.mark.parametrize(("minutes", "is_explained"), [(-30, True), (4, True), (6, False)])
@pytest.mark.parametrize("entries", [[PAUSED], [entry(status="started", run=ADA), PAUSED], [UNENDED]])
def test_recorded_pause_does_not_explain_what_a_cycle_followed(entries, minutes, is_explained):
    assert (recorded_pause(entries, NOON + timedelta(minutes=minutes)) is not None) is is_explained


@pytest.mark.parametrize(("minutes", "is_explained"), [(-30, True), (6, False)])
def test_logged_pause(minutes, is_explained):
    event = AuditEvent(application="", at=NOON, activity="Disable/pause provisioning configuration", by="ada")
    pause = logged_pause([event], NOON + timedelta(minutes=minutes))
    assert pause == (PauseRecord(NOON, "ada", "", source="audit log") if is_explained else None)
    assert logged_pause([], None) is None


def test_a_pause_in_words():
    full, empty = PauseRecord(NOON, "ada", "INC-7", "with `retire`"), PauseRecord(None, "", "")
    assert full.sentence == "paused by ada with `retire` on 2026-11-30 12:00 UTC, because: INC-7"
    assert full.clause == " since 2026-11-30 12:00 UTC, by ada with `retire`, because: INC-7"
    assert (empty.sentence, empty.clause, empty.text) == ("paused.", "", "paused")


def test_a_redacted_pause_names_nobody():
    assert redacted_pause(PauseRecord(NOON, "ada", "for grace")) == PauseRecord(NOON, "a user", "")
    job = job_status({}, NOON)
    assert redacted_job(job) is job


ALLOWED = entry("allow-deletions --expect 3")


@pytest.mark.parametrize(
    ("entries", "last_cycle", "since"),
    [
        ([], None, None),
        ([ALLOWED], None, NOON),
        ([ALLOWED], NOON - timedelta(minutes=1), NOON),
        ([ALLOWED], NOON + timedelta(seconds=1), None),
        ([entry("allow-deletions --expect 3", "failed")], None, None),
        ([PAUSED, ALLOWED], None, NOON),
        ([entry("allow-deletions --expect 3", "started")], None, None),
    ],
)
def test_deletions_are_allowed_until_the_next_cycle(entries, last_cycle, since):
    assert recorded_allowance(entries, last_cycle) == since


def test_an_entry_without_a_time_allows_nothing():
    assert recorded_allowance([replace(ALLOWED, ended="", time="x")], None) is None


RESTARTED = entry("restart --scope quarantine")


@pytest.mark.parametrize(
    ("entries", "last_cycle", "since"),
    [
        ([], None, None),
        ([entry("resume")], None, NOON),
        ([PAUSED, RESTARTED], NOON - timedelta(minutes=1), NOON),
        ([RESTARTED], NOON + timedelta(seconds=1), None),
        ([entry("restart", "failed")], None, None),
    ],
)
def test_a_job_is_started_again_until_the_next_cycle(entries, last_cycle, since):
    assert recorded_restart(entries, last_cycle) == since
