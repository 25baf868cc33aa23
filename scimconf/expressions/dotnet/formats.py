"""Custom date and time formats of .NET, cut into their pieces."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.utf16 import WHITE

LETTERS = frozenset("dfFhHKmMstyz")
_QUOTED_START = re.compile(f"^(['\"])[{WHITE}]+")
_QUOTED_END = re.compile(f"[{WHITE}]+(['\"])$")
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
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
}
_OF_A_CULTURE = frozenset("dDfFgGmMtTUyY")

MAX_LENGTH = 1_000
"""Longer formats are not followed, and so never kept: a date has no more to say."""


class FormatSpecifier(NamedTuple):
    """A specifier (`letter` so many times), or a literal text (no letter).

    `plain` is a character that stands in the format without quotes, `exact` one behind a backslash: what reading
    forgives differs.
    """

    letter: str
    times: int
    text: str
    plain: bool = False
    exact: bool = False


def written(form: str) -> tuple[FormatSpecifier, ...]:
    """The pieces of a format that a date is written in; raises FailedError where .NET would refuse it."""
    return _pieces(_whole(form), reads=False)


def read(form: str, white: frozenset[str]) -> tuple[FormatSpecifier, ...]:
    """The pieces of a format that a date is read by, where `white` says which spaces do not matter.

    Reading differs: Z and GMT mean a zone, `%` means nothing, and spaces at the ends of the format are forgiven as
    those of the text are, between quotes too.
    """
    whole = _whole(form)
    if "AllowTrailingWhite" in white:
        whole = _QUOTED_END.sub(r"\1", whole).rstrip(WHITE)
    if "AllowLeadingWhite" in white:
        whole = _QUOTED_START.sub(r"\1", whole).lstrip(WHITE)
    return _pieces(whole, reads=True)


def _whole(form: str) -> str:
    """The format itself, or the one that its one letter stands for."""
    if len(form) > MAX_LENGTH:
        raise UndocumentedBehaviour(f"a format of more than {MAX_LENGTH:,} characters is not tried here")
    return _standard(form) if len(form) == 1 else form


@lru_cache(maxsize=256)
def _pieces(form: str, *, reads: bool) -> tuple[FormatSpecifier, ...]:
    found: list[FormatSpecifier] = []
    position = 0
    while position < len(form):
        piece, position = _zone(form, position) if reads else _once(form, position)
        found.append(piece)
    if not found:
        raise UndocumentedBehaviour("what an empty format means is not documented")
    return tuple(found)


def _zone(form: str, start: int) -> tuple[FormatSpecifier, int]:
    """A piece to be read; a mark of a zone is one of them, and `%` before one changes nothing."""
    if form[start] == "%":
        _next_of_percent(form, start)
        return _zone(form, start + 1)
    if form[start] == "Z":
        return FormatSpecifier("Z", 1, "Z"), start + 1
    if form[start : start + 3].upper() == "GMT" and form[start] == "G":
        return FormatSpecifier("G", 1, form[start : start + 3]), start + 3
    return _piece(form, start)


def _once(form: str, start: int) -> tuple[FormatSpecifier, int]:
    """A piece to be written; `%` makes one of the one character behind it."""
    if form[start] != "%":
        return _piece(form, start)
    return _piece(_next_of_percent(form, start), 0)[0], start + 2


def _next_of_percent(form: str, position: int) -> str:
    if _next(form, position) == "%":
        raise ServiceFailure("%% is not a format")
    return form[position + 1]


def _standard(letter: str) -> str:
    if letter in _STANDARD:
        return _STANDARD[letter]
    if letter in _OF_A_CULTURE:
        raise UndocumentedBehaviour(f"what the format {letter!r} means depends on the server's culture")
    raise ServiceFailure(f"{letter!r} alone is not a format")


def _piece(form: str, start: int) -> tuple[FormatSpecifier, int]:
    letter = form[start]
    if letter in LETTERS:
        end = start
        while end < len(form) and form[end] == letter and (end == start or letter != "K"):
            end += 1
        return FormatSpecifier(letter, end - start, form[start:end]), end
    if letter in "'\"":
        return _quoted(form, start)
    if letter == "\\":
        return FormatSpecifier("", 1, _next(form, start), exact=True), start + 2
    if letter == "g":
        raise UndocumentedBehaviour("how the service writes eras is not documented")
    return FormatSpecifier("", 1, letter, plain=True), start + 1


def _quoted(form: str, start: int) -> tuple[FormatSpecifier, int]:
    text, position = "", start + 1
    while position < len(form) and form[position] != form[start]:
        if form[position] == "\\":
            text += _next(form, position)
            position += 2
        else:
            text += form[position]
            position += 1
    if position >= len(form):
        raise ServiceFailure("a quote in the format is never closed")
    return FormatSpecifier("", len(text), text), position + 1


def _next(form: str, position: int) -> str:
    if position + 1 >= len(form):
        raise ServiceFailure(f"the format ends with {form[position]}")
    return form[position + 1]
