"""Tests of `apply --report`: the file exists and is true however the apply ends."""

import os
import re
import signal
import stat
from pathlib import Path

import pytest
from canary import TOKEN
from server_fixture import PATIENCE, child, environment, terminal, wait_until
from tenant_fixture import WRITER

from scimconf.cli.exit_codes import MEANINGS, ExitCode

CANARY = f"{TOKEN}+/=token"
DOCS = Path(__file__).parents[2] / "docs" / "exit-codes.md"
SCOPE = f"extends: [{WRITER}]\nprovisioning: {{scope: all}}\n"
REFUSED = {"status": 400, "body": {"error": {"code": "Code", "message": f"no {CANARY}"}}}


def report_of(cli, *argv, code):
    """Run an apply with `--report`, and return the report."""
    result = cli("apply", "--report", "report.md", *argv)
    assert result.code == code, result.err
    file = cli.folder / "report.md"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return file.read_text()


def test_report_of_an_apply_that_succeeds_names_the_tenant_what_was_done_and_the_history_entry(cli):
    text = report_of(cli, "--auto-approve", WRITER, code=0)
    assert text.startswith(
        "### scimconf apply for `contoso.com`\n\n**Exit code 0: success.**\n\n#### `writer`: applied\n"
    )
    assert re.search(r"`[^`]*/\.scimconf/history/writer/\d{8}T[\d.]+Z`", text)
    assert "- done: `assignment/user:ada@contoso.com` `admin`\n" in text
    text = report_of(cli, "--auto-approve", WRITER, code=0)
    assert "#### `writer`: no changes\n\nNo changes were made.\n" in text


def test_report_of_an_apply_that_failed_has_the_pause_first_and_no_secret(cli, monkeypatch):
    monkeypatch.setenv("WRITER_SCIM_TOKEN", CANARY)
    assert cli("apply", "--auto-approve", WRITER).code == 0
    cli.fault(REFUSED, method="PUT", path="*/secrets", times=0)
    spec = cli.file("scope.yaml", SCOPE)
    text = report_of(cli, "--auto-approve", "--resend-secrets", "--allow", "scope-widened", spec, code=5)
    pattern = r"#### `writer`: partially applied\n\n\*\*Provisioning is paused since .*\*\*\n\n    scimconf apply "
    assert re.search(pattern, text)
    assert "- **failed**: " in text
    assert "- **skipped**: `schedule`: " in text
    assert CANARY not in text


def test_report_of_an_apply_that_a_guard_blocks_has_its_message(cli):
    assert cli("apply", "--auto-approve", WRITER).code == 0
    text = report_of(cli, "--auto-approve", cli.file("scope.yaml", SCOPE), code=4)
    assert "#### `writer`: blocked\n\nNo changes were made. Blocked by `scope-widened`: " in text
    assert "Allow the guard if the change is intended" in text


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--auto-approve", "--expect-digest", "0" * 64, "plan.json"], 3, "**Exit code 3: stale.**\n\nThis is not the reviewed plan"),
        ([WRITER], 1, "#### `writer`: failed\n\nThe plan was not approved."),
        (["--auto-approve", "invalid.yaml"], 65, "- `invalid.yaml:2:1`: `S201` unknown key `naem`"),
        (["--auto-approve", "--only", "writer:nothing/*", WRITER], 64, "**Exit code 64: wrong usage.**"),
        (["--auto-approve", "--history", "report.md/x", WRITER], 1, "cannot be written"),
        (["--auto-approve", "--max-applications", "0", WRITER], 4, "No changes were made: "),
    ],
)  # fmt: skip
def test_report_of_an_apply_that_makes_no_changes_says_why(cli, argv, code, words):
    cli("plan", "--out", "plan.json", WRITER)
    cli.file("invalid.yaml", "version: 1\nnaem: x\n")
    assert words in report_of(cli, *argv, code=code)


