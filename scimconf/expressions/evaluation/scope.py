"""Who is in scope: by scoping filters, and by assignment. Three answers, since not all of it is documented.

A filter is a list of clauses that all hold; of several filters one is enough. The normal form is that of a spec:
`[{"name": …, "all": [{"attribute": …, "operator": "equals", "value": …}]}]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.errors import EvaluationStop, UndocumentedBehaviour
from scimconf.expressions.evaluation.arguments import seen
from scimconf.expressions.evaluation.values import AttributeValue, Undetermined
from scimconf.expressions.regexes.matching import pattern

ScopeDecision: TypeAlias = bool | Undetermined

UNSUPPORTED = frozenset(
    {
        *("appRoleAssignments", "userType", "manager", "members", "isMemberOf", "memberOf"),
        *(
            "employeeHireDate",
            "employeeLeaveDateTime",
            "createdDateTime",
            "accountExpires",
            "lastPasswordChangeDateTime",
        ),
    }
)
"""What the documentation says filters cannot use: references, dates, and userType."""

_TRUTHS = ("is_true", "is_false")
_BELOW = {attribute.lower() for attribute in UNSUPPORTED}


def in_scope(filters: Sequence[Mapping[str, Any]], attributes: Mapping[str, AttributeValue]) -> ScopeDecision:
    """Whether an object passes the scoping filters; without filters, everything does."""
    return not filters or _any(_all(_clause(clause, attributes) for clause in one["all"]) for one in filters)


def assigned(user: str, direct: Collection[str], groups: Mapping[str, Collection[str]]) -> bool:
    """Whether a user is assigned: directly, or as a direct member of an assigned group.

    `groups` are the assigned groups with the ids of their direct members; a member that is a group gives nothing.
    """
    return user in direct or any(user in members for members in groups.values())


def assigned_users(
    direct: Iterable[str], groups: Mapping[str, Iterable[str]], nested: Collection[str] = ()
) -> frozenset[str]:
    """All that are assigned; `nested` are those members that are groups themselves, who are not expanded."""
    return frozenset(direct).union(*groups.values()) - frozenset(nested)


# ---- three-valued logic --------------------------------------------------------------------------------------------


def _all(answers: Iterable[ScopeDecision]) -> ScopeDecision:
    found = list(answers)
    if not found:
        return Undetermined("what a filter without a clause lets through is not documented")
    return _decided(found, decisive=False)


def _any(answers: Iterable[ScopeDecision]) -> ScopeDecision:
    return _decided(list(answers), decisive=True)


def _decided(answers: list[ScopeDecision], *, decisive: bool) -> ScopeDecision:
    """The decisive answer if it is there, otherwise what is not known, otherwise the other answer."""
    if decisive in answers:
        return decisive
    return next((each for each in answers if isinstance(each, Undetermined)), not decisive)


# ---- clauses -------------------------------------------------------------------------------------------------------


def _clause(clause: Mapping[str, Any], attributes: Mapping[str, AttributeValue]) -> ScopeDecision:
    name, operator = str(clause["attribute"]), str(clause["operator"])
    try:
        if name.lower() in _BELOW:
            raise UndocumentedBehaviour("filters on it are documented as unsupported")
        return _holds(operator, seen(attributes.get(name)), clause.get("value"))
    except EvaluationStop as stop:
        return Undetermined(f"{name} {operator}: {stop}")


def _holds(operator: str, value: Any, wanted: object) -> bool:
    if isinstance(value, tuple):
        raise UndocumentedBehaviour("filters on several values are documented as unsupported")
    if operator in ("is_null", "is_not_null"):
        return (not value) == (operator == "is_null")
    if operator not in OPERATORS and operator not in _TRUTHS:
        raise UndocumentedBehaviour("the operator is not documented")
    if not value:
        return False  # stated: a filter on a value that is null or empty is false
    if operator in _TRUTHS:
        return _boolean(value) == (operator == "is_true")
    answers = {OPERATORS[operator](value, each) for each in _wanted(wanted)}
    if len(answers) != 1:
        raise UndocumentedBehaviour("whether all of several values must fit, or any, is up to the operator")
    return answers.pop()


def _wanted(value: object) -> list[str]:
    values = list(value) if isinstance(value, list | tuple) else [value]
    if None in values:
        raise UndocumentedBehaviour("the clause has no value to compare with")
    return [str(each) for each in values]


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise UndocumentedBehaviour(f"{value!r} is not a truth value")
    return value.lower() == "true"


def _integers(value: str, wanted: str) -> tuple[int, int]:
    digits = [each[each.startswith("-") :] for each in (value, wanted)]
    if not all(each.isascii() and each.isdecimal() and len(each) < 20 for each in digits):
        raise UndocumentedBehaviour("only whole numbers are documented as greater than others")
    return int(value), int(wanted)


def _equals(value: str, wanted: str) -> bool:
    if value != wanted and value.lstrip("0") == wanted.lstrip("0") and (value + wanted).isdecimal():
        raise UndocumentedBehaviour(
            f"whether {value!r} and {wanted!r} are compared as numbers depends on the attribute's type"
        )
    return value == wanted


def _matches(value: str, wanted: str) -> bool:
    """Whether the pattern fits; whether it must fit the whole value is not documented, so both must agree."""
    anywhere, whole = pattern(wanted).found(value), pattern(rf"\A(?:{wanted})\z").found(value)
    if anywhere != whole:
        raise UndocumentedBehaviour(
            f"whether {wanted!r} must fit all of {value!r} is not documented; anchor it with ^ and $"
        )
    return anywhere


def _bits(_value: str, _wanted: str) -> bool:
    raise UndocumentedBehaviour("the portal's text does not say what it tests")


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": _equals,
    "not_equals": lambda value, wanted: not _equals(value, wanted),
    "matches": _matches,
    "not_matches": lambda value, wanted: not _matches(value, wanted),
    "greater_than": lambda value, wanted: int.__gt__(*_integers(value, wanted)),
    "greater_than_or_equals": lambda value, wanted: int.__ge__(*_integers(value, wanted)),
    "includes": lambda value, wanted: wanted in value,
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "bit_and": _bits,
    "not_bit_and": _bits,
}
