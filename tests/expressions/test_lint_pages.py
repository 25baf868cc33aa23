"""Each rule has a page, and the page's own examples fail and pass."""

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
    """The examples of a page under its two headings."""
    text = (PAGES / f"{rule}.md").read_text("utf-8")
    _, fails, passes = re.split(r"^## (?:Fails|Passes)$", text, flags=re.MULTILINE)
    return [re.findall(r"```yaml\n(.*?)```", part, re.DOTALL) for part in (fails, passes)]


def findings(rule, example):
    """What the rules say about a piece of a spec with one mapping in it."""
    spec = yaml.safe_load(example)
    [(mapping, body)] = spec["mappings"].items()
    [(target, row)] = body["attributes"].items()
    [written] = row.keys() & {"expression", "source", "constant"}
    text = {"expression": row[written], "source": f"[{row[written]}]", "constant": quote(row[written])}[written]
    definition = body.get("target_attributes", {}).get(target, {})
    context = MappingFacts(
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
    return check(text.replace("…", LONG), context)


def examples(place):
    return [
        pytest.param(rule, each, id=f"{rule}-{n}") for rule in RULES for n, each in enumerate(sections(rule)[place])
    ]


@pytest.mark.parametrize(("rule", "example"), examples(0))
def test_fails(rule, example):
    """What the page says to fail is found by this rule, inside of the text, and told with its severity."""
    found = [each for each in findings(rule, example) if each.rule == rule]
    assert found
    assert {each.severity for each in found} == {RULES[rule].severity}


@pytest.mark.parametrize(("rule", "example"), examples(1))
def test_passes(rule, example):
    """What the page says to pass is found by no rule at all: what is recommended here is not found fault with there."""
    assert findings(rule, example) == []


@pytest.mark.parametrize("rule", RULES)
def test_has_a_page(rule):
    """The page begins with the rule's id and title and says how bad it is; no page is of a rule that is gone; L5 are those of the kinds."""
    text = (PAGES / f"{rule}.md").read_text("utf-8")
    assert text.startswith(f"# {rule} {RULES[rule].title}\n\n{RULES[rule].severity.capitalize()}.\n\n")
    assert sorted(RULES) == sorted(path.stem for path in PAGES.glob("L[1-4]*.md"))
