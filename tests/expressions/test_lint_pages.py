"""Each rule has a page, whose examples fail and pass."""

import re
from pathlib import Path

import pytest
import yaml

from scimconf.expressions.lint import RULES, MappingFacts, check
from scimconf.expressions.lint.vocabulary import ATTRIBUTES
from scimconf.expressions.rendering import quote

PAGES = Path(__file__).resolve().parents[2] / "docs" / "lint"
LONG = "x" * 10_000


def sections(rule):
    """Return the examples of a page under its two headings."""
    text = (PAGES / f"{rule}.md").read_text("utf-8")
    _, fails, passes = re.split(r"^## (?:Fails|Passes)$", text, flags=re.MULTILINE)
    return [re.findall(r"```yaml\n(.*?)```", part, re.DOTALL) for part in (fails, passes)]


def issues(rule, example):
    """Return the issues of a part of a spec with one mapping."""
    spec = yaml.safe_load(example)
    [(mapping, body)] = spec["mappings"].items()
    [(target, row)] = body["attributes"].items()
    [written] = row.keys() & {"expression", "source", "constant"}
    text = {"expression": row[written], "source": f"[{row[written]}]", "constant": quote(row[written])}[written]
    definition = body.get("target_attributes", {}).get(target, {})
    facts = MappingFacts(
        target=target,
        target_type=definition.get("type"),
        multivalued=definition.get("multivalued"),
        match=row.get("match"),
        apply=row.get("apply", "always"),
        scope=spec.get("provisioning", {}).get("scope"),
        mapping=mapping,
        written=written,
        source_attributes=ATTRIBUTES[mapping] if rule == "L301" else None,
    )
    return check(text.replace("…", LONG), facts)


def examples(section):
    return [
        pytest.param(rule, example, id=f"{rule}-{n}")
        for rule in RULES
        for n, example in enumerate(sections(rule)[section])
    ]


@pytest.mark.parametrize(("rule", "example"), examples(0))
def test_failing_example_of_a_page_is_an_issue_of_the_rule(rule, example):
    assert {issue.severity for issue in issues(rule, example) if issue.rule == rule} == {RULES[rule].severity}


@pytest.mark.parametrize(("rule", "example"), examples(1))
def test_passing_example_of_a_page_has_no_issue_of_any_rule(rule, example):
    assert issues(rule, example) == []


@pytest.mark.parametrize("rule", RULES)
def test_page_of_a_rule_has_its_title_and_severity(rule):
    """The pages of L5 and L6 are about rules of whole specs."""
    text = (PAGES / f"{rule}.md").read_text("utf-8")
    assert text.startswith(f"# {rule} {RULES[rule].title}\n\n{RULES[rule].severity.capitalize()}.\n\n")
    assert sorted(RULES) == sorted(path.stem for path in PAGES.glob("L[1-4]*.md"))
