"""The command line as it is told: in `docs/cli.md`, in all other pages, and in what the tool itself says."""

from __future__ import annotations

import re
import runpy
import shlex

import click
import pytest

from scimconf.cli.main import cli

from .pages import DOCS, ROOT, commands, pages, read

made = runpy.run_path(str(ROOT / "tests" / "tools" / "pages.py"))
COMMANDS = {path: command for path, command, _ in made["commands"](cli)}
PAGE = read("docs/cli.md")


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_generated_parts_are_fresh(page):
    text = page.read_text("utf-8")
    assert made["fresh"](text) == text, "run `make docs`"


def test_every_command_and_every_option_is_on_the_page():
    assert re.findall(r"^## (scimconf .+)$", PAGE, re.MULTILINE) == list(COMMANDS)
    options = {option for command in COMMANDS.values() for option in long_options(command)}
    assert {option for option in options if option not in PAGE} == set()


def test_every_option_has_a_word_of_help():
    silent = [
        (path, option.name)
        for path, command in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


def test_help_shows_no_marks_of_its_own_making():
    """A `\\b` keeps the lines of a paragraph; in a raw docstring it would be two characters that people see."""
    assert [path for path, _, text in made["commands"](cli) if "\\b" in text] == []


def typed():
    """Every command line of ours in the pages, in the commands' own help, and in the heads of the examples."""
    helps = ["```sh\n" + "\n".join(re.findall(r"^ *(scimconf .+)$", text, re.MULTILINE)) + "\n```" for text in heads()]
    return [words[1:] for text in (*pages().values(), *helps) for words in commands(text, "scimconf")]


def heads():
    yield from (command.help or "" for command in COMMANDS.values())
    for spec in sorted((ROOT / "examples").rglob("*.yaml")):
        for line in spec.read_text("utf-8").splitlines():
            told = re.match(r"# +(scimconf \S+ \S+)", line)
            if told:
                yield told[1]


@pytest.mark.parametrize("words", typed(), ids=shlex.join)
def test_every_command_line_that_is_shown_would_be_understood(words):
    names = " ".join(["scimconf", *words])
    path = max((one for one in COMMANDS if f"{names} ".startswith(f"{one} ")), key=len, default=None)
    assert path is not None
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= long_options(COMMANDS[path])


def test_every_option_that_a_message_names_exists():
    """Hints and docstrings tell people which option to use."""
    known = {option for command in COMMANDS.values() for option in long_options(command)}
    said = {
        (option, str(path.relative_to(ROOT)))
        for path in (ROOT / "scimconf").rglob("*.py")
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+(?![\w-])", path.read_text("utf-8"))
    }
    others = {"--tenant"}  # az login's
    assert {(option, path) for option, path in said if option not in known | others} == set()


def long_options(command):
    found = {name for option in command.params for name in option.opts if name.startswith("--")}
    return found | {"--help"}
