"""Tests of closed streams, unusual files, escaped output and signals: commands print errors, not tracebacks."""

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import threading
from importlib import import_module

import click
import pytest
from canary import TOKEN, WATCH
from server_fixture import PATIENCE, child, environment, terminal, wait_until
from tenant_fixture import WRITER

from scimconf.cli import options, streams
from scimconf.cli.events import EventLog
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.progress import LONG_WAIT, Progress, time_left
from scimconf.diagnostics import ScimconfError
from scimconf.plan import Address, Result, StepOutcome
from scimconf.spec.load import MAX_CSV_SIZE, MAX_SIZE

DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


@pytest.fixture
def env(cli):
    return environment(cli.sandbox.url)


def is_applied(cli):
    """Return whether the tenant matches the spec of Writer."""
    return cli("plan", "--detailed-exitcode", WRITER).code == 0


# --- secrets --------------------------------------------------------------------------------------------------------


CANARY = f"{TOKEN}+/=token"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "body": {"error": {"code": CANARY, "message": CANARY.encode().hex()}}},
        {"status": 400, "body": {"error": {"code": "Code"}}, "headers": {"request-id": CANARY}},
        {"status": 400, "body": f"<p>{CANARY}</p>", "headers": {"content-type": "text/html"}},
    ],
)
@pytest.mark.parametrize("path", ["*/secrets", "*/validateCredentials"])
def test_apply_writes_no_secret_that_the_service_echoes(cli, monkeypatch, path, fault):
    monkeypatch.setenv("WRITER_SCIM_TOKEN", CANARY)
    cli.fault(fault, method="PUT" if path == "*/secrets" else "POST", path=path, times=0)
    said = cli("apply", "--auto-approve", "--events", "events.jsonl", WRITER)
    assert said.code == 5
    assert "***" in said.out
    for text in (said.out, said.err, (cli.folder / "events.jsonl").read_text()):
        assert [form for form in (CANARY, CANARY.encode().hex()) if form in text] == []


@pytest.mark.parametrize("argv", [["plan", WRITER], ["export", "--app", "Writer"], ["apply", "--auto-approve", WRITER]])
def test_no_command_prints_a_secret_of_the_sign_in_that_the_service_echoes(cli, monkeypatch, argv):
    monkeypatch.setenv("AZURE_CLIENT_SECRET", CANARY)
    cli.fault({"status": 400, "body": {"error": {"code": "Code", "message": CANARY}}}, method="GET", path="*", times=0)
    said = cli(*argv)
    assert said.code == 1
    assert CANARY not in said.out + said.err
    assert "***" in said.err


@pytest.mark.parametrize("argv", [["plan"], ["preview", "--sample", "1"], ["apply", "--auto-approve"]])
def test_a_secret_that_this_run_does_not_send_is_masked(cli, monkeypatch, argv):
    monkeypatch.setenv("WRITER_SCIM_TOKEN", CANARY)
    cli.fault({"status": 400, "body": {"error": {"code": "Code", "message": CANARY}}}, method="GET", path="*", times=0)
    said = cli(*argv, WRITER)
    assert said.code == 1
    assert "***" in said.err


def test_no_file_of_a_command_has_a_secret_of_the_sign_in_that_the_tenant_shows(cli, monkeypatch):
    monkeypatch.setenv("AZURE_CLIENT_SECRET", TOKEN)
    text = f"extends: [{WRITER}]\nprovisioning: {{notifications: {{email: {TOKEN}@contoso.com}}}}\n"
    spec = WATCH.secret_file(cli.folder / "spec.yaml", text)
    WATCH.declare(cli.folder / ".scimconf" / "history")  # the documents as they were
    assert cli("plan", "--out", "plan.json", spec).code == 0
    assert cli("apply", "--auto-approve", "--events", "events.jsonl", "--report", "report.md", spec).code == 0
    assert cli("export", "--app", "Writer", "--out", "exported.yaml").code == 0
    for name in ("plan.json", "exported.yaml"):
        assert "***@contoso.com" in (cli.folder / name).read_text()
    cli("preview", "--sample", "1", "--out", "preview.html", "--format", "html", spec)
    WATCH.look_at_files(cli.folder)
    assert WATCH.leaks == []


