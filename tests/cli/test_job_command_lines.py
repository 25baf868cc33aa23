"""Tests of `pause`, `resume`, `restart` and `allow-deletions` on the command line: questions, exit codes, history."""

import json
import shutil

import pytest
from server_fixture import environment, terminal
from tenant_fixture import ROOT, WRITER, Rehearsal

from scimconf.sandbox.engine.log import store_entries

SPEC = "writer/scimconf.yaml"


@pytest.fixture(scope="module")
def store():
    tenant = Rehearsal()
    tenant.apply(WRITER)
    return tenant.service.tenant.store._connection.serialize()  # noqa: SLF001  sqlite copies a database at once


@pytest.fixture
def writer(cli, store):
    """Writer after an apply, and its spec in the working folder."""
    cli.service.tenant.store._connection.deserialize(store)  # noqa: SLF001
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    with_job(cli)
    return cli


def with_job(cli, **changed):
    (job,) = cli.service.tenant.documents.all("job")
    merged = {name: job[name] | value for name, value in changed.items()}
    cli.service.tenant.documents.put("job", job["id"], job | {"_cycle": None} | merged)
    return job["id"]


def held_back(cli, *users):
    quarantine = {"reason": "TooManyDeletes", "seriesBegan": "2026-11-25T11:48:00Z"}
    job = with_job(cli, status={"code": "Quarantine", "quarantine": quarantine})
    store_entries(cli.service.tenant, [staged(job, user) for user in users])


def staged(job, user):
    return {
        "id": user,
        "activityDateTime": "2026-11-25T11:47:00Z",
        "jobId": job,
        "cycleId": "cycle",
        "changeId": user,
        "provisioningAction": "stagedDelete",
        "provisioningStatusInfo": {"status": "skipped", "errorInformation": None},
        "sourceIdentity": {"id": user, "displayName": user.title(), "identityType": "User", "details": {}},
        "provisioningSteps": [],
        "modifiedProperties": [],
    }


def controls(cli):
    return [write.rpartition("/")[2] for write in cli.writes if "/jobs/" in write]


def test_a_pause_and_a_resume_of_a_spec(writer):
    assert writer("pause", "writer").code == 1
    assert controls(writer) == []
    result = writer("pause", "writer", "--yes", "--reason", "INC-1")
    assert (result.code, result.out.startswith("writer: paused.")) == (0, True)
    assert "The spec has `provisioning.enabled: true`" in result.out
    assert "(at most 8) keep what they have" in result.err
    assert "~ schedule" in writer("plan", "writer").out
    again = writer("pause", "--app", "Writer", "--yes")
    assert (again.code, again.out) == (0, "Writer: provisioning is off already. Nothing was written.\n")
    status = writer("status", "writer").out
    assert f"scimconf resume {SPEC}" in status
    assert "off since" in status and "paused by" in status and ": INC-1" in status, status  # noqa: PT018
    assert "because: INC-1" in writer("resume", SPEC).err
    assert writer("resume", SPEC, "--yes").code == 0
    assert controls(writer) == ["pause", "start"]
    entries = json.loads(writer("history", "writer", "--format", "json").out)["entries"]
    assert [(entry["command"], entry["status"], entry["run"]["reason"]) for entry in entries] == [
        ("resume", "done", ""),
        ("pause", "done", "INC-1"),
    ]
    assert "there is no history" in writer("rollback", "writer").err


def test_a_resume_in_quarantine_names_the_restart(writer):
    with_job(writer, status={"code": "Quarantine", "quarantine": {"reason": "Unknown"}})
    result = writer("resume", "--app", "Writer", "--yes")
    assert (result.code, "To end the quarantine: scimconf restart --app Writer" in result.out) == (6, True)
    result = writer("restart", "--app", "Writer", "--yes", "--no-history")
    assert (result.code, result.out) == (0, "Writer: restarted. Follow it with: scimconf status --app Writer\n")
    assert not (writer.folder / ".scimconf").exists()


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (("restart", "writer", "--scope", "full", "--yes"), 4, "It is allowed with --allow links-lost."),
        (("restart", "writer", "--scope", "full", "--scope", "escrows"), 64, "--scope full contains all other scopes"),
        (("restart", "writer", "--scope", "none"), 64, "'none' is not one of"),
        (("restart", "writer", "--allow", "mass-removal"), 64, "'mass-removal' is not one of"),
        (("pause", "writer", "--app", "Writer"), 64, "Pass spec files or --app."),
        (("pause", "--yes"), 64, "Name the applications: spec files or folders, or --app NAME."),
        (("pause", "Writer"), 64, "An application is named with --app Writer."),
        (("pause", "--app", "Nope", "--yes"), 1, 'no application "Nope"'),
        (("pause", "writer", "--yes", "--history", f"{SPEC}/x"), 1, "cannot be written"),
        (("allow-deletions", "writer", "twice", "--yes", "--expect", "1"), 64, "one application at a time"),
    ],
)
def test_what_is_refused_before_a_write(writer, argv, code, text):
    shutil.copytree(writer.folder / "writer", writer.folder / "twice")
    spec = writer.folder / "twice" / "scimconf.yaml"
    spec.write_text(
        spec.read_text()
        .replace("name: writer ", "name: twice ")
        .replace("display_name: Writer ", "display_name: Twice ")
    )
    result = writer(*argv)
    assert (result.code, text in " ".join(result.err.split())) == (code, True), result
    assert controls(writer) == []


