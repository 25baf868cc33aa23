"""An expression explained: as JSON values, and as lines made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from scimconf import expressions
from scimconf.expressions import Attribute, Call, Comparison, Concatenation, Constant, Expression
from scimconf.expressions.evaluation import EvaluationContext, Failure, Ignored, compile_expression
from scimconf.expressions.rendering import quote, spell

Json: TypeAlias = dict[str, Any]
Attributes: TypeAlias = Mapping[str, Any]
Inputs: TypeAlias = tuple[Attributes, EvaluationContext] | None
"""What a part is evaluated with; None if no values are shown."""

_CONDITIONAL: Mapping[str, tuple[Constant, ...]] = {"IIF": (Constant("True"), Constant("False")), "CBool": ()}
"""The functions that take a comparison, and the arguments that complete them."""


def evaluate_expression(tree: Expression, attributes: Attributes, context: EvaluationContext) -> Json:
    """Return the outcome of an expression: its kind, and the value or the reason."""
    value = compile_expression(tree)(attributes, context)
    if value is None:
        return {"kind": "null"}
    if isinstance(value, str):
        return {"kind": "text", "value": value}
    if isinstance(value, tuple):
        return {"kind": "list", "value": list(value)}
    if isinstance(value, Ignored):
        return {"kind": "ignored", "whole_object": value.whole_object}
    return {"kind": "failure" if isinstance(value, Failure) else "undetermined", "reason": value.reason}


def spelling_warnings(tree: Expression) -> list[str]:
    """Return a warning for each function whose name differs from the catalogue's in case only."""
    names = dict.fromkeys(part.name for part in expressions.walk(tree) if isinstance(part, Call))
    pairs = [(name, expressions.spelling(name)) for name in names]
    return [
        f"{name} is evaluated as {function}, its documented name (L102)" for name, function in pairs if name != function
    ]


def outcome_line(outcome: Json) -> str:
    match outcome["kind"]:
        case "null":
            return "null: nothing is sent"
        case "text":
            return quote(outcome["value"])
        case "list":
            return f"[{', '.join(map(quote, outcome['value']))}]"
        case "ignored":
            return f"ignored: nothing is sent for the {'whole object' if outcome['whole_object'] else 'attribute'}"
        case kind:
            return f"{kind}: {outcome['reason']}"


def explanation(tree: Expression, attributes: Attributes, context: EvaluationContext) -> Json:
    """Return the parts with types, and with values if an attribute is given or none is read."""
    tree = expressions.respell(tree)
    reads = expressions.attributes(tree)
    inputs = (attributes, context) if attributes or not reads else None
    called = [expressions.find(name) for name in expressions.functions(tree)]
    return {
        "tree": _part(tree, inputs),
        "reads": list(reads),
        "functions": {function.name: function.doc for function in called if function is not None},
    }


def _part(node: Expression, inputs: Inputs, parameter: str = "", function_name: str = "") -> Json:
    """Return one part; `parameter` and `function_name` are those of the call that it is an argument of."""
    part: Json = {"text": spell(node), "is": type(node).__name__.lower()}
    if parameter:
        part["parameter"] = parameter
    result_type = _result_type(node)
    if result_type:
        part["type"] = result_type
    if inputs is not None and not isinstance(node, Constant):
        is_condition = isinstance(node, Comparison) and function_name in _CONDITIONAL
        evaluable = Call(function_name, (node, *_CONDITIONAL[function_name])) if is_condition else node
        part["outcome"] = evaluate_expression(evaluable, *inputs)
    parts = list(_parts(node, inputs))
    return {**part, "parts": parts} if parts else part


def _result_type(node: Expression) -> str:
    """Return the type of a part's value, "" if it depends on attributes."""
    if isinstance(node, Call):
        function = expressions.find(node.name)
        return function.result if function else ""
    return {Constant: "String", Comparison: "Boolean", Concatenation: "String"}.get(type(node), "")


def _parts(node: Expression, inputs: Inputs) -> Iterator[Json]:
    if not isinstance(node, Call):
        yield from (_part(child, inputs) for child in expressions.children(node) if not isinstance(child, Attribute))
        return
    function = expressions.find(node.name)
    for index, argument in enumerate(node.arguments):
        parameter = function.parameter(index) if function else None
        name = parameter.key if parameter else ""
        if argument is None:
            yield {"text": "", "is": "omitted", "parameter": name}
        else:
            yield _part(argument, inputs, name, node.name)


def explanation_lines(document: Json) -> list[str]:
    """Return an explanation for a terminal: one line a part, inner parts indented."""
    lines = list(_part_lines(document["tree"], 0))
    lines += [f"Reads {', '.join(document['reads'])}."] if document["reads"] else []
    return lines + [f"{name}: {doc}" for name, doc in document["functions"].items()]


def _part_lines(part: Json, depth: int) -> Iterator[str]:
    lead = f"{part['parameter']}: " if part.get("parameter") else ""
    text = part["text"] if part["is"] != "omitted" else "(omitted)"
    result_type = f"  {part['type']}" if part.get("type") and part["is"] != "constant" else ""
    value = f"  = {outcome_line(part['outcome'])}" if "outcome" in part else ""
    yield f"{'  ' * depth}{lead}{text}{result_type}{value}"
    for inner in part.get("parts", ()):
        yield from _part_lines(inner, depth + 1)