def test_masked_streams_mask_every_text_and_refuse_bytes(capsys):
    with streams.masked(lambda text: text.replace("hush", "***")):
        print("a hush", file=sys.stderr)
        click.echo("b hush")
        sys.stdout.writelines(["hu", "sh\n"])
        assert not hasattr(sys.stdout, "buffer")
        with pytest.raises(TypeError):
            sys.stdout.write(b"")
    assert capsys.readouterr() == ("b ***\n***\n", "a ***\n")


# --- closed pipes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [1, pytest.param(40, marks=pytest.mark.slow)])
def test_apply_continues_and_exits_0_if_the_reader_of_its_output_closes_the_pipe(cli, env, lines):
    with child(["apply", "--auto-approve", str(WRITER)], env, cwd=cli.folder, stderr=subprocess.STDOUT) as process:
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
    assert is_applied(cli)


def test_apply_that_fails_exits_5_if_the_reader_of_its_output_closes_the_pipe(cli, env):
    cli.fault({"status": 403, "body": DENIED}, method="PUT", path="*/secrets")
    with child(["apply", "--auto-approve", str(WRITER)], env, cwd=cli.folder, stderr=subprocess.STDOUT) as process:
        process.stdout.close()
        assert process.wait(PATIENCE) == 5


def test_apply_prints_the_report_on_stderr_if_stdout_is_closed(cli, env):
    with child(["apply", "--auto-approve", str(WRITER)], env, cwd=cli.folder) as process:
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(PATIENCE) == 0
    assert re.search(r"^  \d+ done; \d+ already matching\.$", errors, re.MULTILINE)


def test_apply_requests_no_approval_if_the_plan_cannot_be_printed(cli, env):
    with terminal(["apply", str(WRITER)], env, cwd=cli.folder) as session:
        pass
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "scimconf", "apply", str(WRITER)],
        env=env, cwd=cli.folder, stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert process.returncode == 1
    assert "No changes were made, because the plan cannot be printed: Broken pipe." in process.stderr
    assert session.process.returncode is not None
    assert cli.writes == []


def test_apply_reports_an_unwritable_event_log_once_and_continues(cli):
    pipe = cli.folder / "events"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.open().close())
    thread.start()
    result = cli("apply", "--auto-approve", "--events", pipe, WRITER)
    thread.join(PATIENCE)
    assert result.code == 0
    assert result.err.count("cannot be written, so no more events are logged: Broken pipe") == 1
    assert is_applied(cli)


def test_progress_ignores_write_errors_of_stderr(monkeypatch):

    class Broken:
        def write(self, _text):
            raise OSError(28, "No space left on device")

        def isatty(self):
            return False

    monkeypatch.setattr(sys, "stderr", Broken())
    with Progress("writer", EventLog(None)) as progress:
        progress.step("assign ada", 1, 2)
        progress.print_line("a sentence")


# --- closed streams and encodings -----------------------------------------------------------------------------------


def shell(cli, env, line):
    command = f"{shlex.quote(sys.executable)} -m scimconf {line}"
    return subprocess.run(["sh", "-c", command], env=env, cwd=cli.folder, capture_output=True, text=True, check=False)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param("<&-", marks=SLOW),
        pytest.param(">&-", marks=SLOW),
        pytest.param("2>&-", marks=SLOW),
        "<&- >&- 2>&-",
    ],
)
def test_commands_work_with_closed_standard_streams(cli, env, closed):
    """Cron and service managers close them."""
    codes = {"validate": 0, "plan": 0, "apply": 1}
    for command, code in codes.items():
        process = shell(cli, env, f"{command} {WRITER} {closed}")
        assert (process.returncode, "Traceback" in process.stderr) == (code, False), command
    process = shell(cli, env, f"fmt - {closed} " + ("" if "<" in closed else "< /nowhere || exit 65"))
    assert (process.returncode, "Traceback" in process.stderr) == (65, False)


