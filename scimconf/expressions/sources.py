"""Expressions as Graph stores them: attributeMappingSource, a tree of Attribute, Constant and Function nodes.

The parameters of a tree are keyed, and empty arguments are not in it. Its `expression` texts are for display and can be
wrong: published ones lack arguments (`Join("@", [sAMAccountName], )` for a tree of three) or quotes (`%DomainFQDN%`),
or are null. Names and keys are read instead, and the text of a constant only if it agrees with its name.

Four forms are our own, because no published tree shows them: a comparison outside IIF is a Function named like its
operator (`left`, `right`); `&` is a Function with a `source` per part; the arguments of a function that is not in the
catalogue are `source`, `argument2`, `argument3`, …; a keyword such as IgnoreAttributeFlow is a Constant whose text has
no quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, assert_never, cast

from scimconf.expressions.canonical import canonicalize
from scimconf.expressions.catalogue import Function, find, spelling
from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.parsing import MAX_DEPTH, OPERATORS, STACK_TOO_DEEP
from scimconf.expressions.rendering import KEYWORDS, quote, spell
from scimconf.expressions.tokens import NAME, is_attribute, unescape

Keyed: TypeAlias = tuple[tuple[str, Expression], ...]

_INFIX = ("two", "three")  # operator and right side of IIF's condition, between `one` and `four`
_LATER = re.compile(r"argument([2-9]|[1-9][0-9]{1,3})")
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)


def to_source(expression: Expression) -> dict[str, Any]:
    """Return the tree that Graph's parseExpression would return, as far as the catalogue has the service's keys."""
    return _tree(canonicalize(expression))


def from_source(tree: Mapping[str, Any]) -> Expression:
    """Return the canonical expression of a stored tree; raise ExpressionError if it is not a valid tree.

    If its keys are not in the catalogue, the parameters become arguments in their order, and the keys are stored on the
    node, so that `to_source` returns the same tree.
    """
    try:
        return canonicalize(_read(tree, "source", 0))
    except RecursionError:
        raise ExpressionError(STACK_TOO_DEEP) from None


def _tree(expression: Expression) -> dict[str, Any]:
    kind, text = "Function", spell(expression)
    keyed: Keyed = ()
    match expression:
        case Attribute(name):
            kind = "Attribute"
        case Constant(name):
            kind, text = "Constant", name if expression.bare and name in KEYWORDS else quote(name)
        case Comparison(left, name, right):
            keyed = (("left", left), ("right", right))
        case Concatenation(parts):
            name, keyed = "&", tuple(("source", part) for part in parts)
        case Call(name):
            keyed = tuple(_keyed(expression))
        case _:
            assert_never(expression)
    parameters = [{"key": key, "value": _tree(value)} for key, value in keyed]
    return {"expression": text, "name": name, "parameters": parameters, "type": kind}


def _keyed(call: Call) -> Iterator[tuple[str, Expression]]:
    """Yield the key and the value of each argument that is not empty; the condition of an IIF yields three."""
    function = find(call.name)
    for position, argument in enumerate(call.arguments):
        key = call.keys[position] if position < len(call.keys) else _key(function, position)
        if isinstance(argument, Comparison) and not call.keys and _is_condition(function, key):
            yield key, argument.left
            yield _INFIX[0], Constant(argument.operator)
            yield _INFIX[1], argument.right
        elif argument is not None:
            yield key, argument


def _key(function: Function | None, position: int) -> str:
    parameter = function.parameter(position) if function else None
    if parameter is not None:
        return parameter.key
    return f"argument{position + 1}" if position else "source"


def _is_condition(function: Function | None, key: str) -> bool:
    """Return whether this is the parameter whose comparison continues in infix parameters: `one` of IIF."""
    return function is not None and key == "one" and any(parameter.infix for parameter in function.parameters)


def _read(tree: object, path: str, depth: int) -> Expression:
    if not isinstance(tree, Mapping):
        raise ExpressionError(f"{path} is not an object")
    if depth > MAX_DEPTH:
        raise ExpressionError(f"functions are nested deeper than {MAX_DEPTH} levels")
    kind = tree.get("type")
    if kind == "Function":
        return _function(tree, path, depth)
    if kind not in ("Attribute", "Constant"):
        hint = "Valid types: Attribute, Constant, Function."
        raise ExpressionError(f"{path} has the unknown type {kind!r}", hint=hint)
    if tree.get("parameters"):
        raise ExpressionError(f"{path} has parameters, but only a Function may have them")
    return _attribute(tree, path) if kind == "Attribute" else _constant(tree, path)


def _attribute(tree: Mapping[str, Any], path: str) -> Attribute:
    name, text = tree.get("name"), tree.get("expression")
    if not name and isinstance(text, str) and text.startswith("[") and text.endswith("]"):
        name = text[1:-1]
    if not isinstance(name, str) or not name:
        raise ExpressionError(f"{path} is an Attribute without a name")
    if not is_attribute(f"[{name}]"):
        message = f"{path} is an Attribute with the name {name!r}, which cannot be written in an expression"
        raise ExpressionError(message)
    return Attribute(name)


def _constant(tree: Mapping[str, Any], path: str) -> Constant:
    """Return the constant. Whether `name` has escaped backslashes is not documented; both forms are accepted."""
    name, text = tree.get("name"), tree.get("expression")
    inner = _QUOTED.fullmatch(text) if isinstance(text, str) else None
    if inner is not None and (name is None or name in (inner[1], unescape(inner[1]))):
        return Constant(unescape(inner[1]))
    value = text if name is None else name
    if not isinstance(value, str):
        raise ExpressionError(f"{path} is a Constant without a value")
    return Constant(value, bare=value == text and value in KEYWORDS)


def _function(tree: Mapping[str, Any], path: str, depth: int) -> Expression:
    name = tree.get("name")
    if not isinstance(name, str) or not name:
        raise ExpressionError(f"{path} is a Function without a name")
    pairs = tuple(_parameters(tree, f"{path}.{name}", depth + 1))
    values = tuple(value for _, value in pairs)
    keys = tuple(key for key, _ in pairs)
    if name in OPERATORS and keys == ("left", "right"):
        return Comparison(values[0], cast("Operator", name), values[1])
    if name == "&" and len(keys) > 1 and set(keys) == {"source"}:
        return Concatenation(values)
    if not NAME.fullmatch(name):
        raise ExpressionError(f"{path} is a Function with the name {name!r}, which cannot be written in an expression")
    function = find(spelling(name))
    arguments = _by_position(function, _with_comparison(function, pairs))
    return Call(name, values, keys) if arguments is None else Call(name, arguments)


def _parameters(tree: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, Expression]]:
    """Yield key and value of each parameter; a parameter without a value is the same as an absent one."""
    listed = tree.get("parameters") or ()
    if not isinstance(listed, list | tuple):
        raise ExpressionError(f"the parameters of {path} are not a list")
    for entry in listed:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("key"), str):
            raise ExpressionError(f"a parameter of {path} has no key")
        if entry.get("value") is not None:
            yield entry["key"], _read(entry["value"], f"{path}.{entry['key']}", depth)


def _with_comparison(function: Function | None, pairs: Keyed) -> Keyed:
    """Return the parameters with `one, two, three` of an IIF, if they are a comparison, merged into one."""
    keyed = dict(pairs)
    operator = keyed.get(_INFIX[0])
    known = isinstance(operator, Constant) and operator.text in OPERATORS
    if not (known and _is_condition(function, "one") and {"one", "three"} <= keyed.keys()):
        return pairs
    assert isinstance(operator, Constant)
    condition = Comparison(keyed["one"], cast("Operator", operator.text), keyed["three"])
    return tuple((key, condition if key == "one" else value) for key, value in pairs if key not in _INFIX)


def _by_position(function: Function | None, pairs: Keyed) -> tuple[Expression | None, ...] | None:
    """Return the arguments in the positions of their keys; None if a key is unknown or occurs twice."""
    arguments: dict[int, Expression] = {}
    repeated: list[Expression] = []
    for key, value in pairs:
        if function and function.repeating and key == function.repeating.key:
            repeated.append(value)
            continue
        position = _position(function, key)
        if position is None or position in arguments:
            return None
        arguments[position] = value
    fixed = max(len(function.slots) if function else 0, max(arguments, default=-1) + 1)
    return (*map(arguments.get, range(fixed)), *repeated)


def _position(function: Function | None, key: str) -> int | None:
    """Return the position of a key, the inverse of `_key`; None for a repeating parameter and an unknown key."""
    slots = [parameter.key for parameter in function.slots] if function and function.slots else ["source"]
    if key in slots:
        return slots.index(key)
    later = _LATER.fullmatch(key)
    if later is None or (function and function.repeating):
        return None
    position = int(later[1]) - 1
    return position if position >= len(slots) else None
