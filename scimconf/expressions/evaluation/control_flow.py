"""Functions that do not evaluate all of their arguments: IIF, Switch, Coalesce, SelectUniqueValue, IsString."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from scimconf.expressions.catalogue import find
from scimconf.expressions.dotnet.errors import (
    GUIDE,
    REPORT,
    ConflictingSources,
    DisputedFailure,
    RequestedFailure,
    ServiceFailure,
    UndocumentedBehaviour,
    UndocumentedCase,
)
from scimconf.expressions.evaluation.arguments import to_any, to_optional_string, to_string
from scimconf.expressions.evaluation.comparison import to_condition
from scimconf.expressions.evaluation.values import EvaluationContext, TypedValue
from scimconf.expressions.nodes import Attribute, Call, Constant, Expression
from scimconf.expressions.rendering import NUMBER
from scimconf.expressions.visitor import children, functions, walk

Evaluator: TypeAlias = Callable[[Mapping[str, Any], EvaluationContext], TypedValue]
Arguments: TypeAlias = tuple[Evaluator | None, ...]
EvaluatorFactory: TypeAlias = Callable[[Call, Arguments], Evaluator]

_NULL_TESTS = frozenset({"IsNull", "IsNullOrEmpty", "IsPresent"})
_HANDLES_ABSENCE = frozenset({"Switch", "Coalesce"})
_PASSES_THROUGH = frozenset({"Coalesce", "IgnoreFlowIfNullOrEmpty", "Redact", "SelectUniqueValue"})
_EMPTY: tuple[Any, ...] = (None, "", [], ())


def iif(call: Call, arguments: Arguments) -> Evaluator:
    """Return one of two values, by a condition. An absent attribute in it, and an error in the other value, are disputed."""
    if len(arguments) > 3 or None in arguments[:2]:
        raise ServiceFailure("expected a condition and two values")
    condition, yes, no = (*arguments, None)[:3]
    assert condition
    assert yes
    choose = partial(_choose, condition, yes, no)
    names = tuple(dict.fromkeys(_required_attributes(call.arguments[0])))
    without_value = _condition_without_value(call.arguments[0], choose, no)
    fallible = {value for value, node in zip(arguments[1:], call.arguments[1:], strict=True) if _has_call(node)}

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        if any(attributes.get(name) in _EMPTY for name in names):
            return without_value(attributes, context)
        chosen = choose(attributes, context)
        value = chosen(attributes, context)
        other = no if chosen is yes else yes
        if other is not None and other in fallible:
            _require_no_failure(other, attributes, context)
        return value

    return run


def _choose(
    condition: Evaluator,
    yes: Evaluator,
    no: Evaluator | None,
    attributes: Mapping[str, Any],
    context: EvaluationContext,
) -> Evaluator:
    """Return the evaluator of the value that a condition selects."""
    chosen = yes if to_condition(condition(attributes, context)) else no
    if chosen is None:
        raise UndocumentedCase("without a value for False")
    return chosen


def _condition_without_value(
    condition: Expression | None,
    choose: Callable[[Mapping[str, Any], EvaluationContext], Evaluator],
    no: Evaluator | None,
) -> Evaluator:
    """Return an evaluator that stops, since an attribute of the condition is absent: with an error if each reading is one.

    The reference says that the condition fails, which may be an error or the value for False. A guide relies on the
    functions that test for a value.
    """
    tests = [name for name in functions(condition) if name in _NULL_TESTS] if condition is not None else []

    def as_in_guide(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        return choose(attributes, context)(attributes, context)

    readings = () if no is None else (no, as_in_guide) if tests else (no,)

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        failures = [failure for reading in readings if (failure := _failure(reading, attributes, context))]
        if failures and len(failures) == len(readings):
            raise failures[0]
        if tests:
            reference = "according to its reference the condition fails if the attribute has no value"
            raise ConflictingSources(f"{reference}, {GUIDE} relies on {tests[0]}")
        raise UndocumentedCase("with a condition on an absent attribute")

    return run


def _failure(evaluator: Evaluator, attributes: Mapping[str, Any], context: EvaluationContext) -> ServiceFailure | None:
    """Return the error that the service would certainly report, None if there is none or it is not known."""
    try:
        evaluator(attributes, context)
    except ServiceFailure as failure:
        return failure
    except UndocumentedBehaviour:
        return None
    return None


def _require_no_failure(other: Evaluator, attributes: Mapping[str, Any], context: EvaluationContext) -> None:
    """Raise DisputedFailure if the value of IIF that is not chosen is an error, unless the expression asks for it.

    Cloud sync's reference has an IIF that does not report the Error(message) of the other value.
    """
    try:
        other(attributes, context)
    except RequestedFailure:
        return
    except ServiceFailure as failure:
        report = f"according to {REPORT} the value that is not chosen is evaluated as well, and fails here ({failure})"
        raise DisputedFailure(f"{report}; {GUIDE} relies on a Switch that does not evaluate it") from None
    except DisputedFailure:
        raise
    except UndocumentedBehaviour:
        return


def _has_call(node: Expression | None) -> bool:
    return node is not None and any(isinstance(part, Call) for part in walk(node))


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
    """Return the first value that is not null. Two of Microsoft's pages contradict each other on empty strings."""
    sources = tuple(filter(None, arguments))
    if not sources:
        raise ServiceFailure("expected at least one value")

    def run(attributes: Mapping[str, Any], context: EvaluationContext) -> TypedValue:
        for source in sources:
            value = to_any(source(attributes, context))
            if value == "" and source is not sources[-1]:
                raise ConflictingSources(f"its reference skips only null, {GUIDE} skips an empty string as well")
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
