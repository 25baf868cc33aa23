"""Scoping filters and assignments: in, out, or not said."""

import pytest

from scimconf.expressions.evaluation import Undetermined, assigned, assigned_users, in_scope
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


def one(*clauses):
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
        ("department", "is_true", None, "not a truth value"),
        ("null", "is_null", None, True),
        ("empty", "is_null", None, True),
        ("department", "is_null", None, False),
        ("department", "is_not_null", None, True),
        ("empty", "is_not_null", None, False),
        ("employeeId", "matches", "^1[0-9]{6}$", True),
        ("employeeId", "matches", "[0-9]", "must fit all"),
        ("employeeId", "matches", "[a-z]", False),
        ("employeeId", "matches", "(", "never closed"),
        ("employeeId", "not_matches", "^2", True),
        ("null", "not_matches", "^2", False),
        ("employeeId", "greater_than", "1000041", True),
        ("employeeId", "greater_than", "1000042", False),
        ("employeeId", "greater_than_or_equals", 1000042, True),
        ("employeeId", "greater_than", "-5", True),
        ("department", "greater_than", "1", "only whole numbers"),
        ("department", "includes", "ale", True),
        ("department", "includes", "ALE", False),
        ("department", "ends_with", "les", True),
        ("employeeId", "bit_and", "2", "portal"),
        ("employeeId", "not_bit_and", "2", "portal"),
        ("null", "bit_and", "2", False),
        ("department", "equals", ["Sales", "Sales"], True),
        ("department", "equals", ["Sales", "IT"], "whether all of several"),
        ("department", "equals", None, "no value to compare"),
        ("department", "LIKE", "S%", "operator is not documented"),
        ("proxyAddresses", "equals", "a", "several values"),
        ("userType", "equals", "Member", "unsupported"),
        ("manager", "is_null", None, "unsupported"),
        ("float", "equals", "1.5", "of this kind"),
    ],
)
def test_one_clause(attribute, operator, value, expected):
    """Each operator, with the rules for what is absent; a text is part of the reason why nobody can say."""
    answer = in_scope([one(clause(attribute, operator, value))], USER)
    if isinstance(expected, str):
        assert isinstance(answer, Undetermined)
        assert expected in answer.reason
        assert answer.reason.startswith(f"{attribute} {operator}: ")
    else:
        assert expected is answer


YES, NO, OPEN = (
    clause("department", "equals", "Sales"),
    clause("department", "equals", "IT"),
    clause("userType", "is_null"),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], True),
        ([one(YES, YES)], True),
        ([one(YES, NO)], False),
        ([one(YES, OPEN)], None),
        ([one(NO, OPEN)], False),
        ([one(NO), one(YES)], True),
        ([one(NO), one(OPEN)], None),
        ([one(OPEN), one(YES)], True),
        ([one()], None),
    ],
)
def test_filters_together(filters, expected):
    """All clauses of a filter, any of the filters; what is not known matters only where it decides."""
    answer = in_scope(filters, USER)
    assert expected is (None if isinstance(answer, Undetermined) else answer)


def test_knows_the_operators_of_a_spec():
    """Each word that a spec can say is answered, if only with a reason."""
    for word in OPERATORS:
        answer = in_scope([one(clause("employeeId", word, "1"))], USER)
        assert "operator is not documented" not in str(answer)


def test_assigned():
    """Directly, or as a direct member of an assigned group; a group inside of it gives its members nothing."""
    groups = {"editors": {"ada", "nested"}, "nobody": set()}
    assert assigned("ada", set(), groups)
    assert assigned("bob", {"bob"}, groups)
    assert not assigned("eve", {"bob"}, groups)
    assert assigned_users({"bob"}, groups, nested={"nested"}) == {"ada", "bob"}
    assert assigned_users([], {}) == frozenset()