@pytest.mark.parametrize("encoding", ["cp1252", pytest.param("latin-1", marks=SLOW)])
def test_commands_escape_characters_that_the_output_encoding_cannot_represent(cli, env, encoding):
    file = cli.file("small.yaml", SPEC)
    for command in ("apply --auto-approve", "plan"):
        process = shell(cli, env | {"PYTHONIOENCODING": encoding}, f"{command} {file}")
        assert (process.returncode, "Traceback" in process.stderr) == (0, False)
    assert "Na\\u2192me" in shell(cli, env | {"PYTHONIOENCODING": encoding}, f"validate --show-spec {file}").stdout


SPEC = """
version: 1
name: small
application: {display_name: "Na\u2192me", create: {from_template: custom}}
provisioning: {enabled: false}
"""


@pytest.mark.parametrize("columns", ["²", "٣", "9" * 5000, "-1", "x"])
def test_plan_ignores_an_invalid_columns_variable(cli, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert cli("plan", WRITER).code == 0


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("plan", "--out"),
        ("plan", "--events"),
        ("apply", "--events"),
        ("apply", "--history"),
        ("preview --all", "--out"),
    ],
)
def test_commands_report_an_unwritable_output_path_before_they_read_the_tenant(cli, command, option):
    cli.file("file", "")
    result = cli(*command.split(), option, "file/there", WRITER)
    assert result.code == 1
    assert re.search(r"^Error: (\S*/)?file/there cannot be written: \S+", result.err)
    assert cli.service.journal.entries == []


def test_apply_reports_an_unwritable_history_folder_before_it_reads_the_tenant(cli, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, mode: mode == os.R_OK)
    result = cli("apply", "--history", "there", WRITER)
    assert (result.code, cli.service.journal.entries) == (1, [])
    assert result.err == f"Error: {cli.folder / 'there'} cannot be written: Permission denied\n"


def test_apply_writes_nothing_if_the_history_entry_fails(cli, monkeypatch):
    cli("apply", "--auto-approve", WRITER)
    cli.service.journal.entries.clear()
    file = cli.file("more.yaml", f"extends: [{WRITER}]\nprovisioning: {{deletion_threshold: 7}}\n")
    monkeypatch.setattr(import_module("scimconf.workflow.history_folder"), "write_private_files", _raise_disk_full)
    result = cli("apply", "--auto-approve", file)
    assert (result.code, cli.writes) == (1, [])
    assert "cannot be written: No space left on device" in " ".join(result.out.split())


def _raise_disk_full(*_arguments):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("command", ["plan", "apply", "validate", "fmt", "show"])
def test_commands_exit_65_for_a_file_name_that_is_too_long(cli, command):
    result = cli(command, "x" * 300)
    assert result.code == 65
    assert "File name too long" in result.out + result.err


def test_validate_of_an_unreadable_folder_exits_65(cli, monkeypatch):
    monkeypatch.setattr(os, "listdir", _raise_permission_denied)
    result = cli("validate", ".")
    assert result.code == 65
    assert "cannot be read: Permission denied" in result.err


def _raise_permission_denied(*_arguments):
    raise PermissionError(13, "Permission denied")


def test_apply_of_an_unreadable_saved_plan_exits_65(cli, monkeypatch):
    file = cli.file("plan.json", "{}")
    monkeypatch.setattr("pathlib.Path.open", _raise_permission_denied)
    assert cli("apply", file).code == 65


def test_validate_rejects_a_named_pipe_as_spec_and_in_extends(cli):
    os.mkfifo(cli.folder / "pipe")
    file = cli.file("small.yaml", SPEC + "extends: [pipe]\n")
    for path in ("pipe", file):
        result = cli("validate", path)
        assert result.code == 65
        assert "not a regular file" in result.out + result.err


