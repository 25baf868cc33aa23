"""The published examples of Microsoft's pages."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import expression_vectors as examples

from scimconf.expressions import ExpressionError, parse
from scimconf.expressions.evaluation import Undetermined
from scimconf.expressions.lint import MappingFacts, check

VECTORS = examples.vectors()
if not VECTORS:
    pytest.skip(f"the published data is not at {examples.VECTORS}", allow_module_level=True)


def named(vectors):
    return [pytest.param(vector, id=vector["id"]) for vector in vectors]


@pytest.mark.parametrize("vector", named(vector for vector in VECTORS if vector["check"] == "agrees"))
def test_evaluate_agrees_with_the_example(vector):
    value = examples.run(vector)
    assert examples.agrees(vector, value), value


@pytest.mark.parametrize("vector", named(vector for vector in VECTORS if vector["check"] == "conflict"))
def test_evaluate_follows_the_reference_if_a_guide_contradicts_it(vector):
    value = examples.run(vector)
    literal = {**vector, "expected": vector.get("computed"), "outcome": vector["computed_outcome"]}
    assert examples.agrees(literal, value) or isinstance(value, Undetermined)
    assert not examples.agrees(vector, value)


@pytest.mark.parametrize("vector", named(vector for vector in VECTORS if vector.get("expected_pattern")))
def test_evaluate_returns_the_published_form_of_values_that_change(vector):
    value = examples.run(vector)
    if not isinstance(value, Undetermined):
        assert re.match(vector["expected_pattern"], value)


@pytest.mark.parametrize("vector", named(vector for vector in VECTORS if vector.get("unsupported")))
def test_unsupported_expressions_are_undetermined(vector):
    assert isinstance(examples.run(vector), Undetermined)


@pytest.mark.parametrize("vector", named(vector for vector in VECTORS if vector.get("invalid")))
def test_parser_or_lint_reports_expressions_that_the_service_rejects(vector):
    text = "Append([a], " + '"x"' * 3334 + ")" if vector["stage"] == "length" else vector["expression"]
    facts = MappingFacts(target="userName", match=1 if vector["stage"] == "matching-attribute" else None)
    if vector["stage"] in ("syntax", "length"):
        with pytest.raises(ExpressionError):
            parse(text)
    assert check(text, facts)


def test_numbers_of_examples():
    assert examples.count_outcomes(VECTORS) == {"agree": 135, "conflict": 30, "undetermined": 7, "refused": 9}
