"""Tests of the history: entries in files, their rotation, where a run comes from, and the pages."""

import csv
import io
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tenant_fixture import WRITER, Rehearsal

from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.audit_events import AuditEvent
from scimconf.monitoring.history import HistoryEntry, RunContext, ci_context, read_entry, redacted_entry
from scimconf.plan import ApplyStatus, Plan, Report, Result, StepOutcome
from scimconf.plan.redact import text_redactor
from scimconf.render.history import as_csv, as_text
from scimconf.workflow import history, history_folder
from scimconf.workflow.history import begin_entry, entry_place, entry_time, history_entries, read_documents
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.history_place import open_store

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TIME = "20261125T093000.000000Z"


@pytest.fixture(scope="module")
def planned():
    tenant = Rehearsal()
    tenant.apply(WRITER)
    return tenant.plan(WRITER)


@pytest.fixture
def store(tmp_path):
    return FolderStore(str(tmp_path / "history"))


@pytest.fixture
def opened(store):
    """Return the open history of an apply that lasts three seconds."""
    times = iter((NOW, NOW + timedelta(seconds=3)))
    return OpenHistory(store, RunContext(reason="try", actor="ada"), lambda: next(times))


def test_an_entry_has_files_that_only_the_owner_can_read(store, opened, planned, tmp_path):
    assert opened.begin(planned) == str(tmp_path / "history" / "writer" / TIME)
    opened.end(Report("writer", documents={"jobs": []}))
    for path in (tmp_path / "history" / "writer").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    with pytest.raises(ScimconfError, match="cannot be written: File exists"):
        begin_entry(store, planned, NOW)
    assert history_entries(store, "writer")[0].status == "applied", "the entry that exists stays"


def test_an_entry_before_and_after_the_apply_ends(store, opened, planned):
    opened.begin(planned)
    (entry,) = history_entries(store, "writer")
    assert (entry.status, entry.ended, entry.tenant, entry.run.reason) == ("started", "", "contoso.com", "try")
    outcomes = (StepOutcome(Result.DONE, (), "set the scope"),)
    report = Report(
        "writer", outcomes, error="An error.", status=ApplyStatus.PARTIALLY_APPLIED, documents={"jobs": [{"id": "1"}]}
    )
    assert opened.end(report) == report
    (entry,) = history_entries(store, "writer")
    assert (entry.status, entry.ended) == ("partially applied", "20261125T093003.000000Z")
    assert (entry.error, entry.outcomes, entry.run.actor) == ("An error.", (("set the scope", "done"),), "ada")
    assert read_documents(store, entry, after=True) == {"jobs": [{"id": "1"}]}
    assert "schema" in read_documents(store, entry)
    assert read_entry(entry.document(), "writer", TIME) == entry


def test_an_apply_without_a_history_has_no_entry(planned):
    opened = OpenHistory(None, RunContext(), lambda: NOW)
    assert (opened.begin(planned), opened.end(Report("writer"))) == ("", Report("writer"))


def test_documents_that_are_missing_or_broken(store, opened, planned):
    opened.begin(planned)
    opened.end(Report("writer"))
    (entry,) = history_entries(store, "writer")
    with pytest.raises(ScimconfError, match="has no documents"):
        read_documents(store, entry, after=True)
    store.replace(f"writer/{TIME}/schema.json", "{")
    assert "schema" not in read_documents(store, entry)
    store.replace(f"writer/{TIME}/entry.json", '["no", "entry"]')
    (entry,) = history_entries(store, "writer")
    assert (entry.status, entry.changes, entry.run) == ("started", (), RunContext())
    store.remove(f"writer/{TIME}")
    store.create(f"writer/{TIME}", {"jobs.json": "[]"})
    assert history_entries(store, "writer") == [], "it ended before its first write"


def test_a_history_in_the_repository_of_a_spec_is_not_committed(planned, tmp_path):
    (tmp_path / ".git").mkdir()
    store = open_store("", str(tmp_path / "apps" / "writer" / "scimconf.yaml"), lambda: None)
    for second in range(2):
        begin_entry(store, planned, NOW + timedelta(seconds=second))
    assert store.place() == str(tmp_path / ".scimconf" / "history")
    assert (tmp_path / ".scimconf" / "history" / ".gitignore").read_text() == "*\n"
    store.check()


