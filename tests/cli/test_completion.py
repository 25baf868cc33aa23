"""Tests of shell completion: the scripts, the completions, and that it imports no slow modules."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from scimconf.cli import completion
from scimconf.cli.main import COMMANDS, main
from scimconf.spec.model import GUARDS


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
    assert re.search(f"_SCIMCONF_COMPLETE ?= ?'?{shell}_complete", script)
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
    assert complete("scimconf completion ", capsys, monkeypatch) == [
        "plain,bash",
        "plain,zsh",
        "plain,fish",
        "plain,powershell",
    ]


@pytest.mark.parametrize(
    ("words", "incomplete", "lines"),
    [
        ('["scimconf"]', "pro", ["probe\tFind out on a test tenant", "provision\tProvision users or a group"]),
        ('["scimconf", "fmt"]', "--d", ["--diff\tWrite nothing; show what would change."]),
        ('["scimconf", "plan", "--format"]', "h", ["html\thtml"]),
        ('["scimconf", "plan", "--events"]', "C:\\specs\\", []),
    ],
)
def test_powershell_completion_reads_words_as_json_and_leaves_files_to_the_shell(
    words, incomplete, lines, capsys, monkeypatch
):
    monkeypatch.setenv("_SCIMCONF_COMPLETE", "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", incomplete)
    with pytest.raises(SystemExit):
        main([])
    printed = [line for line in capsys.readouterr().out.splitlines() if line]
    assert len(printed) == len(lines)
    assert all(line.startswith(start) for line, start in zip(printed, lines, strict=True))


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


def test_completion_of_an_unknown_command_is_no_error(capsys, monkeypatch):
    assert complete("scimconf plna --", capsys, monkeypatch) == ["plain,--version", "plain,--help"]


def test_outlines_of_the_commands_are_up_to_date():
    pages = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "pages.py"))
    assert pages["OUTLINES"].read_text("utf-8") == pages["outlines"](), "run `make docs`"


@pytest.mark.parametrize(
    ("name", "words", "incomplete"),
    [
        ("plan", [], "--var"),
        ("plan", ["--format"], ""),
        ("plan", ["--format", "json"], "--"),
        ("apply", ["--allow"], "initial"),
        ("export", ["--out"], ""),
        ("sandbox", ["serve", "--tenant"], ""),
        ("expression", [], ""),
        ("fmt", [], ""),
    ],
)
def test_outline_completes_as_the_command_does(name, words, incomplete):
    command = import_module(f"scimconf.cli.{name.replace('-', '_')}").command
    expected, outlined = (
        ShellComplete(one, {}, "scimconf", "").get_completions(words, incomplete)
        for one in (command, completion.outline(name))
    )
    assert [vars(item) for item in outlined] == [vars(item) for item in expected] != []
