"""Replace: seven parameters, of which those that are present select one of five modes."""

from __future__ import annotations

from typing import NamedTuple

from scimconf.expressions.dotnet.errors import UndocumentedCase
from scimconf.expressions.evaluation.arguments import ABSENT, MAX_SIZE, bounded, too_long
from scimconf.expressions.regexes.matching import pattern


class FallbackAttribute(NamedTuple):
    """The attribute that is used if the source is empty. Its value may be absent, unlike an argument left empty."""

    value: str | None


class ReplaceArguments(NamedTuple):
    """The arguments; None is an argument left empty."""

    find: str | None
    expression: str | None
    group: str | None
    replacement: str | None
    fallback: FallbackAttribute | None
    template: str | None


def replace(source: str, arguments: ReplaceArguments) -> str:
    """Return the result of the mode that the arguments select; raise UndocumentedCase if they select none."""
    pairs = zip(ReplaceArguments._fields, arguments, strict=True)
    match tuple(name for name, value in pairs if value is not None):
        case ("find", "replacement"):
            return _everywhere(source, arguments.find or "", arguments.replacement or "")
        case ("find", "template"):
            return _everywhere(arguments.template or "", arguments.find or "", source)
        case ("expression", "replacement"):
            return pattern(arguments.expression or "").replaced(source, arguments.replacement or "")
        case ("expression", "group", "replacement"):
            return _in_group(source, arguments)
        case ("expression", "group", "fallback"):
            return source or _captured(arguments)
        case _:
            raise UndocumentedCase("with this combination of arguments")


def _everywhere(source: str, find: str, replacement: str) -> str:
    if not find:
        raise UndocumentedCase("with an empty string to find")
    if source.count(find) * len(replacement) > MAX_SIZE:
        too_long()
    return bounded(source.replace(find, replacement))


def _captured(arguments: ReplaceArguments) -> str:
    if arguments.fallback is None or arguments.fallback.value is None:
        raise UndocumentedCase(ABSENT)
    return pattern(arguments.expression or "").captured(arguments.fallback.value, arguments.group or "")


def _in_group(source: str, arguments: ReplaceArguments) -> str:
    replacement = arguments.replacement or ""
    if "$" in replacement:
        raise UndocumentedCase("with $ in the replacement of a group")
    return pattern(arguments.expression or "").replaced_in(source, arguments.group or "", replacement)
