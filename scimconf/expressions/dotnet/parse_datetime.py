"""String to date, by an exact custom format, as .NET's DateTime.ParseExact does.

The date is returned as written, with its time zone apart. `zones` does what .NET does with the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.formats import DAYS, MONTHS, FormatSpecifier, input_specifiers
from scimconf.expressions.dotnet.ticks import HOUR, MINUTE, SECOND, DotNetDateTime, civil
from scimconf.expressions.dotnet.utf16 import WHITE

_HOURS = (re.compile(r"([+-])([0-9]{1,2})"), re.compile(r"([+-])([0-9]{2})"))
_MINUTES = re.compile(r"([+-])([0-9]{1,2}+):?([0-9]{2})")
_UTC = {"Z": re.compile(r"(?i:GMT|Z)(?![^\W\d_])"), "G": re.compile("GMT")}
_MAX_OFFSET = 14 * 60  # minutes from UTC


@dataclass(frozen=True, slots=True)
class ParsedDateTime:
    """A date and time as written; `offset` is its time zone in minutes from UTC, None if there is none.

    `utc` is true if the time zone was written as Z, which .NET treats differently from +00:00.
    """

    local: DotNetDateTime
    offset: int | None = None
    utc: bool = False

    @property
    def universal(self) -> int:
        """The ticks in UTC."""
        return self.local.ticks - (self.offset or 0) * MINUTE


def parse_datetime(text: str, form: str, today: DotNetDateTime, *, styles: frozenset[str]) -> ParsedDateTime:
    """Return the date in a string; raise ServiceFailure if the string does not match the format."""
    if "AllowLeadingWhite" in styles:
        text = text.lstrip(WHITE)
    if "AllowTrailingWhite" in styles:
        text = text.rstrip(WHITE)
    specifiers = input_specifiers(form, styles)
    reader = _DateTimeReader(text, form, styles)
    index = 0
    while index < len(specifiers):
        index += reader.step(specifiers, index)
    if reader.position < len(text):
        raise reader.mismatch()
    return reader.result(today)


@dataclass(slots=True)
class _DateTimeReader:
    """Reads a string along the specifiers of a format. `fields` are the values read, by the letter of the specifier."""

    text: str
    form: str
    styles: frozenset[str]
    position: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    utc: bool = False
    twelve_hours: bool = False
    full_year: bool = True

    def mismatch(self) -> ServiceFailure:
        return ServiceFailure(f"{self.text!r} does not match the date format {self.form!r}")

    def step(self, specifiers: tuple[FormatSpecifier, ...], index: int) -> int:
        """Read the specifier at the index; return the number of specifiers that were read.

        A point may be missing together with the F after it. A space may be missing if trailing white space is allowed,
        since it has been stripped from the text: .NET does not check that this is the end.
        """
        specifier, following = specifiers[index], specifiers[index + 1 : index + 2]
        self.skip_inner_white()
        missing = specifier.plain and not self.text.startswith(specifier.text, self.position)
        if missing and specifier.text == "." and following and following[0].letter == "F":
            return 2
        if missing and specifier.text == " " and following and "AllowTrailingWhite" in self.styles:
            return 1
        self.read(specifier)
        return 1

    def read(self, specifier: FormatSpecifier) -> None:
        match specifier.letter:
            case "":
                self.literal(specifier)
            case "d" | "M" if specifier.times > 2:
                self.name(specifier)
            case "y":
                self.year(specifier)
            case "h" | "H":
                self.twelve_hours |= specifier.letter == "h"
                self.store("H", self.number(specifier))
            case "d" | "M" | "m" | "s":
                self.store(specifier.letter, self.number(specifier))
            case "f" | "F":
                self.fraction(specifier)
            case "t":
                self.half(specifier)
            case "Z" | "G":
                self.universal_zone(specifier.letter, _UTC[specifier.letter])
            case "K":
                self.optional_zone()
            case _:
                self.zone(_MINUTES if specifier.times > 2 else _HOURS[specifier.times - 1])

    def skip_inner_white(self) -> bool:
        """Skip white space if the styles allow it inside a date; return whether they do."""
        allowed = "AllowInnerWhite" in self.styles
        while allowed and self.position < len(self.text) and self.text[self.position] in WHITE:
            self.position += 1
        return allowed

    def store(self, letter: str, value: int) -> None:
        """Store a field; a field that is written twice must have the same value twice."""
        if self.fields.setdefault(letter, value) != value:
            raise self.mismatch()

    def literal(self, specifier: FormatSpecifier) -> None:
        for character in specifier.text:
            if character == " " and not specifier.exact and self.skip_inner_white():
                continue
            if self.text.startswith(character, self.position):
                self.position += 1
            else:
                raise self.mismatch()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.position)
        if match is None:
            raise self.mismatch()
        self.position = match.end()
        return match

    def digits(self, least: int, most: int) -> str:
        return self.match(re.compile(f"[0-9]{{{least},{most}}}"))[0]

    def number(self, specifier: FormatSpecifier) -> int:
        """Read one or two digits for one letter, two digits for more."""
        return int(self.digits(min(specifier.times, 2), 2))

    def year(self, specifier: FormatSpecifier) -> None:
        full, times = specifier.times > 2, specifier.times
        self.full_year &= full
        self.store("y", int(self.digits(times, times)) if full else self.number(specifier))

    def name(self, specifier: FormatSpecifier) -> None:
        names = DAYS if specifier.letter == "d" else MONTHS
        for number, full in enumerate(names):
            name = full if specifier.times > 3 else full[:3]
            if self.text[self.position : self.position + len(name)].lower() == name.lower():
                self.position += len(name)
                self.store(specifier.letter * 3 if specifier.letter == "d" else "M", number + (specifier.letter == "M"))
                return
        raise self.mismatch()

    def fraction(self, specifier: FormatSpecifier) -> None:
        specifier.require_seven_digits()
        digits = self.digits(0 if specifier.letter == "F" else specifier.times, specifier.times)
        self.store("f", int(digits.ljust(7, "0")))

    def half(self, specifier: FormatSpecifier) -> None:
        """Read AM or PM in any case; .NET is case-sensitive only for a single letter."""
        text = self.text[self.position : self.position + min(specifier.times, 2)]
        text = text.upper() if specifier.times > 1 else text
        if text not in ("AM"[: specifier.times], "PM"[: specifier.times]):
            raise self.mismatch()
        self.position += len(text)
        self.store("t", int(text[0] == "P"))

    def universal_zone(self, letter: str, pattern: re.Pattern[str]) -> None:
        """Read Z or GMT. Only for Z does .NET remember that the date is in UTC."""
        self.match(pattern)
        self.utc |= letter == "Z"
        self.store("z", 0)

    def optional_zone(self) -> None:
        """Read a Z, a numeric time zone, or nothing."""
        if self.text.startswith("Z", self.position):
            self.universal_zone("Z", re.compile("Z"))
        elif self.text.startswith(("+", "-"), self.position):
            self.zone(_MINUTES)

    def zone(self, pattern: re.Pattern[str]) -> None:
        match = self.match(pattern)
        hours, minutes = int(match[2]), int(match[3]) if pattern is _MINUTES else 0
        if minutes > 59 or hours * 60 + minutes > _MAX_OFFSET:
            raise self.mismatch()
        self.store("z", (hours * 60 + minutes) * (-1 if match[1] == "-" else 1))

    def result(self, today: DotNetDateTime) -> ParsedDateTime:
        local = civil(*self.date(today), self.time_of_day())
        if self.fields.get("ddd", local.day.weekday()) != local.day.weekday():
            raise self.mismatch()
        return ParsedDateTime(local, self.fields.get("z"), self.utc)

    def date(self, today: DotNetDateTime) -> tuple[int, int, int]:
        """Return year, month and day; for a time alone .NET takes today, or 0001-01-01 by NoCurrentDateDefault."""
        day = today.day
        if not self.fields.keys() & {"y", "M", "d"}:
            return (1, 1, 1) if "NoCurrentDateDefault" in self.styles else (day.year, day.month, day.day)
        year = self.fields.get("y", day.year)
        return (year if self.full_year else _with_century(year)), self.fields.get("M", 1), self.fields.get("d", 1)

    def time_of_day(self) -> int:
        hour, minute, second = (self.fields.get(letter, 0) for letter in "Hms")
        if self.twelve_hours:
            if hour > 12:
                raise self.mismatch()
            hour = hour % 12 + 12 * self.fields.get("t", 0)
        elif "t" in self.fields and (hour >= 12) != bool(self.fields["t"]):
            raise self.mismatch()
        if hour > 23 or minute > 59 or second > 59:
            raise self.mismatch()
        return hour * HOUR + minute * MINUTE + second * SECOND + self.fields.get("f", 0)


def _with_century(year: int) -> int:
    if 30 <= year <= 49:
        raise UndocumentedBehaviour(f"the century of the year {year} depends on the server's version of .NET")
    return year + (2000 if year < 30 else 1900)
