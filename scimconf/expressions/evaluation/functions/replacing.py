"""Replace: seven parameters, of which those that are there choose among five things to do."""

from __future__ import annotations

from typing import NamedTuple

from scimconf.expressions.dotnet.errors import UndocumentedBehaviour
from scimconf.expressions.evaluation.arguments import MAX_SIZE, bounded
from scimconf.expressions.regexes.matching import pattern


class FallbackAttribute(NamedTuple):
    """The attribute to fall back to, which may be absent; an argument that was left empty is None instead."""

    value: str | None


class ReplaceArguments(NamedTuple):
    """The arguments; None is one that was left empty."""

    find: str | None
    expression: str | None
    group: str | None
    replacement: str | None
    other: FallbackAttribute | None
    template: str | None


def replace(source: str, asked: ReplaceArguments) -> str:
    """What the arguments ask for; raises OpenError where they ask for no documented thing."""
    given = tuple(name for name, value in zip(ReplaceArguments._fields, asked, strict=True) if value is not None)
    match given:
        case ("find", "replacement"):
            return _everywhere(source, asked.find or "", asked.replacement or "")
        case ("find", "template"):
            return _everywhere(asked.template or "", asked.find or "", source)
        case ("expression", "replacement"):
            return pattern(asked.expression or "").replaced(source, asked.replacement or "")
        case ("expression", "group", "replacement"):
            return _in_group(source, asked)
        case ("expression", "group", "other"):
            return source or _captured(asked)
        case _:
            raise UndocumentedBehaviour("what these arguments together ask for is not documented")


def _everywhere(source: str, find: str, replacement: str) -> str:
    if not find:
        raise UndocumentedBehaviour("replacing an empty text is not documented")
    if source.count(find) * len(replacement) > MAX_SIZE:
        raise UndocumentedBehaviour("the text grows too long to be tried here")
    return bounded(source.replace(find, replacement))


def _captured(asked: ReplaceArguments) -> str:
    if asked.other is None or asked.other.value is None:
        raise UndocumentedBehaviour("what it makes of an absent value is not documented")
    return pattern(asked.expression or "").captured(asked.other.value, asked.group or "")


def _in_group(source: str, asked: ReplaceArguments) -> str:
    replacement = asked.replacement or ""
    if "$" in replacement:
        raise UndocumentedBehaviour("whether $ means a group in the replacement of a group is not documented")
    return pattern(asked.expression or "").replaced_in(source, asked.group or "", replacement)