def test_validate_and_fmt_read_at_most_the_maximum_size(cli):
    """The file is sparse and much larger than the maximum."""
    file = cli.file("large.yaml", "")
    os.truncate(file, 50 * MAX_SIZE)
    assert len(options.read_spec_file(str(file))) == MAX_CSV_SIZE + 1
    for command in ("validate", "fmt"):
        result = cli(command, file)
        assert result.code == 65
        assert "the file is larger than 4 MB" in result.out + result.err
    assert file.stat().st_size == 50 * MAX_SIZE


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        ("nope", "tenant.json: not valid JSON"),
        ('{"users": 5}', "tenant.json: users: expected a list, got an integer"),
        ('{"applications": [{}]}', "tenant.json: applications[0]: missing key 'displayName'"),
    ],
)
def test_sandbox_serve_reports_an_invalid_tenant_file(cli, tenant, message):
    result = cli("sandbox", "serve", "--port", "0", "--tenant", cli.file("tenant.json", tenant))
    assert result.code == 64
    assert message in result.err


def test_sandbox_serve_reports_why_it_cannot_start(cli):
    """The port is in use, or a file cannot be read or written."""
    cli.file("file", "no database")
    port = re.search(r":(\d+)/", cli.sandbox.url)[1]
    assert "in use" in cli("sandbox", "serve", "--port", port).err
    assert "file cannot store a tenant" in cli("sandbox", "serve", "--port", 0, "--state", "file").err
    assert "file/x cannot be written" in cli("sandbox", "serve", "--port", 0, "--ready-file", "file/x").err
    assert "file/x: Not a directory" in cli("sandbox", "serve", "--port", 0, "--tls", "file/x").err


@pytest.mark.parametrize(
    ("texts", "blocks"),
    [
        ([], []),
        (["a"], ["a"]),
        (["a", "b" * 10, "c"], ["a" + "b" * 10, "c"]),
        (["a" * 25, "b"], ["a" * 25, "b"]),
    ],
)
def test_blocks_join_texts_and_divide_none(texts, blocks, monkeypatch):
    monkeypatch.setattr(streams, "BLOCK", 10)
    assert list(streams.blocks(texts)) == blocks


