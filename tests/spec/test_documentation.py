"""Every problem code is explained."""

from __future__ import annotations

import re
from pathlib import Path

from scimconf.spec.codes import CODES

PAGE = (Path(__file__).parents[2] / "docs" / "diagnostics.md").read_text()


def test_every_code_is_on_the_page_with_its_title():
    headings = dict(re.findall(r"^### (S\d{3}) (.+)$", PAGE, re.MULTILINE))
    assert headings == CODES


def test_every_code_has_an_example():
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert [one[:4] for one in sections if one.startswith("S") and "```" not in one] == []


def test_every_complaint_on_the_page_is_one_that_is_made():
    made = "".join(path.read_text() for path in (Path(__file__).parent / "defects").glob("*.txt"))
    shown = re.findall(r"^\S+  ((S\d{3})  .+)$", PAGE, re.MULTILINE)
    elsewhere = {"S002", "S025", "S312"}  # made by other tests than those of one defective file
    assert [said for said, code in shown if said not in made and code not in elsewhere] == []
