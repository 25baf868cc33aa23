"""The functions that look at some of their arguments only: IIF, Switch, Coalesce, SelectUniqueValue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.outcomes import FailedError, OpenError
from scimconf.expressions.evaluation.arguments import anything, text, text_or_null
from scimconf.expressions.evaluation.comparing import truth
from scimconf.expressions.evaluation.values import Circumstances, Inner
from scimconf.expressions.nodes import Attribute, Call, Constant, Expression
from scimconf.expressions.walking import children

Runner: TypeAlias = Callable[[Mapping[str, Any], Circumstances], Inner]
Arguments: TypeAlias = tuple[Runner | None, ...]
Make: TypeAlias = Callable[[Call, Arguments], Runner]

_ABSENT = "a condition over an attribute without a value fails, and what comes of that is not documented"
_GUARDS = frozenset({"Switch", "Coalesce"})
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


def iif(call: Call, arguments: Arguments) -> Runner:
    """One of two values, by a condition; where an attribute of the condition is absent, nobody says which."""
    if len(arguments) > 3 or None in arguments[:2]:
        raise FailedError("it takes a condition and two values")
    condition, yes, no = (*arguments, None)[:3]
    assert condition is not None
    assert yes is not None
    names = exposed(call.arguments[0])

    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        for name in names:
            if attributes.get(name) in (None, "", [], ()):
                return _failing(no, attributes, told)
        if truth(condition(attributes, told)):
            return yes(attributes, told)
        if no is None:
            raise OpenError("without a value for False, what it gives is not documented")
        return no(attributes, told)

    return run


def _failing(no: Runner | None, attributes: Mapping[str, Any], told: Circumstances) -> Inner:
    """A condition that fails: an error, or the value for False. Where that is an error too, it is one in any case."""
    if no is not None:
        with suppress(OpenError):
            no(attributes, told)
    raise OpenError(_ABSENT)


def switch(call: Call, arguments: Arguments) -> Runner:
    """The value behind the first key that is the source."""
    source, default, *rest = (*arguments, None, None)[: max(len(arguments), 2)]
    if source is None or len(rest) % 2 or None in rest:
        raise FailedError("it takes a source, a default that may be empty, and keys and values in pairs")
    keys = [each.text if isinstance(each, Constant) else None for each in call.arguments[2::2]]
    pairs: list[tuple[Runner, Runner]] = list(zip(rest[::2], rest[1::2], strict=True))  # type: ignore[arg-type]
    if None in keys:
        return _switch_by_search(source, default, pairs)
    table = {key: value for key, (_, value) in reversed(list(zip(keys, pairs, strict=True)))}

    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        value = table.get(text_or_null(source(attributes, told)) or "", default)
        return value(attributes, told) if value else None

    return run


def _switch_by_search(source: Runner, default: Runner | None, pairs: list[tuple[Runner, Runner]]) -> Runner:
    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        wanted = text_or_null(source(attributes, told)) or ""
        for key, value in pairs:
            said = text_or_null(key(attributes, told))
            if said is None and not wanted:
                raise OpenError(_KEYLESS)
            if said == wanted:
                return value(attributes, told)
        return default(attributes, told) if default else None

    return run


def coalesce(_call: Call, arguments: Arguments) -> Runner:
    """The first value that is there. Whether an empty text is one, two of Microsoft's pages say differently."""
    given = tuple(each for each in arguments if each is not None)
    if not given:
        raise FailedError("it takes at least one value")

    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        for argument in given:
            value = anything(argument(attributes, told))
            if value == "" and argument is not given[-1]:
                raise OpenError("whether it passes over an empty text is documented both ways")
            if value is not None:
                return value
        return None

    return run


def select_unique_value(_call: Call, arguments: Arguments) -> Runner:
    """The first value that nobody has at the target yet."""
    given = tuple(each for each in arguments if each is not None)
    if len(given) < 2:
        raise FailedError("it takes at least two values")

    def run(attributes: Mapping[str, Any], told: Circumstances) -> Inner:
        if told.existing is None:
            raise OpenError("which values the target has already is not known here")
        for argument in given:
            value = text(argument(attributes, told))
            if value.casefold() not in told.folded:
                return value
            if value not in told.existing:
                raise OpenError(f"whether {value!r} is taken by one that differs in case is up to the target")
        raise FailedError("the target has every one of its values already")

    return run
