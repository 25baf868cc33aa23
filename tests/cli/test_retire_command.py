"""Tests of `scimconf retire`: what is shown, what is asked, and the exit codes; the sandbox has no log of cycles here."""

import json
import shutil

import pytest
from server_fixture import environment, terminal
from tenant_fixture import ROOT

ALLOWED = ("--allow", "mass-removal", "--allow", "all-assignments-removed", "--allow", "group-removed")
APPLY = ("--auto-approve", "--no-history")


@pytest.fixture(scope="module")
def applied():
    """The store of a tenant after an apply of Writer, once a test has made it."""
    return []


@pytest.fixture
def writer(cli, applied):
    connection = cli.service.tenant.store._connection
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    if applied:
        connection.deserialize(applied[0])
    else:
        assert cli("apply", "writer", *APPLY).code == 0
        applied.append(connection.serialize())
    cli.before = len(cli.writes)
    return cli


def written(writer):
    return list(writer.writes)[writer.before :]


def confirmed(writer, *application):
    """Return the options that confirm every account that is not closed."""
    result = writer("retire", *(application or ["writer"]), "--plan-only", "--json")
    names = [row["name"] for row in json.loads(result.out)["accounts"] if not row["settled"]]
    return [word for name in names for word in ("--confirmed", name)]


def test_a_plan_is_shown_for_review_and_nothing_is_written(writer):
    result = writer("retire", "writer", "--plan-only")
    assert (result.code, written(writer)) == (4, [])
    assert "blocked by a guard. group-removed" in result.err
    assert "the application is being retired" in " ".join(result.out.split())
    assert writer("retire", "writer", "--plan-only", *ALLOWED).code == 0
    assert result.out.startswith("writer: in use\n")
    assert "- assignment/" in result.out
    markdown = writer("retire", "writer", "--plan-only", "--format", "markdown", "--redact", "--out", "end.md")
    text = (writer.folder / "end.md").read_text()
    assert (markdown.code, "Wrote end.md." in markdown.err) == (4, True)
    assert text.startswith("## Retirement of `Writer`: in use\n")
    assert "contoso.com`" in text
    assert "ada@contoso.com" not in text
    document = json.loads(writer("retire", "writer", "--plan-only", "--json", "--redact").out)
    assert (document["stage"], "ada@contoso.com" in str(document)) == ("assignments", False)


def test_a_guard_that_blocks_ends_with_4(writer):
    result = writer("retire", "writer", "--yes")
    assert (result.code, written(writer)) == (4, [])
    assert "--allow" in result.err


def test_without_a_terminal_nothing_is_written(writer):
    result = writer("retire", "writer", *ALLOWED)
    assert (result.code, written(writer), "cannot ask" in result.err) == (1, [], True)


@pytest.mark.slow
def test_accounts_that_are_not_proven_end_with_2_and_nothing_is_stopped(writer):
    result = writer("retire", "writer", "--yes", *ALLOWED, "--wait", "0", "--redact", "--events", "events.jsonl")
    assert result.code == 2, result
    assert "not proven to be closed" in result.out
    assert "ada@contoso.com" not in result.out + result.err + (writer.folder / "events.jsonl").read_text()
    assert "Provisioning stays on" in result.err
    assert not [path for path in written(writer) if path.endswith("/secrets")]


@pytest.mark.slow
def test_an_application_ends_once_its_accounts_are_confirmed(writer):
    names = confirmed(writer)
    result = writer(
        "retire", "writer", "--yes", *ALLOWED, *names, "--write-spec", "--delete-application", "--wait", "0"
    )
    assert result.code == 0, result
    assert "writer: retired. The application is deleted." in result.out
    assert "restored for 30 days" in result.out
    text = (writer.folder / "writer" / "scimconf.yaml").read_text()
    assert text.count("\nretired: ") == 1
    assert writer("plan", "--detailed-exitcode", "writer").code == 0
    assert writer("validate", "writer").code == 0
    status = writer("status", "writer")
    assert (status.code, "writer: retired on" in status.err) == (0, True)
    for command in (["logs", "writer"], ["preview", "--all", "writer"], ["doctor", "writer"]):
        left_out = writer(*command)
        assert (left_out.code, "writer: retired on" in left_out.err) == (0, True), left_out
    again = writer("retire", "writer")
    assert (again.code, "writer: retired." in again.out) == (0, True)


