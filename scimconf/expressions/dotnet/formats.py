"""Parsing custom date and time formats of .NET into specifiers."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.utf16 import WHITE

_RUN = re.compile(r"K|([dfFhHmMstyz])\1*")
_QUOTED_START = re.compile(f"^(['\"])[{WHITE}]+")
_QUOTED_END = re.compile(f"[{WHITE}]+(['\"])$")
_UNIVERSAL_ZONE = re.compile("Z|G[Mm][Tt]")
_MONTH_NAMES = "January February March April May June July August September October November December"
MONTHS = tuple(_MONTH_NAMES.split())
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# A format of one letter stands for one of these. The other letters depend on the server's culture.
_STANDARD = {
    **dict.fromkeys("oO", "yyyy-MM-ddTHH:mm:ss.fffffffK"),
    **dict.fromkeys("rR", "ddd, dd MMM yyyy HH:mm:ss 'GMT'"),
    "s": "yyyy-MM-ddTHH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
}
_OF_A_CULTURE = frozenset("dDfFgGmMtTUyY")

MAX_LENGTH = 1_000  # of a format that is evaluated, and stored in the cache


class FormatSpecifier(NamedTuple):
    """A specifier (`letter`, repeated `times`), or a literal text (no letter).

    A `plain` literal is an unquoted character of the format, an `exact` one is escaped by a backslash; the parser of
    dates treats them differently.
    """

    letter: str
    times: int
    text: str
    plain: bool = False
    exact: bool = False

    def require_seven_digits(self) -> None:
        """Raise ServiceFailure if this asks for more than the seven digits that a fraction of a second has."""
        if self.times > 7:
            raise ServiceFailure(f"the format {self.text} is invalid: a fraction of a second has at most seven digits")


def output_specifiers(form: str) -> tuple[FormatSpecifier, ...]:
    """Return the specifiers of an output format; raise ServiceFailure if .NET rejects it."""
    return _specifiers(_custom_format(form), parses=False)


def input_specifiers(form: str, styles: frozenset[str]) -> tuple[FormatSpecifier, ...]:
    """Return the specifiers of an input format, for the DateTimeStyles given.

    .NET treats input formats differently: Z and GMT are a time zone, `%` has no meaning, and white space at the ends of
    the format, also inside quotes, is optional if the styles allow it at the ends of the text.
    """
    custom = _custom_format(form)
    if "AllowTrailingWhite" in styles:
        custom = _QUOTED_END.sub(r"\1", custom).rstrip(WHITE)
    if "AllowLeadingWhite" in styles:
        custom = _QUOTED_START.sub(r"\1", custom).lstrip(WHITE)
    return _specifiers(custom, parses=True)


def _custom_format(form: str) -> str:
    """Return the format, or the custom format that a standard format of one letter stands for."""
    if len(form) > MAX_LENGTH:
        raise UndocumentedBehaviour(f"a format of more than {MAX_LENGTH:,} characters is not evaluated")
    if len(form) != 1:
        return form
    if form in _STANDARD:
        return _STANDARD[form]
    if form in _OF_A_CULTURE:
        raise UndocumentedBehaviour(f"the format {form!r} depends on the server's culture")
    raise ServiceFailure(f"{form!r} is not a standard format")


@lru_cache(maxsize=256)
def _specifiers(form: str, *, parses: bool) -> tuple[FormatSpecifier, ...]:
    specifiers: list[FormatSpecifier] = []
    position = 0
    while position < len(form):
        specifier, position = _input_specifier(form, position) if parses else _output_specifier(form, position)
        specifiers.append(specifier)
    if not specifiers:
        raise UndocumentedBehaviour("Microsoft does not document an empty format")
    return tuple(specifiers)


def _input_specifier(form: str, start: int) -> tuple[FormatSpecifier, int]:
    """Return a specifier of an input format and its end. Z and GMT are specifiers; a `%` before one has no meaning."""
    if form[start] == "%":
        _after_percent(form, start)
        return _input_specifier(form, start + 1)
    if zone := _UNIVERSAL_ZONE.match(form, start):
        return FormatSpecifier(zone[0][0], 1, zone[0]), zone.end()
    return _specifier(form, start)


def _output_specifier(form: str, start: int) -> tuple[FormatSpecifier, int]:
    """Return a specifier of an output format and its end; `%` makes a specifier of the next character alone."""
    if form[start] != "%":
        return _specifier(form, start)
    return _specifier(_after_percent(form, start), 0)[0], start + 2


def _after_percent(form: str, position: int) -> str:
    if _next(form, position) == "%":
        raise ServiceFailure("%% is not a valid format")
    return form[position + 1]


def _specifier(form: str, start: int) -> tuple[FormatSpecifier, int]:
    letter = form[start]
    if run := _RUN.match(form, start):
        return FormatSpecifier(letter, len(run[0]), run[0]), run.end()
    if letter in "'\"":
        return _quoted(form, start)
    if letter == "\\":
        return FormatSpecifier("", 1, _next(form, start), exact=True), start + 2
    if letter == "g":
        raise UndocumentedBehaviour("Microsoft does not document how the service formats eras")
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
        raise ServiceFailure("a quote in the format is not closed")
    return FormatSpecifier("", len(text), text), position + 1


def _next(form: str, position: int) -> str:
    if position + 1 >= len(form):
        raise ServiceFailure(f"the format ends with {form[position]}")
    return form[position + 1]
