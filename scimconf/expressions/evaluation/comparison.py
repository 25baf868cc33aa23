"""Comparisons and conditions: what the reference says of them, and no more.

Numbers are compared where one side is a number. Whether texts are compared by case, whether `"01"` is `1`, and how
dates are compared is not written anywhere; only where no reading makes a difference there is an answer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal

from scimconf.expressions.dotnet.errors import UndocumentedBehaviour
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation.arguments import number, text
from scimconf.expressions.evaluation.values import TypedValue
from scimconf.expressions.nodes import Operator

_ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(left: TypedValue, sign: Operator, right: TypedValue) -> bool:
    """Whether a comparison holds."""
    if isinstance(left, DotNetDateTime) or isinstance(right, DotNetDateTime):
        raise UndocumentedBehaviour("how dates are compared is not documented; DateDiff counts what is between them")
    one, other = text(left), text(right)
    typed = _typed(left) or _typed(right)
    if sign in _ORDER:
        return _ORDER[sign](*_numbers(one, other))
    same = operator.eq(*_numbers(one, other)) if typed else _same(one, other)
    return same if sign == "=" else not same


def truth(value: TypedValue) -> bool:
    """Whether a condition holds that is no comparison."""
    if isinstance(value, bool):
        return value
    if value in ("True", "False"):
        return value == "True"
    raise UndocumentedBehaviour(
        "only a comparison and a function that says True or False are documented as a condition"
    )


def _typed(value: TypedValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _numbers(one: str, other: str) -> tuple[Decimal, Decimal]:
    left, right = number(one), number(other)
    if left is None or right is None:
        raise UndocumentedBehaviour(
            "how a text that is no number is compared with < or >, or with a number, is not documented"
        )
    return left, right


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.casefold() == other.casefold():
        raise UndocumentedBehaviour(f"whether {one!r} = {other!r} heeds the case is not documented")
    left = number(one)
    if left is not None and left == number(other):
        raise UndocumentedBehaviour(f"whether {one!r} = {other!r} compares texts or numbers is not documented")
    return False
