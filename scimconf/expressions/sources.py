"""Expressions as Graph stores them: attributeMappingSource, a tree of Attribute, Constant and Function.

A tree's parameters are keyed, and empty arguments are left out of it. Its `expression` texts are for people and can lie:
published ones lose arguments (`Join("@", [sAMAccountName], )` over a tree of three) or quotes (`%DomainFQDN%`), or are
null. So the names and the keys are read, and the text of a constant only where it says the same as its name.

Four forms are ours, because no published tree shows them: a comparison outside of IIF is a Function named as its
operator (`left`, `right`), `&` one with a `source` per part, the arguments of a function that is not in the
catalogue are `source`, `argument2`, `argument3`, …, and a word such as IgnoreAttributeFlow is a Constant whose text
has no quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, assert_never, cast

from scimconf.expressions.canonical import canonicalize
from scimconf.expressions.catalogue import Function, find
from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression, Operator
from scimconf.expressions.parsing import MAX_DEPTH, OPERATORS
from scimconf.expressions.rendering import KEYWORDS, quote, spell
from scimconf.expressions.tokens import NAME, is_attribute, unescape

Source: TypeAlias = dict[str, Any]
Keyed: TypeAlias = tuple[tuple[str, Expression], ...]

_INFIX = ("two", "three")  # IIF's operator and right side, between `one` and `four`
_LATER = re.compile(r"argument([2-9]|[1-9][0-9]{1,3})")
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)


def to_source(expression: Expression) -> Source:
    """The tree that parseExpression would answer, as far as the catalogue knows the engine's keys."""
    return _tree(canonicalize(expression))


def from_source(tree: Mapping[str, Any]) -> Expression:
    """The canonical expression that a stored tree means; raises ExpressionError if it is no such tree.

    A tree whose keys are not the catalogue's is still an expression: its parameters become arguments in their order,
    and the keys are kept, so that `to_source` gives the same tree again.
    """
    try:
        return canonicalize(_read(tree, "source", 0))
    except RecursionError:
        raise ExpressionError("the program that asks is nested too deeply itself for this to be read") from None


# ---- writing -------------------------------------------------------------------------------------------------------


def _tree(expression: Expression) -> Source:
    match expression:
        case Attribute(name):
            return _node("Attribute", name, f"[{name}]", ())
        case Constant(text):
            return _node("Constant", text, text if expression.bare and text in KEYWORDS else quote(text), ())
        case Comparison(left, operator, right):
            return _node("Function", operator, spell(expression), (("left", left), ("right", right)))
        case Concatenation(parts):
            return _node("Function", "&", spell(expression), tuple(("source", part) for part in parts))
        case Call(name):
            return _node("Function", name, spell(expression), tuple(_keyed(expression)))
        case _:
            assert_never(expression)


def _node(kind: str, name: str, text: str, parameters: Keyed) -> Source:
    listed = [{"key": key, "value": _tree(value)} for key, value in parameters]
    return {"expression": text, "name": name, "parameters": listed, "type": kind}


def _keyed(call: Call) -> Iterator[tuple[str, Expression]]:
    """The arguments that are there, under the engine's keys; a comparison fills the infix ones behind its place."""
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
    """Whether this is the parameter whose comparison goes on in the infix ones; IIF's `one`."""
    return function is not None and key == "one" and any(parameter.infix for parameter in function.parameters)


# ---- reading -------------------------------------------------------------------------------------------------------


def _read(tree: object, place: str, depth: int) -> Expression:
    if not isinstance(tree, Mapping):
        raise ExpressionError(f"{place} is not an object")
    if depth > MAX_DEPTH:
        raise ExpressionError(f"functions are nested deeper than {MAX_DEPTH} levels")
    match tree.get("type"):
        case "Function":
            return _function(tree, place, depth)
        case "Attribute" | "Constant" if tree.get("parameters"):
            raise ExpressionError(f"{place} has parameters, and only a Function takes some")
        case "Attribute":
            return _attribute(tree, place)
        case "Constant":
            return _constant(tree, place)
        case other:
            raise ExpressionError(f"{place} has the type {other!r}", hint="Known are Attribute, Constant and Function.")


