"""What a command makes of streams, files and signals that are not as they should be: a sentence, never a traceback."""

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

import pytest
from server_fixture import PATIENCE, child, environment, terminal, wait_until
from tenant_fixture import WRITER

from scimconf.cli import options
from scimconf.cli.events import EventLog
from scimconf.cli.exit_codes import ExitCode
from scimconf.cli.progress import LONG_WAIT, Progress
from scimconf.diagnostics import ScimconfError
from scimconf.spec.load import MAX_SIZE

DENIED = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}


@pytest.fixture
def env(desk):
    return environment(desk.sandbox.url)


def is_done(desk):
    return desk("plan", "--detailed-exitcode", WRITER).code == 0


# --- readers that go away -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [1, 40])
def test_an_apply_goes_on_though_nobody_reads_it_any_more(desk, env, lines):
    """As `2>&1 | head` does: what was approved is done, and the exit code says so."""
    with child(["apply", "--auto-approve", str(WRITER)], env, cwd=desk.folder, stderr=subprocess.STDOUT) as process:
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
    assert is_done(desk)


def test_a_failure_keeps_its_exit_code_though_nobody_reads_of_it(desk, env):
    """5, not 1, since something was written."""
    desk.fault({"status": 403, "body": DENIED}, method="PUT", path="*/secrets")
    with child(["apply", "--auto-approve", str(WRITER)], env, cwd=desk.folder, stderr=subprocess.STDOUT) as process:
        process.stdout.close()
        assert process.wait(PATIENCE) == 5


def test_a_report_that_stdout_does_not_take_is_on_stderr(desk, env):
    """Somebody may still read there what was done."""
    with child(["apply", "--auto-approve", str(WRITER)], env, cwd=desk.folder) as process:
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 0
    assert re.search(r"^  \d+ done\.$", said, re.MULTILINE)


def test_a_plan_that_cannot_be_shown_is_not_asked_about(desk, env):
    """A yes to what nobody has seen is none; nothing is done."""
    with terminal(["apply", str(WRITER)], env, cwd=desk.folder) as person:
        pass
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "scimconf", "apply", str(WRITER)],
        env=env, cwd=desk.folder, stdin=subprocess.DEVNULL, stdout=write, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert process.returncode == 1
    assert "No changes were made, because the plan cannot be printed: Broken pipe." in process.stderr
    assert person.process.returncode is not None
    assert desk.writes == []


def test_events_that_nobody_takes_any_more_are_told_once(desk):
    """The apply goes on, and ends as it would without them."""
    pipe = desk.folder / "events"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.open().close())
    thread.start()
    said = desk("apply", "--auto-approve", "--events", pipe, WRITER)
    thread.join(PATIENCE)
    assert said.code == 0
    assert said.err.count("cannot be written, so no more events are logged: Broken pipe") == 1
    assert is_done(desk)


def test_progress_that_cannot_be_written_ends_nothing(monkeypatch):
    """Whatever the stream says of it."""

    class Broken:
        def write(self, _text):
            raise OSError(28, "No space left on device")

        def isatty(self):
            return False

    monkeypatch.setattr(sys, "stderr", Broken())
    with Progress("writer", EventLog(None)) as progress:
        progress.step("assign ada", 1, 2)
        progress.print_line("a sentence")


# --- closed streams, odd encodings ----------------------------------------------------------------------------------


def shell(desk, env, line):
    command = f"{shlex.quote(sys.executable)} -m scimconf {line}"
    return subprocess.run(["sh", "-c", command], env=env, cwd=desk.folder, capture_output=True, text=True, check=False)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "closed", [pytest.param("<&-", marks=SLOW), pytest.param(">&-", marks=SLOW), "2>&-", "<&- >&- 2>&-"]
)
def test_streams_that_are_closed_are_no_reason_to_fail(desk, env, closed):
    """Cron and service managers close them."""
    codes = {"validate": 0, "plan": 0, "apply": 1}
    for command, code in codes.items():
        done = shell(desk, env, f"{command} {WRITER} {closed}")
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), command
    done = shell(desk, env, f"fmt - {closed} " + ("" if "<" in closed else "< /nowhere || exit 65"))
    assert (done.returncode, "Traceback" in done.stderr) == (65, False)


