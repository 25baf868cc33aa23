"""Scoping filters and assignments: in scope, out of scope, or undetermined."""

import pytest

from scimconf.expressions.evaluation import Undetermined, assigned, assigned_users, in_scope, scope
from scimconf.spec.model.operators import OPERATORS

USER = {
    "department": "Sales",
    "employeeId": "1000042",
    "accountEnabled": True,
    "flag": "false",
    "level": "07",
    "null": None,
    "empty": "",
    "proxyAddresses": ["a", "b"],
    "userType": "Member",
    "float": 1.5,
}


def clause(attribute, operator, value=None):
    return {"attribute": attribute, "operator": operator, "value": value}


def group(*clauses):
    return {"name": "", "all": list(clauses)}


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "expected"),
    [
        ("department", "equals", "Sales", True),
        ("department", "equals", "sales", False),
        ("level", "equals", "7", "compared as numbers"),
        ("level", "equals", 8, False),
        ("department", "not_equals", "Sales", False),
        ("null", "not_equals", "Sales", False),
        ("missing", "equals", "Sales", False),
        ("accountEnabled", "is_true", None, True),
        ("accountEnabled", "is_false", None, False),
        ("flag", "is_false", None, True),
        ("null", "is_false", None, False),
        ("department", "is_true", None, "not a boolean"),
        ("null", "is_null", None, True),
        ("empty", "is_null", None, True),
        ("department", "is_null", None, False),
        ("department", "is_not_null", None, True),
        ("empty", "is_not_null", None, False),
        ("employeeId", "matches", "^1[0-9]{6}$", True),
        ("employeeId", "matches", "[0-9]", "must match all"),
        ("employeeId", "matches", "[a-z]", False),
        ("employeeId", "matches", "(", "not closed"),
        ("employeeId", "not_matches", "^2", True),
        ("null", "not_matches", "^2", False),
        ("employeeId", "greater_than", "1000041", True),
        ("employeeId", "greater_than", "1000042", False),
        ("employeeId", "greater_than_or_equals", 1000042, True),
        ("employeeId", "greater_than", "-5", True),
        ("department", "greater_than", "1", "only for integers"),
        ("department", "includes", "ale", True),
        ("department", "includes", "ALE", False),
        ("department", "ends_with", "les", True),
        ("employeeId", "bit_and", "2", "this operator"),
        ("employeeId", "not_bit_and", "2", "this operator"),
        ("null", "bit_and", "2", False),
        ("department", "equals", ["Sales", "Sales"], True),
        ("department", "equals", ["Sales", "IT"], "whether all values"),
        ("department", "equals", None, "no value to compare"),
        ("department", "LIKE", "S%", "this operator"),
        ("proxyAddresses", "equals", "a", "multi-valued"),
        ("userType", "equals", "Member", "do not support"),
        ("manager", "is_null", None, "do not support"),
        ("float", "equals", "1.5", "of this type"),
    ],
)
def test_in_scope_with_one_clause(attribute, operator, value, expected):
    """An expected string is part of the reason why the result is undetermined."""
    decision = in_scope([group(clause(attribute, operator, value))], USER)
    if isinstance(expected, str):
        assert isinstance(decision, Undetermined)
        assert expected in decision.reason
        assert decision.reason.startswith(f"{attribute} {operator}: ")
    else:
        assert decision is expected


YES, NO, OPEN = (
    clause("department", "equals", "Sales"),
    clause("department", "equals", "IT"),
    clause("userType", "is_null"),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], True),
        ([group(YES, YES)], True),
        ([group(YES, NO)], False),
        ([group(YES, OPEN)], None),
        ([group(NO, OPEN)], False),
        ([group(NO), group(YES)], True),
        ([group(NO), group(OPEN)], None),
        ([group(OPEN), group(YES)], True),
        ([group()], None),
    ],
)
def test_in_scope_requires_all_clauses_of_any_filter(filters, expected):
    decision = in_scope(filters, USER)
    assert (None if isinstance(decision, Undetermined) else decision) is expected


def test_in_scope_knows_the_operators_of_a_spec():
    assert OPERATORS.keys() == scope.OPERATORS.keys() | {"is_true", "is_false", "is_null", "is_not_null"}


def test_assigned_is_direct_or_by_a_group_but_not_by_a_nested_group():
    groups = {"editors": {"ada", "nested"}, "nobody": set()}
    assert assigned("ada", set(), groups)
    assert assigned("bob", {"bob"}, groups)
    assert not assigned("eve", {"bob"}, groups)
    assert assigned_users({"bob"}, groups, nested={"nested"}) == {"ada", "bob"}
    assert assigned_users([], {}) == frozenset()
