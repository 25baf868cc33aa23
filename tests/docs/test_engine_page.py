"""docs/engine.md lists each known fact about the engine, with tests and switches that exist."""

from __future__ import annotations

import re

import pytest

from scimconf.sandbox.switches import table

from .pages import ROOT, read

FACTS = ROOT.parent / "shared" / "facts"
SECTIONS = {
    "Requests": ("scim.md", "### 1.3"),
    "PATCH dialects": ("scim.md", "### 1.4"),
    "Lifecycle": ("scim.md", "### 1.5"),
    "Cycles": ("scim.md", "### 1.6"),
    "Failures": ("scim.md", "### 1.7"),
    "Scope and roles": ("scim.md", "### 1.8"),
    "Captured requests of users": ("engine.md", "### 2.1"),
    "Captured requests of groups": ("engine.md", "### 2.2"),
    "Contradictions": ("engine.md", "### 2.3"),
    "Around the requests": ("engine.md", "## 3"),
    "Open questions": ("engine.md", "## 5"),
}
OTHER = "Other decisions"
NOT_SIMULATED = "not simulated: "


def rows_by_section() -> dict[str, list[list[str]]]:
    """Return the rows of the page by the title of their section; a row has the fact and its tests and switches."""
    sections = re.split(r"^## (.+)$", read("docs/engine.md"), flags=re.MULTILINE)[1:]
    pairs = zip(sections[::2], sections[1::2], strict=True)
    return {title: [re.split(r" \| ", row.strip("| ")) for row in table_rows(body)] for title, body in pairs}


def table_rows(text: str) -> list[str]:
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows[1:] if not row.startswith("|---")]


def fact_count(file: str, heading: str) -> int:
    """Return the number of facts below a heading: rows of its table, points and numbered points."""
    after = (FACTS / file).read_text("utf-8").split(f"\n{heading}")[1]
    body = re.split(r"\n(?:#{2,3} |={20})", after.split("=\n", 1)[-1] if heading.startswith("## ") else after)[0]
    return len(table_rows(body)) + len(re.findall(r"^(?:- |\d+\. )", body, re.MULTILINE))


def test_engine_page_has_a_row_for_each_fact():
    if not FACTS.is_dir():
        pytest.skip("the facts are not beside this checkout")
    rows = rows_by_section()
    assert list(rows) == [*SECTIONS, OTHER]
    counts = {title: fact_count(*place) for title, place in SECTIONS.items()}
    assert {title: len(rows[title]) for title in SECTIONS} == counts


def test_engine_page_names_tests_and_switches_that_exist():
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    known = tests | {switch.name for switch in table()}
    for rows in rows_by_section().values():
        for fact, cell in rows:
            names = re.findall(r"`(\w+)`", cell)
            assert names or cell.startswith(NOT_SIMULATED), fact
            assert set(names) <= known, (fact, set(names) - known)


def test_engine_page_names_each_switch_of_the_engine():
    page = read("docs/engine.md")
    assert [switch.name for switch in table() if switch.engine and f"`{switch.name}`" not in page] == []


def test_each_switch_of_the_engine_has_a_test():
    texts = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "sandbox" / "engine").glob("test_*.py"))
    assert [switch.name for switch in table() if switch.engine and switch.name not in texts] == []
