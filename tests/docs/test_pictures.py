"""Tests of the pictures of the README: they show what the README shows, and load nothing."""

from __future__ import annotations

import re
import runpy
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from .pages import ROOT, blocks, read

PICTURES = SimpleNamespace(**runpy.run_path(str(ROOT / "tests" / "tools" / "pictures.py")))
DARK = next(theme for theme in PICTURES.THEMES if theme.name == "dark")


def words(svg: str) -> list[str]:
    return [word for element in ET.fromstring(svg).iter() if element.tag.endswith("tspan")
            for word in (element.text or "").split()]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_picture_of_the_plan_shows_the_plan_of_the_readme(theme):
    """If it does not, run `make pictures`."""
    (plan,) = blocks(read("README.md"), "text")
    assert words(read(f"docs/pictures/plan-{theme}.svg")) == plan.split()
    assert " ".join(plan.split()) in " ".join(words(read(f"docs/pictures/session-{theme}.svg")))


@pytest.mark.parametrize("path", sorted(PICTURES.PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_picture_loads_nothing(path):
    assert re.findall(r"(?:https?:)?//[^\"')\s]+", path.read_text("utf-8")) == ["http://www.w3.org/2000/svg"]


def test_recording_types_a_command_and_then_shows_its_output():
    recorded = PICTURES.session([("plan", ["a", "b"]), ("status", ["c"])])
    assert [block.lines for block in recorded] == [
        ("$ scimconf plan",),
        ("a", "b"),
        ("",),
        ("$ scimconf status",),
        ("c",),
    ]
    times = [block.at for block in recorded]
    assert times == sorted(times)


def test_recording_scrolls_until_the_last_line_is_visible():
    lines = [str(number) for number in range(60)]
    svg = PICTURES.recording(PICTURES.session([("plan", lines)]), DARK)
    hidden = 1 + 60 - PICTURES.ROWS
    assert f"translateY(-{hidden * PICTURES.LINE}px)" in svg
    assert len(words(svg)) == 3 + 60


def test_still_keeps_colours_columns_and_special_characters():
    svg = PICTURES.still(["  \x1b[31ma<b\x1b[0m  c"], DARK)
    assert 'x="32" fill="#ff7b72"' in svg
    assert "a&lt;b" in svg
    assert f'x="{16 + 7 * 8}"' in svg
