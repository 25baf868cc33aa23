"""Dates: reading, writing, moving, counting, and Active Directory's file times."""

from __future__ import annotations

from scimconf.expressions.dotnet import intervals, ticks, zones
from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation.arguments import text
from scimconf.expressions.evaluation.values import EvaluationContext, TypedValue

_NEVER = 2**63 - 1


def now(told: EvaluationContext) -> DotNetDateTime:
    """The present moment, to the second: that is all that its text shows."""
    moment = ticks.of(told.now)
    return DotNetDateTime(moment.ticks - moment.fraction)


def c_date(source: TypedValue) -> DotNetDateTime:
    """A text as a date in UTC."""
    if isinstance(source, DotNetDateTime):
        return source
    said = text(source)
    if not said:
        raise UndocumentedBehaviour("what it makes of an empty text is not documented")
    return zones.lenient(said).moment


def format_date_time(told: EvaluationContext, source: str, styles: str | None, form: str, wanted: str) -> str:
    given = zones.DEFAULT_STYLES if styles is None else zones.styles(styles)
    return zones.reformat(source, given, (form, wanted), ticks.of(told.now))


def date_add(interval: str, count: int, moment: DotNetDateTime) -> DotNetDateTime:
    return intervals.add(interval, count, moment)


def date_diff(interval: str, first: DotNetDateTime, second: DotNetDateTime) -> int:
    return intervals.between(interval, first, second)


def date_from_num(value: int) -> DotNetDateTime:
    """The date of a file time: ticks since 1601."""
    if value < 0:
        raise ServiceFailure("a file time is not less than zero")
    if value == _NEVER:
        raise UndocumentedBehaviour("what becomes of the file time that means never is not documented")
    return ticks.at(value + ticks.FILETIME_EPOCH)


def num_from_date(source: TypedValue) -> int:
    """The file time of an ISO 8601 date."""
    value = zones.iso(text(source)).ticks - ticks.FILETIME_EPOCH
    if value < 0:
        raise ServiceFailure("a file time begins with the year 1601")
    return value