def _attribute(tree: Mapping[str, Any], place: str) -> Attribute:
    name, text = tree.get("name"), tree.get("expression")
    if not name and isinstance(text, str) and text.startswith("[") and text.endswith("]"):
        name = text[1:-1]
    if not isinstance(name, str) or not name:
        raise ExpressionError(f"{place} is an Attribute without a name")
    if not is_attribute(f"[{name}]"):
        raise ExpressionError(f"{place} is an Attribute whose name {name!r} no text can hold")
    return Attribute(name)


def _constant(tree: Mapping[str, Any], place: str) -> Constant:
    """The text of a constant. Whether `name` has its backslashes doubled is not documented; both are understood."""
    name, text = tree.get("name"), tree.get("expression")
    inner = _QUOTED.fullmatch(text) if isinstance(text, str) else None
    if inner is not None and (name is None or name in (inner[1], unescape(inner[1]))):
        return Constant(unescape(inner[1]))
    said = text if name is None else name
    if not isinstance(said, str):
        raise ExpressionError(f"{place} is a Constant without a text")
    return Constant(said, bare=said == text and said in KEYWORDS)


def _function(tree: Mapping[str, Any], place: str, depth: int) -> Expression:
    name = tree.get("name")
    if not isinstance(name, str) or not name:
        raise ExpressionError(f"{place} is a Function without a name")
    pairs = tuple(_parameters(tree, f"{place}.{name}", depth + 1))
    values = tuple(value for _, value in pairs)
    keys = tuple(key for key, _ in pairs)
    if name in OPERATORS and keys == ("left", "right"):
        return Comparison(values[0], cast("Operator", name), values[1])
    if name == "&" and len(keys) > 1 and set(keys) == {"source"}:
        return Concatenation(values)
    if not NAME.fullmatch(name):
        raise ExpressionError(f"{place} is a Function whose name {name!r} no text can hold")
    placed = _placed(find(name), _folded(find(name), pairs))
    return Call(name, values, keys) if placed is None else Call(name, placed)


def _parameters(tree: Mapping[str, Any], place: str, depth: int) -> Iterator[tuple[str, Expression]]:
    """Key and value of each parameter; one without a value says no more than one that is left out."""
    listed = tree.get("parameters") or ()
    if not isinstance(listed, list | tuple):
        raise ExpressionError(f"the parameters of {place} are not a list")
    for entry in listed:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("key"), str):
            raise ExpressionError(f"a parameter of {place} has no key")
        if entry.get("value") is not None:
            yield entry["key"], _read(entry["value"], f"{place}.{entry['key']}", depth)


def _folded(function: Function | None, pairs: Keyed) -> Keyed:
    """IIF's `one, two, three` as the one comparison that they are; unchanged where they are not."""
    keyed = dict(pairs)
    operator = keyed.get(_INFIX[0])
    known = isinstance(operator, Constant) and operator.text in OPERATORS
    if not (known and _is_condition(function, "one") and {"one", "three"} <= keyed.keys()):
        return pairs
    assert isinstance(operator, Constant)
    condition = Comparison(keyed["one"], cast("Operator", operator.text), keyed["three"])
    return tuple((key, condition if key == "one" else value) for key, value in pairs if key not in _INFIX)


def _placed(function: Function | None, pairs: Keyed) -> tuple[Expression | None, ...] | None:
    """The arguments at the places that their keys name; None if a key is not known, or is there twice."""
    placed: dict[int, Expression] = {}
    behind: list[Expression] = []
    for key, value in pairs:
        if function and function.repeating and key == function.repeating.key:
            behind.append(value)
            continue
        position = _position(function, key)
        if position is None or position in placed:
            return None
        placed[position] = value
    fixed = max(len(function.slots) if function else 0, max(placed, default=-1) + 1)  # a tree's three are not a text's
    return (*map(placed.get, range(fixed)), *behind)


def _position(function: Function | None, key: str) -> int | None:
    """The inverse of `_key`; a repeating parameter has no place of its own."""
    slots = [parameter.key for parameter in function.slots] if function and function.slots else ["source"]
    if key in slots:
        return slots.index(key)
    later = _LATER.fullmatch(key)
    if later is None or (function and function.repeating):
        return None
    position = int(later[1]) - 1
    return position if position >= len(slots) else None
