"""Tests of `apply --no-start` and `apply --canary` as commands: options, questions, exit codes, history, events, reports."""

import json
import shutil

import pytest
from canary_apply import TITLE, spec
from server_fixture import environment, terminal
from tenant_fixture import WRITER

ADA = "ada@contoso.com"
APPLY = ("--yes", "--allow", "application-created", "--allow", "initial-start")
PREDICTED = "Principal Analyst - Engineering"


@pytest.fixture(scope="module")
def applied():
    """The store of a tenant after an apply of Writer, once a test has made it."""
    return []


@pytest.fixture
def writer(cli, applied):
    """Writer after an apply, and a spec that changes the title."""
    connection = cli.service.tenant.store._connection  # noqa: SLF001  sqlite copies a database at once
    if not applied:
        shutil.copytree(WRITER.parent, cli.folder / "first")
        assert cli("apply", "first", *APPLY, "--no-history").code == 0
        applied.append(connection.serialize())
    connection.deserialize(applied[0])
    spec(cli.folder / "writer", TITLE)
    return cli


def provision_as(writer, title):
    """Let the service answer provision on demand with a title."""
    report = {
        "action": "Update",
        "statusInfo": {"status": "Success"},
        "sourceIdentity": {"id": "1", "type": "User"},
        "modifiedProperties": [{"displayName": "title", "oldValue": None, "newValue": title}],
        "provisioningSteps": [{"type": "Export", "status": "Success", "description": f"User '{ADA}' was updated"}],
    }
    answer = {"key": json.dumps({"result": "Success", "details": {}}), "value": json.dumps(report)}
    writer.fault({"status": 200, "body": answer}, method="POST", path="*/provisionOnDemand", times=0)


def is_on(writer):
    (job,) = writer.service.tenant.documents.all("job")
    return job["schedule"]["state"] == "Active"


def entries(writer):
    return json.loads(writer("history", "writer", "--format", "json").out)["entries"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--no-start"], "--no-start cannot be used with --canary: a canary ends by starting provisioning"),
        (["--no-history"], "--no-history cannot be used with --canary"),
        (["--wave", "2"], "--wave cannot be used with --canary: a canary tries one application"),
        (["--resend-secrets"], "--resend-secrets cannot be used with --canary: secrets cannot be put back"),
        (["--canary", "b", "--canary", "c", "--canary", "d", "--canary", "e", "--canary", "f"], "at most 5 users, got 6"),
        (["second.yaml"], "--canary tries one application, got 2"),
    ],
)  # fmt: skip
def test_wrong_usage(cli, argv, message):
    for name in ("scimconf.yaml", "second.yaml"):
        cli.file(
            name,
            f"version: 1\nname: {name[:6]}\napplication: {{display_name: {name}}}\nprovisioning: {{enabled: true}}\n",
        )
    result = cli("apply", "scimconf.yaml", "--canary", ADA, *argv)
    assert (result.code, message in result.err) == (64, True), result


@pytest.mark.slow
def test_a_canary_as_predicted_is_widened(writer):
    provision_as(writer, PREDICTED)
    result = writer("apply", "writer", "--yes", "--canary", ADA, "--events", "events.jsonl")
    assert result.code == 0, result
    assert "tried first with ada@contoso.com, and with nobody else" in result.err
    assert f'= title: "{PREDICTED}"' in result.out
    assert "writer: starting provisioning for everybody." in result.err
    (entry,) = entries(writer)
    assert (entry["status"], entry["run"]["canary"], is_on(writer)) == ("applied", ADA, True)
    events = [json.loads(line) for line in (writer.folder / "events.jsonl").read_text().splitlines()]
    (event,) = [event for event in events if event["event"] == "canary"]
    assert (event["user"], event["result"], event["as_predicted"], event["problems"]) == (ADA, "PROVISIONED", True, [])
    assert "canary: ada@contoso.com" in writer("history", "writer").out


def test_a_canary_that_is_not_as_predicted_is_put_back(writer):
    provision_as(writer, "Countess")
    result = writer("apply", "writer", "--yes", "--canary", ADA, "--report", "report.md")
    assert result.code == 7, result
    assert "0 users as predicted, 1 not" in result.err
    assert "writer: putting the changes back." in result.err
    assert "The canary was put back: ada@contoso.com: not as predicted: title" in result.out
    assert 'title is "Countess" in the application; the next cycle sends "Principal' in " ".join(result.out.split())
    report = (writer.folder / "report.md").read_text()
    assert "Exit code 7: put back" in report
    assert "put back" in report
    (entry,) = entries(writer)
    assert (entry["status"], is_on(writer)) == ("put back", True)
    rollback = writer("rollback", "writer", "--yes")
    assert (rollback.code, "there is no history" in rollback.err) == (1, True)


