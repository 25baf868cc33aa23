"""Matching patterns and replacing matches. Only this module uses the `regex` library; it stops slow patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from time import monotonic
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.errors import EvaluationStop, ServiceFailure, UndocumentedBehaviour, UndocumentedCase
from scimconf.expressions.dotnet.utf16 import joined, units
from scimconf.expressions.regexes.translating import MAX_LENGTH, Translation, translate

SECONDS = 0.25
MAX_TEXT = 1_000_000
MAX_WORK = 20_000_000
_SPECIAL = frozenset("\u0130\u0131\u017f\u212a")  # dotted and dotless I, long s, Kelvin: not a pair of two letters
_TOO_LONG = "the string is too long to be evaluated"

Part: TypeAlias = str | Callable[[Any], str]

_REFERENCE = re.compile(r"\$(?:(?P<sign>[$&`'+_])|(?P<number>[0-9]+)|\{(?:(?P<braced>[0-9]+)|(?P<name>\w+))\})")
_MAX_GROUP = 2**31 - 1
_SIGNS: dict[str, Part] = {
    "$": "$",
    "&": lambda match: str(match[0]),
    "`": lambda match: str(match.string[: match.start()]),
    "'": lambda match: str(match.string[match.end() :]),
    "_": lambda match: str(match.string),
}


class Pattern:
    """A compiled pattern of .NET. Its methods take and return Python strings; inside it matches UTF-16 units."""

    __slots__ = ("compiled", "groups", "text")

    def __init__(self, text: str) -> None:
        import regex

        self.text = text
        self.groups: Translation = translate(units(text))
        try:
            self.compiled: Any = regex.compile(self.groups.text, regex.VERSION1)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise UndocumentedBehaviour("the regular expression cannot be evaluated") from error

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches anywhere in a string."""
        return next(self._find_all(units(text)), None) is not None

    def replaced(self, text: str, replacement: str) -> str:
        parts = _replacement(units(replacement), self.groups)
        if len(parts) * len(text) > MAX_WORK:
            raise UndocumentedBehaviour(_TOO_LONG)
        return self._rewritten(
            units(text), lambda match: "".join(part if isinstance(part, str) else part(match) for part in parts)
        )

    def replaced_in(self, text: str, group: str, replacement: str) -> str:
        """Return the string with the part of a named group replaced in each match."""
        name, new = self._inner_name(group), units(replacement)

        def rewrite(match: Any) -> str:
            start, end = match.span(name)
            if start < 0:
                raise UndocumentedCase(f"with a match without the group {group!r}")
            return str(match.string[match.start() : start] + new + match.string[end : match.end()])

        return self._rewritten(units(text), rewrite)

    def captured(self, text: str, group: str) -> str:
        """Return the value of a named group in the only match in a string."""
        name = self._inner_name(group)
        values = [match[name] for match in self._find_all(units(text))]
        if len(values) != 1 or values[0] is None:
            raise UndocumentedCase("with no match or several matches")
        return joined(values[0])

    def _inner_name(self, group: str) -> str:
        if group not in self.groups.names:
            raise UndocumentedCase(f"with the group {group!r}, which the regular expression does not have")
        return self.groups.names[group]

    def _rewritten(self, text: str, rewrite: Callable[[Any], str]) -> str:
        """Return the units with each match rewritten, including empty matches, also directly after another match."""
        parts: list[str] = []
        position = size = 0
        for match in self._find_all(text):
            parts += [text[position : match.start()], rewrite(match)]
            position = match.end()
            size += len(parts[-1]) + len(parts[-2])
            if size > MAX_TEXT:
                raise UndocumentedBehaviour(_TOO_LONG)
        return joined("".join((*parts, text[position:])))

    def _find_all(self, text: str) -> Iterator[Any]:
        """Yield the matches from left to right; raise UndocumentedBehaviour after SECONDS."""
        if self.groups.caseless and not _SPECIAL.isdisjoint(text + self.text):
            raise UndocumentedBehaviour("without regard to case, .NET may compare this letter differently")
        try:
            yield from self._find_until(text, monotonic() + SECONDS)
        except (TimeoutError, MemoryError):
            raise UndocumentedBehaviour("the regular expression takes too long on this value") from None

    def _find_until(self, text: str, deadline: float) -> Iterator[Any]:
        """Yield the matches as .NET finds them: after an empty match it continues at the next character.

        The library would first search for a match that is not empty at the same position: `^(.*?)` would match more.
        """
        position: int | None = 0
        while position is not None and position <= len(text):
            left = deadline - monotonic()
            if left <= 0:
                raise TimeoutError
            start, position = position, None
            for match in self.compiled.finditer(text, start, timeout=left):
                yield match
                if match.end() == match.start():
                    position = match.end() + 1
                    break
            if position is not None and r"\G" in self.groups.text:
                raise UndocumentedBehaviour(r"\G after an empty match is not supported by the evaluation")


@lru_cache(maxsize=512)
def _cached(text: str) -> Pattern | EvaluationStop:
    try:
        return Pattern(text)
    except EvaluationStop as stop:
        return stop


def pattern(text: str) -> Pattern:
    """Return the compiled pattern of a string, from a cache."""
    if len(text) > MAX_LENGTH:
        raise UndocumentedBehaviour("the regular expression is too long to be evaluated")
    compiled = _cached(text)
    if isinstance(compiled, Pattern):
        return compiled
    raise type(compiled)(compiled.reason)


# Replacement patterns: `${name}`, `$1`, `$&`, `$$` and the like.
def _replacement(replacement: str, groups: Translation) -> tuple[Part, ...]:
    """Return the parts of a replacement: literal strings, and functions of a match. Unknown groups are literal."""
    result: list[Part] = []
    position = 0
    for reference in _REFERENCE.finditer(replacement):
        result += [replacement[position : reference.start()], _part(reference, groups)]
        position = reference.end()
    return (*result, replacement[position:])


def _part(reference: re.Match[str], groups: Translation) -> Part:
    sign, name = reference["sign"], reference["name"]
    if sign:
        return _group(groups, max(groups.numbers, default=0)) if sign == "+" else _SIGNS[sign]
    if name:
        return _captured(groups.names[name]) if name in groups.names else reference[0]
    return _numbered(reference, groups)


def _numbered(reference: re.Match[str], groups: Translation) -> Part:
    """Return the part of a number. All digits count: `$12` is group 12, or literal if there is no such group."""
    digits = (reference["number"] or reference["braced"]).lstrip("0")
    if len(digits) > len(str(_MAX_GROUP)) or int(digits or 0) > _MAX_GROUP:
        raise ServiceFailure(f"the replacement has {reference[0]}, a number that .NET rejects")
    number = int(digits or 0)
    return _group(groups, number) if not number or number in groups.numbers else reference[0]


def _group(groups: Translation, number: int) -> Part:
    return _captured(groups.numbers[number]) if number else _SIGNS["&"]


def _captured(inner: str) -> Part:
    return lambda match: match[inner] or ""
