"""Golden files: one plan in every format. `SCIMCONF_UPDATE_GOLDEN=1` updates the files; review the diff."""

import re
from pathlib import Path

import pytest
import rich_plan
from golden_files import golden_render

from scimconf.render import diagnostics, text
from scimconf.render import json as machine

GOLDEN = Path(__file__).parent / "golden"
SOURCES = {"examples/writer/scimconf.yaml": "version: 1\n      titel: jobTitle\n"}
COLOR = re.compile(r"\x1b\[[\d;]*m")

RENDERED = {
    "plan-80.txt": lambda: text.plan(rich_plan.sample()),
    "plan-40.txt": lambda: text.plan(rich_plan.sample(), width=40),
    "plan-80.ansi": lambda: text.plan(rich_plan.sample(), color=True),
    "plan-steps.txt": lambda: text.plan(rich_plan.small(), steps={"small": rich_plan.steps()}),
    "plan.json": lambda: machine.plan(rich_plan.sample()),
    "steps-80.txt": lambda: text.steps(rich_plan.steps()),
    "steps-40.txt": lambda: text.steps(rich_plan.steps(), width=40),
    "report-80.txt": lambda: text.report(rich_plan.reports()),
    "report-40.txt": lambda: text.report(rich_plan.reports(), width=40),
    "report-80.ansi": lambda: text.report(rich_plan.reports(), color=True),
    "problems.txt": lambda: diagnostics.text(rich_plan.diagnostics()),
    "problems-60.ansi": lambda: diagnostics.text(rich_plan.diagnostics(), width=60, color=True, sources=SOURCES),
    "problems.json": lambda: machine.diagnostics(rich_plan.diagnostics()),
}


@pytest.mark.parametrize("name", RENDERED)
def test_rendered_output_matches_golden_file(name):
    file, rendered = GOLDEN / name, RENDERED[name]()
    assert rendered == golden_render(file, rendered, machine.write)


def test_every_golden_file_is_used():
    assert {file.name for file in GOLDEN.iterdir()} == set(RENDERED)


@pytest.mark.parametrize("width", [24, 40, 80, 132])
def test_color_option_changes_only_color_codes(width):
    for render in (text.plan, text.report, text.steps):
        value = {text.plan: rich_plan.sample, text.report: rich_plan.reports, text.steps: rich_plan.steps}[render]()
        assert COLOR.sub("", render(value, width=width, color=True)) == render(value, width=width)


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_text_output_respects_width(width):
    from scimconf.render.common.escaping import cells

    rendered = text.plan(rich_plan.sample(), width=width) + text.report(rich_plan.reports(), width=width)
    assert max(map(cells, rendered.splitlines())) <= width


def test_text_output_uses_only_allowed_colors():
    codes = {
        code
        for rendered in (text.plan(rich_plan.sample(), color=True), text.report(rich_plan.reports(), color=True))
        for found in COLOR.findall(rendered)
        for code in found[2:-1].split(";")
    }
    assert codes <= {"0", "1", "2", "31", "32", "35", "36"}


@pytest.mark.parametrize("name", [name for name in RENDERED if name.endswith(".txt")])
def test_text_output_has_no_trailing_spaces(name):
    assert all(line == line.rstrip() for line in RENDERED[name]().split("\n"))
