"""Functions that do not evaluate all of their arguments: IIF, Switch, Coalesce, SelectUniqueValue, IsString."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from scimconf.expressions.catalogue import find
from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour, UndocumentedCase
from scimconf.expressions.evaluation.arguments import to_any, to_optional_string, to_string
from scimconf.expressions.evaluation.comparison import to_condition
from scimconf.expressions.evaluation.values import EvaluationContext, TypedValue
from scimconf.expressions.nodes import Attribute, Call, Constant, Expression
from scimconf.expressions.rendering import NUMBER
from scimconf.expressions.visitor import children

Evaluator: TypeAlias = Callable[[Mapping[str, Any], EvaluationContext], TypedValue]
Arguments: TypeAlias = tuple[Evaluator | None, ...]
EvaluatorFactory: TypeAlias = Callable[[Call, Arguments], Evaluator]

_HANDLES_ABSENCE = frozenset({"Switch", "Coalesce"})
_PASSES_THROUGH = frozenset({"Coalesce", "IgnoreFlowIfNullOrEmpty", "Redact", "SelectUniqueValue"})
_EMPTY: tuple[Any, ...] = (None, "", [], ())


def iif(call: Call, arguments: Arguments) -> Evaluator:
    """Return one of two values, by a condition. It fails if an attribute of the condition is absent; how is unknown."""
    if len(arguments) > 3 or None in arguments[:2]:
        raise ServiceFailure("expected a condition and two values")
    condition, yes, no = (*arguments, None)[:3]
    assert condition
    assert yes
    names = tuple(dict.fromkeys(_required_attributes(call.arguments[0])))

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        if any(attributes.get(name) in _EMPTY for name in names):
            if no is not None:
                with suppress(UndocumentedBehaviour):
                    no(attributes, context)  # the condition fails, with an error or as False: both may be an error
            raise UndocumentedCase("with a condition on an absent attribute")
        if to_condition(condition(attributes, context)):
            return yes(attributes, context)
        if no is None:
            raise UndocumentedCase("without a value for False")
        return no(attributes, context)

    return run


def _required_attributes(expression: Expression | None) -> Iterator[str]:
    """Yield the attributes whose absence fails a condition: those outside Switch and Coalesce."""
    if isinstance(expression, Attribute):
        yield expression.name
    elif expression is not None and not (isinstance(expression, Call) and expression.name in _HANDLES_ABSENCE):
        for child in children(expression):
            yield from _required_attributes(child)


def switch(call: Call, arguments: Arguments) -> Evaluator:
    """Return the value of the first key that equals the source, otherwise the default."""
    source, default, *rest = (*arguments, None, None)[: max(len(arguments), 2)]
    if source is None or len(rest) % 2 or None in rest:
        raise ServiceFailure("expected a source, a default (which may be empty), and pairs of key and value")
    keys = [key.text if isinstance(key, Constant) and not is_word(key) else None for key in call.arguments[2::2]]
    pairs: list[tuple[Evaluator, Evaluator]] = list(zip(rest[::2], rest[1::2], strict=True))  # type: ignore[arg-type]
    if None in keys:
        return _switch_by_search(source, default, pairs)
    table = {key: value for key, (_, value) in reversed(list(zip(keys, pairs, strict=True)))}

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        value = table.get(to_optional_string(source(attributes, context)) or "", default)
        return value(attributes, context) if value else None

    return run


def _switch_by_search(
    source: Evaluator, default: Evaluator | None, pairs: list[tuple[Evaluator, Evaluator]]
) -> Evaluator:
    """Return a Switch whose keys are evaluated one by one, since not all of them are constants."""

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        expected = to_optional_string(source(attributes, context)) or ""
        for key, value in pairs:
            candidate = to_optional_string(key(attributes, context))
            if candidate is None and not expected:
                raise UndocumentedCase("with an absent key")
            if candidate == expected:
                return value(attributes, context)
        return default(attributes, context) if default else None

    return run


def is_string(call: Call, arguments: Arguments) -> Evaluator:
    """Return True for a string. The service's type of a number, a date or a boolean is not documented."""
    if len(arguments) != 1 or arguments[0] is None:
        raise ServiceFailure("expected one value")
    [argument], [node] = arguments, call.arguments
    assert argument is not None
    assert node is not None

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        value = to_any(argument(attributes, context))
        if value is None or isinstance(value, tuple):
            raise UndocumentedCase("with an absent value or a list")
        if not _is_string(node, attributes):
            raise UndocumentedCase("with a number, a date or a boolean")
        return True

    return run


def _is_string(node: Expression, attributes: Mapping[str, Any]) -> bool:
    match node:
        case Constant(text):
            return not NUMBER.fullmatch(text)
        case Attribute(name):
            return isinstance(attributes.get(name), str | None)
        case Call(name) if name in _PASSES_THROUGH:
            return all(_is_string(child, attributes) for child in children(node))
        case Call(name):
            function = find(name)
            return function is not None and function.result == "String"
        case _:
            return False


def is_word(constant: Constant) -> bool:
    """Return whether the constant was written without quotes and is not a number."""
    return constant.bare and not NUMBER.fullmatch(constant.text)


def coalesce(_call: Call, arguments: Arguments) -> Evaluator:
    """Return the first value that is not null. Two pages of Microsoft contradict each other on empty strings."""
    sources = tuple(filter(None, arguments))
    if not sources:
        raise ServiceFailure("expected at least one value")

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        for source in sources:
            value = to_any(source(attributes, context))
            if value == "" and source is not sources[-1]:
                raise UndocumentedCase("with an empty string: two pages contradict each other")
            if value is not None:
                return value
        return None

    return run


def select_unique_value(_call: Call, arguments: Arguments) -> Evaluator:
    """Return the first value that is not used in the target system."""
    sources = tuple(filter(None, arguments))
    if len(sources) < 2:
        raise ServiceFailure("expected at least two values")

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        if context.existing is None:
            raise UndocumentedBehaviour("the values in use in the target system are not known")
        for source in sources:
            value = to_string(source(attributes, context))
            if value.casefold() not in context.folded:
                return value
            if value not in context.existing:
                message = f"{value!r} is in use in another case; whether that counts is not documented"
                raise UndocumentedBehaviour(message)
        raise ServiceFailure("all of its values are in use in the target system")

    return run