def test_users_who_need_no_value_do_not_widen_a_canary_without_a_person(writer):
    same = {"statusInfo": {"status": "Skipped"}, "provisioningSteps": []}
    details = {"result": "Skipped", "details": {"errorCode": "RedundantExport"}}
    answer = {"key": json.dumps(details), "value": json.dumps(same)}
    writer.fault({"status": 200, "body": answer}, method="POST", path="*/provisionOnDemand", times=0)
    result = writer("apply", "writer", "--yes", "--canary", ADA)
    assert (result.code, is_on(writer)) == (7, True), result
    assert "1 user as predicted.\n  No value could be compared for ada@contoso.com" in result.err
    assert "put back: no value could be compared for ada@contoso.com, so nothing is proven" in result.out


@pytest.mark.slow
def test_a_saved_redacted_plan_is_tried_without_names_and_values(writer):
    assert writer("plan", "writer", "--redact", "--out", "plan.json").code == 0
    provision_as(writer, "Countess")
    result = writer("apply", "plan.json", "--yes", "--canary", ADA)
    assert result.code == 7, result
    assert "ada@" not in result.out + result.err
    assert "Countess" not in result.out + result.err
    assert "tried first with user-" in result.err


def test_a_canary_that_cannot_begin_writes_nothing(writer):
    before = list(writer.writes)
    result = writer("apply", "writer", "--yes", "--canary", "hedy@contoso.com")
    assert (result.code, writer.writes) == (1, before)
    assert "not a user for a canary: hedy@contoso.com is not in scope" in result.err
    assert "writer: no changes were made." in result.err


@pytest.mark.slow
def test_a_canary_that_was_stopped_is_continued_from_its_history(writer):
    refused = {"status": 400, "body": {"error": {"code": "Bad", "message": "no"}}}
    writer.fault(refused, method="PUT", path="*/schema", nth=2, times=0)  # the one that puts back
    provision_as(writer, "Countess")
    first = writer("apply", "writer", "--yes", "--canary", ADA)
    assert (first.code, is_on(writer)) == (5, False), first
    assert "scimconf rollback writer/scimconf.yaml --to" in first.out
    writer.service.faults.clear()
    provision_as(writer, "Countess")
    again = writer("apply", "writer", "--yes", "--canary", ADA)
    assert (again.code, is_on(writer)) == (7, True), again
    assert "an earlier canary of this application has not ended" in again.err
    assert [entry["status"] for entry in entries(writer)] == ["put back", "partially applied"]


@pytest.mark.slow
def test_no_start_says_how_to_go_on(cli):
    shutil.copytree(WRITER.parent, cli.folder / "writer")
    result = cli("apply", "writer", "--yes", "--no-start")
    assert (result.code, is_on(cli)) == (0, False), result
    assert "Provisioning is off, as --no-start leaves it" in result.out
    assert result.out.rstrip().endswith("scimconf apply writer/scimconf.yaml")
    assert cli("plan", "writer", "--no-start", "--out", "plan.json").code == 0
    assert json.loads((cli.folder / "plan.json").read_text())["options"]["no_start"] is True
    assert cli("apply", "plan.json", "--no-start").code == 64


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "code", "text"),
    [("yes\n", 0, "2 done."), ("no\n", 7, "it was not approved"), ("\x03", 130, "Provisioning is paused since")],
)
def test_a_person_is_asked_after_the_users(writer, typed, code, text):  # fmt: skip
    provision_as(writer, PREDICTED)
    argv = ["apply", "writer", "--canary", ADA]
    with terminal(argv, environment(writer.sandbox.url), columns=300, cwd=writer.folder) as person:
        person.until("Type 'yes' to apply")
        person.types("yes\n")
        person.until("Type 'yes' to start")
        assert "Any other answer puts the changes back" in person.text
        if typed == "\x03":
            assert person.interrupted() == code
        else:
            person.types(typed)
            assert person.ends() == code
        assert text in person.text
    assert is_on(writer) == (code != 130)
