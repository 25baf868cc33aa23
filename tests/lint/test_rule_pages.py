"""Each rule about a whole spec has a page, whose own examples fail and pass; and the index lists every rule there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scimconf.lint.checks import COMMENTS, ELSEWHERE, MANNER, MILDER, rules
from scimconf.lint.rules import RULES
from scimconf.lint.rules.filters import UNSEEN
from tests.lint.specs import linted

DOCS = Path(__file__).parents[2] / "docs"


def examples(place):
    """The examples of all pages under one of their two headings."""
    found = []
    for rule in (COMMENTS, *RULES):
        _, *parts = re.split(
            r"^## (?:Fails|Passes)$", (DOCS / "lint" / f"{rule}.md").read_text("utf-8"), flags=re.MULTILINE
        )
        for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", parts[place], re.DOTALL)):
            found.append(pytest.param(rule, example, id=f"{rule}-{number}"))
    return found


@pytest.mark.parametrize(("rule", "example"), examples(0))
def test_fails(rule, example):
    """What the page says to fail is found by this rule."""
    assert rule in linted(example)


@pytest.mark.parametrize(("rule", "example"), examples(1))
def test_passes(rule, example):
    """What the page says to pass is not."""
    assert rule not in linted(example)


@pytest.mark.parametrize(("rule", "example"), examples(0))
def test_can_be_ignored(rule, example):
    """By the option."""
    assert rule not in linted(example, rule)


@pytest.mark.parametrize("rule", [COMMENTS, *RULES])
def test_has_a_page(rule):
    """It begins with the rule's id and title and says how bad it is; no page is of a rule that is gone."""
    text = (DOCS / "lint" / f"{rule}.md").read_text("utf-8")
    assert text.startswith(f"# {rule} {rules()[rule][0]}\n\n{rules()[rule][1].capitalize()}.\n\n")
    assert set(rules()) == {path.stem for path in (DOCS / "lint").glob("*.md")}


def test_what_is_said_elsewhere_milder_or_offline_are_rules():
    """The sets name no rule that is gone, and an error is never kept from a plan."""
    known = rules()
    assert set(known) >= ELSEWHERE | MANNER | set(MILDER)
    assert {known[rule][1] for rule in MANNER} == {"warning"}


def test_filters_see_no_more_than_the_evaluator_knows():
    """The list stands here once more, so that a spec without tests needs no evaluator."""
    from scimconf.expressions.evaluation.scope import UNSUPPORTED

    assert UNSEEN >= UNSUPPORTED
