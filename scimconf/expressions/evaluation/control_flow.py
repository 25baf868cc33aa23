"""The functions that look at some of their arguments only: IIF, Switch, Coalesce, SelectUniqueValue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from scimconf.expressions.catalogue import find
from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.evaluation.arguments import anything, text, text_or_null
from scimconf.expressions.evaluation.comparison import truth
from scimconf.expressions.evaluation.values import EvaluationContext, TypedValue
from scimconf.expressions.nodes import Attribute, Call, Constant, Expression
from scimconf.expressions.rendering import NUMBER
from scimconf.expressions.visitor import children

Evaluator: TypeAlias = Callable[[Mapping[str, Any], EvaluationContext], TypedValue]
Arguments: TypeAlias = tuple[Evaluator | None, ...]
EvaluatorFactory: TypeAlias = Callable[[Call, Arguments], Evaluator]

_ABSENT = "a condition over an attribute without a value fails, and what comes of that is not documented"
_GUARDS = frozenset({"Switch", "Coalesce"})
_PASSING = frozenset({"Coalesce", "IgnoreFlowIfNullOrEmpty", "Redact", "SelectUniqueValue"})  # what they get, they give
_KEYLESS = "a key without a value is not documented"


def exposed(condition: Expression | None) -> tuple[str, ...]:
    """The attributes whose absence lets a condition fail: all but those for which Switch or Coalesce stands in."""
    return tuple(dict.fromkeys(_exposed(condition))) if condition else ()


def _exposed(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Attribute):
        yield expression.name
    elif not isinstance(expression, Call) or expression.name not in _GUARDS:
        for child in children(expression):
            yield from _exposed(child)


def iif(call: Call, arguments: Arguments) -> Evaluator:
    """One of two values, by a condition; where an attribute of the condition is absent, nobody says which."""
    if len(arguments) > 3 or None in arguments[:2]:
        raise ServiceFailure("it takes a condition and two values")
    condition, yes, no = (*arguments, None)[:3]
    assert condition is not None
    assert yes is not None
    names = exposed(call.arguments[0])

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        for name in names:
            if attributes.get(name) in (None, "", [], ()):
                return _failing(no, attributes, told)
        if truth(condition(attributes, told)):
            return yes(attributes, told)
        if no is None:
            raise UndocumentedBehaviour("without a value for False, what it gives is not documented")
        return no(attributes, told)

    return run


def _failing(no: Evaluator | None, attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
    """A condition that fails: an error, or the value for False. Where that is an error too, it is one in any case."""
    if no is not None:
        with suppress(UndocumentedBehaviour):
            no(attributes, told)
    raise UndocumentedBehaviour(_ABSENT)


def switch(call: Call, arguments: Arguments) -> Evaluator:
    """The value behind the first key that is the source."""
    source, default, *rest = (*arguments, None, None)[: max(len(arguments), 2)]
    if source is None or len(rest) % 2 or None in rest:
        raise ServiceFailure("it takes a source, a default that may be empty, and keys and values in pairs")
    keys = [each.text if isinstance(each, Constant) and not is_word(each) else None for each in call.arguments[2::2]]
    pairs: list[tuple[Evaluator, Evaluator]] = list(zip(rest[::2], rest[1::2], strict=True))  # type: ignore[arg-type]
    if None in keys:
        return _switch_by_search(source, default, pairs)
    table = {key: value for key, (_, value) in reversed(list(zip(keys, pairs, strict=True)))}

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        value = table.get(text_or_null(source(attributes, told)) or "", default)
        return value(attributes, told) if value else None

    return run


def _switch_by_search(
    source: Evaluator, default: Evaluator | None, pairs: list[tuple[Evaluator, Evaluator]]
) -> Evaluator:
    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        wanted = text_or_null(source(attributes, told)) or ""
        for key, value in pairs:
            said = text_or_null(key(attributes, told))
            if said is None and not wanted:
                raise UndocumentedBehaviour(_KEYLESS)
            if said == wanted:
                return value(attributes, told)
        return default(attributes, told) if default else None

    return run


def is_string(call: Call, arguments: Arguments) -> Evaluator:
    """True for what is a text in any case: of a number that looks like one, and of anything else, nobody says."""
    if len(arguments) != 1 or arguments[0] is None:
        raise ServiceFailure("it takes one value")
    [argument], [node] = arguments, call.arguments
    assert argument is not None
    assert node is not None

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        value = anything(argument(attributes, told))
        if value is None or isinstance(value, tuple):
            raise UndocumentedBehaviour("whether an absent value or a list is a text is not documented")
        if not _is_text(node, attributes):
            raise UndocumentedBehaviour(
                "of which type a number, a date or a truth value is at the service is not documented"
            )
        return True

    return run


def _is_text(node: Expression, attributes: Mapping[str, Any]) -> bool:
    match node:
        case Constant(text):
            return not NUMBER.fullmatch(text)
        case Attribute(name):
            return isinstance(attributes.get(name), str | None)
        case Call(name) if name in _PASSING:
            return all(_is_text(each, attributes) for each in children(node))
        case Call(name):
            function = find(name)
            return function is not None and function.result == "String"
        case _:
            return False


def is_word(constant: Constant) -> bool:
    """Whether this was written without quotes and is no number."""
    return constant.bare and not NUMBER.fullmatch(constant.text)


def coalesce(_call: Call, arguments: Arguments) -> Evaluator:
    """The first value that is there. Whether an empty text is one, two of Microsoft's pages say differently."""
    given = tuple(each for each in arguments if each is not None)
    if not given:
        raise ServiceFailure("it takes at least one value")

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        for argument in given:
            value = anything(argument(attributes, told))
            if value == "" and argument is not given[-1]:
                raise UndocumentedBehaviour("whether it passes over an empty text is documented both ways")
            if value is not None:
                return value
        return None

    return run


def select_unique_value(_call: Call, arguments: Arguments) -> Evaluator:
    """The first value that nobody has at the target yet."""
    given = tuple(each for each in arguments if each is not None)
    if len(given) < 2:
        raise ServiceFailure("it takes at least two values")

    def run(attributes: Mapping[str, Any], told: EvaluationContext) -> TypedValue:
        if told.existing is None:
            raise UndocumentedBehaviour("which values the target has already is not known here")
        for argument in given:
            value = text(argument(attributes, told))
            if value.casefold() not in told.folded:
                return value
            if value not in told.existing:
                raise UndocumentedBehaviour(
                    f"whether {value!r} is taken by one that differs in case is up to the target"
                )
        raise ServiceFailure("the target has every one of its values already")

    return run
