"""Dates: reading, writing, moving, counting, and Active Directory's file times."""

from __future__ import annotations

from scimconf.expressions.dotnet import intervals, moments, zones
from scimconf.expressions.dotnet.moments import Moment
from scimconf.expressions.dotnet.outcomes import FailedError, OpenError
from scimconf.expressions.evaluation.arguments import text
from scimconf.expressions.evaluation.values import Circumstances, Inner

_NEVER = 2**63 - 1


def now(told: Circumstances) -> Moment:
    """The present moment, to the second: that is all that its text shows."""
    moment = moments.of(told.now)
    return Moment(moment.ticks - moment.fraction)


def c_date(source: Inner) -> Moment:
    """A text as a date in UTC."""
    if isinstance(source, Moment):
        return source
    said = text(source)
    if not said:
        raise OpenError("what it makes of an empty text is not documented")
    return zones.lenient(said).moment


def format_date_time(told: Circumstances, source: str, styles: str | None, form: str, wanted: str) -> str:
    given = zones.DEFAULT_STYLES if styles is None else zones.styles(styles)
    return zones.reformat(source, given, (form, wanted), moments.of(told.now))


def date_add(interval: str, count: int, moment: Moment) -> Moment:
    return intervals.add(interval, count, moment)


def date_diff(interval: str, first: Moment, second: Moment) -> int:
    return intervals.between(interval, first, second)


def date_from_num(value: int) -> Moment:
    """The date of a file time: ticks since 1601."""
    if value < 0:
        raise FailedError("a file time is not less than zero")
    if value == _NEVER:
        raise OpenError("what becomes of the file time that means never is not documented")
    return moments.at(value + moments.FILETIME_EPOCH)


def num_from_date(source: Inner) -> int:
    """The file time of an ISO 8601 date."""
    value = zones.iso(text(source)).ticks - moments.FILETIME_EPOCH
    if value < 0:
        raise FailedError("a file time begins with the year 1601")
    return value
