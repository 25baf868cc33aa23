""".NET's DateTime: a number of 100-nanosecond ticks since the year 1, without a time zone."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour

SECOND = 10_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FILETIME_EPOCH = (date(1601, 1, 1).toordinal() - 1) * DAY
OUT_OF_RANGE = "the date is outside the years 1 to 9999"
_END = date.max.toordinal() * DAY


@dataclass(frozen=True, slots=True, order=True)
class DotNetDateTime:
    """A date and a time of day."""

    ticks: int

    @property
    def day(self) -> date:
        return date.fromordinal(self.ticks // DAY + 1)

    @property
    def time(self) -> int:
        """Ticks since midnight."""
        return self.ticks % DAY

    @property
    def hour(self) -> int:
        return self.time // HOUR

    @property
    def minute(self) -> int:
        return self.time % HOUR // MINUTE

    @property
    def second(self) -> int:
        return self.time % MINUTE // SECOND

    @property
    def fraction(self) -> int:
        """Ticks since the last full second."""
        return self.time % SECOND

    def __str__(self) -> str:
        """Return the format that the documentation uses for all dates: `3/16/2020 7:00:00 AM`."""
        day, half = self.day, "AM" if self.hour < 12 else "PM"
        clock = f"{(self.hour + 11) % 12 + 1}:{self.minute:02}:{self.second:02} {half}"
        return f"{day.month}/{day.day}/{day.year:04} {clock}"


def at(ticks: int) -> DotNetDateTime:
    """Return the date at a number of ticks; raise ServiceFailure outside the years 1 to 9999, as .NET does."""
    if not 0 <= ticks < _END:
        raise ServiceFailure(OUT_OF_RANGE)
    return DotNetDateTime(ticks)


def civil(year: int, month: int, day: int, time: int = 0) -> DotNetDateTime:
    """Return the date of a calendar day and the ticks since its midnight."""
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        raise ServiceFailure(f"there is no day {year:04}-{month:02}-{day:02}")
    return DotNetDateTime((date(year, month, day).toordinal() - 1) * DAY + time)


def of(value: datetime) -> DotNetDateTime:
    """Return a Python datetime in UTC; without a time zone, it is taken as UTC."""
    try:
        utc = value.astimezone(UTC) if value.tzinfo else value
    except OverflowError:
        raise UndocumentedBehaviour("the current date is outside the years 1 to 9999 in UTC") from None
    seconds = utc.hour * 3600 + utc.minute * 60 + utc.second
    return civil(utc.year, utc.month, utc.day, seconds * SECOND + utc.microsecond * 10)
