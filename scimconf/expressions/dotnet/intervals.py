"""Adding to dates and counting between them, as Visual Basic's DateAdd and DateDiff do.

The table of DateDiff in the reference matches Visual Basic: full days, hours, minutes and seconds; months and years by
the calendar; weeks from Sunday to Sunday.
"""

from __future__ import annotations

import calendar

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedCase
from scimconf.expressions.dotnet.ticks import DAY, HOUR, MINUTE, OUT_OF_RANGE, SECOND, DotNetDateTime, at, civil

INTERVALS = ("yyyy", "m", "d", "ww", "h", "n", "s")
_SPANS = {"d": DAY, "ww": 7 * DAY, "h": HOUR, "n": MINUTE, "s": SECOND}
_MONTHS = {"yyyy": 12, "m": 1}


def add(interval: str, count: int, start: DotNetDateTime) -> DotNetDateTime:
    """Return the date `count` intervals after the start, or before it if `count` is negative."""
    _require_interval(interval)
    if interval in _SPANS:
        return at(start.ticks + count * _SPANS[interval])
    day = start.day
    month = day.year * 12 + day.month - 1 + count * _MONTHS[interval]
    year, month = month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        raise ServiceFailure(OUT_OF_RANGE)
    if day.day > calendar.monthrange(year, month)[1]:
        raise UndocumentedCase(f"from day {day.day} to the shorter month {year:04}-{month:02}")
    return civil(year, month, day.day, start.time)


def between(interval: str, first: DotNetDateTime, second: DotNetDateTime) -> int:
    """Return the number of intervals from the first date to the second, negative if the second is earlier."""
    _require_interval(interval)
    if interval == "ww":
        return _full_spans(_sunday(second) - _sunday(first), 7 * DAY)
    if interval in _SPANS:
        return _full_spans(second.ticks - first.ticks, _SPANS[interval])
    years = second.day.year - first.day.year
    return years if interval == "yyyy" else years * 12 + second.day.month - first.day.month


def _require_interval(interval: str) -> None:
    if interval not in INTERVALS:
        raise ServiceFailure(f"{interval!r} is not an interval. Valid intervals: {', '.join(INTERVALS)}")


def _full_spans(ticks: int, span: int) -> int:
    """Return the number of full spans, rounded toward zero."""
    return ticks // span if ticks >= 0 else -(-ticks // span)


def _sunday(day: DotNetDateTime) -> int:
    """Return the ticks of the same time on the Sunday before, or on the day itself if it is one."""
    return day.ticks - day.day.isoweekday() % 7 * DAY
