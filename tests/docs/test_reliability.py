"""Tests of the page of promises: every promise names tests, and every test exists."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from .pages import ROOT, read

PAGE = read("docs/reliability.md")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
PROMISES, LIMITS = PAGE.split("## What Graph cannot prevent")


@cache
def functions(path: str) -> frozenset[str]:
    """Return the names of the functions of a test file, none if it does not exist."""
    file = ROOT / path
    tree = ast.parse(file.read_text("utf-8")) if file.exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("path", "name"), TESTS, ids=[name for _, name in TESTS])
def test_reliability_page_names_tests_that_exist(path: str, name: str) -> None:
    assert name in functions(path)


def test_every_promise_of_the_reliability_page_names_a_test() -> None:
    rows = [line for line in PROMISES.splitlines() if line.startswith("| ") and not line.startswith("| promise |")]
    assert len(rows) > 30
    assert [row for row in rows if "`tests/" not in row.split(" | ")[-1]] == []


def test_every_limit_of_the_reliability_page_has_a_window_and_a_remedy() -> None:
    rows = [line.strip("| ").split(" | ") for line in LIMITS.splitlines() if line.startswith("| ")]
    assert len(rows) > 8
    assert [row for row in rows if len(row) != 3 or not all(row)] == []
