"""The printer: expression to text, in the service's own style, so that equal trees have equal texts.

A space follows each comma, also before an empty argument. A source tree cannot distinguish `1` from `"1"`, so the
parameter decides: digits are bare where a number is expected (Graph's `Mid([userPrincipalName], 1, 8)`), else quoted.
"""

from __future__ import annotations

import re
from typing import assert_never

from scimconf.expressions.canonical import canonicalize, compact
from scimconf.expressions.catalogue import find
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression

# The keywords that the function reference and the Workday guide write without quotes. `True` and `NULL` are not among
# them: in mappings of applications booleans are strings, and an absent argument is left empty.
KEYWORDS = frozenset({"vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow"})

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?|&H[0-9A-Fa-f]+")


def render(expression: Expression) -> str:
    """Return the canonical text of an expression; `parse` reads it back as the canonical expression.

    Since empty arguments are filled in, it can be longer than the text it was parsed from, and than `MAX_LENGTH`.
    """
    return _top_level(canonicalize(expression))


def render_compact(expression: Expression) -> str:
    """Return the text as an author would write it: without empty optional arguments at the end of a call.

    `render(parse(render_compact(expression)))` equals `render(expression)`.
    """
    return _top_level(compact(expression))


def _top_level(expression: Expression) -> str:
    # keywords and numbers are bare only inside a call
    return quote(expression.text) if isinstance(expression, Constant) else spell(expression)


def quote(text: str) -> str:
    """Return a string in quotes; the language escapes only quotes and backslashes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def spell(expression: Expression, *, number: bool = False) -> str:
    """Return the text of a part of an expression as it is; `number` is true where a number is expected."""
    match expression:
        case Attribute(name):
            return f"[{name}]"
        case Constant(text):
            bare = text in KEYWORDS or (number and NUMBER.fullmatch(text))
            return text if bare else quote(text)
        case Call():
            return _call(expression)
        case Comparison(left, operator, right):
            number = _is_number(left) or _is_number(right)
            return f"{spell(left, number=number)} {operator} {spell(right, number=number)}"
        case Concatenation(parts):
            return " & ".join(map(spell, parts))
        case _:
            assert_never(expression)


def _call(call: Call) -> str:
    function = find(call.name)
    texts = []
    for position, argument in enumerate(call.arguments):
        parameter = function.parameter(position) if function else None
        number = parameter is not None and parameter.type == "Integer"
        texts.append("" if argument is None else spell(argument, number=number))
    return f"{call.name}({', '.join(texts)})"


def _is_number(expression: Expression) -> bool:
    """Return whether a comparison with this expression compares numbers: `Len([x]) <= 5`."""
    function = find(expression.name) if isinstance(expression, Call) else None
    return function is not None and function.result == "Integer"
