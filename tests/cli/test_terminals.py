"""What only a process of its own shows: a person at a terminal, an interrupt, a reader that goes away."""

import re
import signal
import subprocess
import time

import pytest
from server_fixture import PATIENCE, child, environment, terminal, wait_until
from tenant_fixture import WRITER

COLOR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def env(desk):
    return environment(desk.sandbox.url)


@pytest.mark.parametrize(("answer", "code", "does"), [("yes", 0, True), ("no", 1, False), ("y", 1, False)])
def test_a_person_is_asked_after_the_plan_and_only_yes_is_yes(desk, env, answer, code, does):
    """The question names the application and the guards that a yes opens; anything else leaves the tenant alone."""
    with terminal(["apply", str(WRITER)], env, cwd=desk.folder) as person:
        shown = COLOR.sub("", person.until("Type 'yes' to apply"))
        assert shown.index("Plan: 21 to create") < shown.index(
            "Answering yes also allows: application-created, initial-start."
        )
        assert desk.writes == []
        person.types(f"{answer}\n")
        assert person.ends() == code
    assert bool(desk.writes) == does
    assert ("No changes were made." in person.text) != does
    assert ("Answer 'yes' in full." in person.text) == (answer == "y")


def test_a_terminal_gets_colour_and_its_own_width(desk, env):
    """As wide as the window is."""
    with terminal(["plan", str(WRITER)], env, columns=60, cwd=desk.folder) as person:
        assert person.ends() == 0
    plan = person.text[person.text.rindex("writer  ") if "writer  " in person.text else 0 :]
    assert COLOR.search(plan)
    assert max(len(line) for line in COLOR.sub("", plan).splitlines()) <= 60


def test_no_color_is_respected_on_a_terminal(desk, env):
    """A spinner may move; nothing is coloured."""
    with terminal(["plan", str(WRITER)], env | {"NO_COLOR": "1"}, cwd=desk.folder) as person:
        assert person.ends() == 0
    assert not re.search(r"\x1b\[(3\d|9\d|38|1;3\d)m", person.text)


def test_an_interrupt_at_the_question_does_nothing(desk, env):
    """130, and the tenant is as it was."""
    with terminal(["apply", str(WRITER)], env, cwd=desk.folder, start_new_session=True) as person:
        person.until("Type 'yes' to apply")
        time.sleep(0.5)  # until it waits for the answer
        person.process.send_signal(signal.SIGINT)
        assert person.ends() == 130
    assert desk.writes == []
    assert "Traceback" not in person.text


def slow(desk, env):
    """An apply whose write of the schema is in flight."""
    process = child(["apply", "--auto-approve", str(WRITER)], env, cwd=desk.folder)
    wait_until(lambda: process.poll() is not None or any(re.match("PUT .*/schema", one) for one in desk.writes))
    assert process.poll() is None, process.communicate()
    return process


def test_an_interrupt_finishes_the_request_in_flight_and_says_what_was_done(desk, env):
    """The slow write of the schema is done and told; nothing begins after it; the next run goes on."""
    desk.fault({"delay": 1500}, method="PUT", path="*/schema")
    process = slow(desk, env)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "again to stop at once" in err
    assert re.search(r"^  \S* *attribute_mapping/users/externalId", out, re.MULTILINE)
    assert "because the apply was interrupted" in " ".join(out.split())
    assert not [one for one in desk.writes if one.endswith("/start")]
    assert desk("apply", "--auto-approve", WRITER).code == 0


def test_a_second_interrupt_stops_at_once(desk, env):
    """Not after the twenty seconds that the request would still take."""
    desk.fault({"delay": 20_000}, method="PUT", path="*/schema")
    process = slow(desk, env)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: "stop at once" in process.stderr.readline())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_error(desk, env):
    """As `| head -1` is: one line, exit 0, and no complaint."""
    with child(["plan", "--steps", str(WRITER)], env, cwd=desk.folder) as process:
        reader = subprocess.run(["head", "-1"], stdin=process.stdout, capture_output=True, text=True, check=True)
        process.stdout.close()
        assert (process.wait(PATIENCE), process.stderr.read()) == (0, "")
    assert reader.stdout == "Tenant: contoso.com\n"
