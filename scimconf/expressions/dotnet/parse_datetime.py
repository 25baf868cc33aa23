"""Text to date by an exact custom format, as .NET's DateTime.ParseExact reads it.

What is read is kept as it stands: the clock and, apart from it, the zone that was written. What .NET makes of the two is
`zones`' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scimconf.expressions.dotnet import formats
from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.formats import DAYS, MONTHS, FormatSpecifier
from scimconf.expressions.dotnet.ticks import HOUR, MINUTE, SECOND, DotNetDateTime, civil
from scimconf.expressions.dotnet.utf16 import WHITE

_HOURS = (re.compile(r"([+-])([0-9]{1,2})"), re.compile(r"([+-])([0-9]{2})"))
_MINUTES = re.compile(r"([+-])([0-9]{1,2}+):?([0-9]{2})")
_GREENWICH = {"Z": re.compile(r"(?i:GMT|Z)(?![^\W\d_])"), "G": re.compile("GMT")}
_FARTHEST = 14 * 60  # minutes from Greenwich


@dataclass(frozen=True, slots=True)
class ParsedDateTime:
    """A date and time as written; `offset` counts the minutes of its zone, None where it has none.

    `utc` says that the zone was written as Z, which .NET remembers.
    """

    moment: DotNetDateTime
    offset: int | None = None
    utc: bool = False

    @property
    def universal(self) -> int:
        """The ticks in UTC, by the zone."""
        return self.moment.ticks - (self.offset or 0) * MINUTE


def read(text: str, form: str, today: DotNetDateTime, *, white: frozenset[str]) -> ParsedDateTime:
    """The date that a text says; raises FailedError where it is not of the format."""
    nothing = not text
    if "AllowLeadingWhite" in white:
        text = text.lstrip(WHITE)
    if "AllowTrailingWhite" in white:
        text = text.rstrip(WHITE)
    cut = formats.read(form, white)
    reader = _DateTimeReader(text, form, white)
    place = 0
    while place < len(cut):
        place += reader.step(cut, place)
    if nothing or reader.position < len(text):
        raise reader.mismatch()
    return _clock(reader, today, current="NoCurrentDateDefault" not in white)


@dataclass(slots=True)
class _DateTimeReader:
    """A walk along the text; what was read is kept by the letter of its format."""

    text: str
    form: str
    white: frozenset[str]
    position: int = 0
    found: dict[str, int] = field(default_factory=dict)
    utc: bool = False
    halves: bool = False  # the hour is one of twelve
    century: bool = True  # the year has one

    def mismatch(self) -> ServiceFailure:
        return ServiceFailure(f"{self.text!r} is not a date of the format {self.form!r}")

    def take(self, piece: FormatSpecifier) -> None:
        match piece.letter:
            case "":
                self.literal(piece)
            case "d" | "M" if piece.times > 2:
                self.name(piece)
            case "y":
                self.year(piece)
            case "h" | "H":
                self.halves |= piece.letter == "h"
                self.keep("H", self.number(piece))
            case "d" | "M" | "m" | "s":
                self.keep(piece.letter, self.number(piece))
            case "f" | "F":
                self.fraction(piece)
            case "t":
                self.half(piece)
            case "Z" | "G":
                self.greenwich(piece)
            case "K":
                self.any_zone()
            case _:
                self.zone(_MINUTES if piece.times > 2 else _HOURS[piece.times - 1])

    def step(self, cut: tuple[FormatSpecifier, ...], place: int) -> int:
        """Take the piece at that place; how many pieces that was.

        A point may be missing together with the F behind it. A space may be missing where spaces at the end are
        forgiven, since the text has lost its own: .NET does not ask whether this is the end.
        """
        piece, behind = cut[place], cut[place + 1 : place + 2]
        if self.inner:
            self.skip_white()
        missing = piece.plain and not self.text.startswith(piece.text, self.position)
        if missing and piece.text == "." and behind and behind[0].letter == "F":
            return 2
        if missing and piece.text == " " and behind and "AllowTrailingWhite" in self.white:
            return 1
        self.take(piece)
        return 1

    @property
    def inner(self) -> bool:
        return "AllowInnerWhite" in self.white

    def skip_white(self) -> None:
        while self.position < len(self.text) and self.text[self.position] in WHITE:
            self.position += 1

    def keep(self, letter: str, value: int) -> None:
        if self.found.setdefault(letter, value) != value:
            raise self.mismatch()

    def literal(self, piece: FormatSpecifier) -> None:
        for character in piece.text:
            if self.inner and character == " " and not piece.exact:
                self.skip_white()
            elif self.text.startswith(character, self.position):
                self.position += 1
            else:
                raise self.mismatch()

    def digits(self, least: int, most: int) -> str:
        taken = re.compile(f"[0-9]{{{least},{most}}}").match(self.text, self.position)
        if taken is None:
            raise self.mismatch()
        self.position = taken.end()
        return taken[0]

    def number(self, piece: FormatSpecifier) -> int:
        """One or two digits for one letter, two digits for more."""
        return int(self.digits(1, 2) if piece.times == 1 else self.digits(2, 2))

    def year(self, piece: FormatSpecifier) -> None:
        self.century &= piece.times > 2
        self.keep("y", int(self.digits(piece.times, piece.times)) if piece.times > 2 else self.number(piece))

    def name(self, piece: FormatSpecifier) -> None:
        names = DAYS if piece.letter == "d" else MONTHS
        for number, full in enumerate(names):
            name = full if piece.times > 3 else full[:3]
            if self.text[self.position : self.position + len(name)].lower() == name.lower():
                self.position += len(name)
                self.keep(piece.letter * 3 if piece.letter == "d" else "M", number + (piece.letter == "M"))
                return
        raise self.mismatch()

    def fraction(self, piece: FormatSpecifier) -> None:
        if piece.times > 7:
            raise ServiceFailure(f"{piece.text} is not a format: a second has seven digits")
        digits = self.digits(0 if piece.letter == "F" else piece.times, piece.times)
        self.keep("f", int(digits.ljust(7, "0")))

    def half(self, piece: FormatSpecifier) -> None:
        """AM or PM in whatever case; of one letter alone, .NET heeds the case."""
        said = self.text[self.position : self.position + min(piece.times, 2)]
        said = said.upper() if piece.times > 1 else said
        if said not in ("AM"[: piece.times], "PM"[: piece.times]):
            raise self.mismatch()
        self.position += len(said)
        self.keep("t", int(said[0] == "P"))

    def greenwich(self, piece: FormatSpecifier) -> None:
        """What Z and GMT in a format stand for. .NET remembers only of a Z that the date is in UTC."""
        said = _GREENWICH[piece.letter].match(self.text, self.position)
        if said is None:
            raise self.mismatch()
        self.position = said.end()
        self.utc |= piece.letter == "Z"
        self.keep("z", 0)

    def any_zone(self) -> None:
        """A Z, a zone in numbers, or nothing."""
        if self.text.startswith("Z", self.position):
            self.position += 1
            self.utc = True
            self.keep("z", 0)
        elif self.text.startswith(("+", "-"), self.position):
            self.zone(_MINUTES)

    def zone(self, form: re.Pattern[str]) -> None:
        said = form.match(self.text, self.position)
        if said is None:
            raise self.mismatch()
        hours, minutes = int(said[2]), int(said[3]) if form is _MINUTES else 0
        if minutes > 59 or hours * 60 + minutes > _FARTHEST:
            raise self.mismatch()
        self.position = said.end()
        self.keep("z", (hours * 60 + minutes) * (-1 if said[1] == "-" else 1))


def _clock(reader: _DateTimeReader, today: DotNetDateTime, *, current: bool) -> ParsedDateTime:
    found = reader.found
    moment = civil(*_date(reader, today, current=current), _time(reader))
    if found.get("ddd", moment.day.weekday()) != moment.day.weekday():
        raise reader.mismatch()
    return ParsedDateTime(moment, found.get("z"), reader.utc)


def _date(reader: _DateTimeReader, today: DotNetDateTime, *, current: bool) -> tuple[int, int, int]:
    """Year, month and day; of a time alone it is today, as .NET has it."""
    found = reader.found
    if not found.keys() & {"y", "M", "d"}:
        return (today.day.year, today.day.month, today.day.day) if current else (1, 1, 1)
    year = found.get("y", today.day.year)
    return (year if reader.century else _of_century(year)), found.get("M", 1), found.get("d", 1)


def _of_century(year: int) -> int:
    if 30 <= year <= 49:
        raise UndocumentedBehaviour(f"the century of the year {year} depends on the server's version of .NET")
    return year + (2000 if year < 30 else 1900)


def _time(reader: _DateTimeReader) -> int:
    found = reader.found
    hour = found.get("H", 0)
    if reader.halves:
        if hour > 12:
            raise reader.mismatch()
        hour = hour % 12 + 12 * found.get("t", 0)
    elif "t" in found and (hour >= 12) != bool(found["t"]):
        raise reader.mismatch()
    if hour > 23 or found.get("m", 0) > 59 or found.get("s", 0) > 59:
        raise reader.mismatch()
    return hour * HOUR + found.get("m", 0) * MINUTE + found.get("s", 0) * SECOND + found.get("f", 0)
