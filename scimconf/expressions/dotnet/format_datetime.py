"""A moment as text, by a custom format of .NET."""

from __future__ import annotations

from collections.abc import Callable

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.formats import DAYS, MONTHS, FormatSpecifier, written
from scimconf.expressions.dotnet.ticks import DotNetDateTime


def write(moment: DotNetDateTime, form: str, *, utc: bool) -> str:
    """The text; `utc` says that the moment is known to be in UTC, and not just a clock on some wall."""
    text = ""
    for piece in written(form):
        if not piece.letter:
            text += piece.text
        elif piece.letter == "F":
            digits = _fraction(moment, piece).rstrip("0")
            text = text[:-1] if not digits and text.endswith(".") else text + digits
        elif piece.letter in "zK":
            text += _zone(piece, utc=utc)
        else:
            text += _WRITERS[piece.letter](moment, piece)
    return text


def _number(value: int, piece: FormatSpecifier) -> str:
    return str(value) if piece.times == 1 else f"{value:02}"


def _day(moment: DotNetDateTime, piece: FormatSpecifier) -> str:
    return _named(DAYS[moment.day.weekday()], piece) if piece.times > 2 else _number(moment.day.day, piece)


def _month(moment: DotNetDateTime, piece: FormatSpecifier) -> str:
    return _named(MONTHS[moment.day.month - 1], piece) if piece.times > 2 else _number(moment.day.month, piece)


def _named(name: str, piece: FormatSpecifier) -> str:
    return name if piece.times > 3 else name[:3]


def _year(moment: DotNetDateTime, piece: FormatSpecifier) -> str:
    year = moment.day.year
    return _number(year % 100, piece) if piece.times < 3 else str(year).zfill(piece.times)


def _half(moment: DotNetDateTime, piece: FormatSpecifier) -> str:
    return ("AM" if moment.hour < 12 else "PM")[: piece.times]


def _fraction(moment: DotNetDateTime, piece: FormatSpecifier) -> str:
    if piece.times > 7:
        raise ServiceFailure(f"{piece.text} is not a format: a second has seven digits")
    return f"{moment.fraction:07}"[: piece.times]


def _zone(piece: FormatSpecifier, *, utc: bool) -> str:
    if piece.letter == "K":
        return "Z" if utc else ""
    if not utc:
        raise UndocumentedBehaviour(f"{piece.text} prints the zone of the server, which is not documented")
    return ("+0", "+00", "+00:00")[min(piece.times, 3) - 1]


_WRITERS: dict[str, Callable[[DotNetDateTime, FormatSpecifier], str]] = {
    "d": _day,
    "f": _fraction,
    "h": lambda moment, piece: _number((moment.hour + 11) % 12 + 1, piece),
    "H": lambda moment, piece: _number(moment.hour, piece),
    "m": lambda moment, piece: _number(moment.minute, piece),
    "M": _month,
    "s": lambda moment, piece: _number(moment.second, piece),
    "t": _half,
    "y": _year,
}
