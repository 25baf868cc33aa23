"""Walking an expression: its parts, the attributes and functions that it mentions, and rewriting its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

from scimconf.expressions.catalogue import spelling
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and all its parts, from left to right, the outer before the inner."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the direct parts of an expression, without empty arguments."""
    match expression:
        case Attribute() | Constant():
            return ()
        case Call(arguments=arguments):
            return tuple(argument for argument in arguments if argument is not None)
        case Comparison(left, _, right):
            return (left, right)
        case Concatenation(parts):
            return parts
        case _:
            assert_never(expression)


def map_calls(expression: Expression, rewrite: Callable[[Call], Call]) -> Expression:
    """Return the expression with each call rewritten, the inner before the outer."""
    match expression:
        case Attribute() | Constant():
            return expression
        case Comparison(left, operator, right):
            return Comparison(map_calls(left, rewrite), operator, map_calls(right, rewrite))
        case Concatenation(parts):
            return Concatenation(tuple(map_calls(part, rewrite) for part in parts))
        case Call(name, arguments, keys):
            inner = (None if argument is None else map_calls(argument, rewrite) for argument in arguments)
            return rewrite(Call(name, tuple(inner), keys))
        case _:
            assert_never(expression)


def attributes(expression: Expression) -> tuple[str, ...]:
    """Return the names of the source attributes that the value depends on, each once, in the order of the text."""
    return tuple(dict.fromkeys(part.name for part in walk(expression) if isinstance(part, Attribute)))


def functions(expression: Expression) -> tuple[str, ...]:
    """Return the functions that are called, in the catalogue's spelling, each once, in the order of the text."""
    return tuple(dict.fromkeys(spelling(part.name) for part in walk(expression) if isinstance(part, Call)))
