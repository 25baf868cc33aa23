"""Jobs: choice by template, whether a job is on and has run, and its quarantine."""

from __future__ import annotations

import pytest

from scimconf.documents import OPERATIONS, job
from tests.documents.samples import needs_samples, sample


def job_row(template: str, number: int = 1) -> dict[str, str]:
    return {"id": f"{template}.{number}", "templateId": template}


SCIM, OLD = {"id": "scim"}, {"id": "customappsso"}


@pytest.mark.parametrize(
    ("documents", "wanted", "template", "found", "trouble"),
    [
        ({}, None, "", None, ""),
        ({"jobs": []}, None, "", None, ""),
        ({"jobs": [], "templates": []}, None, "", None, "no template"),
        ({"jobs": [], "templates": [SCIM]}, None, "scim", None, ""),
        ({"jobs": [], "templates": [SCIM, OLD]}, None, "", None, "several templates"),
        ({"jobs": [], "templates": [SCIM, {**OLD, "default": True}]}, None, "customappsso", None, ""),
        (
            {"jobs": [], "templates": [{**SCIM, "default": True}, {**OLD, "default": True}]},
            None,
            "",
            None,
            "several templates",
        ),
        ({"jobs": [job_row("x")], "templates": [SCIM]}, None, "x", "x.1", ""),
        ({"jobs": [job_row("x"), job_row("scim")], "templates": [SCIM]}, None, "scim", "scim.1", ""),
        ({"jobs": [job_row("x"), job_row("SCIM")]}, "scim", "SCIM", "SCIM.1", ""),
        ({"jobs": [job_row("x")]}, "scim", "scim", None, ""),
        ({"jobs": [job_row("scim"), job_row("Scim", 2)]}, "scim", "", None, "several jobs"),
    ],
)
def test_choose_finds_a_job_by_its_template(documents, wanted, template, found, trouble):
    choice = job.choose(documents, wanted)
    assert (choice.template, choice.job and choice.job["id"], choice.problem) == (template, found, trouble)
    names = job.jobs(wanted).binds(documents)  # type: ignore[misc]
    expected = {"template": template, "job": found} if found else {"template": template, "new_template": template}
    assert names == (expected if template else {})


@pytest.mark.parametrize(
    ("raw", "on", "ran"),
    [
        ({}, False, False),
        ({"schedule": None, "status": None}, False, False),
        ({"schedule": {"state": "Active"}}, True, True),
        ({"schedule": {"state": "Paused"}, "status": {"code": "Active"}}, False, True),
        ({"status": {"code": "Quarantine"}}, False, True),
        ({"status": {"lastExecution": {}}}, False, False),
        ({"status": {"lastExecution": {"state": "Failed"}}}, False, True),
        ({"status": {"steadyStateFirstAchievedTime": ""}}, False, False),
        ({"status": {"steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z"}}, False, False),
        ({"status": {"steadyStateFirstAchievedTime": "2026-01-01T00:00:00Z"}}, False, True),
    ],
)
def test_is_on_reads_the_schedule_and_has_run_the_status(raw, on, ran):
    assert (job.is_on(raw), job.has_run(raw)) == (on, ran)
    assert OPERATIONS["state_is"].holds(raw, ("on",), None) is on
    assert OPERATIONS["state_is"].holds(raw, ("off",), None) is not on


COUNTS = "synchronizedEntryCountByType"
GROUPS, USERS = "Group to urn:ietf:params:scim:schemas:core:2.0:Group", "User to User"


@pytest.mark.parametrize(
    ("status", "state", "since"),
    [
        (None, "none", ""),
        ({"lastExecution": {"state": "Failed", "timeEnded": "2026-11-24T10:00:00Z"}}, "none", ""),
        ({"lastExecution": {"timeBegan": "0001-01-01T00:00:00Z", "timeEnded": ""}}, "none", ""),
        ({"lastExecution": {"timeBegan": "0001-01-01T00:00:00Z", "timeEnded": "2026-11-24"}}, "kept", "2026-11-24"),
        ({"lastExecution": {"timeBegan": "b"}, "lastSuccessfulExecution": {"timeBegan": "a"}}, "kept", "a"),
        ({"steadyStateFirstAchievedTime": "a"}, "kept", "a"),
        ({"steadyStateFirstAchievedTime": "a", "steadyStateLastAchievedTime": "b"}, "kept", "b"),
        ({"steadyStateFirstAchievedTime": "a", COUNTS: [{"key": USERS, "value": 0}]}, "lost", ""),
        ({"steadyStateFirstAchievedTime": "a", COUNTS: [{"key": USERS, "value": 1}]}, "kept", "a"),
        ({"steadyStateFirstAchievedTime": "a", COUNTS: [{"key": GROUPS, "value": 0}, {}]}, "kept", "a"),
        ({COUNTS: [{"key": USERS, "value": 0}]}, "none", ""),
    ],
)
def test_links_are_those_of_completed_cycles_unless_no_user_is_counted(status, state, since):
    assert job.links({"status": status}) == job.Links(state, since)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (None, ""),
        ({"quarantine": None}, ""),
        ({"code": "Quarantine"}, "Unknown"),
        ({"code": "Active", "quarantine": {"reason": "TooManyDeletes", "error": None}}, "TooManyDeletes"),
        ({"quarantine": {"reason": "", "error": {"message": "no"}}}, "Unknown: no"),
    ],
)
def test_quarantine_returns_the_reason(status, reason):
    assert job.quarantine({"status": status}) == reason


def test_is_there_needs_an_id():
    assert OPERATIONS["is_there"].holds({"id": "x"}, (), None)
    assert not OPERATIONS["is_there"].holds({}, (), None)
    assert (job.job().name, job.templates().consistency.empty_may_be_stale) == ("job", True)


@needs_samples
@pytest.mark.parametrize(
    ("number", "on", "ran", "reason"),
    [
        ("30", True, True, "EncounteredQuarantineException: Please provide a valid tenant URL"),
        ("31", False, False, ""),
        ("32", False, False, "Unknown: Your Salesforce.com credentials are invalid."),
        ("34", False, False, ""),
        ("35", False, False, ""),
        ("36", False, False, ""),
    ],
)
def test_published_jobs_are_read(number, on, ran, reason):
    raw = sample(number)
    assert (job.is_on(raw), job.has_run(raw)) == (on, ran)
    assert job.quarantine(raw).startswith(reason)
    assert bool(job.quarantine(raw)) is bool(reason)
