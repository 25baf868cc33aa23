"""Tests of `workflow.pauses`: status and `why` say who paused a job, from the history or the directory audit log."""

import asyncio
from datetime import timedelta

import pytest
from tenant_fixture import NOON, WRITER

from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.monitoring.job_status import job_status
from scimconf.workflow.history import begin_command, newest_entries
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.pauses import PauseReader
from scimconf.workflow.status import StatusOptions, all_statuses, statuses
from scimconf.workflow.targets import application_target, spec_targets
from scimconf.workflow.why import WhyOptions, why

AUDITS = "/auditLogs/directoryAudits"


def pause(tenant):
    job = tenant.request("GET", "/_sandbox/state")["jobs"][0]["id"]
    tenant.request("POST", f"/servicePrincipals/{tenant.principal('Writer')['id']}/synchronization/jobs/{job}/pause")
    tenant.service.journal.entries.clear()


def store(folder, name="writer", **values):
    """Return a history with a pause, and entries before it that a reader does not need."""
    history = FolderStore(str(folder))
    run = RunContext(reason="INC-7", identity="ada@contoso.com")
    for number in range(10):
        time = f"2026112{number // 5}T1100{number:02}.000000Z"
        begin_command(history, HistoryEntry(application=name, time=time, command="resume", status="done"))
    time = "20261125T120000.000000Z"
    begin_command(history, HistoryEntry(application=name, time=time, command="pause", status="done", run=run, **values))
    return history


def texts(tenant, history, *targets):
    chosen = StatusOptions(window=timedelta(days=1), now=NOON, pauses=PauseReader(lambda _spec: history))

    async def work(session):
        results = await (statuses(session.graph, targets, chosen) if targets else all_statuses(session.graph, chosen))
        return [job.pause.text if job.pause else "" for status in results for job in status.jobs]

    return tenant.run(work)


def audits(tenant):
    return [entry for entry in tenant.journal if entry["path"] == AUDITS]


def test_a_pause_of_the_history_needs_no_audit_log(applied, tmp_path):
    pause(applied)
    (target,) = spec_targets([applied.load(WRITER)])
    history = store(tmp_path)
    for targets in ([target], [application_target("Writer")], []):
        assert texts(applied, history, *targets) == ["paused by ada@contoso.com: INC-7"]
    assert not audits(applied)


def test_without_an_entry_the_audit_log_is_read_once_for_all(applied, tmp_path):
    pause(applied)
    target = application_target("Writer")
    assert texts(applied, FolderStore(str(tmp_path)), target, target) == ["paused by Client scimconf"] * 2
    assert len(audits(applied)) == 1
    assert texts(applied, None, target) == ["paused by Client scimconf"]


def test_what_cannot_be_read_is_not_known(applied):
    class Broken(FolderStore):
        def folders(self, parent):
            raise ScimconfError(parent)

    pause(applied)
    applied.fault({"status": 403}, method="GET", path=AUDITS, times=0)
    assert texts(applied, Broken("x"), application_target("Writer")) == [""]


def test_a_job_that_is_on_is_not_asked_about(applied, tmp_path):
    applied.service.journal.entries.clear()
    assert texts(applied, store(tmp_path), application_target("Writer")) == [""]
    assert not audits(applied)


@pytest.mark.parametrize("redact", [False, True])
def test_why_says_who_paused(applied, tmp_path, redact):
    pause(applied)
    reader = PauseReader(lambda _spec: store(tmp_path))
    chosen = WhyOptions(now=NOON, target=application_target("Writer"), redact=redact, pauses=reader)
    user = applied.state["users"][0]["id"]
    report = applied.run(lambda session: why(session.graph, user, chosen))
    texts = [report.answers[0].sentence, *(text for _, text in report.answers[0].checks)]
    assert any("by ada@contoso.com, because: INC-7" in text for text in texts) is not redact
    assert any("by a user" in text for text in texts) is redact


def test_newest_entries_are_read_a_few_at_a_time(tmp_path):
    history = store(tmp_path)
    reads = []
    history.read = lambda files: reads.append(len(files)) or FolderStore.read(history, files)
    entries = newest_entries(history, "writer")
    assert next(entries).command == "pause"
    assert reads == [8]
    assert len(list(entries)) == 10


def test_a_job_that_never_ran_was_left_off_and_not_paused(tmp_path):
    history = FolderStore(str(tmp_path))
    entry = HistoryEntry(application="x", time="20261125T120000.000000Z", status="applied", pause="not started")
    begin_command(history, entry)
    job = job_status({"id": "j", "schedule": {"state": "Disabled"}, "status": {"code": "NotRun"}}, NOON)
    explained = asyncio.run(PauseReader(lambda _spec: history).explained(None, job, {"displayName": "X"}, "", NOON))
    assert explained.pause.text == "left off with `apply --no-start`"
