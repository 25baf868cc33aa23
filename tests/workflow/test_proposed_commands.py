"""Every command that another command proposes is run as it is printed, in every state of a job, and is not refused."""

import re
from pathlib import Path

import pytest
from server_fixture import run

pytestmark = pytest.mark.slow

USER = "ada@contoso.com"
COMMAND = re.compile(r"scimconf (?:apply|pause|resume|restart|allow-deletions|status|logs|why|retire)\b[^`\n|;:]*")
OUTPUTS = (
    ["status", "writer"],
    ["status", "writer", "--format", "markdown"],
    ["status", "--app", "Writer"],
    ["why", USER, "--app", "Writer"],
    ["why", USER, "--app", "Writer", "--format", "markdown"],
    ["logs", "writer"],
    ["doctor", "writer"],
    ["doctor", "--app", "Writer"],
    ["pause", "writer", "--yes"],
    ["resume", "writer", "--yes"],
    ["allow-deletions", "writer", "--yes"],
)


def never_started(on_call):
    on_call.change_job(schedule={"state": "Disabled"}, status={"code": "NotRun"} | NO_CYCLE)


def in_first_cycle(on_call):
    on_call.change_job(status={"code": "NotRun"} | NO_CYCLE)


def paused_in_first_cycle(on_call):
    in_first_cycle(on_call)
    on_call.run("pause writer")


def running(on_call):
    assert on_call.state() == "running"


def paused(on_call):
    on_call.run("pause writer")


def paused_after_the_user_left(on_call):
    on_call.unassign("User")
    on_call.unassign("Group")
    on_call.run("pause writer")


def started_again(on_call):
    paused(on_call)
    on_call.run("resume writer")


def restarted(on_call):
    on_call.run("restart writer")


def too_many_failures_at_first(on_call):
    on_call.change_job(schedule={"state": "Disabled"}, status={"code": "Paused", "escrowsPruned": True})


def refused_token(on_call):
    on_call.secret("SecretToken", "expired")
    on_call.tenant.put_schema(on_call.tenant.schema())
    assert on_call.cycle("PT40M")["quarantine"]["reason"] == "EncounteredQuarantineException"
    on_call.secret("SecretToken", "sandbox")


def quarantine_ended_after_a_refused_token(on_call):
    refused_token(on_call)
    on_call.run("restart writer --scope quarantine")


def too_many_failures(on_call):
    quarantine = {"reason": "EncounteredEscrowProportionThreshold", "seriesBegan": "2026-11-25T11:00:00Z"}
    on_call.change_job(status={"code": "Quarantine", "quarantine": quarantine})


def deletions_held_back(on_call):
    on_call.hold_back()


def deletions_allowed(on_call):
    _, number = on_call.hold_back()
    on_call.run(f"allow-deletions writer --expect {number}")


NO_CYCLE = {
    "lastExecution": None,
    "lastSuccessfulExecution": None,
    "lastSuccessfulExecutionWithExports": None,
    "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z",
    "steadyStateLastAchievedTime": "0001-01-01T00:00:00Z",
}
STATES = {
    never_started: ("off, no cycle has ended", ["scimconf apply writer/scimconf.yaml"]),
    in_first_cycle: ("on, the first cycle has not ended", []),
    paused_in_first_cycle: ("off, no cycle has ended", ["scimconf apply writer/scimconf.yaml"]),
    running: ("on", []),
    paused: ("off", ["scimconf resume writer/scimconf.yaml"]),
    paused_after_the_user_left: ("off", ["scimconf resume writer/scimconf.yaml"]),
    started_again: ("on, no cycle has ended since it was started", []),
    restarted: ("on", []),
    too_many_failures_at_first: ("off", ["scimconf restart writer/scimconf.yaml"]),
    refused_token: ("in quarantine", ["scimconf restart writer/scimconf.yaml"]),
    quarantine_ended_after_a_refused_token: ("on, the last cycle failed", ["scimconf apply writer/scimconf.yaml"]),
    too_many_failures: ("in quarantine", ["scimconf restart writer/scimconf.yaml --scope escrows --scope quarantine"]),
    deletions_held_back: (
        "in quarantine",
        ["scimconf allow-deletions writer/scimconf.yaml", "scimconf restart writer/scimconf.yaml"],
    ),
    deletions_allowed: ("in quarantine until the next cycle, which carries out the allowed deletions", []),
}


@pytest.fixture(params=STATES, ids=lambda state: state.__name__)
def known(request, on_call, monkeypatch):
    """Return an engineer in front of an application in one of the states, the state in words, and what is proposed."""
    monkeypatch.setenv("COLUMNS", "1000")  # no command is wrapped
    request.param(on_call)
    return on_call, *STATES[request.param]


def test_all_commands_describe_a_state_in_the_same_words_and_propose_the_same(known):
    on_call, words, commands = known
    assert on_call.actions() == commands
    assert f"writer: {words}" in run(["status", "writer"]).out
    reason = dict(
        re.findall(r"\| (job) \| `?(.*?)`? \|", run(["why", USER, "--app", "Writer", "--format", "markdown"]).out)
    )
    assert reason["job"].startswith(words)
    run(["export", "--all", "apps"])
    (row,) = [row for row in Path("apps/adopt.md").read_text("utf-8").splitlines() if row.startswith("| `Writer`")]
    assert words.startswith(row.split(" | ")[3])  # the worklist reads no history


def test_no_command_proposes_one_that_is_refused(known):
    on_call, *_ = known
    for words in OUTPUTS:
        with on_call.unchanged():
            result = run(words)
            for command in commands_in(result.out + result.err):
                with on_call.unchanged():
                    followed = on_call.run_as_printed(command)
                assert followed.code in (0, 2), f"{' '.join(words)} proposes `{command}`: {followed}"


def commands_in(text):
    """Return the commands that a text proposes, without those that name a spec as PATH: their text has no spec."""
    commands = {command.strip().rstrip(".,)") for command in COMMAND.findall(text)}
    return sorted(command for command in commands if "PATH" not in command)
