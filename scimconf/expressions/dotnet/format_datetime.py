"""Date to string, by a custom format of .NET."""

from __future__ import annotations

from collections.abc import Callable

from scimconf.expressions.dotnet.errors import UndocumentedBehaviour
from scimconf.expressions.dotnet.formats import DAYS, MONTHS, FormatSpecifier, output_specifiers
from scimconf.expressions.dotnet.ticks import DotNetDateTime


def format_datetime(value: DotNetDateTime, form: str, *, utc: bool) -> str:
    """Return the date in the format; `utc` is true if it is known to be in UTC, rather than without a time zone."""
    text = ""
    for specifier in output_specifiers(form):
        if not specifier.letter:
            text += specifier.text
        elif specifier.letter == "F":
            digits = _fraction(value, specifier).rstrip("0")
            text = text[:-1] if not digits and text.endswith(".") else text + digits
        elif specifier.letter == "K":
            text += "Z" if utc else ""
        elif specifier.letter == "z" and not utc:
            message = f"the format {specifier.text} prints the server's time zone, which is not documented"
            raise UndocumentedBehaviour(message)
        else:
            text += _FORMATTERS[specifier.letter](value, specifier)
    return text


def _number(value: int, specifier: FormatSpecifier) -> str:
    return str(value) if specifier.times == 1 else f"{value:02}"


def _day(value: DotNetDateTime, specifier: FormatSpecifier) -> str:
    day = value.day
    return _name(DAYS[day.weekday()], specifier) if specifier.times > 2 else _number(day.day, specifier)


def _month(value: DotNetDateTime, specifier: FormatSpecifier) -> str:
    month = value.day.month
    return _name(MONTHS[month - 1], specifier) if specifier.times > 2 else _number(month, specifier)


def _name(name: str, specifier: FormatSpecifier) -> str:
    return name if specifier.times > 3 else name[:3]


def _year(value: DotNetDateTime, specifier: FormatSpecifier) -> str:
    year = value.day.year
    return _number(year % 100, specifier) if specifier.times < 3 else str(year).zfill(specifier.times)


def _fraction(value: DotNetDateTime, specifier: FormatSpecifier) -> str:
    specifier.require_seven_digits()
    return f"{value.fraction:07}"[: specifier.times]


_FORMATTERS: dict[str, Callable[[DotNetDateTime, FormatSpecifier], str]] = {
    "d": _day,
    "f": _fraction,
    "h": lambda value, specifier: _number((value.hour + 11) % 12 + 1, specifier),
    "H": lambda value, specifier: _number(value.hour, specifier),
    "m": lambda value, specifier: _number(value.minute, specifier),
    "M": _month,
    "s": lambda value, specifier: _number(value.second, specifier),
    "t": lambda value, specifier: ("AM" if value.hour < 12 else "PM")[: specifier.times],
    "y": _year,
    "z": lambda _, specifier: ("+0", "+00", "+00:00")[min(specifier.times, 3) - 1],
}
