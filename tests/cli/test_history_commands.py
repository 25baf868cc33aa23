"""Tests of where the history is, of `export --from-history`, and of what a refused rollback leaves behind."""

import json
import os
import re
import shutil
from pathlib import Path

import httpx
import pytest
from tenant_fixture import ROOT

from scimconf.cli import rollback

APPLY = ("--auto-approve", "--allow", "application-created", "--allow", "initial-start")


@pytest.fixture
def repository(cli, monkeypatch):
    """A repository with Writer after two applies from another working folder, without --history."""
    monkeypatch.delenv("SCIMCONF_HISTORY")
    (cli.folder / "repository" / ".git").mkdir(parents=True)
    (cli.folder / "elsewhere").mkdir()
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "repository" / "apps" / "writer")
    monkeypatch.chdir(cli.folder / "elsewhere")
    spec = cli.folder / "repository" / "apps" / "writer" / "scimconf.yaml"
    assert cli("apply", spec, *APPLY).code == 0
    spec.write_text(spec.read_text().replace("deletion_threshold: 50", "deletion_threshold: 77"))
    cli.applied = cli("apply", spec, *APPLY)
    cli.spec = spec
    return cli


@pytest.mark.slow
def test_the_history_is_in_the_repository_of_the_spec_from_every_working_folder(repository, monkeypatch):
    cli, history = repository, repository.folder / "repository" / ".scimconf" / "history"
    (place,) = re.findall(r"  history entry: (\S+)\n", cli.applied.out)
    assert Path(place).parent.parent == history
    assert list((cli.folder / "elsewhere").iterdir()) == []
    found = cli("history", cli.spec).out
    monkeypatch.chdir(cli.spec.parent)
    assert cli("history", ".").out == cli("history", "--app", "writer").out == found
    assert found.count("writer: applied") == 2
    result = cli("rollback", ".", "--auto-approve", "--out", cli.folder / "elsewhere" / "former.yaml")
    assert result.code == 0, result
    assert f"the state before {place}." in result.err
    assert cli("history", ".").out.count("writer: applied") == 3, "also if the spec of the past is elsewhere"
    time = Path(place).name
    for entry in (place, f"writer/{time}"):
        exported = cli("export", "--from-history", entry)
        assert exported.code == 0, exported
        assert f"# writer before the apply of {time}. Exported from its history." in exported.out
        assert "deletion_threshold: 50" in exported.out
        assert "unlisted: delete" not in exported.out
    assert "the last apply was a rollback" in cli("rollback", ".").err
    assert cli("export", "--from-history", "writer").code == 0, "the newest entry, of the rollback"


@pytest.fixture
def with_history(cli):
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    assert cli("apply", "writer", *APPLY).code == 0
    spec = cli.folder / "writer" / "scimconf.yaml"
    spec.write_text(spec.read_text().replace("deletion_threshold: 50", "deletion_threshold: 77"))
    assert cli("apply", "writer", *APPLY).code == 0
    cli.service.journal.entries.clear()
    cli.spec, cli.first = spec, max(path.name for path in (cli.folder / ".scimconf" / "history" / "writer").iterdir())
    return cli


def former_specs(cli):
    return [path.name for path in (cli.folder / "writer").glob("*.rollback.yaml")]


@pytest.mark.slow
def test_a_refused_rollback_leaves_no_spec(with_history, monkeypatch):
    cli = with_history
    result = cli("rollback", "writer")  # nobody can be asked
    assert (result.code, former_specs(cli), cli.writes) == (1, [], [])
    assert re.search(r"Nothing was rolled back, and \S+\.rollback\.yaml was deleted again", result.err)
    result = cli("rollback", "writer", "--tenants", "missing.toml")
    assert (result.code, former_specs(cli)) == (65, [])
    mine = cli.file("mine.yaml", "mine")
    result = cli("rollback", "writer", "--out", mine)
    assert (result.code, mine.exists()) == (1, True)
    assert "the file existed before" in result.err

    def stopped(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(rollback, "_apply", stopped)
    result = cli("rollback", "writer")
    assert result.code == 130
    (name,) = former_specs(cli)
    assert f"The rollback spec stays in writer/{name}." in result.err


@pytest.mark.slow
def test_a_rollback_that_is_not_complete_keeps_its_spec(with_history):
    cli = with_history
    cli.spec.write_text(cli.spec.read_text().replace("externalId: mailNickname", "externalId: employeeId"))
    assert cli("apply", "writer", *APPLY).code == 0
    cli.fault({"status": 400, "body": {"error": {"code": "Code"}}}, method="PUT", path="*/schema", times=0)
    result = cli("rollback", "writer", "--auto-approve", "--to", cli.first)
    assert result.code == 5, result
    (name,) = former_specs(cli)
    assert f"The rollback spec stays in writer/{name}: apply it to continue." in result.err


@pytest.mark.slow
def test_the_spec_of_a_rollback_keeps_the_comments_for_the_lint(with_history):
    cli = with_history
    spec = cli.folder / "writer" / "scimconf.yaml"
    text = spec.read_text().replace(
        "      externalId: mailNickname",
        "      # scimconf: ignore L310, L999 the guide says so\n      externalId: mailNickname",
    )
    spec.write_text(text)
    assert cli("rollback", "writer", "--spec-only", "--out", "former.yaml").code == 0
    former = (cli.folder / "former.yaml").read_text()
    assert re.search(r"externalId: .*# scimconf: ignore L310, L999 the guide says so\n", former)
    assert re.search(r"Writer's guide maps this attribute directly|sent a cycle after the user", former)
    assert "L401" not in cli("validate", "former.yaml").out


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--from-history", "writer", "--app", "Writer"], 64, "Pass --app, --all or --from-history"),
        ([], 64, "Pass --app, --all or --from-history"),
        (["--from-history", "writer", "--full"], 64, "always exports everything"),
        (["--from-history", "https://x/writer/1?sig=abc"], 64, "takes no query"),
        (["--from-history", "writer/2026"], 1, "there is no history of this application"),
    ],
)
def test_exports_from_the_history_that_are_refused(cli, arguments, code, text):
    result = cli("export", *arguments)
    assert (result.code, text in result.err, "abc" in result.err) == (code, True, False), result
    assert cli.service.journal.entries == []


