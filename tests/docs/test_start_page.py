"""The page for newcomers: its commands run in order, and print what it shows."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml
from golden_files import updating

from scimconf.cli.main import main

from .pages import DOCS

PAGE = DOCS / "start.md"
PAIR = re.compile(r"```sh\n(?P<command>.*?)```\n\n```text\n(?P<output>.*?)```", re.DOTALL)
EDIT = re.compile(r"replace the empty list of groups:\n\n```yaml\n(.*?)```", re.DOTALL)
PORT = re.compile(r"http://127\.0\.0\.1:(?!8765\b)\d+")
"""A port that differs from run to run; the sandbox that `init` proposes has its usual one."""


def test_page_has_five_commands_from_init_to_rehearse():
    commands = [shlex.split(pair["command"])[1] for pair in PAIR.finditer(PAGE.read_text("utf-8"))]
    assert len(commands) == 5
    assert (commands[0], commands[-1]) == ("init", "rehearse")


@pytest.mark.slow
def test_commands_of_the_page_print_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "90")
    is_updating, page = updating(), PAGE.read_text("utf-8")
    for name in ("GITHUB_ACTIONS", "SCIMCONF_UPDATE_GOLDEN"):
        monkeypatch.delenv(name, raising=False)
    outputs = []
    for pair in list(PAIR.finditer(page)):
        if " diff " in pair["command"]:
            edit(tmp_path / "writer" / "scimconf.yaml", EDIT.search(page)[1])
        code = main(shlex.split(pair["command"])[1:])
        captured = capsys.readouterr()
        assert code == (2 if " diff " in pair["command"] else 0), captured
        outputs.append(PORT.sub("http://127.0.0.1:8080", captured.out or captured.err))
    if is_updating:
        rest = iter(outputs)
        PAGE.write_text(
            PAIR.sub(lambda pair: f"```sh\n{pair['command']}```\n\n```text\n{next(rest)}```", page), "utf-8"
        )
        page = PAGE.read_text("utf-8")
    assert [pair["output"] for pair in PAIR.finditer(page)] == outputs


def edit(path, section):
    """Replace the assignments of a spec with those of the page, as the page asks."""
    before, _, after = path.read_text("utf-8").partition("\nassignments:\n")
    rest = after.partition("\n\n")[2]
    path.write_text(f"{before}\n{section}\n{rest}", "utf-8")
    assert yaml.safe_load(path.read_text("utf-8"))["assignments"] == yaml.safe_load(section)["assignments"]
