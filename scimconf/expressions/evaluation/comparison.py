"""Comparisons and conditions, as far as the reference documents them.

Numbers are compared if one side is a number. It is not documented whether strings are compared case-sensitively,
whether `"01"` equals `1`, and how dates are compared; there is a result only if every interpretation gives the same.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal

from scimconf.expressions.dotnet.errors import UndocumentedBehaviour
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation.arguments import parse_number, to_string
from scimconf.expressions.evaluation.values import TypedValue
from scimconf.expressions.nodes import Operator

_ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(left: TypedValue, sign: Operator, right: TypedValue) -> bool:
    if isinstance(left, DotNetDateTime) or isinstance(right, DotNetDateTime):
        raise UndocumentedBehaviour("Microsoft does not document how dates are compared; use DateDiff")
    texts = to_string(left), to_string(right)
    if sign in _ORDER:
        return _ORDER[sign](*_numbers(*texts))
    numeric = _is_integer(left) or _is_integer(right)
    equal = operator.eq(*_numbers(*texts)) if numeric else _equal(*texts)
    return equal if sign == "=" else not equal


def to_condition(value: TypedValue) -> bool:
    """Return the truth of a condition that is not a comparison."""
    if isinstance(value, bool):
        return value
    if value in ("True", "False"):
        return value == "True"
    raise UndocumentedBehaviour(
        "only comparisons and functions that return True or False are documented as a condition"
    )


def _is_integer(value: TypedValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _numbers(left: str, right: str) -> tuple[Decimal, Decimal]:
    first, second = parse_number(left), parse_number(right)
    if first is None or second is None:
        message = "Microsoft does not document how a string is compared with a number, or with < and >"
        raise UndocumentedBehaviour(message)
    return first, second


def _equal(left: str, right: str) -> bool:
    if left == right:
        return True
    if left.casefold() == right.casefold():
        raise UndocumentedBehaviour(f"Microsoft does not document whether {left!r} = {right!r} is case-sensitive")
    number = parse_number(left)
    if number is not None and number == parse_number(right):
        message = f"Microsoft does not document whether {left!r} = {right!r} compares strings or numbers"
        raise UndocumentedBehaviour(message)
    return False
