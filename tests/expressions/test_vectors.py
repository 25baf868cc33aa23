"""The published examples of Microsoft's own pages."""

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
    return [pytest.param(each, id=each["id"]) for each in vectors]


@pytest.mark.parametrize("vector", named(each for each in VECTORS if each["check"] == "agrees"))
def test_agrees(vector):
    """Where the sources agree with each other, we agree with them."""
    value = examples.run(vector)
    assert examples.agrees(vector, value), value


@pytest.mark.parametrize("vector", named(each for each in VECTORS if each["check"] == "conflict"))
def test_follows_the_reference_in_conflicts(vector):
    """Where a guide contradicts the reference, we do as the reference says, or say that it is open."""
    value = examples.run(vector)
    literal = {**vector, "expected": vector.get("computed"), "outcome": vector["computed_outcome"]}
    assert examples.agrees(literal, value) or isinstance(value, Undetermined)
    assert not examples.agrees(vector, value)


@pytest.mark.parametrize("vector", named(each for each in VECTORS if each.get("expected_pattern")))
def test_random_values_have_the_documented_shape(vector):
    """What is new each time is not made up here; what depends on the clock looks as published."""
    value = examples.run(vector)
    if not isinstance(value, Undetermined):
        assert re.match(vector["expected_pattern"], value)


@pytest.mark.parametrize("vector", named(each for each in VECTORS if each.get("unsupported")))
def test_unsupported_forms_are_not_guessed(vector):
    """What the reference calls unsupported has no value here."""
    assert isinstance(examples.run(vector), Undetermined)


@pytest.mark.parametrize("vector", named(each for each in VECTORS if each.get("invalid")))
def test_refuses_what_is_invalid(vector):
    """What the service was seen or is said to refuse, the parser or a rule finds."""
    text = "Append([a], " + '"x"' * 3334 + ")" if vector["stage"] == "length" else vector["expression"]
    context = MappingFacts(target="userName", match=1 if vector["stage"] == "matching-attribute" else None)
    if vector["stage"] in ("syntax", "length"):
        with pytest.raises(ExpressionError):
            parse(text)
    assert check(text, context)


def test_counts(capsys):
    """The numbers, told to whoever runs this."""
    counted = examples.numbers(VECTORS)
    with capsys.disabled():
        print(f"\npublished examples: {', '.join(f'{number} {sort}' for sort, number in sorted(counted.items()))}")
    assert counted["agree"] >= sum(each["check"] == "agrees" for each in VECTORS)
    assert counted.total() == len(VECTORS)
