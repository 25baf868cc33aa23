"""Tests of `workflow.job_control`: pause, start, restart and the wait for a cycle, with answers that are lost."""

from datetime import timedelta

import pytest
from tenant_fixture import NOON

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.kinds.schedule import RESET
from scimconf.monitoring.job_status import JobPhase
from scimconf.workflow import job_control
from scimconf.workflow.job_control import (
    CredentialsRefusedError,
    CredentialsUntestedError,
    CycleTimeoutError,
    NotStartedError,
    UncertainError,
)
from scimconf.workflow.targets import application_target


@pytest.fixture
def tenant(applied_writer):
    return applied_writer.copy()


def controlled(tenant, action, *arguments, app="Writer"):
    """Return what a function of the module does to the only job of Writer."""

    async def run(session):
        job = await job_control.find_job(session, application_target(app), NOON)
        return await getattr(job_control, action)(session, job, *arguments)

    return tenant.run(run)


def requests(tenant):
    return [write.rpartition("/")[2] for write in tenant.writes]


def with_job(tenant, **changed):
    """Change the stored job: `status` and `schedule` are merged."""
    (job,) = tenant.service.tenant.documents.all("job")
    merged = {name: job[name] | value for name, value in changed.items()}
    tenant.service.tenant.documents.put("job", job["id"], job | {"_cycle": None} | merged)


def quarantined(tenant):
    quarantine = {"reason": "TooManyDeletes", "seriesBegan": "2026-11-24T10:00:00Z"}
    with_job(tenant, status={"code": "Quarantine", "quarantine": quarantine})


def refused(tenant):
    secrets = {"value": [{"key": "SecretToken", "value": "rejected"}]}
    tenant.request("PUT", f"{tenant.sync()}/secrets", secrets)
    tenant.forget()


@pytest.mark.parametrize("state", ["Disabled", "Paused"])
def test_a_pause_and_a_start_write_once(tenant, state):
    tenant.switch(paused_state=state)
    result = controlled(tenant, "pause_job")
    assert (result.wrote, result.is_visible, result.job.is_on) == (True, True, False)
    assert controlled(tenant, "pause_job").wrote is False
    result = controlled(tenant, "start_job")
    assert (result.wrote, result.job.is_on) == (True, True)
    assert controlled(tenant, "start_job").wrote is False
    assert requests(tenant) == ["pause", "start"]


@pytest.mark.parametrize("starts", ["no", "yes"])
@pytest.mark.parametrize("is_paused", [False, True])
def test_a_restart_ends_the_quarantine_and_starts_only_a_job_that_is_off(tenant, starts, is_paused):
    tenant.switch(restart_starts=starts)
    quarantined(tenant)
    if is_paused:
        with_job(tenant, schedule={"state": "Disabled"})
    result = controlled(tenant, "restart_job", RESET)
    assert (result.job.is_on, result.job.status.phase is JobPhase.QUARANTINE) == (True, False)
    assert requests(tenant) == ["restart", "start"] if is_paused and starts == "no" else ["restart"]


@pytest.mark.parametrize("action", [("start_job",), ("restart_job", RESET)])
def test_refused_credentials_prevent_a_start(tenant, action):
    controlled(tenant, "pause_job")
    refused(tenant)
    with pytest.raises(CredentialsRefusedError, match="refuses the stored credentials, so nothing was started"):
        controlled(tenant, *action)
    assert tenant.writes == []


@pytest.mark.parametrize("action", [("start_job",), ("restart_job", RESET)])
def test_credentials_without_a_test_prevent_a_start(tenant, action):
    controlled(tenant, "pause_job")
    tenant.forget()
    tenant.fault("drop", method="POST", path="*/validateCredentials", times=0)
    with pytest.raises(CredentialsUntestedError, match="could not be tested, so nothing was started"):
        controlled(tenant, *action)
    assert tenant.writes == []


def test_a_test_that_is_denied_is_an_error_of_permissions(tenant):
    controlled(tenant, "pause_job")
    tenant.fault({"status": 403, "body": {}}, method="POST", path="*/validateCredentials", times=0)
    with pytest.raises(GraphError) as denied:
        controlled(tenant, "start_job")
    assert denied.value.status == 403


@pytest.mark.parametrize("action", ["pause", "start"])
def test_a_lost_answer_is_answered_by_reading_the_job(tenant, action):
    if action == "start":
        controlled(tenant, "pause_job")
        tenant.forget()
    tenant.fault("drop", method="POST", path=f"*/{action}", when="after", times=0)
    result = controlled(tenant, f"{action}_job")
    assert (result.wrote, result.job.is_on) == (True, action == "start")
    assert requests(tenant) == [action]


