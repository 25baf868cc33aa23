"""Scoping filters: one normal form for many spellings, and the document that is written for it."""

from __future__ import annotations

import pytest

from scimconf.documents import scopes
from scimconf.spec.model.operators import OPERATORS

LIVE = [{"name": "equals"}, {"id": "Is_Null"}, {"name": None}, None, {"name": "Starts_With"}, {"name": "&"}]


def clause(operator="equals", value="x", attribute="a"):
    """Return a clause in the spec's words; a clause without a value has no such key."""
    fields = {"attribute": attribute, "operator": operator}
    return fields if value is None else {**fields, "value": value}


def raw(operator, operand, attribute="a"):
    return {"sourceOperandName": attribute, "operatorName": operator, "targetOperand": operand}


def group(*clauses, name="n"):
    return {"name": name, "clauses": list(clauses)}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, []),
        ({}, []),
        ({"groups": None}, []),
        ({"groups": [None, "x"]}, []),
        ({"groups": [{}]}, [{"name": "", "all": []}]),
        ({"groups": [{"name": "n", "clauses": [None, {}]}]}, [{"name": "n", "all": [clause("", None, None)]}]),
        ({"groups": [group(raw("Equals", {"values": ["x"]}))]}, [{"name": "n", "all": [clause()]}]),
        ({"groups": [group(raw("IS NULL", None))]}, [{"name": "n", "all": [clause("is_null", None)]}]),
        ({"groups": [group(raw("is_null", {"values": []}))]}, [{"name": "n", "all": [clause("is_null", None)]}]),
        ({"groups": [group(raw("IS NULL", {"values": None}))]}, [{"name": "n", "all": [clause("is_null", None)]}]),
        ({"groups": [group(raw("x", {"values": [1, True]}))]}, [{"name": "n", "all": [clause("x", ["1", "True"])]}]),
        ({"groups": [group(raw("EQUALS", {"values": [""]}))]}, [{"name": "n", "all": [clause(value="")]}]),
    ],
)
def test_filters_returns_the_normal_form(scope, expected):
    """Nulls, missing operands and other spellings have the same normal form."""
    assert scopes.filters(scope) == expected


def test_filters_ignores_the_order_of_groups_and_clauses():
    one, two = raw("EQUALS", {"values": ["x"]}), raw("IS NULL", None, "b")
    there = {"groups": [group(two, one), group(one, name="m")]}
    assert scopes.filters(there) == scopes.filters({"groups": [group(one, name="m"), group(one, two)]})


@pytest.mark.parametrize(
    ("operator", "live", "sent"),
    [
        ("equals", LIVE, "equals"),
        ("is_null", LIVE, "Is_Null"),
        ("bit_and", LIVE, "&"),
        ("ends_with", LIVE, "ENDS WITH"),
        ("STARTS WITH", LIVE, "Starts_With"),
        ("Something", LIVE, "Something"),
        ("equals", None, "EQUALS"),
    ],
)
def test_operator_spelling_is_that_of_the_job(operator, live, sent):
    assert scopes.operator_spelling(operator, live) == sent


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_round_trips(operator):
    value = None if OPERATORS[operator].unary else "1"
    desired = [{"name": "n", "all": [clause(operator, value)]}]
    assert scopes.filters(scopes.scope(desired, None, None)) == desired


def test_scope_preserves_equal_groups():
    stays = {"id": "1", **group(raw("Is Null", {"values": []}), name="stays")}
    before = {"categoryFilterGroups": [], "ours": 1, "groups": [group(raw("EQUALS", {"values": ["y"]})), stays]}
    desired = [{"name": "n", "all": [clause()]}, {"name": "stays", "all": [clause("is_null", None)]}]
    after = scopes.scope(desired, before, LIVE)
    assert list(after) == ["categoryFilterGroups", "ours", "groups", "inputFilterGroups"]
    assert after["groups"] == [group(raw("equals", {"values": ["x"]})), stays]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, None),
        ({"groups": [group()], "inputFilterGroups": []}, None),
        (
            {"groups": [group()], "inputFilterGroups": [1]},
            {"groups": [], "inputFilterGroups": [1], "categoryFilterGroups": []},
        ),
    ],
)
def test_scope_without_filters_is_null(before, after):
    assert scopes.scope([], before, None) == after


def test_scope_preserves_several_values_of_a_clause():
    desired = scopes.filters({"groups": [group(raw("EQUALS", {"values": ["1", "2"]}))]})
    assert scopes.scope(desired, None, None)["groups"] == [group(raw("EQUALS", {"values": ["1", "2"]}))]
