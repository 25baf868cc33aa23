"""Tests of the history: entries in files, their rotation, where a run comes from, and the pages."""

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from tenant_fixture import WRITER, Rehearsal

from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.history import HistoryEntry, RunContext, ci_context, read_entry
from scimconf.plan import ApplyStatus, Report, Result, StepOutcome
from scimconf.render.history import as_csv, as_text
from scimconf.workflow import history
from scimconf.workflow.history import (
    begin_command,
    begin_entry,
    end_command,
    end_entry,
    entry_time,
    history_entries,
    read_documents,
)

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TIME = "20261125T093000.000000Z"


@pytest.fixture(scope="module")
def planned():
    tenant = Rehearsal()
    tenant.apply(WRITER)
    return tenant.plan(WRITER)


def test_an_entry_has_files_that_only_the_owner_can_read(tmp_path, planned):
    folder = tmp_path / "history"
    saved = begin_entry(str(folder), planned, NOW, RunContext(reason="try", actor="ada"))
    assert saved == str(folder / "writer" / TIME)
    end_entry(saved, Report("writer", documents={"jobs": []}), NOW + timedelta(seconds=3))
    for path in (folder / "writer").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    with pytest.raises(ScimconfError, match="cannot be written: File exists"):
        begin_entry(str(folder), planned, NOW)


def test_an_entry_before_and_after_the_apply_ends(tmp_path, planned):
    saved = begin_entry(str(tmp_path), planned, NOW, RunContext(reason="try", actor="ada"))
    (entry,) = history_entries(str(tmp_path), "writer")
    assert (entry.status, entry.ended, entry.tenant, entry.run.reason) == ("started", "", "contoso.com", "try")
    outcomes = (StepOutcome(Result.DONE, (), "set the scope"),)
    report = Report(
        "writer", outcomes, error="An error.", status=ApplyStatus.PARTIALLY_APPLIED, documents={"jobs": [{"id": "1"}]}
    )
    end_entry(saved, report, NOW + timedelta(seconds=3))
    (entry,) = history_entries(str(tmp_path), "writer")
    assert (entry.status, entry.ended) == ("partially applied", "20261125T093003.000000Z")
    assert (entry.error, entry.outcomes, entry.run.actor) == ("An error.", (("set the scope", "done"),), "ada")
    assert read_documents(str(tmp_path), entry, after=True) == {"jobs": [{"id": "1"}]}
    assert "schema" in read_documents(str(tmp_path), entry)
    assert read_entry(entry.document(), "writer", TIME) == entry


def test_documents_that_are_missing_or_broken(tmp_path, planned):
    saved = begin_entry(str(tmp_path), planned, NOW)
    end_entry(saved, Report("writer"), NOW)
    (entry,) = history_entries(str(tmp_path), "writer")
    with pytest.raises(ScimconfError, match="has no documents"):
        read_documents(str(tmp_path), entry, after=True)
    (tmp_path / "writer" / TIME / "schema.json").write_text("{")
    assert "schema" not in read_documents(str(tmp_path), entry)
    (tmp_path / "writer" / TIME / "entry.json").write_text('["no", "entry"]')
    (entry,) = history_entries(str(tmp_path), "writer")
    assert (entry.status, entry.changes, entry.run) == ("started", (), RunContext())


def test_a_folder_that_cannot_be_written_after_the_apply(tmp_path, planned, monkeypatch):
    saved = begin_entry(str(tmp_path), planned, NOW)

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history, "write_private_files", full)
    with pytest.raises(ScimconfError, match="cannot be written: No space left on device"):
        end_entry(saved, Report("writer", documents={"jobs": []}), NOW)


