"""Matching patterns. This is the only module that uses the `regex` library; slow patterns are stopped here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from time import monotonic
from typing import Any

from scimconf.expressions.dotnet.errors import EvaluationStop, UndocumentedBehaviour, UndocumentedCase
from scimconf.expressions.dotnet.utf16 import joined, units
from scimconf.expressions.regexes.substituting import parse_replacement
from scimconf.expressions.regexes.translating import MAX_LENGTH, Translation, translate

SECONDS = 0.25
MAX_TEXT = 1_000_000
MAX_WORK = 20_000_000
_SPECIAL = frozenset("\u0130\u0131\u017f\u212a")  # dotted and dotless I, long s, Kelvin: not a pair of two letters
_TOO_LONG = "the string is too long to be evaluated"


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
        """Return the string with each match replaced."""
        parts = parse_replacement(units(replacement), self.groups)
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
