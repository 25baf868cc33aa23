"""Tests of commands in a process of their own: approval on a terminal, interrupts, and a closed pipe."""

import re
import signal
import subprocess

import pytest
from server_fixture import PATIENCE, child, environment, terminal, wait_until
from tenant_fixture import WRITER

from scimconf.cli.session import hangup_interrupts

COLOR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def env(cli):
    return environment(cli.sandbox.url)


@pytest.mark.parametrize(
    ("answer", "code", "writes"),
    [("yes", 0, True), pytest.param("no", 1, False, marks=pytest.mark.slow), ("y", 1, False)],
)
def test_apply_on_a_terminal_requests_approval_and_accepts_only_yes(cli, env, answer, code, writes):
    """The prompt names the guards that the approval allows."""
    with terminal(["apply", str(WRITER)], env, cwd=cli.folder) as session:
        printed = COLOR.sub("", session.until("Type 'yes' to apply"))
        assert printed.index("Plan: 21 to create") < printed.index(
            "Answering yes also allows: application-created, initial-start."
        )
        assert cli.writes == []
        session.types(f"{answer}\n")
        assert session.ends() == code
    assert bool(cli.writes) == writes
    assert ("No changes were made." in session.text) != writes
    assert ("Answer 'yes' in full." in session.text) == (answer == "y")


def test_plan_on_a_terminal_is_colored_and_as_wide_as_the_terminal(cli, env):
    with terminal(["plan", str(WRITER)], env, columns=60, cwd=cli.folder) as session:
        assert session.ends() == 0
    plan = session.text[session.text.rindex("writer  ") if "writer  " in session.text else 0 :]
    assert COLOR.search(plan)
    assert max(len(line) for line in COLOR.sub("", plan).splitlines()) <= 60


def test_plan_on_a_terminal_has_no_colors_with_no_color_variable(cli, env):
    with terminal(["plan", str(WRITER)], env | {"NO_COLOR": "1"}, cwd=cli.folder) as session:
        assert session.ends() == 0
    assert not re.search(r"\x1b\[(3\d|9\d|38|1;3\d)m", session.text)


def test_apply_interrupted_at_the_approval_prompt_exits_130_and_writes_nothing(cli, env):
    with terminal(["apply", str(WRITER)], env, cwd=cli.folder, start_new_session=True) as session:
        session.until("Type 'yes' to apply")
        assert session.interrupted() == 130
    assert cli.writes == []
    assert "Traceback" not in session.text


def start_slow_apply(cli, env):
    """Start an apply and wait until its write of the schema is in flight."""
    process = child(["apply", "--auto-approve", str(WRITER)], env, cwd=cli.folder)
    wait_until(lambda: process.poll() is not None or any(re.match("PUT .*/schema", request) for request in cli.writes))
    assert process.poll() is None, process.communicate()
    return process


def test_apply_after_an_interrupt_finishes_the_request_in_flight_and_reports(cli, env):
    """No further step starts, and the apply can be repeated."""
    cli.fault({"delay": 1500}, method="PUT", path="*/schema")
    process = start_slow_apply(cli, env)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "again to stop at once" in err
    assert re.search(r"^  \S* *attribute_mapping/users/externalId", out, re.MULTILINE)
    assert "because the apply was interrupted" in " ".join(out.split())
    assert not [request for request in cli.writes if request.endswith("/start")]
    assert cli("apply", "--auto-approve", WRITER).code == 0


def test_apply_stops_immediately_after_a_second_interrupt(cli, env):
    cli.fault({"delay": 20_000}, method="PUT", path="*/schema")
    process = start_slow_apply(cli, env)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "stop at once" in process.stderr.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    words = " ".join(out.split())
    assert "done application" in words
    assert re.search(r"FAILED .* stopped before the response: it may have taken effect", words)
    assert "skipped" in words
    assert "history entry: " in words
    assert "next: Interrupted." in words


def test_a_hangup_stops_an_apply_as_one_interrupt_does_although_it_comes_twice(cli, env):
    cli.fault({"delay": 1500}, method="PUT", path="*/schema")
    process = start_slow_apply(cli, env)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    words = " ".join(out.split())
    assert "because the apply was interrupted" in words
    assert "history entry: " in words


def test_a_hangup_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with hangup_interrupts():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_plan_exits_0_if_the_reader_closes_the_pipe(cli, env):
    """As with `| head -1`."""
    with child(["plan", "--steps", str(WRITER)], env, cwd=cli.folder) as process:
        reader = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, text=True, check=True)
        process.stdout.close()
        assert (process.wait(PATIENCE), process.stderr.read()) == (0, "")
    assert reader.stdout == "Tenant: contoso.com\n"
