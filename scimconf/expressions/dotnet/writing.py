"""A moment as text, by a custom format of .NET."""

from __future__ import annotations

from collections.abc import Callable

from scimconf.expressions.dotnet.formats import DAYS, MONTHS, Piece, written
from scimconf.expressions.dotnet.moments import Moment
from scimconf.expressions.dotnet.outcomes import FailedError, OpenError


def write(moment: Moment, form: str, *, utc: bool) -> str:
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


def _number(value: int, piece: Piece) -> str:
    return str(value) if piece.times == 1 else f"{value:02}"


def _day(moment: Moment, piece: Piece) -> str:
    return _named(DAYS[moment.day.weekday()], piece) if piece.times > 2 else _number(moment.day.day, piece)


def _month(moment: Moment, piece: Piece) -> str:
    return _named(MONTHS[moment.day.month - 1], piece) if piece.times > 2 else _number(moment.day.month, piece)


def _named(name: str, piece: Piece) -> str:
    return name if piece.times > 3 else name[:3]


def _year(moment: Moment, piece: Piece) -> str:
    year = moment.day.year
    return _number(year % 100, piece) if piece.times < 3 else str(year).zfill(piece.times)


def _half(moment: Moment, piece: Piece) -> str:
    return ("AM" if moment.hour < 12 else "PM")[: piece.times]


def _fraction(moment: Moment, piece: Piece) -> str:
    if piece.times > 7:
        raise FailedError(f"{piece.text} is not a format: a second has seven digits")
    return f"{moment.fraction:07}"[: piece.times]


def _zone(piece: Piece, *, utc: bool) -> str:
    if piece.letter == "K":
        return "Z" if utc else ""
    if not utc:
        raise OpenError(f"{piece.text} prints the zone of the server, which is not documented")
    return ("+0", "+00", "+00:00")[min(piece.times, 3) - 1]


_WRITERS: dict[str, Callable[[Moment, Piece], str]] = {
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
