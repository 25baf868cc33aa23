"""The commands that `scimconf init` prints lead from each preset to an applied spec, and `sandbox serve --spec` has its tenant."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time

import pytest

from scimconf.cli.main import main
from scimconf.presets import preset_names
from scimconf.presets.catalogue import load_preset

TRY = "Try it in a simulated tenant on this machine"
SERVE = ["scimconf", "sandbox", "serve", "--spec", "app"]


def init(preset, capsys):
    """Create a spec in the folder app with the printed examples as answers; return what is printed in paragraphs."""
    questions = [question for question in load_preset(preset).facts.questions if not question.optional]
    answers = [word for question in questions for word in ("--set", f"{question.name}={question.example}")]
    assert main(["init", "--preset", preset, "--tenant", "contoso.com", *answers, "app"]) == 0
    return [text.splitlines() for text in capsys.readouterr().out.split("\n\n")]


def commands(lines):
    return [shlex.split(line) for line in lines if line.startswith("  scimconf ")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("AZURE_", "SCIMCONF_"))]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def serve(folder):
    """Return a function that starts the printed command of the sandbox on a free port, and returns its URL."""
    started = []

    def start(words):
        ready = folder / "ready"
        argv = [sys.executable, "-m", *words, "--port", "0", "--ready-file", str(ready)]
        started.append(subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        while not ready.exists():
            assert started[-1].poll() is None, started[-1].communicate()
            time.sleep(0.02)
        return ready.read_text()

    yield start
    for process in started:
        process.terminate()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("preset", preset_names())
def test_commands_that_init_prints_plan_and_apply_each_preset_in_a_simulated_tenant(preset, serve, monkeypatch, capsys):
    paragraphs = init(preset, capsys)
    (tried,) = (lines for lines in paragraphs if lines[0] == TRY)
    sandbox, *others = commands(tried)
    assert sandbox == [*SERVE, "&"]
    url = serve(SERVE)
    (settings,) = (line.split()[1:] for line in tried if line.startswith("  export "))
    for name, value in (setting.split("=", 1) for setting in settings):
        monkeypatch.setenv(name, url if name == "SCIMCONF_GRAPH_URL" else value)
    assert [words[1] for words in others] == ["plan", "apply"]
    assert [(words, main(words[1:])) for words in others] == [(words, 0) for words in others], capsys.readouterr()
    (following,) = (lines for lines in paragraphs if lines[0] == "Next")
    assert [main(words[1:]) for words in commands(following) if words[1] == "validate"] == [0]


@pytest.mark.parametrize(
    ("preset", "no_start", "must_exist"), [("custom", False, False), ("slack", True, False), ("writer", True, True)]
)
def test_init_prints_what_an_apply_in_a_tenant_needs(preset, no_start, must_exist, folder, capsys):
    (lines,) = (part for part in init(preset, capsys) if part[0].startswith("Then in your tenant"))
    text = "\n".join(lines)
    doctor, plan, apply = commands(lines)
    assert (doctor, plan) == (["scimconf", "doctor", "app"], ["scimconf", "plan", "app"])
    assert ("--no-start" in apply) is no_start is ("after the manual steps, leave out --no-start" in text)
    assert ("otherwise plan ends with K103" in text) is must_exist
    assert ("--env-file" in apply) is (preset != "slack")
    if preset != "slack":
        assert "copy app/.env.example to app/.env" in text
        assert (folder / "app" / ".env.example").exists()
    assert "az login` often lacks" in text


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--spec", ".", "--generate", "users=1"], "--spec describes the whole tenant. Delete --tenant and --generate"),
        (["--spec", "."], "expected one spec, got 2. Name one"),
        (["--spec", "id.scimconf.yaml"], "names the application by its id"),
        (["--spec", "invalid.scimconf.yaml"], "S201"),
    ],
)
def test_sandbox_serve_reports_a_spec_that_describes_no_tenant(argv, message, folder, capsys):
    for name, more in (("a", ""), ("b", ""), ("invalid", "wrong: 1\n")):
        text = f"version: 1\nname: {name}\ntenant: contoso.com\napplication: {{display_name: {name}}}\nprovisioning: {{enabled: true}}\n{more}"
        (folder / f"{name}.scimconf.yaml").write_text(text)
    by_id = "application: {app_id: 11111111-2222-3333-4444-555555555555}"
    named = (folder / "a.scimconf.yaml").read_text()
    if message.startswith("names"):
        (folder / "id.scimconf.yaml").write_text(named.replace("application: {display_name: a}", by_id))
    if message.startswith("expected"):
        (folder / "invalid.scimconf.yaml").unlink()
    assert main(["sandbox", "serve", *argv]) != 0
    assert message in capsys.readouterr().err