@pytest.mark.parametrize("url", ["https://example.com/history?sig=abcdefgh", "ftp://host/x?sig=abcdefgh"])
def test_an_address_that_is_no_container_is_refused_without_its_signature(cli, url):
    for command in (("apply",), ("history", "--app", "writer"), ("rollback", "."), ("export", "--from-history", "a/1")):
        result = cli(*command, "--history", url)
        assert (result.code, "is not an address of Azure Blob Storage" in result.err) == (1, True), result
        assert "abcdefgh" not in result.out + result.err


AUDITS = "/auditLogs/directoryAudits"


def pause(cli, user="grace@contoso.com"):
    """Pause provisioning as another user does in the portal."""
    jobs = f"{cli.service.tenant.documents.all('job')[0]['id']}"
    (principal,) = (
        each for each in cli.service.tenant.documents.all("servicePrincipal") if each["displayName"] == "Writer"
    )
    url = f"{os.environ['SCIMCONF_GRAPH_URL']}/servicePrincipals/{principal['id']}/synchronization/jobs/{jobs}/pause"
    assert httpx.post(url, headers={"Sandbox-User": user}).status_code == 204


@pytest.mark.slow
def test_history_and_drift_name_who_changed_the_application_outside_scimconf(with_history):
    cli = with_history
    assert "outside" not in cli("history", "writer").out
    pause(cli)
    text = cli("history", "writer").out
    assert re.match(r"\d{8}T\d{6}Z  writer: changed outside scimconf by grace@contoso\.com: Disable/pause", text)
    assert "outside" not in cli("history", "writer", "--offline").out
    document = json.loads(cli("history", "--app", "writer", "--format", "json").out)
    assert [(event["by"], len(document["entries"])) for event in document["outside"]] == [("grace@contoso.com", 2)]
    assert len(json.loads(cli("history", "--app", "Writer", "--offline", "--json").out)["entries"]) == 2
    assert json.loads(cli("history", "writer", "--offline", "--format", "json").out)["outside"] is None
    redacted = cli("history", "writer", "--redact", "--format", "csv").out
    assert ",outside scimconf," in redacted
    assert "grace" not in redacted
    result = cli("drift", "writer")
    assert result.code == 2
    assert "warning K411: changed outside scimconf by grace@contoso.com on" in result.out
    assert "grace@contoso.com on" not in cli("drift", "writer", "--redact", "--format", "markdown").out
    (warning,) = json.loads(cli("drift", "writer", "--format", "json").out)["applications"][0]["warnings"]
    assert warning["code"] == "K411"
    assert "last changed by grace@contoso.com" in " ".join(cli("drift", "writer", "--history", "empty").out.split())


@pytest.mark.slow
def test_an_audit_log_that_cannot_be_read_is_noted_once_and_is_no_error(with_history):
    cli = with_history
    pause(cli)
    cli.fault({"status": 403, "body": {"error": {"code": "No"}}}, method="GET", path=AUDITS, times=0)
    for command, code in ((("history", "writer"), 0), (("drift", "writer"), 2)):
        result = cli(*command)
        assert result.code == code, result
        note = "note: changes outside scimconf are not known: the identity lacks AuditLog.Read.All"
        assert result.err.count(note) == 1
    document = json.loads(cli("history", "writer", "--format", "json").out)
    assert (document["outside"], len(document["entries"])) == (None, 2)


def test_the_history_is_listed_also_if_nobody_can_sign_in(cli, monkeypatch):
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", "https://graph.microsoft.com/v1.0")
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID"):
        monkeypatch.delenv(name, raising=False)
    result = cli("history", "writer", "--auth", "environment")
    assert result.code == 0
    assert "note: AZURE_TENANT_ID and AZURE_CLIENT_ID not set" in result.err
