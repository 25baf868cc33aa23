"""Running patterns: this is the one door to the `regex` library, and where a pathological pattern is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from time import monotonic
from typing import Any

from scimconf.expressions.dotnet.errors import EvaluationStop, ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.utf16 import joined, units
from scimconf.expressions.regexes.substituting import parts
from scimconf.expressions.regexes.translating import MAX_LENGTH, Translation, translate

SECONDS = 0.25
MAX_TEXT = 1_000_000
MAX_WORK = 20_000_000
_SPECIAL = frozenset("\u0130\u0131\u017f\u212a")  # dotted and dotless I, long s, Kelvin: no pair of two letters


class Pattern:
    """A pattern of .NET, ready to be run. Texts go in and come out as Python has them."""

    __slots__ = ("compiled", "groups", "text")

    def __init__(self, text: str) -> None:
        import regex

        self.text = text
        self.groups: Translation = translate(units(text))
        try:
            self.compiled: Any = regex.compile(self.groups.text, regex.VERSION1)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise UndocumentedBehaviour("the pattern cannot be tried here") from error

    def found(self, text: str) -> bool:
        """Whether the pattern is found anywhere in a text."""
        return next(self.matches(units(text)), None) is not None

    def matches(self, text: str) -> Iterator[Any]:
        """The matches from left to right; raises OpenError once it takes too long."""
        if self.groups.caseless and not _SPECIAL.isdisjoint(text + self.text):
            raise UndocumentedBehaviour("without regard to case, this letter may be compared otherwise by .NET")
        try:
            yield from self._each(text, monotonic() + SECONDS)
        except (TimeoutError, MemoryError):
            raise UndocumentedBehaviour("the regular expression takes too long on this value and was cut off") from None

    def _each(self, text: str, deadline: float) -> Iterator[Any]:
        """The matches as .NET finds them: behind an empty one it goes on at the next character, whatever begins here.

        The library would first try for a match that is not empty, and take with `^(.*?)` what .NET leaves alone.
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
                raise UndocumentedBehaviour(r"what \G finds behind an empty match is not tried here")

    def replaced(self, text: str, replacement: str) -> str:
        """The text with each match replaced."""
        pieces = parts(units(replacement), self.groups)
        if len(pieces) * len(text) > MAX_WORK:
            raise UndocumentedBehaviour("the text grows too long to be tried here")
        return self._rewritten(
            units(text), lambda match: "".join(p if isinstance(p, str) else p(match) for p in pieces)
        )

    def replaced_in(self, text: str, group: str, replacement: str) -> str:
        """The text with the span of a named group replaced in each match."""
        inner, new = self._inner(group), units(replacement)

        def rewrite(match: Any) -> str:
            if match.start(inner) < 0:
                raise UndocumentedBehaviour(f"what happens to a match without the group {group!r} is not documented")
            return str(
                match.string[match.start() : match.start(inner)] + new + match.string[match.end(inner) : match.end()]
            )

        return self._rewritten(units(text), rewrite)

    def captured(self, text: str, group: str) -> str:
        """What a named group holds in the one match of a text."""
        inner = self._inner(group)
        found = [match[inner] for match in self.matches(units(text))]
        if len(found) != 1 or found[0] is None:
            raise UndocumentedBehaviour("what comes of no match, or of several, is not documented")
        return joined(found[0])

    def _inner(self, group: str) -> str:
        if group not in self.groups.names:
            raise UndocumentedBehaviour(f"the pattern has no group {group!r}, and what happens then is not documented")
        return self.groups.names[group]

    def _rewritten(self, text: str, rewrite: Any) -> str:
        """The text with each match rewritten; empty matches count, also right behind another match."""
        kept: list[str] = []
        position = size = 0
        for match in self.matches(text):
            kept += [text[position : match.start()], rewrite(match)]
            position = match.end()
            size += len(kept[-1]) + len(kept[-2])
            if size > MAX_TEXT:
                raise UndocumentedBehaviour("the text grows too long to be tried here")
        return joined("".join((*kept, text[position:])))


@lru_cache(maxsize=512)
def _cached(text: str) -> Pattern | EvaluationStop:
    try:
        return Pattern(text)
    except (ServiceFailure, UndocumentedBehaviour) as stop:
        return stop


def pattern(text: str) -> Pattern:
    """The pattern of a text; each is translated once, and none is kept that is too long anyway."""
    if len(text) > MAX_LENGTH:
        raise UndocumentedBehaviour("the pattern is too long to be tried here")
    found = _cached(text)
    if isinstance(found, Pattern):
        return found
    raise type(found)(found.reason)