def test_a_full_restart_is_allowed_by_its_guard(writer):
    assert writer("restart", "writer", "--scope", "full", "--yes", "--allow", "links-lost").code == 0
    assert controls(writer) == ["restart"]


def test_a_job_that_never_ran_is_started_by_apply(writer):
    never = {"code": "NotRun", "lastExecution": None, "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z"}
    with_job(writer, schedule={"state": "Disabled"}, status=never)
    result = writer("resume", "writer", "--yes")
    assert (result.code, "Start it with `scimconf apply writer/scimconf.yaml`" in " ".join(result.err.split())) == (
        4,
        True,
    )
    assert writer("resume", "writer", "--yes", "--allow", "initial-start").code == 0


def test_one_application_that_fails_does_not_stop_the_others(writer):
    shutil.copytree(writer.folder / "writer", writer.folder / "other")
    spec = writer.folder / "other" / "scimconf.yaml"
    text = (
        spec.read_text()
        .replace("name: writer ", "name: other ")
        .replace("display_name: Writer ", "display_name: Other ")
    )
    spec.write_text(text)
    result = writer("pause", "other", "writer", "--yes")
    assert (result.code, "other: the tenant has no application" in result.err) == (1, True), result.err
    assert controls(writer) == ["pause"]
    spec.write_text(f"{text}\nunknown: 1\n")
    result = writer("resume", "other", "writer", "--yes")
    assert (result.code, "unknown key" in result.err) == (65, True), result.err
    for command in (("status",), ("logs",), ("logs", "--compare")):
        result = writer(*command, "other", "writer")
        assert (result.code, "unknown key" in result.err, "writer" in result.out) == (65, True, True), command
    assert controls(writer) == ["pause", "start"]


def test_a_retired_application_is_not_started(writer):
    spec = writer.folder / SPEC
    spec.write_text(f"{spec.read_text()}\nretired: 2026-11-01\n")
    with_job(writer, schedule={"state": "Disabled"})
    result = writer("resume", "writer", "--yes")
    assert (result.code, "is retired since 2026-11-01" in result.err) == (1, True)
    assert controls(writer) == []


def test_lost_answers_and_locks_have_exit_codes_of_their_own(writer):
    writer.service.tenant.documents.all("job")
    writer.fault("drop", method="POST", path="*/restart", times=0)
    result = writer("restart", "writer", "--yes", "--events", "events.jsonl")
    assert (result.code, "it may have taken effect" in result.err) == (5, True)
    events = [json.loads(line) for line in (writer.folder / "events.jsonl").read_text().splitlines()]
    assert [(event["command"], event["result"]) for event in events if event["event"] == "job"] == [
        ("restart", "uncertain")
    ]
    (principal,) = [
        row for row in writer.service.tenant.documents.all("servicePrincipal") if row["displayName"] == "Writer"
    ]
    tags = ["scimconf-lock:2099-11-25T18:00:00Z abc ada@desk"]
    writer.service.tenant.documents.put("servicePrincipal", principal["id"], principal | {"tags": tags})
    assert writer("pause", "writer", "--yes").code == 3
    assert writer("pause", "writer", "--yes", "--ignore-lock").code == 0


def test_the_hint_after_a_start_that_failed_names_the_application(writer):
    with_job(writer, schedule={"state": "Disabled"})
    writer.fault({"status": 400, "body": {}}, method="POST", path="*/start", times=0)
    result = writer("restart", "--app", "Writer", "--yes")
    assert (result.code, "`scimconf resume --app Writer`" in result.err) == (5, True), result


def test_refused_credentials_start_nothing(writer, monkeypatch):
    with_job(writer, schedule={"state": "Disabled"})
    writer.service.tenant.store.run("UPDATE secrets SET value = 'rejected' WHERE key = 'SecretToken'")
    for command in ("resume", "restart"):
        result = writer(command, "writer", "--yes")
        assert (result.code, "refuses the stored credentials, so nothing was started" in result.err) == (1, True)
    assert controls(writer) == []


def test_held_back_deletions_need_their_number(writer):
    held_back(writer, "ada", "grace")
    result = writer("allow-deletions", "writer", "--yes")
    assert (result.code, "Pass --yes --expect N" in result.err, "Ada (User)" in result.err) == (1, True, True)
    assert writer("allow-deletions", "writer").code == 1
    result = writer("allow-deletions", "writer", "--yes", "--expect", "3")
    assert (result.code, "2 are held back, and --expect is 3" in result.err) == (3, True)
    result = writer("allow-deletions", "writer", "--yes", "--expect", "2", "--redact")
    assert (result.code, result.out.startswith("writer: the deletions are allowed."), "Ada" in result.err) == (
        0,
        True,
        False,
    )
    (job,) = writer.service.tenant.documents.all("job")
    assert job["_restarts"][-1] == ["ForceDeletes"]
    with_job(writer, status={"code": "Active", "quarantine": None})
    assert writer("allow-deletions", "writer").code == 0


@pytest.mark.parametrize(("answer", "code"), [("2", 0), ("3", 1), ("yes", 1)])
@pytest.mark.slow
def test_the_number_of_deletions_is_typed(writer, answer, code):
    held_back(writer, "ada", "grace")
    with terminal(["allow-deletions", "writer"], environment(writer.sandbox.url), cwd=writer.folder) as screen:
        screen.until("Type the number of deletions")
        screen.types(f"{answer}\n")
        assert screen.ends() == code