@pytest.mark.slow
def test_an_application_without_a_spec_ends_by_its_name_and_again(writer):
    shutil.rmtree(writer.folder / "writer")
    app = ("--app", "Writer")
    blocked = writer("retire", *app, "--plan-only")
    assert (blocked.code, written(writer), blocked.out.startswith("writer: in use\n")) == (4, [], True), blocked
    first = writer("retire", *app, "--yes", *ALLOWED, "--wait", "0")
    assert (first.code, "not proven to be closed" in first.out) == (2, True), first
    names = confirmed(writer, *app)
    result = writer("retire", *app, "--yes", *names, "--wait", "0")
    assert result.code == 0, result
    assert "writer: retired." in result.out
    assert "If a repository has a spec of this application, write `retired: " in result.out
    again = writer("retire", *app, "--yes", "--delete-application", *names)
    assert (again.code, "The application is deleted." in again.out) == (0, True), again
    gone = writer("retire", *app)
    assert (gone.code, 'the tenant has no application "Writer"' in gone.err) == (1, True), gone


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "Name the spec of the application, or pass --app NAME."),
        ((".", "--app", "Writer"), "Name the spec of the application, or pass --app NAME."),
        (("--app", "Writer", "--write-spec"), "--write-spec needs the spec of the application, and --app has none."),
    ],
)
def test_a_spec_or_an_application_is_named(cli, argv, message):
    result = cli("retire", *argv)
    assert (result.code, message in result.err) == (64, True), result


@pytest.mark.slow
def test_a_scope_of_all_users_needs_the_secrets_also_without_a_spec(writer, monkeypatch):
    store = writer.service.tenant.store
    store.run("UPDATE secrets SET value = 'true' WHERE key = 'SyncAll'", ())
    monkeypatch.delenv("WRITER_SCIM_TOKEN", raising=False)
    result = writer("retire", "--app", "Writer", "--yes", *ALLOWED, "--allow", "scope-narrowed")
    assert (result.code, "WRITER_SCIM_TOKEN" in result.out, written(writer)) == (1, True, [])


@pytest.mark.slow
def test_the_line_for_the_spec_is_printed_if_it_is_not_written(writer):
    result = writer("retire", "writer", "--yes", *ALLOWED, *confirmed(writer), "--wait", "0")
    assert (result.code, "Write `retired: " in result.out) == (0, True)
    refused = writer("retire", "writer", "--yes", "--delete-application", "--confirmed", "nobody@contoso.com")
    assert (refused.code, "nobody@contoso.com" in refused.err) == (4, True)


@pytest.mark.slow
def test_a_write_that_fails_ends_with_5_and_a_report(writer):
    writer.fault({"status": 400, "body": {}}, method="DELETE", path="*/appRoleAssignedTo/*", times=0)
    result = writer("retire", "writer", "--yes", *ALLOWED)
    assert (result.code, "failed" in result.out) == (5, True)
    assert "Run `scimconf retire` again" in result.err


@pytest.mark.slow
def test_a_quarantine_ends_with_6(writer):
    (job,) = writer.service.tenant.documents.all("job")
    quarantine = {"reason": "IngestionInterrupted", "seriesBegan": "2026-11-24T10:00:00Z"}
    status = job["status"] | {"code": "Quarantine", "quarantine": quarantine}
    writer.service.tenant.documents.put("job", job["id"], job | {"status": status})
    assert writer("retire", "writer", "--yes", *ALLOWED).code == 6


def test_several_specs_are_wrong_usage_and_a_missing_application_is_an_error(cli):
    for name in ("a", "b"):
        text = f"version: 1\nname: {name}\napplication: {{display_name: {name}}}\nprovisioning: {{enabled: false}}\n"
        cli.file(f"apps/{name}.scimconf.yaml", text)
    assert cli("retire", "apps").code == 64
    assert cli("retire", "apps/a.scimconf.yaml").code == 1


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "code"), [("yes", 2), ("no", 1)])
def test_a_person_is_asked_on_a_terminal(writer, answer, code):
    words = ["retire", "writer", *ALLOWED, "--wait", "0"]
    with terminal(words, environment(writer.sandbox.url), cwd=writer.folder) as session:
        session.until("Type 'yes' to end it")
        assert written(writer) == []
        session.types(f"{answer}\n")
        assert session.ends() == code
    assert bool(written(writer)) == (answer == "yes")
