"""Tests of what the commands about a job do: scopes of a restart, held-back deletions, guards and proposals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.monitoring.contacts import Ownership
from scimconf.monitoring.job_commands import (
    PORTAL_SCOPES,
    JobCommand,
    JobFacts,
    RestartScope,
    command_guards,
    is_done,
    is_initial,
    reset_scope,
    restart_scopes,
    retired_problem,
    staged_deletions,
)
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.proposals import proposals
from scimconf.render import job_commands as rendering
from scimconf.spec.model import ManualStep

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
LAST = {"timeBegan": "2026-11-30T11:40:00Z", "timeEnded": "2026-11-30T11:48:00Z", "state": "Succeeded"}
REFUSED = LAST | {"state": "Failed", "error": {"code": "InvalidCredentials", "message": "401"}}
RAN = {"lastExecution": LAST, "code": "Active", "steadyStateFirstAchievedTime": "2026-11-02T08:00:00Z"}
QUARANTINES = (
    "TooManyDeletes",
    "EncounteredEscrowProportionThreshold",
    "EncounteredQuarantineException",
    "QuarantinedOnDemand",
)


def job(status=None, *, reason="", is_on=True, failing=0):
    status = {**(RAN if status is None else status)}
    if failing:
        status["lastExecution"] = LAST | {"countEscrowed": failing}
    if reason:
        status |= {"code": "Quarantine", "quarantine": {"reason": reason, "seriesBegan": "2026-11-30T11:48:00Z"}}
    schedule = {"state": "Active" if is_on else "Disabled", "interval": "PT40M"}
    return job_status({"id": "job", "templateId": "scim", "schedule": schedule, "status": status}, NOON)


def facts(status=None, **more):
    return JobFacts(name="writer", selector="--app Writer", status=status or job(), now=NOON, **{"users": 8, **more})


@pytest.mark.parametrize(
    ("names", "reset", "initial"),
    [
        ((), "Watermark, Escrows, QuarantineState", True),
        (("quarantine", "escrows"), "Escrows, QuarantineState", False),
        (("escrows",), "Escrows", False),
        (("watermark",), "Watermark", True),
        (("full",), "Full", True),
    ],
)
def test_the_scopes_of_a_restart(names, reset, initial):
    scopes = restart_scopes(names)
    assert (reset_scope(scopes), is_initial(scopes)) == (reset, initial)


def test_full_is_not_combined_with_what_it_contains():
    with pytest.raises(ScimconfError, match="--scope full contains all other scopes, and is combined with escrows"):
        restart_scopes(["full", "escrows"])


def entry(user, minute, action="stagedDelete", status="skipped", cycle="c1", code=""):
    last = {"name": "EntrySynchronizationSkip", "provisioningStepType": "processing", "details": {"SkipReason": code}}
    return {
        "id": f"{user}{minute}",
        "activityDateTime": f"2026-11-30T11:{minute}:00Z",
        "cycleId": cycle,
        "changeId": f"change-{user}",
        "provisioningAction": action,
        "provisioningStatusInfo": {"status": status},
        "sourceIdentity": {"id": user, "displayName": user.title(), "identityType": "User"},
        "provisioningSteps": [last],
    }


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ([entry("grace", 47), entry("ada", 47)], ["Ada", "Grace"]),
        ([entry("ada", 47), entry("old", 10, cycle="c0")], ["Ada"]),
        ([entry("ada", 47), entry("ada", 53, "other", "skipped", "c2", "RedundantExport")], []),
        ([entry("ada", 47), entry("ada", 53, "update", "success", "c2"), entry("grace", 53, cycle="c2")], ["Grace"]),
        ([entry("ada", 47, "other"), entry("grace", 47)], ["Ada?", "Grace"]),
        ([entry("ada", 47, "unknownFutureValue", "paused"), entry("grace", 47)], ["Ada?", "Grace"]),
        ([entry("ada", 47, "other", code="NotEffectivelyEntitled"), entry("grace", 47)], ["Grace"]),
        ([entry("ada", 47, "other")], []),
        ([entry("ada", 53, "other")], ["Ada?"]),
        ([], []),
    ],
)
def test_held_back_deletions_are_those_of_this_quarantine(entries, names):
    began = datetime(2026, 11, 30, 11, 48, tzinfo=UTC)
    staged = staged_deletions(logged_events(entries), began)
    assert [f"{deletion.event.source_name}{'' if deletion.is_certain else '?'}" for deletion in staged] == names


def test_a_deletion_without_an_object_is_known_by_its_change():
    (staged,) = staged_deletions(logged_events([entry("ada", 47) | {"sourceIdentity": {}}]), NOON)
    assert staged.key == "change-ada"


@pytest.mark.parametrize(
    ("command", "status", "reason"),
    [
        (JobCommand.PAUSE, job(), ""),
        (JobCommand.PAUSE, job(is_on=False), "provisioning is off already"),
        (JobCommand.RESUME, job(is_on=False), ""),
        (JobCommand.RESUME, job(), "provisioning is on already"),
        (JobCommand.RESUME, job(reason="TooManyDeletes"), "provisioning is on, and the job is in quarantine"),
        (JobCommand.RESUME, job(reason="TooManyDeletes", is_on=False), ""),
        (JobCommand.RESTART, job(), ""),
        (JobCommand.ALLOW_DELETIONS, job(), "no deletions are held back"),
        (JobCommand.ALLOW_DELETIONS, job(reason="EncounteredQuarantineException"), "no deletions are held back"),
        (JobCommand.ALLOW_DELETIONS, job(reason="toomanydeletes"), ""),
        (
            JobCommand.ALLOW_DELETIONS,
            replace(job(reason="TooManyDeletes"), deletions_allowed=NOON),
            "the deletions were allowed on 2026-11-30 12:00 UTC",
        ),
    ],
)
def test_a_command_that_has_nothing_to_do_says_so(command, status, reason):
    result = is_done(command, status)
    assert (result.startswith(reason), bool(result)) == (True, bool(reason))


def test_the_job_of_a_retired_application_is_only_paused():
    assert retired_problem(JobCommand.PAUSE, "2026-11-01") == retired_problem(JobCommand.RESUME, "") == ""
    assert "is retired since 2026-11-01" in retired_problem(JobCommand.RESUME, "2026-11-01")


def test_guards_of_commands():
    new = facts(job({"code": "NotRun"}, is_on=False))
    assert [guard for guard, _ in command_guards(JobCommand.RESUME, new)] == ["initial-start"]
    unconfirmed = replace(new, unconfirmed_steps=("Enable SCIM",))
    assert command_guards(JobCommand.RESUME, unconfirmed)[1:] == (
        (
            "before-start-unconfirmed",
            '1 step of before_start is not confirmed: "Enable SCIM". To confirm a step, add `confirmed` and `by` to it',
        ),
    )
    assert command_guards(JobCommand.RESUME, replace(facts(), unconfirmed_steps=("Enable SCIM",))) == ()
    assert [guard for guard, _ in command_guards(JobCommand.RESTART, new, [RestartScope.FULL])] == [
        "initial-start",
        "links-lost",
    ]
    assert command_guards(JobCommand.PAUSE, new) == command_guards(JobCommand.RESTART, facts(), PORTAL_SCOPES) == ()


@pytest.mark.parametrize(
    ("status", "commands"),
    [
        (job(), []),
        (job(is_on=False), ["scimconf resume --app Writer"]),
        (job({"code": "NotRun"}, is_on=False), []),
        (job(RAN | {"escrowsPruned": True}, is_on=False), ["scimconf restart --app Writer"]),
        (job(reason=QUARANTINES[0]), ["scimconf restart --app Writer", "scimconf allow-deletions --app Writer"]),
        (job(reason=QUARANTINES[1]), ["scimconf restart --app Writer --scope escrows --scope quarantine"]),
        (job(reason=QUARANTINES[2]), ["scimconf restart --app Writer"]),
        (job(reason=QUARANTINES[3]), []),
        (replace(job(reason="TooManyDeletes"), deletions_allowed=NOON), []),
        (job(reason="Unknown", is_on=False), ["scimconf restart --app Writer"]),
    ],
)
def test_what_the_status_proposes(status, commands):
    application = ApplicationStatus(name="writer", now=NOON, jobs=(status,), selector="--app Writer")
    assert [proposal.command for proposal in proposals(application)] == commands
    assert all(proposal.condition and proposal.leads_to for proposal in proposals(application))


@pytest.mark.parametrize(
    ("status", "known", "commands"),
    [
        (job({"code": "NotRun"}, is_on=False), {"enabled": True}, ["scimconf apply writer"]),
        (job({"code": "NotRun"}, is_on=False), {"enabled": False}, []),
        (job(is_on=False), {"enabled": False}, []),
        (job(RAN | {"lastExecution": REFUSED}), {"enabled": True}, ["scimconf apply writer"]),
        (job(RAN | {"lastExecution": REFUSED}), {"enabled": None}, []),
    ],
)
def test_what_the_status_proposes_depends_on_the_spec(status, known, commands):
    application = ApplicationStatus(name="writer", now=NOON, jobs=(status,), selector="writer", **known)
    assert [proposal.command for proposal in proposals(application)] == commands


def test_a_first_start_is_proposed_when_its_manual_steps_are_confirmed():
    steps = Ownership(before_start=(ManualStep(step="Enable SCIM"),))
    new = job({"code": "NotRun"}, is_on=False)
    application = ApplicationStatus(name="x", now=NOON, jobs=(new,), selector="x", enabled=True, ownership=steps)
    (proposal,) = proposals(application)
    assert proposal.condition == "when the steps under `before start` are confirmed"


def test_nothing_is_proposed_for_several_jobs_or_without_a_name():
    paused = job(is_on=False)
    assert list(proposals(ApplicationStatus(name="x", now=NOON, jobs=(paused, paused), selector="x"))) == []
    assert list(proposals(ApplicationStatus(name="x", now=NOON, jobs=(paused,)))) == []


# --- texts ---


def sentences(command, status=None, scopes=(), **more):
    return " ".join(rendering.question(command, facts(status, **more), scopes, width=2000).split())


@pytest.mark.parametrize(
    ("command", "status", "scopes", "texts"),
    [
        (
            JobCommand.PAUSE,
            job(),
            (),
            ["provisioning is on; last cycle 12 min ago.", "(at most 8) keep what they have"],
        ),
        (
            JobCommand.PAUSE,
            job(RAN | {"code": "NotRun"}),
            (),
            ["no cycle has ended since it was started; last cycle 12"],
        ),
        (JobCommand.RESUME, job(is_on=False), (), ["continues where it stopped", "Users in scope: at most 8."]),
        (JobCommand.RESUME, job(reason="x", is_on=False), (), ["The start also ends the quarantine."]),
        (
            JobCommand.RESUME,
            job(RAN | {"escrowsPruned": True}, is_on=False),
            (),
            ["does not try the users again whose failures the service dropped: scimconf restart --app Writer"],
        ),
        (
            JobCommand.RESUME,
            job({}, is_on=False),
            (),
            ["starts with its first cycle, which creates users. Users in scope: at most 8."],
        ),
        (
            JobCommand.RESTART,
            job(reason=QUARANTINES[0], failing=3),
            PORTAL_SCOPES,
            [
                "The quarantine ends",
                "fail (3 at the end of the last cycle) are tried again",
                "all users in scope (at most 8) are evaluated again.",
                "what the service knows about the accounts of users is kept",
                "the next cycle holds them back again; if they are right: scimconf allow-deletions --app Writer",
            ],
        ),
        (
            JobCommand.RESTART,
            job(reason="x", failing=3),
            (RestartScope.WATERMARK,),
            ["The job stays in quarantine: --scope quarantine ends it.", "(3 at the end of the last cycle) wait"],
        ),
        (
            JobCommand.RESTART,
            job({"code": "NotRun"}, is_on=False),
            (RestartScope.QUARANTINE,),
            [
                "provisioning is off, no cycle has ended",
                "disables users who have left meanwhile",
                "Provisioning is off; it is started.",
            ],
        ),
        (
            JobCommand.RESTART,
            job(),
            (RestartScope.FULL,),
            ["fail (none at the end of the last cycle) are tried again", "forgets which account belongs to which user"],
        ),
    ],
)
def test_the_question_says_what_happens_to_users(command, status, scopes, texts):
    text = sentences(command, status, scopes)
    assert [part for part in texts if part not in text] == [], text


def test_the_number_of_users_may_be_unknown():
    assert "(their number could not be read)" in sentences(JobCommand.PAUSE, users=None)


def test_held_back_deletions_as_text():
    events = logged_events([entry(f"user{number:03}", 47) for number in range(102)])
    staged = staged_deletions(events, NOON)
    text = rendering.deletions(facts(job(reason=QUARANTINES[0])), staged)
    assert "writer: 102 deletions are held back:" in text
    assert ("User099 (User)" in text, "User100 (User)" in text, "and 2 more; --full lists all" in text) == (
        True,
        False,
        True,
    )
    assert "The last cycle ended 12 min ago" in text
    assert "User101 (User)" in rendering.deletions(facts(), staged, full=True)
    unsure = rendering.deletions(facts(job(is_on=False)), [replace(staged[0], is_certain=False)], width=2000)
    assert "1 deletion is held back" in unsure
    assert "not certain: the log does not name the action" in unsure
    assert "Provisioning is off; it is started." in unsure
    hours = replace(facts(), now=NOON + timedelta(hours=2))
    assert "there may be more" not in rendering.deletions(hours, staged)
    assert "there may be more" not in rendering.deletions(facts(job({"code": "NotRun"})), staged)
    (first, *_) = rendering.redacted(staged)
    assert first.event.source_name == "user-user000"
    unnamed = replace(staged[0], event=replace(staged[0].event, kind=""))
    assert "(object)" in rendering.deletions(facts(), [unnamed])


@pytest.mark.parametrize(
    ("command", "enabled", "text"),
    [
        (JobCommand.PAUSE, True, "The spec has `provisioning.enabled: true`"),
        (JobCommand.PAUSE, None, "If a spec of this application has `provisioning.enabled: true`"),
        (JobCommand.PAUSE, False, ""),
        (JobCommand.RESUME, False, "The spec has `provisioning.enabled: false`"),
        (JobCommand.RESUME, True, ""),
        (JobCommand.RESTART, None, ""),
        (JobCommand.ALLOW_DELETIONS, True, ""),
    ],
)
def test_the_report_says_if_the_spec_differs(command, enabled, text):
    report = rendering.done(command, facts(enabled=enabled), "paused.", width=2000)
    assert (report.startswith("writer: paused.\n"), text in report, report.count("\n")) == (
        True,
        True,
        1 + 2 * bool(text),
    )


def test_guards_as_text():
    text = rendering.guards("writer", [("links-lost", "links would be lost")])
    assert text == (
        "  guard links-lost: links would be lost. It is allowed with --allow links-lost.\n"
        "writer: nothing was written: blocked.\n"
    )
    assert rendering.guards("writer", []) == ""


@pytest.mark.parametrize("enabled", [True, None])
def test_pause_before_the_first_cycle_has_ended_proposes_no_resume_which_would_be_refused(enabled):
    """The guard `initial-start` blocks `resume` of a job that has not run; an apply starts it."""
    paused = facts(job({}, is_on=False), enabled=enabled)
    text = " ".join(rendering.done(JobCommand.PAUSE, paused, "paused.").split())
    assert "No cycle has ended yet, so only an apply starts it." in text
    assert "scimconf resume" not in text
    assert command_guards(JobCommand.RESUME, paused)
    ran = facts(job(is_on=False), enabled=enabled)
    assert "scimconf resume --app Writer" in rendering.done(JobCommand.PAUSE, ran, "paused.")
    assert command_guards(JobCommand.RESUME, ran) == ()
