"""What an expression mentions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all that is in it, from left to right, the outer before the inner."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def children(expression: Expression) -> tuple[Expression, ...]:
    """What stands directly inside; empty arguments are not there."""
    match expression:
        case Attribute() | Constant():
            return ()
        case Call(arguments=arguments):
            return tuple(each for each in arguments if each is not None)
        case Comparison(left, _, right):
            return (left, right)
        case Concatenation(parts):
            return parts
        case _:
            assert_never(expression)


def attributes(expression: Expression) -> tuple[str, ...]:
    """The source attributes that the value depends on, each once, in the order of the text."""
    return tuple(dict.fromkeys(each.name for each in walk(expression) if isinstance(each, Attribute)))


def functions(expression: Expression) -> tuple[str, ...]:
    """The functions that are called, each once, in the order of the text."""
    return tuple(dict.fromkeys(each.name for each in walk(expression) if isinstance(each, Call)))