@pytest.mark.parametrize("encoding", ["cp1252", pytest.param("latin-1", marks=SLOW)])
def test_a_character_that_the_output_cannot_hold_is_escaped(desk, env, encoding):
    """An arrow is no reason to fail, least of all after a write."""
    file = desk.file("small.yaml", SPEC)
    for command in ("apply --auto-approve", "plan"):
        done = shell(desk, env | {"PYTHONIOENCODING": encoding}, f"{command} {file}")
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert "Na\\u2192me" in shell(desk, env | {"PYTHONIOENCODING": encoding}, f"validate --show-spec {file}").stdout


SPEC = """
version: 1
name: small
application: {display_name: "Na\u2192me", create: {from_template: custom}}
provisioning: {enabled: false}
"""


@pytest.mark.parametrize("columns", ["²", "٣", "9" * 5000, "-1", "x"])
def test_a_width_that_is_none_is_passed_over(desk, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert desk("plan", WRITER).code == 0


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "option"),
    [("plan", "--out"), ("plan", "--events"), ("apply", "--events"), ("apply", "--backup"), ("preview --all", "--out")],
)
def test_what_cannot_be_written_is_told_before_the_tenant_is_read(desk, command, option):
    """A file is no folder, so nothing can be made in it."""
    desk.file("file", "")
    said = desk(*command.split(), option, "file/there", WRITER)
    assert said.code == 1
    assert re.search(r"^Error: file/there cannot be written: \S+", said.err)
    assert desk.service.journal.entries == []


def test_a_backup_folder_that_may_not_be_written_to_is_told_before_the_tenant_is_read(desk, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, mode: mode == os.R_OK)
    said = desk("apply", "--backup", "there", WRITER)
    assert (said.code, desk.service.journal.entries) == (1, [])
    assert said.err == "Error: there cannot be written: Permission denied\n"


def test_a_backup_that_fails_is_told_and_nothing_is_written(desk, monkeypatch):
    """Without a way back nothing is begun; other applications have theirs."""
    desk("apply", "--auto-approve", WRITER)
    desk.service.journal.entries.clear()
    file = desk.file("more.yaml", f"extends: [{WRITER}]\nprovisioning: {{deletion_threshold: 7}}\n")
    monkeypatch.setattr(import_module("scimconf.workflow.apply"), "write_private_files", _full)
    said = desk("apply", "--auto-approve", file)
    assert (said.code, desk.writes) == (1, [])
    assert "cannot be written: No space left on device" in " ".join(said.out.split())


def _full(*_given):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("command", ["plan", "apply", "validate", "fmt", "show"])
def test_a_name_that_is_too_long_is_a_problem(desk, command):
    said = desk(command, "x" * 300)
    assert said.code == 65
    assert "File name too long" in said.out + said.err


def test_a_folder_that_may_not_be_looked_into_is_a_problem(desk, monkeypatch):
    monkeypatch.setattr(os, "listdir", _denied)
    said = desk("validate", ".")
    assert said.code == 65
    assert "cannot be read: Permission denied" in said.err


def _denied(*_given):
    raise PermissionError(13, "Permission denied")


def test_a_saved_plan_that_may_not_be_read_is_a_problem(desk, monkeypatch):
    file = desk.file("plan.json", "{}")
    monkeypatch.setattr("pathlib.Path.open", _denied)
    assert desk("apply", file).code == 65


def test_a_pipe_is_no_spec_and_nobody_waits_for_its_end(desk):
    """Neither as a spec nor as what one extends."""
    os.mkfifo(desk.folder / "pipe")
    file = desk.file("small.yaml", SPEC + "extends: [pipe]\n")
    for path in ("pipe", file):
        said = desk("validate", path)
        assert said.code == 65
        assert "not a regular file" in said.out + said.err


