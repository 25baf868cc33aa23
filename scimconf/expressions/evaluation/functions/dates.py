"""Functions of dates, and of Active Directory's file times."""

from __future__ import annotations

from scimconf.expressions.dotnet import ticks
from scimconf.expressions.dotnet.errors import REPORT, ConflictingSources, ServiceFailure, UndocumentedCase
from scimconf.expressions.dotnet.ticks import DotNetDateTime
from scimconf.expressions.evaluation.arguments import to_string
from scimconf.expressions.evaluation.values import EvaluationContext, TypedValue

_NEVER = 2**63 - 1


def now(context: EvaluationContext) -> DotNetDateTime:
    """Return the current date to the second, which is all that its string contains."""
    value = ticks.of(context.now)
    return DotNetDateTime(value.ticks - value.fraction)


def c_date(source: TypedValue) -> DotNetDateTime:
    """Return the date in a string, in UTC."""
    if isinstance(source, DotNetDateTime):
        return source
    text = to_string(source)
    if not text:
        raise UndocumentedCase("with an empty string")
    from scimconf.expressions.dotnet import zones

    return zones.parse_any(text).value


def format_date_time(
    context: EvaluationContext, source: str, styles: str | None, input_format: str | None, output_format: str
) -> str:
    """Return a date in another format. Trees of Microsoft's own have a style, but no format to read the date in."""
    from scimconf.expressions.dotnet import zones  # reading dates is slow to import, and rare

    if input_format is None or (styles is None and zones.has_only_styles(input_format)):
        raise UndocumentedCase("without an input format")
    if not source:
        raise ConflictingSources(f".NET refuses an empty string, according to {REPORT} it works")
    parsed = zones.DEFAULT_STYLES if styles is None else zones.parse_styles(styles)
    return zones.reformat(source, parsed, (input_format, output_format), ticks.of(context.now))


def date_from_num(value: int) -> DotNetDateTime:
    """Return the date of a file time, a number of ticks since 1601."""
    if value < 0:
        raise ServiceFailure("a file time cannot be negative")
    if value == _NEVER:
        raise UndocumentedCase("with the file time that means never")
    return ticks.at(value + ticks.FILETIME_EPOCH)


def num_from_date(source: TypedValue) -> int:
    """Return the file time of an ISO 8601 date."""
    from scimconf.expressions.dotnet import zones

    value = zones.parse_iso(to_string(source)).ticks - ticks.FILETIME_EPOCH
    if value < 0:
        raise ServiceFailure("file times begin with the year 1601")
    return value
