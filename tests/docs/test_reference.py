"""Tests of the documented command line: docs/cli.md, command lines in all pages, help texts and messages."""

from __future__ import annotations

import re
import runpy
import shlex

import click
import pytest

from scimconf.cli.main import cli

from .pages import ROOT, commands, pages, read

page_tool = runpy.run_path(str(ROOT / "tests" / "tools" / "pages.py"))
COMMANDS = {path: command for path, command, _ in page_tool["commands"](cli)}
PAGE = read("docs/cli.md")


@pytest.mark.parametrize("page", page_tool["PAGES"], ids=lambda page: page.name)
def test_generated_parts_of_pages_are_up_to_date(page):
    text = page.read_text("utf-8")
    assert page_tool["fresh"](text) == text, "run `make docs`"


def test_cli_page_contains_every_command_and_option():
    assert re.findall(r"^## (scimconf .+)$", PAGE, re.MULTILINE) == list(COMMANDS)
    options = {option for command in COMMANDS.values() for option in long_options(command)}
    assert {option for option in options if option not in PAGE} == set()


def test_every_cli_option_has_a_help_text():
    without_help = [
        (path, option.name)
        for path, command in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert without_help == []


def test_cli_help_contains_no_backslash_b():
    """Click interprets `\\b` as "keep line breaks"; in a raw docstring it would be printed as two characters."""
    assert [path for path, _, text in page_tool["commands"](cli) if "\\b" in text] == []


def documented_command_lines():
    """Return every scimconf command line in the pages, the help texts and the comments of the examples."""
    helps = [
        "```sh\n" + "\n".join(re.findall(r"^ *(scimconf .+)$", text, re.MULTILINE)) + "\n```"
        for text in help_and_example_comments()
    ]
    return [words[1:] for text in (*pages().values(), *helps) for words in commands(text, "scimconf")]


def help_and_example_comments():
    """Yield the help texts and the command lines in comments of the examples."""
    yield from (command.help or "" for command in COMMANDS.values())
    for spec in sorted((ROOT / "examples").rglob("*.yaml")):
        for line in spec.read_text("utf-8").splitlines():
            match = re.match(r"# +(scimconf \S+ \S+)", line)
            if match:
                yield match[1]


@pytest.mark.parametrize("words", documented_command_lines(), ids=shlex.join)
def test_documented_command_line_uses_existing_commands_and_options(words):
    names = " ".join(["scimconf", *words])
    path = max((command for command in COMMANDS if f"{names} ".startswith(f"{command} ")), key=len, default=None)
    assert path is not None
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= long_options(COMMANDS[path])


def test_options_in_source_texts_exist():
    """Hints and docstrings of the package name options."""
    known = {option for command in COMMANDS.values() for option in long_options(command)}
    mentions = {
        (option, str(path.relative_to(ROOT)))
        for path in (ROOT / "scimconf").rglob("*.py")
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+(?![\w-])", path.read_text("utf-8"))
    }
    others = {"--tenant", "--id", "--api", "--api-permissions", "--query"}  # of the Azure CLI
    others |= {"--body"}  # of the GitHub CLI
    others |= {"--version"}  # of the group of all commands
    assert {(option, path) for option, path in mentions if option not in known | others} == set()


def long_options(command):
    """Return the long options of a command, including --help."""
    options = {
        name for option in command.params for name in (*option.opts, *option.secondary_opts) if name.startswith("--")
    }
    return options | {"--help"}