def test_no_more_is_read_of_a_file_than_a_spec_may_have(desk):
    """A file of holes, as large as a disk."""
    file = desk.file("large.yaml", "")
    os.truncate(file, 50 * MAX_SIZE)
    assert len(options.read_spec_file(str(file))) == MAX_SIZE + 1
    for command in ("validate", "fmt"):
        said = desk(command, file)
        assert said.code == 65
        assert "the file is larger than 4 MB" in said.out + said.err
    assert file.stat().st_size == 50 * MAX_SIZE


@pytest.mark.parametrize(
    ("tenant", "says"),
    [
        ("nope", "tenant.json: not valid JSON"),
        ('{"users": 5}', "tenant.json: users: expected a list, got an integer"),
        ('{"applications": [{}]}', "tenant.json: applications[0]: missing key 'displayName'"),
    ],
)
def test_a_tenant_file_that_makes_no_sense_is_told(desk, tenant, says):
    said = desk("sandbox", "serve", "--port", "0", "--tenant", desk.file("tenant.json", tenant))
    assert said.code == 64
    assert says in said.err


def test_a_sandbox_that_cannot_begin_says_why(desk):
    """A port in use, files that cannot be."""
    desk.file("file", "no database")
    port = re.search(r":(\d+)/", desk.sandbox.url)[1]
    assert "in use" in desk("sandbox", "serve", "--port", port).err
    assert "file cannot store a tenant" in desk("sandbox", "serve", "--port", 0, "--state", "file").err
    assert "file/x cannot be written" in desk("sandbox", "serve", "--port", 0, "--ready-file", "file/x").err
    assert "file/x: Not a directory" in desk("sandbox", "serve", "--port", 0, "--tls", "file/x").err


# --- what nobody foresaw --------------------------------------------------------------------------------------------


def test_what_nobody_foresaw_is_a_sentence_without_its_words(desk, monkeypatch):
    """They may quote a secret."""
    monkeypatch.setattr("scimconf.cli.output.render_plan", _defect)
    said = desk("plan", WRITER)
    assert said.code == 1
    assert re.search(r"^Error: this is a defect of scimconf: TypeError at scimconf\.\S+:\d+\.$", said.err, re.MULTILINE)
    assert "hunter2" not in said.err
    assert "Traceback" not in said.err


def _defect(*_given, **_named):
    raise TypeError("hunter2")


def test_a_defect_of_several_at_once_is_told_as_its_first():
    from scimconf.diagnostics import describe_unexpected

    assert describe_unexpected(ExceptionGroup("", [KeyError("hunter2")])) == "this is a defect of scimconf: KeyError"


def test_what_the_system_refuses_is_told_with_the_file(desk, monkeypatch):
    """Without one, as of stdout on a full disk, it is told by itself."""
    monkeypatch.setattr("scimconf.cli.output.print_plan", _full)
    assert desk("plan", WRITER).err.endswith("Error: input or output failed: No space left on device\n")
    monkeypatch.setattr("scimconf.cli.output.print_plan", lambda *_: (desk.folder / "nowhere" / "x").read_text())
    assert desk("plan", WRITER).err.endswith("nowhere/x: No such file or directory\n")


def test_an_interrupt_is_one(desk, monkeypatch):
    monkeypatch.setattr("scimconf.cli.output.print_plan", _interrupted)
    assert desk("plan", WRITER).code == ExitCode.INTERRUPTED


def _interrupted(*_given):
    raise KeyboardInterrupt


# --- what Graph says ------------------------------------------------------------------------------------------------

PWN = {"error": {"code": "Bad\x1b[31m", "message": "no \x1b]0;PWNED\x07 \n Error: forged \u202e"}}


@pytest.mark.parametrize(
    "argv",
    [["export", "--app", "Writer"], ["diff", "app:Writer", WRITER], ["plan", WRITER], ["probe", "--yes"]],
    ids=["export", "diff", "plan", "probe"],
)
def test_nothing_that_graph_says_commands_the_terminal(desk, argv):
    """Nor does it begin a line of its own."""
    desk.fault({"status": 400, "body": PWN}, times=0)
    said = desk(*argv)
    assert said.code == 1
    assert "\\x1b]0;PWNED\\x07" in said.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", said.out + said.err)
    assert "\n Error: forged" not in said.err


