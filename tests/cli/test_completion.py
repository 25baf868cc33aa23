"""Tests of shell completion: the scripts, the completions, and that it imports no slow modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import click
import pytest

from scimconf.cli import completion
from scimconf.cli.main import COMMANDS, main
from scimconf.spec.model import GUARDS

SLOW_MODULES = ("msgraph", "azure", "httpx", "deepdiff", "asyncio", "ruamel", "rich")


def values(items) -> list[str]:
    return [item.value for item in items]


def paths(incomplete: str) -> list[str]:
    context = click.Context(click.Command("plan"))
    return [
        f"{item.type} {item.value}"
        for item in completion.complete_specs(context, click.Argument(["paths"]), incomplete)
    ]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_completion_script_of_a_shell_calls_scimconf(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_SCIMCONF_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_completion_of_an_unknown_shell_is_wrong_usage(capsys):
    assert main(["completion", "tcsh"]) == 64
    assert "bash" in capsys.readouterr().err


def complete(words: str, capsys, monkeypatch) -> list[str]:
    """Return the bash completions of the last word."""
    monkeypatch.setenv("_SCIMCONF_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 0
    return capsys.readouterr().out.split()


def test_completion_offers_commands_options_and_shells(capsys, monkeypatch):
    assert complete("scimconf ", capsys, monkeypatch) == [f"plain,{name}" for name in sorted(COMMANDS)]
    assert complete("scimconf fm", capsys, monkeypatch) == ["plain,fmt"]
    assert complete("scimconf fmt --", capsys, monkeypatch) == ["plain,--check", "plain,--diff", "plain,--help"]
    assert complete("scimconf completion ", capsys, monkeypatch) == ["plain,bash", "plain,zsh", "plain,fish"]


def test_complete_guards_offers_guards_by_prefix():
    context, option = click.Context(click.Command("apply")), click.Option(["--allow"])
    assert values(completion.complete_guards(context, option, "")) == list(GUARDS)
    assert values(completion.complete_guards(context, option, "initial")) == ["initial-start"]


def test_complete_specs_offers_specs_and_folders_with_specs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hr").mkdir()
    for name in ("scimconf.yaml", "base.yml", "notes.md", ".hidden.yaml", "hr/hr.scimconf.yaml"):
        (tmp_path / name).write_text("")
    assert paths("") == ["plain base.yml", "plain hr", "plain scimconf.yaml"]
    assert paths("hr/") == ["plain hr/hr.scimconf.yaml"]
    assert paths(".h") == ["plain .hidden.yaml"]
    assert paths(f"{tmp_path}/sc") == [f"plain {tmp_path}/scimconf.yaml"]
    assert paths("n") == ["file n"]
    assert paths("nowhere/") == ["file nowhere/"]
    (tmp_path / "apps").mkdir()
    assert paths("") == ["file "]


def test_completion_imports_no_slow_modules(tmp_path):
    code = (
        "import sys\nfrom scimconf.cli.main import main\n"
        "try: main([])\nexcept SystemExit: pass\n"
        f"print([name for name in {SLOW_MODULES} if name in sys.modules], file=sys.stderr)"
    )
    environ = {**os.environ, "_SCIMCONF_COMPLETE": "bash_complete", "COMP_WORDS": "scimconf fmt ", "COMP_CWORD": "2"}
    process = subprocess.run(
        [sys.executable, "-c", code], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert process.stderr == "[]\n"
