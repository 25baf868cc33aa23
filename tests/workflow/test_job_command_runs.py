"""Tests of `workflow.job_commands`: the number of users, locks, held-back deletions, history, and kills."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tenant_fixture import NOON, WRITER

from scimconf.diagnostics import GraphError, LockedError, ScimconfError, StaleError
from scimconf.monitoring.history import UNKNOWN_RUN
from scimconf.monitoring.job_commands import PORTAL_SCOPES, JobCommand
from scimconf.sandbox.service import PERMISSIONS
from scimconf.workflow.history import history_entries
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.job_commands import CommandOptions, prepare, read_staged, run_command
from scimconf.workflow.job_control import CredentialsRefusedError, NotStartedError, UncertainError, find_job
from scimconf.workflow.scope_size import users_in_scope
from scimconf.workflow.targets import application_target, spec_targets

WRITES = {
    JobCommand.PAUSE: ["pause"],
    JobCommand.RESUME: ["start"],
    JobCommand.RESTART: ["restart"],
    JobCommand.ALLOW_DELETIONS: ["restart"],
}


@pytest.fixture
def tenant(applied_writer):
    return applied_writer.copy()


@pytest.fixture
def options(tmp_path, tenant):
    def clock():
        return NOON + timedelta(seconds=tenant.time)

    return CommandOptions(clock=clock, history=OpenHistory(FolderStore(str(tmp_path)), UNKNOWN_RUN, clock))


TARGET = application_target("Writer")


def with_job(tenant, **changed):
    (job,) = tenant.service.tenant.documents.all("job")
    merged = {name: job[name] | value for name, value in changed.items()}
    tenant.service.tenant.documents.put("job", job["id"], job | {"_cycle": None} | merged)


def held_back(tenant, *users):
    """Put the job into quarantine because of the deletion of these users, with their entries in the log."""
    quarantine = {"reason": "TooManyDeletes", "seriesBegan": "2026-11-25T11:48:00Z"}
    with_job(tenant, status={"code": "Quarantine", "quarantine": quarantine})
    (job,) = tenant.service.tenant.documents.all("job")
    from scimconf.sandbox.engine.log import store_entries

    store_entries(tenant.service.tenant, [staged(job["id"], user) for user in users])


def staged(job, user):
    return {
        "id": f"entry-{user}",
        "activityDateTime": "2026-11-25T11:47:00Z",
        "jobId": job,
        "cycleId": "cycle",
        "changeId": f"change-{user}",
        "provisioningAction": "stagedDelete",
        "provisioningStatusInfo": {"status": "skipped", "errorInformation": None},
        "sourceIdentity": {"id": user, "displayName": user.title(), "identityType": "User", "details": {}},
        "provisioningSteps": [],
        "modifiedProperties": [],
    }


def ready(tenant, command):
    """Bring the job into the state in which a command has something to do."""
    if command is JobCommand.RESUME:
        with_job(tenant, schedule={"state": "Disabled"})
    if command is JobCommand.ALLOW_DELETIONS:
        held_back(tenant, "ada", "grace")
    tenant.forget()


def prepared_job(tenant, command, options, target=TARGET):
    async def work(session):
        prepared = await prepare(session, target, options)
        return await read_staged(session, prepared) if command is JobCommand.ALLOW_DELETIONS else prepared

    return tenant.run(work)


def ran(tenant, command, options, between=lambda: None, target=TARGET):
    """Prepare a command, let something happen, and run it."""
    prepared = prepared_job(tenant, command, options, target)
    between()
    scopes = PORTAL_SCOPES if command is JobCommand.RESTART else ()
    return tenant.run(lambda session: run_command(session, command, prepared, options, scopes))


def writes(tenant):
    return [write.rpartition("/")[2] for write in tenant.writes]


def entries(options, name="writer"):
    """Return the commands of the history without their scopes, and how they ended."""
    return [(entry.command.partition(" ")[0], entry.status) for entry in history_entries(options.history.store, name)]


@pytest.mark.parametrize("command", list(JobCommand))
def test_a_command_writes_once_and_keeps_a_history_entry(tenant, options, command):
    ready(tenant, command)
    assert ran(tenant, command, options).wrote is True
    assert writes(tenant) == WRITES[command]
    assert entries(options) == [(command.value, "done")]


def test_the_entry_of_a_restart_has_its_scopes_also_those_of_the_portal(tenant, options):
    ready(tenant, JobCommand.RESTART)
    ran(tenant, JobCommand.RESTART, options)
    (entry,) = history_entries(options.history.store, "writer")
    assert entry.command == "restart --scope watermark --scope escrows --scope quarantine"


def test_the_entry_of_allowed_deletions_says_how_many_and_whom(tenant, options):
    ready(tenant, JobCommand.ALLOW_DELETIONS)
    ran(tenant, JobCommand.ALLOW_DELETIONS, options)
    (entry,) = history_entries(options.history.store, "writer")
    assert entry.command == "allow-deletions --expect 2"
    assert entry.changes == (("Ada", "allowed to delete"), ("Grace", "allowed to delete"))


@pytest.mark.parametrize("command", [JobCommand.PAUSE, JobCommand.RESUME, JobCommand.ALLOW_DELETIONS])
def test_what_is_done_meanwhile_is_not_done_again(tenant, options, command):
    ready(tenant, command)

    def meanwhile():
        ran(tenant, command, replace(options, history=None))
        with_job(tenant, status={"code": "Active", "quarantine": None})
        tenant.forget()

    result = ran(tenant, command, options, meanwhile)
    assert (result.wrote, writes(tenant), entries(options)) == (False, [], [])


@pytest.mark.parametrize("command", [JobCommand.RESUME, JobCommand.RESTART, JobCommand.ALLOW_DELETIONS])
def test_refused_credentials_are_in_the_history_and_nothing_is_written(tenant, options, command):
    ready(tenant, command)
    secrets = {"value": [{"key": "SecretToken", "value": "rejected"}]}
    tenant.request("PUT", f"{tenant.sync()}/secrets", secrets)
    tenant.forget()
    with pytest.raises(CredentialsRefusedError):
        ran(tenant, command, options)
    assert (writes(tenant), entries(options)) == ([], [(command.value, "failed")])


@pytest.mark.parametrize("command", list(JobCommand))
def test_a_lost_request_is_uncertain_in_the_history(tenant, options, command):
    ready(tenant, command)
    tenant.fault("drop", method="POST", path=f"*/{WRITES[command][0]}", times=0)
    with pytest.raises(UncertainError, match="it may have taken effect"):
        ran(tenant, command, options)
    assert entries(options) == [(command.value, "uncertain")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("command", list(JobCommand))
def test_a_killed_command_leaves_an_entry_and_runs_again(tenant, options, command, when):
    ready(tenant, command)
    assert tenant.dies(1, when, lambda: ran(tenant, command, options))
    assert entries(options) == [(command.value, "started")]
    tenant.time += 60
    ran(tenant, command, options)
    assert writes(tenant) == WRITES[command] * (2 if when == "after" and command is JobCommand.RESTART else 1)


def test_a_restart_that_is_killed_before_its_start_is_done_by_the_next(tenant, options):
    with_job(tenant, schedule={"state": "Disabled"})
    assert tenant.dies(2, "before", lambda: ran(tenant, JobCommand.RESTART, options))
    tenant.time += 60
    assert ran(tenant, JobCommand.RESTART, options).job.is_on is True


def test_a_restart_without_its_start_says_what_is_left(tenant, options):
    with_job(tenant, schedule={"state": "Disabled"})
    tenant.fault({"status": 400, "body": {}}, method="POST", path="*/start", times=0)
    with pytest.raises(NotStartedError, match="restarted, and its start failed") as failed:
        ran(tenant, JobCommand.RESTART, options)
    assert "Provisioning is off: run `scimconf resume`." in failed.value.hint


def test_held_back_deletions_of_a_paused_job_start_it(tenant, options):
    held_back(tenant, "ada")
    with_job(tenant, schedule={"state": "Disabled"})
    tenant.forget()
    assert ran(tenant, JobCommand.ALLOW_DELETIONS, options).job.is_on is True
    assert writes(tenant) == ["restart", "start"]


@pytest.mark.parametrize(("more", "change"), [(["hedy"], "1 more"), ([], "1 less")])
def test_deletions_that_change_after_the_approval_are_not_allowed(tenant, options, more, change):
    held_back(tenant, "ada", "grace")
    tenant.forget()

    def between():
        if more:
            held_back(tenant, *more)
        else:
            tenant.service.tenant.store.run("DELETE FROM provisioning_log WHERE doc LIKE '%entry-ada%'")

    with pytest.raises(StaleError, match=rf"have changed: \d instead of 2 \({change}\)\. Nothing was allowed"):
        ran(tenant, JobCommand.ALLOW_DELETIONS, options, between)
    assert (writes(tenant), entries(options)) == ([], [])


def test_deletions_are_not_allowed_without_their_list(tenant, options, monkeypatch):
    held_back(tenant)
    with pytest.raises(ScimconfError, match="does not list yet what is held back"):
        ran(tenant, JobCommand.ALLOW_DELETIONS, options)
    held_back(tenant, "ada", "grace")
    monkeypatch.setattr("scimconf.graph.provisioning_log.read_log.__defaults__", ("", 1))
    with pytest.raises(ScimconfError, match="more entries since the quarantine began than can be read"):
        ran(tenant, JobCommand.ALLOW_DELETIONS, options)
    tenant.fault({"status": 403, "body": {}}, method="GET", path="*/auditLogs/*", times=0)
    with pytest.raises(ScimconfError, match="the provisioning log cannot be read") as denied:
        ran(tenant, JobCommand.ALLOW_DELETIONS, options)
    assert denied.value.hint
    assert writes(tenant) == []


def test_a_lock_stops_a_command_before_and_after_the_approval(tenant, options):
    tags = {"tags": ["scimconf-lock:2026-11-25T18:00:00Z abc ada@desk"]}

    def lock():
        tenant.request("PATCH", f"/servicePrincipals/{tenant.principal()['id']}", tags)
        tenant.forget()

    with pytest.raises(LockedError, match="another run has the lock of this application: ada@desk") as locked:
        ran(tenant, JobCommand.PAUSE, options, lock)
    assert "--ignore-lock" in locked.value.hint
    assert writes(tenant) == []
    with pytest.raises(LockedError):
        ran(tenant, JobCommand.PAUSE, options)
    assert ran(tenant, JobCommand.PAUSE, replace(options, lock_holder="ada@desk")).wrote
    tenant.time += 1
    assert ran(tenant, JobCommand.RESUME, replace(options, ignore_lock=True)).wrote


def test_a_target_of_a_spec_has_its_name_in_the_history(tenant, options):
    (target,) = spec_targets([tenant.load(WRITER)])
    assert (target.enabled, target.selector.endswith("scimconf.yaml")) == (True, True)
    ran(tenant, JobCommand.PAUSE, options, target=replace(target, name="writer-prod"))
    assert entries(options, "writer-prod") == [("pause", "done")]


def test_a_quarantine_without_a_beginning_uses_the_present_time(tenant, options):
    held_back(tenant, "ada")
    with_job(tenant, status={"quarantine": {"reason": "TooManyDeletes"}})
    assert ran(tenant, JobCommand.ALLOW_DELETIONS, options).wrote


# --- the number of users ---


def size(tenant):
    async def run(session):
        return await users_in_scope(session.graph, (await find_job(session, TARGET, NOON)).names)

    return tenant.run(run)


def test_users_in_scope_are_those_assigned_and_the_members_of_assigned_groups(tenant):
    assert size(tenant) == 8


def test_all_users_of_the_tenant_are_in_scope_of_a_job_for_all(tenant):
    tenant.request("PUT", f"{tenant.sync()}/secrets", {"value": [{"key": "SyncAll", "value": "true"}]})
    assert size(tenant) == len(tenant.state["users"])


@pytest.mark.parametrize(
    ("path", "status", "number"),
    [("*/appRoleAssignedTo", 403, None), ("*/members*", 403, None), ("*/secrets", 403, None)],
)
def test_users_who_cannot_be_counted_are_unknown(tenant, path, status, number):
    tenant.fault({"status": status, "body": {}}, method="GET", path=path, times=0)
    assert size(tenant) is number


def test_a_tenant_that_does_not_answer_is_an_error(tenant):
    tenant.fault("drop", method="GET", path="*/secrets", times=0)
    with pytest.raises(GraphError):
        size(tenant)


def test_a_document_of_another_shape_leaves_the_number_unknown(tenant):
    tenant.fault({"status": 200, "body": {"value": 7}}, method="GET", path="*/secrets", times=0)
    assert size(tenant) is None


@pytest.mark.parametrize(
    ("permissions", "users", "is_written"),
    [
        (("Application.Read.All", "Synchronization.ReadWrite.All"), None, True),
        (("Application.Read.All", "Synchronization.ReadWrite.All", "GroupMember.Read.All"), 8, True),
        (("Application.Read.All", "Synchronization.Read.All"), None, False),
    ],
)
def test_commands_need_few_permissions(tenant, options, permissions, users, is_written):
    tenant.service.tenant.store_value(PERMISSIONS, sorted(permissions))
    prepared = prepared_job(tenant, JobCommand.PAUSE, options)
    assert prepared.facts.users == users
    if is_written:
        assert ran(tenant, JobCommand.PAUSE, options).wrote
    else:
        with pytest.raises(GraphError) as denied:
            ran(tenant, JobCommand.PAUSE, options)
        assert "Synchronization.ReadWrite.All" in denied.value.hint
