"""Text to date by an exact custom format, as .NET's DateTime.ParseExact reads it.

What is read is kept as it stands: the clock and, apart from it, the zone that was written. What .NET makes of the two is
`zones`' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scimconf.expressions.dotnet.formats import DAYS, MONTHS, Piece, pieces
from scimconf.expressions.dotnet.moments import HOUR, MINUTE, SECOND, Moment, civil
from scimconf.expressions.dotnet.outcomes import FailedError, OpenError
from scimconf.expressions.dotnet.units import WHITE

_ZONE = re.compile(r"([+-])([0-9]{1,2})(?::?([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Clock:
    """A date and time as written; `offset` counts the minutes of its zone, None where it has none.

    `utc` says that the zone was written as Z, which .NET remembers.
    """

    moment: Moment
    offset: int | None = None
    utc: bool = False

    @property
    def universal(self) -> int:
        """The ticks in UTC, by the zone."""
        return self.moment.ticks - (self.offset or 0) * MINUTE


def read(text: str, form: str, today: Moment, *, white: frozenset[str]) -> Clock:
    """The date that a text says; raises FailedError where it is not of the format."""
    if "AllowLeadingWhite" in white:
        text = text.lstrip(WHITE)
    if "AllowTrailingWhite" in white:
        text = text.rstrip(WHITE)
    reader = _Reader(text, form, inner="AllowInnerWhite" in white)
    cut = pieces(form)
    for place, piece in enumerate(cut):
        if not reader.skips(cut, place):
            reader.take(piece)
    if reader.position < len(text):
        raise reader.mismatch()
    return _clock(reader, today, current="NoCurrentDateDefault" not in white)


@dataclass(slots=True)
class _Reader:
    """A walk along the text; what was read is kept by the letter of its format."""

    text: str
    form: str
    inner: bool
    position: int = 0
    found: dict[str, int] = field(default_factory=dict)
    utc: bool = False

    def mismatch(self) -> FailedError:
        return FailedError(f"{self.text!r} is not a date of the format {self.form!r}")

    def take(self, piece: Piece) -> None:
        match piece.letter:
            case "":
                self.literal(piece.text)
            case "d" | "M" if piece.times > 2:
                self.name(piece)
            case "d" | "M" | "y":
                self.keep(piece.letter, self.year(piece) if piece.letter == "y" else self.number(piece))
            case "h" | "H" | "m" | "s":
                self.keep(piece.letter, self.number(piece))
            case "f" | "F":
                self.fraction(piece)
            case "t":
                self.half(piece)
            case _:
                self.zone(piece)

    def skips(self, cut: tuple[Piece, ...], place: int) -> bool:
        """Whether a point is absent together with the digits of the F behind it, which may be."""
        follows = place + 1 < len(cut) and cut[place + 1].letter == "F"
        return follows and cut[place].text == "." and not self.text.startswith(".", self.position)

    def keep(self, letter: str, value: int) -> None:
        if self.found.setdefault(letter, value) != value:
            raise self.mismatch()

    def literal(self, expected: str) -> None:
        if self.inner and not expected.strip(WHITE):
            while self.position < len(self.text) and self.text[self.position] in WHITE:
                self.position += 1
        elif self.text.startswith(expected, self.position):
            self.position += len(expected)
        else:
            raise self.mismatch()

    def digits(self, least: int, most: int) -> str:
        taken = re.compile(f"[0-9]{{{least},{most}}}").match(self.text, self.position)
        if taken is None:
            raise self.mismatch()
        self.position = taken.end()
        return taken[0]

    def number(self, piece: Piece) -> int:
        """One or two digits for one letter, two digits for more."""
        return int(self.digits(1, 2) if piece.times == 1 else self.digits(2, 2))

    def year(self, piece: Piece) -> int:
        if piece.times > 2:
            return int(self.digits(piece.times, piece.times))
        year = self.number(piece)
        if 30 <= year <= 49:
            raise OpenError(f"the century of the year {year} depends on the server's version of .NET")
        return year + (2000 if year < 30 else 1900)

    def name(self, piece: Piece) -> None:
        names = DAYS if piece.letter == "d" else MONTHS
        for number, full in enumerate(names):
            name = full if piece.times > 3 else full[:3]
            if self.text[self.position : self.position + len(name)].lower() == name.lower():
                self.position += len(name)
                self.keep(piece.letter * 3 if piece.letter == "d" else "M", number + (piece.letter == "M"))
                return
        raise self.mismatch()

    def fraction(self, piece: Piece) -> None:
        if piece.times > 7:
            raise FailedError(f"{piece.text} is not a format: a second has seven digits")
        digits = self.digits(0 if piece.letter == "F" else piece.times, piece.times)
        self.keep("f", int(digits.ljust(7, "0")))

    def half(self, piece: Piece) -> None:
        said = self.text[self.position : self.position + min(piece.times, 2)].upper()
        if said not in ("AM"[: piece.times], "PM"[: piece.times]):
            raise self.mismatch()
        self.position += len(said)
        self.keep("t", int(said[0] == "P"))

    def zone(self, piece: Piece) -> None:
        if piece.letter == "K" and self.position == len(self.text):
            return
        if self.text.startswith("Z", self.position) and piece.letter == "K":
            self.utc = True
            self.position += 1
            self.keep("z", 0)
            return
        said = _ZONE.match(self.text, self.position)
        minutes = piece.letter == "K" or piece.times > 2
        if said is None or (said[3] is None) == minutes or int(said[2]) > 14 or int(said[3] or 0) > 59:
            raise self.mismatch()
        self.position = said.end()
        self.keep("z", (int(said[2]) * 60 + int(said[3] or 0)) * (-1 if said[1] == "-" else 1))


def _clock(reader: _Reader, today: Moment, *, current: bool) -> Clock:
    found = reader.found
    moment = civil(*_date(found, today, current=current), _time(reader))
    if found.get("ddd", moment.day.weekday()) != moment.day.weekday():
        raise reader.mismatch()
    return Clock(moment, found.get("z"), reader.utc)


def _date(found: dict[str, int], today: Moment, *, current: bool) -> tuple[int, int, int]:
    """Year, month and day; of a time alone it is today, as .NET has it."""
    if not found.keys() & {"y", "M", "d"}:
        return (today.day.year, today.day.month, today.day.day) if current else (1, 1, 1)
    return found.get("y", today.day.year), found.get("M", 1), found.get("d", 1)


def _time(reader: _Reader) -> int:
    found = reader.found
    hour = found.get("H", found.get("h", 0))
    if "h" in found:
        if not 1 <= found["h"] <= 12 or "H" in found:
            raise reader.mismatch()
        hour = hour % 12 + 12 * found.get("t", 0)
    elif "t" in found and (hour >= 12) != bool(found["t"]):
        raise reader.mismatch()
    if hour > 23 or found.get("m", 0) > 59 or found.get("s", 0) > 59:
        raise reader.mismatch()
    return hour * HOUR + found.get("m", 0) * MINUTE + found.get("s", 0) * SECOND + found.get("f", 0)