def test_the_answers_that_a_probe_did_not_get_command_nothing_either(desk):
    """The code of a refusal is Graph's as well."""
    desk.fault({"status": 400, "body": PWN}, path="*/jobs/*/*", times=0)
    said = desk("probe", "--yes", "--out", "probe.json")
    assert "\x1b[31m" not in said.err
    assert "\\x1b[31m" in said.err


# --- signals and waits ----------------------------------------------------------------------------------------------


def test_a_request_to_end_finishes_what_is_in_flight_and_says_what_was_done(desk, env):
    """As an interrupt does; container schedulers and CI systems send nothing else."""
    desk.fault({"delay": 1500}, method="PUT", path="*/schema")
    process = child(["apply", "--auto-approve", str(WRITER)], env, cwd=desk.folder)
    wait_until(lambda: any(re.match("PUT .*/schema", one) for one in desk.writes))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "again to stop at once" in err
    assert "because the apply was interrupted" in " ".join(out.split())
    assert desk("apply", "--auto-approve", WRITER).code == 0


def test_a_request_to_end_gives_the_cursor_back(desk, env):
    """Also while nothing is written yet."""
    desk.fault({"delay": 20_000}, path="/servicePrincipals", times=0)
    with terminal(["plan", str(WRITER)], env, cwd=desk.folder) as person:
        person.until("\x1b[?25l")
        wait_until(lambda: desk.service.journal.entries)
        person.process.send_signal(signal.SIGTERM)
        assert person.ends() == 130
    assert person.text.rindex("\x1b[?25h") > person.text.rindex("\x1b[?25l")
    assert "Traceback" not in person.text


def test_a_log_hears_of_a_wait_when_it_begins_and_now_and_then(capsys, monkeypatch):
    """Two minutes without a word look as if it hung; short waits are nobody's business."""
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


def test_events_that_cannot_be_opened_are_an_error(tmp_path):
    with pytest.raises(ScimconfError, match="cannot be written: Is a directory"):
        EventLog(str(tmp_path))


def test_events_are_written_a_line_each(tmp_path):
    events = EventLog(str(tmp_path / "events"))
    events.write("step", message="a")
    events.close()
    events.write("step", message="b")
    assert [json.loads(line)["message"] for line in (tmp_path / "events").read_text().splitlines()] == ["a"]


def test_variables_may_come_through_a_pipe(desk):
    """As of `--var-file <(…)`: whoever names a pipe on the command line has something at its other end."""
    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    file = desk.file("small.yaml", SPEC.replace("name: small", "name: ${var:NAME}"))
    writer = threading.Thread(target=pipe.write_text, args=("NAME: piped\n",))
    writer.start()
    said = desk("validate", "--show-spec", "--var-file", pipe, file)
    writer.join()
    assert (said.code, "name: piped" in said.out) == (0, True)


def test_a_file_that_is_written_over_stays_closed_to_others(desk):
    """A plan names people; who has shut it does not shut it again each time."""
    plan = desk.file("plan.json", "")
    plan.chmod(0o600)
    assert desk("plan", "--out", plan, desk.file("small.yaml", SPEC)).code == 0
    assert (stat.S_IMODE(plan.stat().st_mode), plan.stat().st_size > 0) == (0o600, True)


def test_a_defect_over_one_application_does_not_stop_the_others(desk, monkeypatch):
    """Which defect it is, and of which application; the other one is planned."""
    from scimconf.kinds import KINDS

    whole = type(KINDS[0]).desired

    def broken(kind, spec, snapshot):
        return whole(kind, spec, snapshot) if spec.name != "bad" else iter([1 / 0])

    monkeypatch.setattr(type(KINDS[0]), "desired", broken)
    good, bad = (
        desk.file("a.yaml", SPEC),
        desk.file("b.yaml", SPEC.replace("name: small", "name: bad").replace("Na\u2192me", "Bad")),
    )
    said = desk("plan", good, bad)
    assert said.code == 1
    assert "bad: this is a defect of scimconf: ZeroDivisionError" in said.err
    assert "small" in said.out