def test_old_entries_are_deleted_and_other_files_stay(tmp_path, planned, monkeypatch):
    monkeypatch.setattr(history, "KEPT_ENTRIES", 2)
    (tmp_path / "writer").mkdir()
    (tmp_path / "writer" / "notes.txt").write_text("mine")
    for second in range(4):
        begin_entry(str(tmp_path), planned, NOW + timedelta(seconds=second))
    assert [entry.time[9:15] for entry in history_entries(str(tmp_path), "writer")] == ["093003", "093002"]
    assert (tmp_path / "writer" / "notes.txt").exists()
    assert history_entries(str(tmp_path), "other") == []


@pytest.mark.parametrize(
    ("environ", "context"),
    [
        ({}, RunContext("why", "me")),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_REF": "refs/pull/7/merge",
                "GITHUB_SERVER_URL": "https://github.com",
                "GITHUB_REPOSITORY": "contoso/entra",
                "GITHUB_RUN_ID": "9",
                "GITHUB_SHA": "abc",
                "GITHUB_ACTOR": "ada",
            },
            RunContext("why", "me", "abc", "7", "https://github.com/contoso/entra/actions/runs/9", "ada"),
        ),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"},
            RunContext("why", "me", "", "", "//actions/runs/", ""),
        ),
        (
            {"GITLAB_CI": "true", "CI_COMMIT_SHA": "abc", "CI_MERGE_REQUEST_IID": "7", "CI_JOB_URL": "https://job"},
            RunContext("why", "me", "abc", "7", "https://job", ""),
        ),
        (
            {
                "TF_BUILD": "True",
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/contoso/",
                "SYSTEM_TEAMPROJECT": "entra",
                "BUILD_BUILDID": "9",
                "BUILD_SOURCEVERSION": "abc",
                "BUILD_REQUESTEDFOR": "Ada",
            },
            RunContext("why", "me", "abc", "", "https://dev.azure.com/contoso/entra/_build/results?buildId=9", "Ada"),
        ),
    ],
)
def test_where_a_run_comes_from(environ, context):
    assert ci_context(environ, "why", "me") == context


ENTRIES = (
    HistoryEntry(
        application="writer",
        time=TIME,
        status="applied",
        run=RunContext("=cmd()", "app", "abc", "7", "https://run", "ada"),
        changes=(("writer:settings", "update"), ("writer:job", "update"), ("writer:a", "create")),
    ),
    HistoryEntry(application="writer", time=TIME, error="\x1b[2J"),
)


def test_entries_as_text():
    assert as_text(ENTRIES) == (
        f"{TIME}  writer: applied (1 create, 2 update)\n    update writer:settings\n    update writer:job\n    create writer:a\n    ada, app, pull request 7\n    commit abc\n    https://run\n"
        f"    =cmd()\n{TIME}  writer: not ended: killed, or still running (no changes)\n    \\x1b[2J\n"
    )


def test_entries_as_csv_have_no_formulas():
    header, first, _ = as_csv(ENTRIES).splitlines()
    assert header.startswith(
        "application,time,command,status,ended,tenant,digest,version,error,changes,reason,identity"
    )
    assert "'=cmd()" in first
    assert json.loads(json.dumps([entry.document() for entry in ENTRIES]))[0]["changes"][0]["action"] == "update"


def test_an_entry_of_a_command_has_no_documents(tmp_path):
    entry = HistoryEntry(application="writer", time=entry_time(NOW), command="pause", run=RunContext(reason="INC-1"))
    saved = begin_command(str(tmp_path / "history"), entry)
    (begun,) = history_entries(str(tmp_path / "history"), "writer")
    assert (begun.command, begun.is_apply, begun.ended) == ("pause", False, "")
    end_command(saved, "done", NOW + timedelta(seconds=1))
    (ended,) = history_entries(str(tmp_path / "history"), "writer")
    assert (ended.status, ended.ended, ended.run.reason) == ("done", "20261125T093001.000000Z", "INC-1")
    assert as_text([ended]) == f"{TIME}  writer: pause: done\n    INC-1\n"
    assert [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("entry.json")] == [0o600]
    with pytest.raises(ScimconfError, match="cannot be written"):
        begin_command(str(tmp_path / "history"), entry)
