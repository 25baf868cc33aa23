"""The steps that `retire --plan-only` lists are those that the run takes, from each state in which it can begin."""

import json

import pytest
from retired_tenant import NAME, Ending, Owner, applied, minutes, spec_of, tenant_with, write_spec
from test_retire import ending, job_document, setting, small, target  # noqa: F401  fixtures

from scimconf.monitoring.retirement_steps import RetirementStep as Step
from scimconf.workflow.retire import RetireStatus

CLOSING = (Step.REMOVE_ASSIGNMENTS, Step.AWAIT_CYCLE, Step.SHUT_DOWN)
THRESHOLD = json.dumps({"DeleteThresholdEnabled": True, "DeleteThresholdValue": 2})


def both(ending, **options):  # noqa: F811
    """Return the steps of the plan, and those that the run then reports."""
    ending.person = Owner()
    shown = ending(shows_only=True, **options)
    assert shown.steps == ()
    planned = ending.person.plan.steps
    ending.tenant.forget()
    result = ending(**options)
    assert ending.person.plan.steps == planned
    return planned, result


def pause(ending):  # noqa: F811
    ending.tenant.request("POST", f"{ending.tenant.job(NAME)}/pause")


def quarantine(ending):  # noqa: F811
    document = {"reason": "EncounteredQuarantineException", "seriesBegan": "2026-11-24T10:00:00Z"}
    job_document(ending, code="Quarantine", quarantine=document)


def nothing(_ending):
    """Leave the application in use."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("prepare", "options", "steps", "status"),
    [
        (nothing, {}, CLOSING, RetireStatus.RETIRED),
        (nothing, {"deletes_application": True}, (*CLOSING, Step.DELETE_APPLICATION), RetireStatus.RETIRED),
        (pause, {}, CLOSING, RetireStatus.RETIRED),
        (quarantine, {}, (), RetireStatus.QUARANTINED),
        (
            lambda tried: setting(tried, "SyncNotificationSettings", THRESHOLD),
            {},
            (Step.REMOVE_ASSIGNMENTS, Step.AWAIT_CYCLE, Step.RELEASE_DELETIONS, Step.AWAIT_CYCLE, Step.SHUT_DOWN),
            RetireStatus.RETIRED,
        ),
        (
            lambda tried: setting(tried, "SyncAll", "true"),
            {},
            (Step.REMOVE_ASSIGNMENTS, Step.AWAIT_CYCLE),
            RetireStatus.ACCOUNTS_REMAIN,
        ),
        (
            lambda tried: setting(tried, "SkipOutOfScopeDeletions", "true"),
            {},
            (),
            RetireStatus.REFUSED,
        ),
    ],
    ids=["in use", "deleted", "paused", "quarantined", "threshold", "everybody", "leavers stay"],
)
def test_the_plan_lists_the_steps_that_the_run_reports(ending, prepare, options, steps, status):  # noqa: F811
    prepare(ending)
    planned, result = both(ending, **options)
    assert (planned, result.steps, result.status) == (steps, steps, status)


@pytest.mark.slow
def test_a_continued_run_lists_what_remains(ending, small):  # noqa: F811
    small.refuse(ending, small.names[0])
    assert ending().status is RetireStatus.ACCOUNTS_REMAIN
    ending.tenant.forget()
    planned, result = both(ending)
    assert planned == result.steps == (Step.RETRY_FAILED, Step.AWAIT_CYCLE, Step.SHUT_DOWN)
    planned, result = both(ending)
    assert (planned, result.steps, result.status) == ((), (), RetireStatus.RETIRED)


@pytest.mark.slow
def test_a_job_that_was_paused_after_the_removal_is_started(ending):  # noqa: F811
    ending.cycles = False
    ending(wait=minutes(0))
    pause(ending)
    ending.cycles = True
    planned, result = both(ending)
    assert planned == result.steps == (Step.START, Step.AWAIT_CYCLE, Step.SHUT_DOWN)


@pytest.mark.slow
def test_deletions_that_are_held_back_are_released(ending):  # noqa: F811
    setting(ending, "SyncNotificationSettings", THRESHOLD)
    ending.person.releases = False
    ending()
    planned, result = both(ending)
    assert planned == result.steps == (Step.RELEASE_DELETIONS, Step.AWAIT_CYCLE, Step.SHUT_DOWN)


@pytest.mark.slow
def test_a_run_that_is_continued_before_the_first_cycle_lists_the_release(ending):  # noqa: F811
    setting(ending, "SyncNotificationSettings", THRESHOLD)
    ending.cycles = False
    ending(wait=minutes(0))
    ending.cycles = True
    planned, result = both(ending)
    assert planned == result.steps == (Step.AWAIT_CYCLE, Step.RELEASE_DELETIONS, Step.AWAIT_CYCLE, Step.SHUT_DOWN)


@pytest.mark.slow
def test_an_application_that_was_never_started_is_only_emptied_and_shut_down(tmp_path):
    tenant, names = tenant_with(2)
    file = write_spec(tmp_path, spec_of(names, provisioning={"enabled": False, "scope": "assigned"}))
    planned, result = both(Ending(applied(tenant, file), file, tmp_path / "history"))
    assert planned == result.steps == (Step.REMOVE_ASSIGNMENTS, Step.SHUT_DOWN)
