"""Every command that another command proposes is run as it is printed, in every state of a job, and is not refused."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from server_fixture import run

pytestmark = pytest.mark.slow

USER = "ada@contoso.com"
STEP = "  - step: Ask the vendor for licences"
COMMAND = re.compile(r"scimconf (?:apply|plan|pause|resume|restart|allow-deletions|status|logs|why|retire)\b[^`\n|;:]*")
OUTPUTS = (
    ["status", "writer"],
    ["status", "writer", "--format", "markdown"],
    ["status", "--app", "Writer"],
    ["status", "--all"],
    ["why", USER, "--app", "Writer"],
    ["why", USER, "--app", "Writer", "--format", "markdown"],
    ["why", USER],
    ["logs", "writer"],
    ["doctor", "writer"],
    ["doctor", "--app", "Writer"],
    ["pause", "writer", "--yes"],
    ["resume", "writer", "--yes"],
    ["restart", "writer"],
    ["allow-deletions", "writer", "--yes"],
    ["pause", "--app", "Writer", "--yes"],
    ["resume", "--app", "Writer", "--yes"],
    ["allow-deletions", "--app", "Writer", "--yes"],
    ["plan", "writer"],
    ["history", "writer"],
    ["export", "--all", "apps", "--force"],
)


def never_started(on_call):
    on_call.change_job(schedule={"state": "Disabled"}, status={"code": "NotRun"} | NO_CYCLE)


def blocked_before_the_first_start(on_call):
    never_started(on_call)
    spec = Path("writer/scimconf.yaml")
    spec.write_text(f"{spec.read_text('utf-8')}\nbefore_start:\n{STEP}\n", "utf-8")


def retired(on_call):
    on_call.run("pause writer")
    spec = Path("writer/scimconf.yaml")
    spec.write_text(f"{spec.read_text('utf-8')}\nretired: 2026-11-01\n", "utf-8")


def without_a_job(on_call):
    (job,) = on_call.tenant.service.tenant.documents.all("job")
    on_call.tenant.request(
        "DELETE", f"/servicePrincipals/{on_call.tenant.principal()['id']}/synchronization/jobs/{job['id']}"
    )


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


def failed_cycle(on_call):
    (job,) = on_call.tenant.service.tenant.documents.all("job")
    failed = {"state": "Failed", "error": {"code": "InvalidCredentials", "message": "401"}}
    on_call.change_job(status={"lastExecution": job["status"]["lastExecution"] | failed})


def paused_in_quarantine(on_call):
    refused_token(on_call)
    on_call.run("pause writer")


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
    blocked_before_the_first_start: ("off, no cycle has ended", ["scimconf apply writer/scimconf.yaml"]),
    in_first_cycle: ("on, the first cycle has not ended", []),
    paused_in_first_cycle: ("off, no cycle has ended", ["scimconf apply writer/scimconf.yaml"]),
    running: ("on", []),
    paused: ("off", ["scimconf resume writer/scimconf.yaml"]),
    paused_after_the_user_left: ("off", ["scimconf resume writer/scimconf.yaml"]),
    started_again: ("on, no cycle has ended since it was started", []),
    restarted: ("on", []),
    too_many_failures_at_first: ("off", ["scimconf restart writer/scimconf.yaml"]),
    refused_token: ("in quarantine", ["scimconf restart writer/scimconf.yaml"]),
    quarantine_ended_after_a_refused_token: ("on, no cycle has ended since it was restarted", []),
    failed_cycle: ("on, the last cycle failed", ["scimconf apply writer/scimconf.yaml"]),
    paused_in_quarantine: ("in quarantine, and off", ["scimconf restart writer/scimconf.yaml"]),
    too_many_failures: ("in quarantine", ["scimconf restart writer/scimconf.yaml --scope escrows --scope quarantine"]),
    deletions_held_back: (
        "in quarantine",
        ["scimconf restart writer/scimconf.yaml", "scimconf allow-deletions writer/scimconf.yaml"],
    ),
    deletions_allowed: ("in quarantine until the next cycle, which carries out the allowed deletions", []),
}


UNLISTED_STATES = (retired, without_a_job)
"""States that status and the worklist leave out."""
IN_QUARANTINE = 6


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
    without_history = words.replace("no cycle has ended since it was restarted", "the last cycle failed")
    assert without_history.startswith(row.split(" | ")[3])


@pytest.mark.parametrize("state", [*STATES, *UNLISTED_STATES], ids=lambda state: state.__name__)
def test_no_command_proposes_one_that_is_refused(on_call, state, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    state(on_call)
    for words in OUTPUTS:
        with on_call.unchanged():
            result = run(words)
            for command in commands_in(result.out + result.err + worklist()):
                with on_call.unchanged(), with_confirmed_steps():
                    followed = on_call.run_as_printed(command)
                codes = (0, 2, IN_QUARANTINE) if command.startswith("scimconf status") else (0, 2)
                assert followed.code in codes, f"{' '.join(words)} proposes `{command}`: {followed}"


@contextmanager
def with_confirmed_steps():
    """Confirm the manual steps of the spec meanwhile: what is proposed before the first start is right only then."""
    spec = Path("writer/scimconf.yaml")
    text = spec.read_text("utf-8")
    spec.write_text(text.replace(STEP, f"{STEP}\n    confirmed: 2026-11-20\n    by: ada@contoso.com"), "utf-8")
    yield
    spec.write_text(text, "utf-8")


def worklist():
    """Return what `export --all` wrote about the applications, "" before."""
    path = Path("apps/adopt.md")
    return path.read_text("utf-8") if path.exists() else ""


def test_a_first_cycle_with_too_many_failures_is_restarted_and_not_resumed(on_call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")
    too_many_failures_at_first(on_call)
    (proposed,) = on_call.actions()
    assert proposed == "scimconf restart writer/scimconf.yaml"
    assert "`scimconf restart --app Writer`" in run(["why", USER, "--app", "Writer", "--format", "markdown"]).out
    assert "scimconf restart --app Writer" in run(["resume", "--app", "Writer"]).err


def test_deletions_are_called_held_back_only_while_they_are(on_call):
    rows, _ = on_call.hold_back()
    assert "deletions are held back" in run(["status", "writer"]).out
    on_call.assign(rows)
    on_call.run("restart writer")
    on_call.cycle()
    text = run(["status", "writer"]).out
    assert "writer: on\n" in text
    assert "deletions were held back" in text


def commands_in(text):
    """Return the commands that a text proposes, without those that name a spec as PATH: their text has no spec."""
    commands = {command.strip().rstrip(".,)") for command in COMMAND.findall(text)}
    return sorted(command for command in commands if "PATH" not in command)