def test_a_plan_that_cannot_be_written_completely_leaves_the_old_file(cli, tmp_path, monkeypatch):
    def failing(*_arguments):
        yield "x" * (streams.BLOCK + 1)
        raise TypeError

    cli.file("plan.json", "old")
    monkeypatch.setattr("scimconf.cli.output.as_json.plan_parts", failing)
    assert cli("plan", "--out", "plan.json", WRITER).code == 1
    assert (tmp_path / "plan.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if "plan.json" in path.name] == ["plan.json"]


# --- unexpected errors ----------------------------------------------------------------------------------------------


def test_plan_reports_an_unexpected_error_without_its_text(cli, monkeypatch):
    """The text of the exception may contain a secret."""
    monkeypatch.setattr("scimconf.cli.output.plan_parts", _raise_type_error)
    result = cli("plan", WRITER)
    assert result.code == 1
    assert re.search(
        r"^Error: this is a defect of scimconf: TypeError at scimconf\.\S+:\d+\.$", result.err, re.MULTILINE
    )
    assert "hunter2" not in result.err
    assert "Traceback" not in result.err


def _raise_type_error(*_arguments, **_options):
    raise TypeError("hunter2")


def test_describe_unexpected_reports_the_first_error_of_an_exception_group():
    from scimconf.diagnostics import describe_unexpected

    assert describe_unexpected(ExceptionGroup("", [KeyError("hunter2")])) == "this is a defect of scimconf: KeyError"


def test_plan_reports_an_os_error_with_its_file_name(cli, monkeypatch):
    """An error of a stream has no file name."""
    monkeypatch.setattr("scimconf.cli.output.print_plan", _raise_disk_full)
    assert cli("plan", WRITER).err.endswith("Error: input or output failed: No space left on device\n")
    monkeypatch.setattr("scimconf.cli.output.print_plan", lambda *_: (cli.folder / "nowhere" / "x").read_text())
    assert cli("plan", WRITER).err.endswith("nowhere/x: No such file or directory\n")


def test_plan_exits_interrupted_after_keyboard_interrupt(cli, monkeypatch):
    monkeypatch.setattr("scimconf.cli.output.print_plan", _raise_keyboard_interrupt)
    assert cli("plan", WRITER).code == ExitCode.INTERRUPTED


def _raise_keyboard_interrupt(*_arguments):
    raise KeyboardInterrupt


# --- texts from Graph -----------------------------------------------------------------------------------------------

HOSTILE_ERROR = {"error": {"code": "Bad\x1b[31m", "message": "no \x1b]0;PWNED\x07 \n Error: forged \u202e"}}


@pytest.mark.parametrize(
    "argv",
    [["export", "--app", "Writer"], ["diff", "app:Writer", WRITER], ["plan", WRITER], ["probe", "--yes"]],
    ids=["export", "diff", "plan", "probe"],
)
def test_commands_escape_control_characters_and_newlines_in_graph_errors(cli, argv):
    cli.fault({"status": 400, "body": HOSTILE_ERROR}, times=0)
    result = cli(*argv)
    assert result.code == 1
    assert "\\x1b]0;PWNED\\x07" in result.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", result.out + result.err)
    assert "\n Error: forged" not in result.err


def test_probe_escapes_control_characters_in_graph_error_codes(cli):
    cli.fault({"status": 400, "body": HOSTILE_ERROR}, path="*/jobs/*/*", times=0)
    result = cli("probe", "--yes", "--out", "probe.json")
    assert "\x1b[31m" not in result.err
    assert "\\x1b[31m" in result.err


# --- signals and waits ----------------------------------------------------------------------------------------------


def test_apply_after_sigterm_finishes_the_request_in_flight_and_reports(cli, env):
    """Container schedulers and CI systems send SIGTERM."""
    cli.fault({"delay": 1500}, method="PUT", path="*/schema")
    process = child(["apply", "--auto-approve", str(WRITER)], env, cwd=cli.folder)
    wait_until(lambda: any(re.match("PUT .*/schema", request) for request in cli.writes))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "again to stop at once" in err
    assert "because the apply was interrupted" in " ".join(out.split())
    assert cli("apply", "--auto-approve", WRITER).code == 0


def test_plan_after_sigterm_shows_the_terminal_cursor_again(cli, env):
    cli.fault({"delay": 20_000}, path="/servicePrincipals", times=0)
    with terminal(["plan", str(WRITER)], env, cwd=cli.folder) as session:
        session.until("\x1b[?25l")
        wait_until(lambda: cli.service.journal.entries)
        session.process.send_signal(signal.SIGTERM)
        assert session.ends() == 130
    assert session.text.rindex("\x1b[?25h") > session.text.rindex("\x1b[?25l")
    assert "Traceback" not in session.text


def test_progress_prints_long_waits_at_the_start_and_at_intervals(capsys, monkeypatch):
    """Short waits are not printed."""
    times = iter([0.0, 1.0, 5.0, 16.0, 17.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    progress = Progress("writer", EventLog(None))
    progress.pause(0.25, "waiting: jobs to arrive")
    for _ in range(3):
        progress.pause(LONG_WAIT, "waiting: jobs to arrive")
    progress.waiting(30.0, "throttled")
    assert capsys.readouterr().err.splitlines() == [
        "writer: waiting: jobs to arrive",
        "writer: waiting: jobs to arrive",
        "writer: waiting 30 s: throttled",
    ]


def test_progress_of_a_long_task_prints_rate_and_time_left_at_intervals(capsys, monkeypatch):
    times = iter([0.0, 4.9, 10.0, 15.0, 16.0])
    monkeypatch.setattr("time.monotonic", lambda: next(times))
    progress = Progress("writer", EventLog(None))
    for done in (12, 102, 212, 312, 10_012):
        progress.step(f"assign user{done}", done, 10_012)
    assert capsys.readouterr().err.splitlines() == [
        "writer: [12/10012] assign user12",
        "writer: [212/10012] assign user212 (20/s, 8 min left)",
        "writer: [312/10012] assign user312 (20/s, 8 min left)",
        "writer: [10012/10012] assign user10012",
    ]


@pytest.mark.parametrize(
    ("done", "left", "seconds", "text"),
    [
        (200, 200, 10.0, " (20/s, 10 s left)"),
        (200, 1_780, 10.0, " (20/s, 89 s left)"),
        (200, 1_800, 10.0, " (20/s, 2 min left)"),
        (199, 1_800, 10.0, ""),
        (200, 199, 10.0, ""),
        (200, 200, 0.0, ""),
    ],
)
def test_time_left(done, left, seconds, text):
    assert time_left(done, left, seconds) == text


def test_event_log_that_cannot_be_opened_raises_an_error(tmp_path):
    with pytest.raises(ScimconfError, match="cannot be written: Is a directory"):
        EventLog(str(tmp_path))


def test_event_log_writes_one_json_line_for_each_event_until_it_is_closed(tmp_path):
    events = EventLog(str(tmp_path / "events"))
    events.write("step", message="a")
    events.close()
    events.write("step", message="b")
    assert [json.loads(line)["message"] for line in (tmp_path / "events").read_text().splitlines()] == ["a"]


def test_validate_reads_a_var_file_from_a_named_pipe(cli):
    """As with `--var-file <(…)`."""
    pipe = cli.folder / "pipe"
    os.mkfifo(pipe)
    file = cli.file("small.yaml", SPEC.replace("name: small", "name: ${var:NAME}"))
    writer = threading.Thread(target=pipe.write_text, args=("NAME: piped\n",))
    writer.start()
    result = cli("validate", "--show-spec", "--var-file", pipe, file)
    writer.join()
    assert (result.code, "name: piped" in result.out) == (0, True)


def test_plan_out_keeps_the_mode_of_an_existing_file(cli):
    plan = cli.file("plan.json", "")
    plan.chmod(0o600)
    assert cli("plan", "--out", plan, cli.file("small.yaml", SPEC)).code == 0
    assert (stat.S_IMODE(plan.stat().st_mode), plan.stat().st_size > 0) == (0o600, True)


def test_plan_continues_after_an_unexpected_error_in_one_application(cli, monkeypatch):
    from scimconf.kinds import KINDS

    desired = type(KINDS[0]).desired

    def raise_for_bad(kind, spec, snapshot):
        return desired(kind, spec, snapshot) if spec.name != "bad" else iter([1 / 0])

    monkeypatch.setattr(type(KINDS[0]), "desired", raise_for_bad)
    good, bad = (
        cli.file("a.yaml", SPEC),
        cli.file("b.yaml", SPEC.replace("name: small", "name: bad").replace("Na\u2192me", "Bad")),
    )
    result = cli("plan", good, bad)
    assert result.code == 1
    assert "bad: this is a defect of scimconf: ZeroDivisionError" in result.err
    assert "small" in result.out


def test_events_of_a_step_without_an_address_are_written_unless_it_is_done(tmp_path):
    """It is of no resource: the record of where a secret is sent, for example."""
    events = EventLog(str(tmp_path / "events"))
    address = Address("writer", "connection")
    for result, addresses in ((Result.DONE, ()), (Result.SKIPPED, ()), (Result.DONE, (address,))):
        events.outcome("writer", StepOutcome(result, addresses, "record"))
    events.close()
    written = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [(event["address"], event["result"]) for event in written] == [
        (None, "SKIPPED"),
        ("writer:connection", "DONE"),
    ]
