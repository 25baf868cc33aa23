"""Adding to dates and counting between them, as Visual Basic's DateAdd and DateDiff do.

The reference's own table of DateDiff is what Visual Basic gives: whole days, hours, minutes and seconds that have
passed; months and years by the calendar; weeks from Sunday to Sunday.
"""

from __future__ import annotations

import calendar

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.ticks import DAY, HOUR, MINUTE, SECOND, DotNetDateTime, at, civil

INTERVALS = ("yyyy", "m", "d", "ww", "h", "n", "s")
_SPANS = {"d": DAY, "ww": 7 * DAY, "h": HOUR, "n": MINUTE, "s": SECOND}
_MONTHS = {"yyyy": 12, "m": 1}


def add(interval: str, count: int, moment: DotNetDateTime) -> DotNetDateTime:
    """The moment so many intervals later, or earlier where the count is less than zero."""
    known(interval)
    if interval in _SPANS:
        return at(moment.ticks + count * _SPANS[interval])
    day = moment.day
    month = day.year * 12 + day.month - 1 + count * _MONTHS[interval]
    year, month = month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        raise ServiceFailure("the date is outside of the years 1 to 9999")
    if day.day > calendar.monthrange(year, month)[1]:
        raise UndocumentedBehaviour(
            f"what becomes of day {day.day} in the shorter month {year:04}-{month:02} is not documented"
        )
    return civil(year, month, day.day, moment.time)


def between(interval: str, first: DotNetDateTime, second: DotNetDateTime) -> int:
    """How many intervals it is from the first to the second; less than zero if the second is earlier."""
    known(interval)
    if interval == "ww":
        return _whole(_sunday(second) - _sunday(first), 7 * DAY)
    if interval in _SPANS:
        return _whole(second.ticks - first.ticks, _SPANS[interval])
    if interval == "yyyy":
        return second.day.year - first.day.year
    return (second.day.year - first.day.year) * 12 + second.day.month - first.day.month


def known(interval: str) -> None:
    if interval not in INTERVALS:
        raise ServiceFailure(f"{interval!r} is not an interval; there are {', '.join(INTERVALS)}")


def _whole(ticks: int, span: int) -> int:
    """Full spans, toward zero."""
    return ticks // span if ticks >= 0 else -(-ticks // span)


def _sunday(moment: DotNetDateTime) -> int:
    return moment.ticks - moment.day.isoweekday() % 7 * DAY