def test_report_of_an_apply_without_the_secret(cli, monkeypatch):
    monkeypatch.delenv("WRITER_SCIM_TOKEN")
    text = report_of(cli, "--auto-approve", WRITER, code=1)
    assert "#### `writer`: failed\n\n`WRITER_SCIM_TOKEN` is not set\n\nSet the environment variable.\n" in text


def test_report_of_a_stale_plan_lists_what_has_changed(cli):
    cli("plan", "--out", "plan.json", WRITER)
    assert cli("apply", "--auto-approve", WRITER).code == 0
    text = report_of(cli, "--auto-approve", "plan.json", code=3)
    assert "The saved plan is out of date:\n\n- " in text


def test_report_names_users_by_their_pseudonyms_if_the_plan_was_redacted(cli):
    cli("plan", "--redact", "--out", "plan.json", WRITER)
    text = report_of(cli, "--auto-approve", "plan.json", code=0)
    assert "assignment/user:user-" in text
    assert "ada@" not in text


@pytest.mark.parametrize("name", ["report.json", "REPORT.HTML", "events.jsonl"])
def test_report_is_refused_in_a_file_of_another_format(cli, name):
    result = cli("apply", "--report", name, WRITER)
    assert result.code == 64
    assert "the report is Markdown" in result.err
    assert not (cli.folder / name).exists()


def test_report_that_cannot_be_written_is_an_error_before_anything_is_read(cli):
    (cli.folder / "file").write_text("")
    result = cli("apply", "--report", "file/report.md", WRITER)
    assert result.code == 1
    assert "file/report.md cannot be written" in result.err
    assert not cli.service.journal.entries


def test_report_to_a_pipe_is_written_once(cli):
    (cli.folder / "link").symlink_to("/dev/stdout")
    read, write = os.pipe()
    with os.fdopen(read) as reader:
        result = cli("apply", "--report", f"/dev/fd/{write}", WRITER)
        os.close(write)
        assert reader.read().count("### scimconf apply") == 1
    assert result.code == 1


@pytest.mark.parametrize(
    ("number", "times"),
    [
        (signal.SIGTERM, 1),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 1, marks=pytest.mark.slow),
    ],
)
def test_report_of_an_apply_that_a_signal_ends(cli, number, times):
    cli.fault({"delay": 1500 if times == 1 else 20_000}, method="PUT", path="*/schema")
    argv = ["apply", "--auto-approve", "--report", "report.md", str(WRITER)]
    process = child(argv, environment(cli.sandbox.url), cwd=cli.folder)
    wait_until(lambda: any(re.match("PUT .*/schema", request) for request in cli.writes))
    file = cli.folder / "report.md"
    assert "This apply has not ended, or was killed." in file.read_text()
    process.send_signal(number)
    if times > 1:
        wait_until(lambda: "stop at once" in process.stderr.readline())
        process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    text = file.read_text()
    assert "**Exit code 130: interrupted.**" in text
    assert "- done: `application`\n" in text
    assert "- **skipped**: " in text
    assert "History entry: `" in text


def test_report_of_an_apply_that_is_interrupted_at_the_prompt(cli):
    env = environment(cli.sandbox.url)
    with terminal(["apply", "--report", "report.md", str(WRITER)], env, cwd=cli.folder) as session:
        session.until("Type 'yes' to apply")
        assert session.interrupted() == 130
    text = (cli.folder / "report.md").read_text()
    assert "**Exit code 130: interrupted.**\n\nInterrupted.\n" in text
    assert "#### `writer`: interrupted\n" in text


def test_meanings_are_those_of_the_documentation():
    rows = dict(re.findall(r"^\| (\d+) \| (.*) \|$", DOCS.read_text(), re.MULTILINE))
    assert set(rows) == {str(int(code)) for code in ExitCode}
    for code, meaning in MEANINGS.items():
        assert rows[str(int(code))].startswith(meaning)
    assert set(MEANINGS) == set(ExitCode)
