"""Tests of the commands that watch provisioning: `status` and `logs`, against a sandbox over a socket."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from tenant_fixture import ROOT

APPLY = ("--auto-approve", "--allow", "application-created", "--allow", "initial-start")


@pytest.fixture(scope="module")
def applied():
    """The store of a tenant after an apply of Writer, once a test has made it."""
    return []


@pytest.fixture
def with_history(cli):
    """Writer after an apply, with its history."""
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    assert cli("apply", "writer", *APPLY).code == 0
    return cli


@pytest.fixture
def writer(cli, applied):
    """Writer after an apply, without its history; the apply runs once."""
    connection = cli.service.tenant.store._connection  # noqa: SLF001  sqlite copies a database at once
    if not applied:
        shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
        assert cli("apply", "writer", *APPLY, "--no-history").code == 0
        applied.append(connection.serialize())
        return cli
    connection.deserialize(applied[0])
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    return cli


def quarantine(writer):
    state = writer.service.tenant.documents.all("job")[0]
    writer.service.tenant.documents.put(
        "job", state["id"], state | {"status": state["status"] | {"code": "Quarantine"}}
    )


def test_status_of_specs_of_one_application_and_of_all_writes_nothing(writer):
    before = list(writer.writes)
    for argv in (["writer"], ["--app", "Writer"], ["--all"]):
        result = writer("status", *argv)
        assert (result.code, "last cycle" in result.out) == (0, True), result
    assert list(writer.writes) == before


def test_status_as_json_and_markdown(writer):
    document = json.loads(writer("status", "writer", "--format", "json").out)
    assert [application["name"] for application in document["applications"]] == ["writer"]
    assert writer("status", "writer", "--format", "markdown", "--comment-marker", "x").out.startswith(
        "<!-- scimconf: x"
    )


def test_status_exits_with_6_in_quarantine_and_1_if_an_application_is_missing(writer):
    assert writer("status", "--app", "Nope").code == 1
    quarantine(writer)
    result = writer("status", "writer")
    assert (result.code, "in quarantine" in result.out) == (6, True)
    assert writer("status", "--watch", "--interval", "1", "writer").code == 6


def test_status_fails_on_failures_if_asked(writer):
    job = writer.service.tenant.documents.all("job")[0]
    last = {"timeEnded": "2026-11-30T12:00:00Z", "state": "Succeeded", "countEscrowed": 3}
    writer.service.tenant.documents.put(
        "job", job["id"], job | {"_cycle": None, "status": job["status"] | {"lastExecution": last}}
    )
    assert writer("status", "writer").code == 0
    assert writer("status", "writer", "--fail-on", "failures").code == 2


@pytest.mark.parametrize(
    "argv",
    [
        ("status", "writer", "--all"),
        ("status", "--app", "Writer", "--all"),
        ("status", "--all", "--watch"),
        ("status", "writer", "--since", "40d"),
        ("status", "writer", "--since", "0h"),
        ("status", "writer", "--since", "today"),
        ("logs", "writer", "--app", "Writer"),
        ("logs", "writer", "--status", "fine"),
        ("logs", "writer", "--out", "report.json"),
        ("logs", "writer", "--compare", "--status", "failure"),
        ("provision", "writer", "--app", "Writer", "--user", "ada@contoso.com"),
        ("provision", "--user", "ada@contoso.com"),
        ("doctor", "writer", "--app", "Writer"),
    ],
)
def test_wrong_usage(cli, argv):
    assert cli(*argv).code == 64


def test_watch_ends_at_once_in_quarantine_and_when_off_and_says_why(writer):
    quarantine(writer)
    result = writer("status", "writer", "--watch", "--interval", "1")
    assert (result.code, "Stopped watching: writer is in quarantine, which ends only" in result.err) == (6, True)
    job = writer.service.tenant.documents.all("job")[0]
    status = job["status"] | {"code": "Paused", "quarantine": None}
    writer.service.tenant.documents.put("job", job["id"], job | {"schedule": {"state": "Disabled"}, "status": status})
    result = writer("status", "--app", "Writer", "--watch", "--interval", "1")
    assert (result.code, "Stopped watching: Writer is off" in result.err) == (0, True)
    assert "Stopped watching: Nope: the tenant has no" in writer("status", "--app", "Nope", "--watch").err


def test_status_names_the_tenant_in_each_format(writer):
    assert writer("status", "writer").out.startswith("Tenant: contoso.com\n")
    assert json.loads(writer("status", "--all", "--format", "json").out)["tenant"] == "contoso.com"
    assert "# Provisioning status of `contoso.com`" in writer("status", "writer", "--format", "markdown").out
    assert "of <code>contoso.com</code>" in writer("status", "writer", "--format", "html").out


def test_commands_about_a_running_application_need_no_spec(writer):
    assert "Writer: provisioning is on" in writer("doctor", "--app", "Writer").out
    assert writer("doctor", "--app", "Nope").code == 1
    result = writer("logs", "--app", "Writer", "--compare", "--out", "report.json")
    assert (result.code, "Wrote report.json, without names and values" in result.err) == (0, True)
    assert json.loads((writer.folder / "report.json").read_text())["applications"][0]["compared"]
    result = writer("provision", "--app", "Writer", "--user", "ada@contoso.com", "--yes")
    assert result.out.startswith("ada@contoso.com: provisioned")


def test_logs_say_that_an_empty_log_means_little(writer):
    result = writer("logs", "writer")
    assert (result.code, "a cycle that finds nothing to do writes none" in result.out) == (0, True)


def test_logs_as_rows_have_their_notes_on_stderr(writer):
    result = writer("logs", "--app", "Writer", "--format", "csv", "--redact")
    assert result.out.startswith("application,time,action")
    assert "Writer: no entries in this window" in result.err
    assert writer("logs", "writer", "--format", "json").out == ""
    assert writer("logs", "--app", "Nope").code == 1


def test_doctor_on_a_sandbox_has_no_problems(writer, monkeypatch):
    assert writer("doctor").code == 0
    result = writer("doctor", "writer")
    assert (result.code, "the tenant is contoso.com" in result.out) == (0, True)
    assert json.loads(writer("doctor", "--format", "json").out)["checks"]


def test_doctor_reports_a_sign_in_that_fails(cli, monkeypatch):
    monkeypatch.delenv("SCIMCONF_GRAPH_URL")
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    result = cli("doctor", "--auth", "environment")
    assert (result.code, "problem AZURE_TENANT_ID" in result.out) == (1, True)


def test_history_and_rollback(with_history):
    writer = with_history
    spec = writer.folder / "writer" / "scimconf.yaml"
    spec.write_text(spec.read_text().replace("deletion_threshold: 50", "deletion_threshold: 77"))
    assert writer("apply", "writer", *APPLY, "--reason", "more").code == 0
    entries = json.loads(writer("history", "writer", "--format", "json").out)["entries"]
    assert [(entry["status"], entry["run"]["reason"]) for entry in entries] == [("applied", "more"), ("applied", "")]
    result = writer("rollback", "writer", "--auto-approve", "--spec-only", "--out", "former.yaml")
    assert result.code == 0
    assert "It does not return" in result.err
    assert writer("plan", "former.yaml", "--detailed-exitcode").code == 2
    result = writer("rollback", "writer", "--auto-approve")
    assert result.code == 0, result
    assert "would undo this" in result.err
    assert writer("plan", "former.yaml", "--detailed-exitcode").code == 0
    assert writer("history", "--app", "writer", "--format", "csv").out.count("\n") == 4
    assert "rollback to the state before" in writer("history", "--app", "writer").out


def test_a_rollback_needs_a_history_and_one_spec(writer):
    result = writer("rollback", "writer", "--history", "elsewhere")
    assert (result.code, "there is no history" in result.err) == (1, True)
    shutil.copytree(writer.folder / "writer", writer.folder / "both" / "a")
    assert writer("rollback", "both").code in (64, 65)
    elsewhere = writer.folder / "elsewhere"
    assert f"No history of writer in {elsewhere}." in writer("history", "writer", "--history", "elsewhere").err
    assert writer("history", "writer", "--app", "writer").code == 64


def test_apply_without_history_keeps_none(cli):
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    assert cli("apply", "writer", *APPLY, "--no-history").code == 0
    assert not (cli.folder / ".scimconf").exists()


def test_logs_compare_without_entries_is_no_disagreement(writer):
    result = writer("logs", "writer", "--compare")
    assert (result.code, result.out) == (0, "writer: no users in the log\n\n")
    assert json.loads(writer("logs", "writer", "--compare", "--format", "json", "--redact").out)["applications"]
    assert writer("logs", "--app", "Writer", "--compare").out == "Writer: no users in the log\n\n"
    assert writer("logs", "writer", "--compare", "--format", "csv").code == 64


def test_provision_asks_before_it_writes_to_the_application(writer):
    before = list(writer.writes)
    result = writer("provision", "writer", "--user", "ada@contoso.com")
    assert (result.code, "Use --yes" in result.err) == (1, True)
    assert list(writer.writes) == before
    assert "roles are not supported on demand" in result.err
    result = writer("provision", "writer", "--user", "ada@contoso.com", "--yes")
    assert result.out.startswith("ada@contoso.com: provisioned")
    assert writer("provision", "writer", "--user", "hedy@contoso.com", "--yes").code == 1
    assert writer("provision", "writer").code == 64


def test_apply_watch_follows_the_first_cycle(cli):
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    result = cli("apply", "writer", *APPLY, "--watch")
    assert (result.code, "writer: on" in result.out) == (0, True)
    assert "<main>" in cli("status", "writer", "--format", "html").out


def test_status_fails_on_tokens_that_expire_if_asked(writer):
    spec = writer.folder / "writer" / "scimconf.yaml"
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    spec.write_text(spec.read_text().replace("{env: WRITER_SCIM_TOKEN", f"{{expires: {day}, env: WRITER_SCIM_TOKEN"))
    assert "expires in" in writer("status", "writer", "--redact").out
    assert writer("status", "writer", "--fail-on", "tokens").code == 2


def test_export_all_writes_a_spec_for_each_application_with_a_job_and_a_worklist(writer):
    """A second run changes nothing, and without --force says so; --force says what is replaced."""
    result = writer("export", "--all", "apps", "--secret", "key_vault:contoso-kv/{name}-scim")
    assert result.code == 0, result
    folder = writer.folder / "apps"
    assert sorted(path.name for path in folder.iterdir()) == ["adopt.csv", "adopt.md", "writer.scimconf.yaml"]
    assert "1 application has a provisioning job: 1 written; all plans are empty." in result.err
    spec = (folder / "writer.scimconf.yaml").read_text()
    assert 'key_vault: {vault: "https://contoso-kv.vault.azure.net", secret: writer-scim}' in spec
    assert "$schema=../.scimconf/spec.schema.json" in spec
    planned = writer("plan", "apps", "--detailed-exitcode")
    assert (planned.code, "No changes" in planned.out) == (0, True), planned
    again = writer("export", "--all", "apps")
    assert (again.code, "1 spec exists and was not changed; --force replaces them." in again.err) == (0, True)
    forced = writer("export", "--all", "apps", "--force")
    assert (forced.code, "the same as before" in forced.err) == (0, True)
    assert (folder / "writer.scimconf.yaml").read_text() == spec
    (folder / "writer.scimconf.yaml").write_text(spec.replace("deletion_threshold: 50", "deletion_threshold: 60"))
    changed = writer("export", "--all", "apps")
    assert (changed.code, "not changed, 1 change (writer:settings)" in changed.err) == (2, True)
    forced = writer("export", "--all", "apps", "--force")
    assert (forced.code, "replaced (writer:settings), plan empty" in forced.err) == (0, True)
    assert (folder / "writer.scimconf.yaml").read_text() == spec


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        ((), "Pass --app, --all or --from-history"),
        (("--all", "apps", "--name", "x"), "--all names the files itself"),
        (("--all", "--into", "apps"), "unexpected extra argument"),
        (("--all", "--into"), "--into is not a folder: write --all DIR"),
        (("--all", "apps", "--secret", "{name}"), "does not state where secrets are stored"),
        (("--app", "Writer", "--secret", "env:X"), "has no {name}"),
    ],
)
def test_export_says_how_it_is_used(cli, argv, part):
    result = cli("export", *argv)
    assert (result.code, part in result.err) == (64, True), result.err


def test_export_over_a_spec_keeps_what_only_the_spec_has(writer):
    assert writer("export", "--app", "Writer", "--out", "w.scimconf.yaml", "--secret", "env:S_{name}").code == 0
    file = writer.folder / "w.scimconf.yaml"
    assert "{env: S_WRITER" in file.read_text()
    file.write_text(file.read_text().replace("S_WRITER", "MINE") + "owners: [ada@contoso.com]\n")
    result = writer("export", "--app", "Writer", "--out", "w.scimconf.yaml", "--force")
    assert (result.code, "kept from the previous spec: name, owners, where secrets are" in result.err) == (0, True)
    assert "owners: [ada@contoso.com]" in file.read_text()
    assert "{env: MINE" in file.read_text()
    file.write_text("mine")
    assert writer("export", "--app", "Writer", "--out", "w.scimconf.yaml", "--force").code == 0


def test_status_fails_on_owners_who_are_gone_if_asked(writer):
    spec = writer.folder / "writer" / "scimconf.yaml"
    assert writer("status", "writer", "--fail-on", "owners").code == 0
    spec.write_text(spec.read_text() + "\nowners: [charles@contoso.com]\n")
    result = writer("status", "writer", "--fail-on", "owners")
    assert (result.code, "the owner charles@contoso.com is disabled" in " ".join(result.out.split())) == (2, True)
    assert writer("status", "writer").code == 0


def test_export_all_of_a_tenant_without_jobs(cli):
    result = cli("export", "--all", "apps")
    assert (result.code, "No application of the tenant" in result.err) == (0, True)


def test_why_ends_with_the_code_of_its_verdict(writer):
    result = writer("why", "hedy@contoso.com", "--app", "Writer")
    assert (result.code, result.out.partition(":")[2][:28]) == (2, " not provisioned in Writer: ")
    assert json.loads(writer("why", "ada@contoso.com", "--format", "json").out)["answers"][0]["checks"]
    assert writer("why", "ada@contoso.com", "--all", "--format", "markdown").out.startswith("**`ada")
    assert writer("why", "ada@contoso.com", "--app", "Nope").code == 1
    assert writer("why", "ada@contoso.com", "--app", "Writer", "--all").code == 64
    assert "contoso" not in writer("why", "ada@contoso.com", "--redact").out


def test_restart_asks_first(writer):
    before = list(writer.writes)
    result = writer("restart", "--app", "Writer")
    assert (result.code, "Use --yes" in result.err) == (1, True)
    assert list(writer.writes) == before
    assert "restarted" in writer("restart", "--app", "Writer", "--yes").out


def test_a_rollback_of_a_rollback_needs_a_time(with_history):
    writer = with_history
    spec = writer.folder / "writer" / "scimconf.yaml"
    spec.write_text(spec.read_text().replace("deletion_threshold: 50", "deletion_threshold: 77"))
    assert writer("apply", "writer", *APPLY).code == 0
    assert writer("rollback", "writer", "--auto-approve", "--reason", "oops").code == 0
    assert "rollback to the state before" in writer("history", "writer").out
    result = writer("rollback", "writer", "--auto-approve")
    assert (result.code, "the last apply was a rollback" in result.err) == (1, True)


def test_logs_of_a_user_who_is_not_in_the_tenant_say_so(writer):
    assert (
        "the tenant has no user nobody@contoso.com today"
        in writer("logs", "writer", "--user", "nobody@contoso.com").out
    )
