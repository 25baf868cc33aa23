"""Custom date and time formats of .NET, cut into their pieces."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from scimconf.expressions.dotnet.outcomes import FailedError, OpenError

LETTERS = frozenset("dfFhHKmMstyz")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Formats of one letter stand for a whole one. The others of them depend on the server's culture.
_STANDARD = {
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
}
_OF_A_CULTURE = frozenset("dDfFgGmMtTUyY")


class Piece(NamedTuple):
    """A specifier (`letter` so many times), or a literal text (no letter)."""

    letter: str
    times: int
    text: str


@lru_cache(maxsize=256)
def pieces(form: str) -> tuple[Piece, ...]:
    """The pieces of a format; raises FailedError where .NET would refuse it."""
    if len(form) == 1:
        form = _standard(form)
    found: list[Piece] = []
    position = 0
    while position < len(form):
        piece, position = _piece(form, position)
        found.append(piece)
    if not found:
        raise OpenError("what an empty format means is not documented")
    return tuple(found)


def _standard(letter: str) -> str:
    if letter in _STANDARD:
        return _STANDARD[letter]
    if letter in _OF_A_CULTURE:
        raise OpenError(f"what the format {letter!r} means depends on the server's culture")
    raise FailedError(f"{letter!r} alone is not a format")


def _piece(form: str, start: int) -> tuple[Piece, int]:
    letter = form[start]
    if letter in LETTERS:
        end = start
        while end < len(form) and form[end] == letter:
            end += 1
        return Piece(letter, end - start, form[start:end]), end
    if letter in "'\"":
        return _quoted(form, start)
    if letter == "\\":
        return Piece("", 1, _next(form, start)), start + 2
    if letter == "%":
        if _next(form, start) == "%":
            raise FailedError("%% is not a format")
        return _piece(form, start + 1)
    if letter == "g":
        raise OpenError("how the service writes eras is not documented")
    return Piece("", 1, letter), start + 1


def _quoted(form: str, start: int) -> tuple[Piece, int]:
    text, position = "", start + 1
    while position < len(form) and form[position] != form[start]:
        if form[position] == "\\":
            text += _next(form, position)
            position += 2
        else:
            text += form[position]
            position += 1
    if position >= len(form):
        raise FailedError("a quote in the format is never closed")
    return Piece("", len(text), text), position + 1


def _next(form: str, position: int) -> str:
    if position + 1 >= len(form):
        raise FailedError(f"the format ends with {form[position]}")
    return form[position + 1]
