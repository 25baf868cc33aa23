"""Who is in scope: by scoping filters, and by assignment. The result may be undetermined, where it is not documented.

All clauses of a filter must hold; one of several filters is enough. Filters have the form of a spec:
`[{"name": …, "all": [{"attribute": …, "operator": "equals", "value": …}]}]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.errors import EvaluationStop, UndocumentedBehaviour
from scimconf.expressions.evaluation.arguments import from_attribute
from scimconf.expressions.evaluation.values import AttributeValue, Undetermined

ScopeDecision: TypeAlias = bool | Undetermined

# Attributes that filters do not support, according to the documentation: references, dates, and userType.
_DATES = {
    "employeeHireDate",
    "employeeLeaveDateTime",
    "createdDateTime",
    "accountExpires",
    "lastPasswordChangeDateTime",
}
UNSUPPORTED = _DATES | {"appRoleAssignments", "userType", "manager", "members", "isMemberOf", "memberOf"}

_BOOLEAN_OPERATORS = ("is_true", "is_false")
_UNSUPPORTED_LOWER = {attribute.lower() for attribute in UNSUPPORTED}


def in_scope(filters: Sequence[Mapping[str, Any]], attributes: Mapping[str, AttributeValue]) -> ScopeDecision:
    """Return whether an object passes the scoping filters; without filters, every object does."""
    return not filters or _decide([_passes(group["all"], attributes) for group in filters], decisive=True)


def failing_clauses(
    filters: Sequence[Mapping[str, Any]], attributes: Mapping[str, AttributeValue]
) -> list[tuple[str, Mapping[str, Any], ScopeDecision]]:
    """Return the clauses that do not hold, or are undetermined: the name of the filter, the clause and the decision."""
    decided = [
        (str(group["name"]), clause, _clause(clause, attributes)) for group in filters for clause in group["all"]
    ]
    return [(name, clause, decision) for name, clause, decision in decided if decision is not True]


def assigned(user: str, direct: Collection[str], groups: Mapping[str, Collection[str]]) -> bool:
    """Return whether a user is assigned, directly or as a direct member of an assigned group.

    `groups` are the assigned groups with the ids of their direct members; groups in groups are not expanded.
    """
    return user in direct or any(user in members for members in groups.values())


def assigned_users(
    direct: Iterable[str], groups: Mapping[str, Iterable[str]], nested: Collection[str] = ()
) -> frozenset[str]:
    """Return the ids of all assigned users; `nested` are members that are groups, which are not expanded."""
    return frozenset(direct).union(*groups.values()) - frozenset(nested)


def _passes(clauses: Sequence[Mapping[str, Any]], attributes: Mapping[str, AttributeValue]) -> ScopeDecision:
    if not clauses:
        return Undetermined("Microsoft does not document a filter without clauses")
    return _decide([_clause(clause, attributes) for clause in clauses], decisive=False)


def _decide(decisions: list[ScopeDecision], *, decisive: bool) -> ScopeDecision:
    """Return the decisive value if it occurs, otherwise an undetermined one, otherwise the other value."""
    if decisive in decisions:
        return decisive
    return next((decision for decision in decisions if isinstance(decision, Undetermined)), not decisive)


def _clause(clause: Mapping[str, Any], attributes: Mapping[str, AttributeValue]) -> ScopeDecision:
    name, operator = str(clause["attribute"]), str(clause["operator"])
    try:
        if name.lower() in _UNSUPPORTED_LOWER:
            raise UndocumentedBehaviour("filters do not support this attribute")
        return _holds(operator, from_attribute(attributes.get(name)), clause.get("value"))
    except EvaluationStop as stop:
        return Undetermined(f"{name} {operator}: {stop}")


def _holds(operator: str, value: Any, expected: object) -> bool:
    if isinstance(value, tuple):
        raise UndocumentedBehaviour("filters do not support multi-valued attributes")
    if operator in ("is_null", "is_not_null"):
        return (not value) == (operator == "is_null")
    if operator not in (*OPERATORS, *_BOOLEAN_OPERATORS):
        raise UndocumentedBehaviour("Microsoft does not document this operator")
    if not value:
        return False  # documented: a filter on a value that is null or empty is false
    if operator in _BOOLEAN_OPERATORS:
        return _boolean(value) == (operator == "is_true")
    results = {OPERATORS[operator](value, candidate) for candidate in _values(expected)}
    if len(results) != 1:
        raise UndocumentedBehaviour("Microsoft does not document whether all values of a clause must match, or any")
    return results.pop()


def _values(expected: object) -> list[str]:
    values = list(expected) if isinstance(expected, list | tuple) else [expected]
    if None in values:
        raise UndocumentedBehaviour("the clause has no value to compare with")
    return [str(value) for value in values]


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise UndocumentedBehaviour(f"{value!r} is not a boolean")
    return value.lower() == "true"


def _integers(value: str, expected: str) -> tuple[int, int]:
    digits = [text[text.startswith("-") :] for text in (value, expected)]
    if not all(text.isascii() and text.isdecimal() and len(text) < 20 for text in digits):
        raise UndocumentedBehaviour("Microsoft documents this operator only for integers")
    return int(value), int(expected)


def _equals(value: str, expected: str) -> bool:
    if value != expected and value.lstrip("0") == expected.lstrip("0") and (value + expected).isdecimal():
        message = f"whether {value!r} and {expected!r} are compared as numbers depends on the type of the attribute"
        raise UndocumentedBehaviour(message)
    return value == expected


def _matches(value: str, expected: str) -> bool:
    """Return whether a pattern matches. It is not documented whether it must match the whole value; both must agree."""
    from scimconf.expressions.regexes.matching import pattern  # slow to import, and rare

    anywhere, whole = pattern(expected).matches(value), pattern(rf"\A(?:{expected})\z").matches(value)
    if anywhere != whole:
        message = f"Microsoft does not document whether {expected!r} must match all of {value!r}"
        raise UndocumentedBehaviour(f"{message}; anchor it with ^ and $")
    return anywhere


def _bit_and(_value: str, _expected: str) -> bool:
    raise UndocumentedBehaviour("Microsoft does not document this operator")


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": _equals,
    "not_equals": lambda value, expected: not _equals(value, expected),
    "matches": _matches,
    "not_matches": lambda value, expected: not _matches(value, expected),
    "greater_than": lambda value, expected: int.__gt__(*_integers(value, expected)),
    "greater_than_or_equals": lambda value, expected: int.__ge__(*_integers(value, expected)),
    "includes": lambda value, expected: expected in value,
    "ends_with": lambda value, expected: value.endswith(expected),
    "bit_and": _bit_and,
    "not_bit_and": _bit_and,
}