def test_a_history_is_a_folder_or_a_container(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert open_store("here", "elsewhere/spec.yaml", lambda: None).place() == str(tmp_path / "here")
    address = "https://contoso.blob.core.windows.net/history/team"
    assert open_store(address, "spec.yaml", lambda: None).place("writer") == f"{address}/writer"
    with pytest.raises(ScimconfError, match="is not an address of Azure Blob Storage"):
        open_store("https://example.com/history", "spec.yaml", lambda: None)


def full(*_arguments, **_options):
    raise OSError(28, "No space left on device")


def broken(tmp_path, kind):
    """Return a history folder in which nothing can be written."""
    folder = tmp_path / "history"
    if kind == "file in the way":
        folder.write_text("")
    elif kind == "file above":
        (tmp_path / "above").write_text("")
        return tmp_path / "above" / "history"
    elif kind == "dangling link":
        folder.symlink_to(tmp_path / "nowhere" / "there")
    elif kind == "link to itself":
        folder.symlink_to(folder)
    elif kind == "application is a file":
        folder.mkdir()
        (folder / "writer").write_text("")
    elif kind == "control character":
        return f"{folder}\0"
    return folder


@pytest.mark.parametrize(
    "kind",
    ["file in the way", "file above", "dangling link", "link to itself", "application is a file", "control character"],
)
def test_an_entry_that_cannot_be_written_is_an_error_before_the_first_write(kind, tmp_path, planned):
    with pytest.raises(ScimconfError, match="cannot be written"):
        begin_entry(FolderStore(str(broken(tmp_path, kind))), planned, NOW)


def test_nothing_remains_of_an_entry_for_which_there_is_no_space(store, planned, tmp_path, monkeypatch):
    written = []

    def write(folder, texts):
        folder.mkdir(parents=True)
        written.append(folder)
        full()

    monkeypatch.setattr(history_folder, "write_private_files", write)
    with pytest.raises(ScimconfError, match="cannot be written: No space left on device"):
        begin_entry(store, planned, NOW)
    assert written and not written[0].exists()


def test_an_end_that_cannot_be_written_is_saved_elsewhere(opened, planned, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = opened.begin(planned)
    monkeypatch.setattr(
        history_folder, "write_file", lambda *_a, **_o: (_ for _ in ()).throw(ScimconfError("It is full"))
    )
    report = opened.end(Report("writer", documents={"jobs": []}))
    assert report.warnings == ("The history entry is not complete: It is full",)
    problem, saved = opened.failure
    assert problem == "writer: the apply has ended, but its history entry is not complete. It is full"
    apart = FolderStore(str(tmp_path / ".scimconf" / "unsaved-history"))
    (entry,) = history_entries(apart, "writer")
    assert saved.startswith(f"What happened is saved in {entry_place(apart, entry)}. Copy it over the entry")
    assert (entry.status, read_documents(apart, entry, after=True)) == ("applied", {"jobs": []})
    assert json.loads((tmp_path / place / "entry.json").read_text())["status"] == "started"


def test_an_end_that_cannot_be_written_anywhere_is_printed(opened, planned, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened.begin(planned)
    monkeypatch.setattr(history_folder, "write_private_files", full)
    opened.end(Report("writer", error="An error.", documents={"jobs": []}))
    assert opened.failure[1].startswith("It cannot be saved on this machine either: The history entry")
    assert json.loads(opened.failure[3])["error"] == "An error."


def test_a_history_that_cannot_be_listed_is_an_error_and_no_empty_history(store, tmp_path):
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "writer").symlink_to("writer")
    with pytest.raises(ScimconfError, match="cannot be read: Too many levels"):
        history_entries(store, "writer")


def test_old_entries_are_deleted_and_other_files_stay(store, planned, tmp_path, monkeypatch):
    monkeypatch.setattr(history, "KEPT_ENTRIES", 2)
    notes = tmp_path / "history" / "writer" / "notes.txt"
    notes.parent.mkdir(parents=True)
    notes.write_text("mine")
    for second in range(4):
        begin_entry(store, planned, NOW + timedelta(seconds=second))
    assert [entry.time[9:15] for entry in history_entries(store, "writer")] == ["093003", "093002"]
    assert notes.exists()
    assert history_entries(store, "other") == []


def test_a_store_that_refuses_to_delete_takes_new_entries(store, planned, monkeypatch):
    def refuse(_folder):
        raise ScimconfError("protected")

    monkeypatch.setattr(history, "KEPT_ENTRIES", 1)
    monkeypatch.setattr(FolderStore, "remove", lambda _self, folder: refuse(folder))
    for second in range(3):
        begin_entry(store, planned, NOW + timedelta(seconds=second))
    assert len(history_entries(store, "writer")) == 3


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


OUTSIDE = (
    AuditEvent(application="writer", at=NOW + timedelta(hours=1), activity="Add application", by="ada@contoso.com"),
    AuditEvent(application="other", at=NOW, activity="=Update", by="-Portal"),
    AuditEvent(application="writer", at=NOW - timedelta(hours=1), activity="Update application", by="Portal"),
)


def test_entries_and_changes_outside_are_listed_together_from_the_newest():
    many = replace(
        ENTRIES[0], run=RunContext(rollback=TIME, canary="one of three groups"), changes=(("writer:a", "create"),) * 7
    )
    text = as_text([many], OUTSIDE)
    lines = [line for line in text.splitlines() if not line.startswith(" ")]
    assert lines == [
        "20261125T103000Z  writer: changed outside scimconf by ada@contoso.com: Add application",
        f"{TIME}  writer: applied (7 create)",
        "20261125T083000Z  writer: changed outside scimconf by Portal: Update application",
        "20261125T093000Z  other: changed outside scimconf by -Portal: =Update",
    ]
    assert "and 2 more" in text
    assert f"rollback to the state before {TIME}" in text
    assert "    canary: one of three groups; then started for everybody\n" in text


def test_changes_outside_are_rows_for_auditors_without_formulas():
    rows = list(csv.DictReader(io.StringIO(as_csv(ENTRIES[:1], OUTSIDE))))
    assert [(row["application"], row["time"], row["status"], row["actor"], row["activity"]) for row in rows] == [
        ("writer", "20261125T103000Z", "outside scimconf", "ada@contoso.com", "Add application"),
        ("writer", TIME, "applied", "ada", ""),
        ("writer", "20261125T083000Z", "outside scimconf", "Portal", "Update application"),
        ("other", "20261125T093000Z", "outside scimconf", "'-Portal", "'=Update"),
    ]


def test_a_redacted_entry_names_nobody():
    entry = replace(
        ENTRIES[0],
        error="ada@contoso.com fails",
        run=RunContext("for ada@contoso.com", "ada@contoso.com", actor="ada", canary="ada@contoso.com"),
        changes=(("writer:assignment/user:ada@contoso.com/admin", "create"),),
        outcomes=(("assign ada@contoso.com", "done"),),
    )
    redacted = redacted_entry(entry, text_redactor(Plan()))
    assert "ada" not in json.dumps(redacted.document())
    assert (redacted.run.actor, redacted.outcomes[0][1]) == ("a user", "done")
    assert redacted_entry(ENTRIES[1], str).run.actor == ""


def test_entries_as_csv_have_no_formulas():
    header, first, _ = as_csv(ENTRIES).splitlines()
    assert header.startswith(
        "application,time,command,status,ended,tenant,digest,version,error,changes,reason,identity"
    )
    assert "'=cmd()" in first
    assert json.loads(json.dumps([entry.document() for entry in ENTRIES]))[0]["changes"][0]["action"] == "update"


def test_an_entry_of_a_command_has_no_documents(store, opened, tmp_path):
    entry = HistoryEntry(application="writer", time=entry_time(NOW), command="pause", run=RunContext(reason="INC-1"))
    opened.begin_command(entry)
    (begun,) = history_entries(store, "writer")
    assert (begun.command, begun.is_apply, begun.ended) == ("pause", False, "")
    opened.end_command("done")
    (ended,) = history_entries(store, "writer")
    assert (ended.status, ended.ended, ended.run.reason) == ("done", "20261125T093000.000000Z", "INC-1")
    assert as_text([ended]) == f"{TIME}  writer: pause: done\n    INC-1\n"
    assert [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("entry.json")] == [0o600]
    with pytest.raises(ScimconfError, match="cannot be written"):
        opened.begin_command(entry)


def test_the_end_of_a_command_that_cannot_be_written_is_saved_elsewhere(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened.begin_command(HistoryEntry(application="writer", time=entry_time(NOW), command="pause"))
    monkeypatch.setattr(
        history_folder, "write_file", lambda *_a, **_o: (_ for _ in ()).throw(ScimconfError("It is full"))
    )
    opened.end_command("failed", "An error.")
    assert opened.failure[0] == "writer: pause has ended, but its history entry is not complete. It is full"
    (entry,) = history_entries(FolderStore(str(tmp_path / ".scimconf" / "unsaved-history")), "writer")
    assert (entry.command, entry.status, entry.error) == ("pause", "failed", "An error.")


def test_a_command_without_a_history_has_no_entry():
    opened = OpenHistory(None, RunContext(), lambda: NOW)
    opened.begin_command(HistoryEntry(application="writer", time=TIME))
    opened.end_command("done")
    assert (opened.entry, opened.failure) == (None, ())
