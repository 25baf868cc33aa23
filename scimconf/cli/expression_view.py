"""An expression taken apart for people: as JSON values, and as lines that are made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from scimconf import expressions
from scimconf.expressions import Attribute, Call, Comparison, Concatenation, Constant, Expression
from scimconf.expressions.evaluation import EvaluationContext, Failure, Ignored, compile_expression
from scimconf.expressions.rendering import quote, spell

Json: TypeAlias = dict[str, Any]

# The functions that take a comparison, and what follows it there.
_CONDITIONAL: Mapping[str, tuple[Constant, ...]] = {"IIF": (Constant("True"), Constant("False")), "CBool": ()}


def outcome(tree: Expression, given: Mapping[str, Any], known: EvaluationContext) -> Json:
    """What an expression comes to: its kind, and the value or the reason."""
    value = compile_expression(tree)(given, known)
    if value is None:
        return {"kind": "null"}
    if isinstance(value, str):
        return {"kind": "text", "value": value}
    if isinstance(value, tuple):
        return {"kind": "list", "value": list(value)}
    if isinstance(value, Ignored):
        return {"kind": "ignored", "whole_object": value.whole_object}
    return {"kind": "failure" if isinstance(value, Failure) else "undetermined", "reason": value.reason}


def told(found: Json) -> str:
    """An outcome as one line."""
    match found["kind"]:
        case "null":
            return "null: nothing is sent"
        case "text":
            return quote(found["value"])
        case "list":
            return f"[{', '.join(map(quote, found['value']))}]"
        case "ignored":
            return f"ignored: nothing is sent for the {'whole object' if found['whole_object'] else 'attribute'}"
        case kind:
            return f"{kind}: {found['reason']}"


def explained(tree: Expression, given: Mapping[str, Any], known: EvaluationContext) -> Json:
    """The tree with types, and with values where any attribute is given or none is read."""
    reads = expressions.attributes(tree)
    values = (given, known) if given or not reads else None
    called = [expressions.find(name) for name in expressions.functions(tree)]
    return {
        "tree": _part(tree, values),
        "reads": list(reads),
        "functions": {one.name: one.doc for one in called if one is not None},
    }


Values: TypeAlias = tuple[Mapping[str, Any], EvaluationContext] | None


def _part(node: Expression, values: Values, parameter: str = "", inside: str = "") -> Json:
    found: Json = {"text": spell(node), "is": type(node).__name__.lower()}
    if parameter:
        found["parameter"] = parameter
    kind = _type(node)
    if kind:
        found["type"] = kind
    if values is not None and not isinstance(node, Constant):
        found["outcome"] = outcome(_alone(node, inside), *values)
    parts = list(_parts(node, values))
    return {**found, "parts": parts} if parts else found


def _type(node: Expression) -> str:
    """What kind of value a part gives, where that is known without its attributes."""
    if isinstance(node, Call):
        function = expressions.find(node.name)
        return function.result if function else ""
    return {Constant: "String", Comparison: "Boolean", Concatenation: "String"}.get(type(node), "")


def _alone(node: Expression, inside: str) -> Expression:
    """A part that can be tried by itself: a comparison only as the condition of the function that it stands in."""
    if not isinstance(node, Comparison) or inside not in _CONDITIONAL:
        return node
    return Call(inside, (node, *_CONDITIONAL[inside]))


def _parts(node: Expression, values: Values) -> Iterator[Json]:
    if not isinstance(node, Call):
        yield from (_part(each, values) for each in expressions.children(node) if not isinstance(node, Attribute))
        return
    function = expressions.find(node.name)
    for place, each in enumerate(node.arguments):
        parameter = function.parameter(place) if function else None
        name = parameter.key if parameter else ""
        yield (
            _part(each, values, name, node.name)
            if each is not None
            else {"text": "", "is": "omitted", "parameter": name}
        )


def lines(found: Json) -> list[str]:
    """The same for a terminal: a line a part, the inner ones further in."""
    said = list(_lines(found["tree"], 0))
    said += [f"Reads {', '.join(found['reads'])}."] if found["reads"] else []
    return said + [f"{name}: {doc}" for name, doc in found["functions"].items()]


def _lines(part: Json, depth: int) -> Iterator[str]:
    lead = f"{part['parameter']}: " if part.get("parameter") else ""
    text = part["text"] if part["is"] != "omitted" else "(left empty)"
    kind = f"  {part['type']}" if part.get("type") and part["is"] != "constant" else ""
    value = f"  = {told(part['outcome'])}" if "outcome" in part else ""
    yield f"{'  ' * depth}{lead}{text}{kind}{value}"
    for each in part.get("parts", ()):
        yield from _lines(each, depth + 1)
