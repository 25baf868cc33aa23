"""The one form of expressions that mean the same tree.

A tree has no empty arguments and no order among different keys, a text has both. So: arguments are filled up with empty
ones to the function's own number, as the service prints them (`ToLower([x], )`); empty ones beyond that are dropped, and
so are those of a repeating parameter, whose place no tree can hold.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from scimconf.expressions.catalogue import find
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression

Arguments: TypeAlias = tuple[Expression | None, ...]


def canonical(expression: Expression) -> Expression:
    """The expression that all texts of one source tree have in common."""
    match expression:
        case Attribute() | Constant():
            return expression
        case Comparison(left, operator, right):
            return Comparison(canonical(left), operator, canonical(right))
        case Concatenation(parts):
            return Concatenation(tuple(map(canonical, parts)))
        case Call(name, arguments, keys):
            return filled(Call(name, tuple(None if each is None else canonical(each) for each in arguments), keys))
        case _:
            assert_never(expression)


def filled(call: Call) -> Call:
    """The call with its own arguments in canonical places; those inside of them stay as they are."""
    return Call(call.name, _filled(call.name, _four(call.name, call.arguments, call.keys)), call.keys)


def _four(name: str, arguments: Arguments, keys: tuple[str, ...]) -> Arguments:
    """FormatDateTime once had no dateTimeStyle, and guides still print it so; three full arguments mean the old form.

    The other reading would lack the output format, which the service requires (2017's list of functions shows the old
    parameters; cloud sync's reference has them still).
    """
    if name == "FormatDateTime" and len(arguments) == 3 and None not in arguments and not keys:
        return (arguments[0], None, *arguments[1:])
    return arguments


def _filled(name: str, arguments: Arguments) -> Arguments:
    function = find(name)
    slots = len(function.slots) if function else 0
    fixed, rest = arguments[:slots], arguments[slots:]
    if function and function.repeating:
        rest = tuple(each for each in rest if each is not None)
    while rest and rest[-1] is None:
        rest = rest[:-1]
    filled = (*fixed, *(None,) * (slots - len(fixed)), *rest)
    return () if filled == (None,) else filled  # `Not()` is how both are written