@pytest.mark.parametrize("action", ["pause", "start"])
def test_a_lost_request_says_that_it_may_have_taken_effect(tenant, action):
    if action == "start":
        controlled(tenant, "pause_job")
        tenant.forget()
    tenant.fault("drop", method="POST", path=f"*/{action}", times=0)
    with pytest.raises(UncertainError, match=f"the answer to the {action} was lost") as lost:
        controlled(tenant, f"{action}_job")
    assert "`scimconf status` shows" in lost.value.hint
    assert requests(tenant) == [action]


def test_a_lost_restart_is_certain_only_if_a_quarantine_ends(tenant):
    tenant.fault("drop", method="POST", path="*/restart", when="after", times=0)
    with pytest.raises(UncertainError, match="it may have taken effect"):
        controlled(tenant, "restart_job", RESET)
    quarantined(tenant)
    assert controlled(tenant, "restart_job", RESET).job.status.is_quarantined is False


def test_reads_that_fail_after_a_lost_answer_are_repeated(tenant):
    tenant.fault("drop", method="POST", path="*/pause", when="after", times=0)
    tenant.fault({"status": 400, "body": {}}, method="GET", path="*/jobs/*", times=0)
    with pytest.raises(GraphError):
        controlled(tenant, "pause_job")
    other = tenant.copy()
    other.fault("drop", method="GET", path="*/jobs/*", times=0)
    with_job(other, schedule={"state": "Active"})
    result = controlled(other, "pause_job")
    assert (result.wrote, result.is_visible) == (True, False)


def test_an_application_without_a_job_or_with_several(tenant):
    with pytest.raises(ScimconfError, match="no application"):
        controlled(tenant, "pause_job", app="Nope")
    (job,) = tenant.service.tenant.documents.all("job")
    principal = tenant.principal()["id"]
    tenant.service.tenant.documents.put("job", "other", job | {"id": "other", "templateId": "other"}, parent=principal)
    with pytest.raises(ScimconfError, match="has several jobs: scim, other"):
        controlled(tenant, "pause_job")
    tenant.service.tenant.documents.remove("job", "other")
    tenant.service.tenant.documents.remove("job", job["id"])
    with pytest.raises(ScimconfError, match="has no provisioning job"):
        controlled(tenant, "pause_job")


def test_a_job_that_was_restarted_and_not_started_is_reported(tenant):
    controlled(tenant, "pause_job")
    tenant.fault({"status": 400, "body": {}}, method="POST", path="*/start", times=0)
    with pytest.raises(NotStartedError, match="the job was restarted, and its start failed") as failed:
        controlled(tenant, "restart_job", RESET)
    assert "Provisioning is off: run `scimconf resume`." in failed.value.hint


def test_a_new_job_is_controlled_as_soon_as_it_is_replicated(tenant):
    tenant.fault({"status": 409, "body": {}}, method="POST", path="*/pause", times=2)

    async def run(session):
        session.consistency.created_in_this_run = True
        job = await job_control.find_job(session, application_target("Writer"), NOON)
        return await job_control.pause_job(session, job)

    assert tenant.run(run).job.is_on is False


EXECUTION = {"state": "Succeeded", "countEscrowed": 0}
LIMIT = timedelta(minutes=90)


def awaited(tenant, executions):
    """Wait for a cycle after noon while the job shows these (begin, end) one after the other."""
    remaining = list(executions)

    async def run(session):
        sleep = session.consistency.sleep

        async def next_execution(seconds):
            if remaining:
                began, ended = remaining.pop(0)
                times = {"timeBegan": f"2026-11-25T{began}Z" if began else "0001-01-01T00:00:00Z"}
                last = EXECUTION | times | {"timeEnded": f"2026-11-25T{ended}Z"}
                with_job(tenant, status={"lastExecution": last, "code": "Active"})
            await sleep(seconds)

        session.consistency.sleep = next_execution
        job = await job_control.find_job(session, application_target("Writer"), NOON)
        return await job_control.wait_for_cycle(session, job, NOON, LIMIT)

    return tenant.run(run).status.last.ended.strftime("%H:%M")


@pytest.mark.parametrize(
    ("executions", "ended"),
    [
        ([("11:58:00", "12:10:00"), ("12:11:00", "12:12:00")], "12:12"),
        ([("", "12:10:00"), ("", "12:50:00")], "12:50"),
        ([("", "11:59:00"), ("12:01:00", "12:02:00")], "12:02"),
    ],
)
def test_a_cycle_counts_if_it_began_after_the_change(tenant, executions, ended):
    assert awaited(tenant, executions) == ended


def test_a_cycle_that_does_not_come_is_an_error(tenant):
    with pytest.raises(CycleTimeoutError, match="no cycle of Writer began and ended within 90 min"):
        awaited(tenant, [("11:58:00", "12:10:00")])
    with_job(tenant, schedule={"state": "Disabled"})
    with pytest.raises(CycleTimeoutError, match="is off, so no cycle begins"):
        awaited(tenant, [])
