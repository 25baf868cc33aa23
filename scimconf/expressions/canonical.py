"""The canonical form: one expression for all texts that mean the same source tree.

A source tree holds neither empty arguments nor an order of differently keyed arguments; a text has both. The canonical
form therefore fills each call up with empty arguments to the number of the function's parameters, as the service prints
it (`ToLower([x], )`), and drops empty arguments beyond that number and those of a repeating parameter. Functions have the
catalogue's spelling, since guides print some in another case (`Instr`). The compact form is for readers: it leaves out the
optional arguments at the end of a call that are empty (`ToLower([x])`).
"""

from __future__ import annotations

from scimconf.expressions.catalogue import find, spelling
from scimconf.expressions.nodes import Call, Expression
from scimconf.expressions.visitor import map_calls


def canonicalize(expression: Expression) -> Expression:
    """Return the expression that all texts of one source tree have in common."""
    return map_calls(expression, fill_arguments)


def compact(expression: Expression) -> Expression:
    """Return the canonical expression without the empty optional arguments at the end of each call."""
    return map_calls(canonicalize(expression), _drop_empty_arguments)


def respell(expression: Expression) -> Expression:
    """Return the expression with the catalogue's spelling of functions whose names differ in case."""
    return map_calls(expression, respell_call)


def respell_call(call: Call) -> Call:
    return Call(spelling(call.name), call.arguments, call.keys)


def fill_arguments(call: Call) -> Call:
    """Return the call in the catalogue's spelling, with its arguments, unchanged, in canonical positions."""
    call = respell_call(call)
    arguments = _with_style_argument(call)
    function = find(call.name)
    slots = len(function.slots) if function else 0
    fixed, rest = arguments[:slots], arguments[slots:]
    if function and function.repeating:
        rest = tuple(argument for argument in rest if argument is not None)
    while rest and rest[-1] is None:
        rest = rest[:-1]
    filled = (*fixed, *(None,) * (slots - len(fixed)), *rest)
    return Call(call.name, () if filled == (None,) else filled, call.keys)  # both are written `Not()`


def _with_style_argument(call: Call) -> tuple[Expression | None, ...]:
    """Return the arguments of a FormatDateTime without dateTimeStyle with an empty one; other calls are not changed.

    The function once had no dateTimeStyle, and guides still print it so. Three arguments without an empty one are that
    old form: otherwise the output format, which is required, would be missing. (Graph's list of functions of 2017 has
    the old parameters; cloud sync's reference still has them.)
    """
    if call.name == "FormatDateTime" and len(call.arguments) == 3 and None not in call.arguments and not call.keys:
        return (call.arguments[0], None, *call.arguments[1:])
    return call.arguments


def _drop_empty_arguments(call: Call) -> Call:
    function = find(call.name)
    optional = [not parameter.required for parameter in function.slots] if function else []
    arguments = call.arguments
    while 0 < len(arguments) <= len(optional) and arguments[-1] is None and optional[len(arguments) - 1]:
        arguments = arguments[:-1]
    return Call(call.name, arguments, call.keys)
