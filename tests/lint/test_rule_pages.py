"""Each rule about a whole spec has a page, whose examples fail and pass; docs/lint.md lists every rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scimconf.lint import COMMENTS, ONLY_IF_CHANGED, REPORTED_BY_KINDS, SEVERITIES, UNANSWERED, rules
from scimconf.lint.rules import RULES
from scimconf.lint.rules.filters import UNSUPPORTED as UNSUPPORTED_BY_FILTERS
from tests.lint.specs import linted

DOCS = Path(__file__).parents[2] / "docs"


def examples(heading):
    """Return the examples of all pages under one of their two headings."""
    parameters = []
    for rule in (COMMENTS, UNANSWERED, *RULES):
        _, *parts = re.split(
            r"^## (?:Fails|Passes)$", (DOCS / "lint" / f"{rule}.md").read_text("utf-8"), flags=re.MULTILINE
        )
        for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", parts[heading], re.DOTALL)):
            parameters.append(pytest.param(rule, example, id=f"{rule}-{number}"))
    return parameters


@pytest.mark.parametrize(("rule", "example"), examples(0))
def test_rule_reports_the_failing_examples(rule, example):
    assert rule in linted(example)


@pytest.mark.parametrize(("rule", "example"), examples(1))
def test_rule_does_not_report_the_passing_examples(rule, example):
    assert rule not in linted(example)


@pytest.mark.parametrize(("rule", "example"), examples(0))
def test_rule_can_be_ignored(rule, example):
    assert rule not in linted(example, rule)


@pytest.mark.parametrize("rule", [COMMENTS, UNANSWERED, *RULES])
def test_rule_has_a_page_with_its_title_and_severity(rule):
    text = (DOCS / "lint" / f"{rule}.md").read_text("utf-8")
    assert text.startswith(f"# {rule} {rules()[rule][0]}\n\n{rules()[rule][1].capitalize()}.\n\n")
    assert set(rules()) == {path.stem for path in (DOCS / "lint").glob("*.md")}


def test_rule_sets_name_existing_rules_and_hide_no_error_from_a_plan():
    known = rules()
    assert set(known) >= REPORTED_BY_KINDS | ONLY_IF_CHANGED | set(SEVERITIES)
    assert {known[rule][1] for rule in ONLY_IF_CHANGED} == {"warning"}


def test_filters_know_all_attributes_that_the_evaluator_does_not_support():
    from scimconf.expressions.evaluation.scope import UNSUPPORTED

    assert UNSUPPORTED_BY_FILTERS >= UNSUPPORTED
