"""Time zones: .NET's DateTimeStyles, and dates that are parsed without a format."""

from __future__ import annotations

import re
from typing import NamedTuple

from scimconf.expressions.dotnet.errors import REPORT, ConflictingSources, ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.format_datetime import format_datetime
from scimconf.expressions.dotnet.parse_datetime import ParsedDateTime, parse_datetime
from scimconf.expressions.dotnet.ticks import HOUR, MINUTE, SECOND, DotNetDateTime, at, civil

DEFAULT_STYLES = frozenset({"RoundtripKind", "AllowLeadingWhite", "AllowTrailingWhite"})
_WHITE_SPACES = frozenset({"AllowLeadingWhite", "AllowTrailingWhite", "AllowInnerWhite"})
_UNIVERSAL = "AdjustToUniversal"
_ZONE_STYLES = {_UNIVERSAL, "AssumeLocal", "AssumeUniversal"}
_STYLES = _WHITE_SPACES | _ZONE_STYLES | {"None", "AllowWhiteSpaces", "NoCurrentDateDefault", "RoundtripKind"}
_STYLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*")


def parse_styles(text: str) -> frozenset[str]:
    """Return the DateTimeStyles in a string, separated by commas or bars."""
    if _STYLE_NUMBER.fullmatch(text):
        raise ConflictingSources(f"its reference has only names of DateTimeStyles, {REPORT} uses the number 32")
    styles = frozenset(part.strip() for part in re.split(r"[,|]", text))
    unknown = styles - _STYLES
    if unknown:
        raise ServiceFailure(f"{min(unknown)!r} is not one of .NET's DateTimeStyles")
    if ("RoundtripKind" in styles and styles & _ZONE_STYLES) or {"AssumeLocal", "AssumeUniversal"} <= styles:
        raise ServiceFailure("these DateTimeStyles cannot be combined")
    return styles | _WHITE_SPACES if "AllowWhiteSpaces" in styles else styles


def has_only_styles(text: str) -> bool:
    """Return whether a string consists of names of DateTimeStyles, so that it is hardly a date format."""
    return {part.strip() for part in re.split(r"[,|]", text)} <= _STYLES


def reformat(text: str, styles: frozenset[str], formats: tuple[str, str], today: DotNetDateTime) -> str:
    """Return a date that is in the first format in the second one."""
    value, utc = _to_output_zone(parse_datetime(text, formats[0], today, styles=styles), styles)
    return format_datetime(value, formats[1], utc=utc)


def _to_output_zone(parsed: ParsedDateTime, styles: frozenset[str]) -> tuple[DotNetDateTime, bool]:
    """Return the date to print and whether it is in UTC; raise UndocumentedBehaviour if .NET uses the server's zone."""
    zoned = parsed.offset is not None
    if zoned and _UNIVERSAL in styles:
        return at(parsed.universal), True
    if zoned and parsed.utc and "RoundtripKind" in styles:
        return parsed.local, True
    if not zoned and "AssumeUniversal" in styles and _UNIVERSAL in styles:
        return parsed.local, True
    if zoned or styles & {"AssumeUniversal", "AssumeLocal"}:
        raise UndocumentedBehaviour(".NET converts the date to the server's time zone, which is not documented")
    return parsed.local, False


_ISO = re.compile(
    r"(?P<y>[0-9]{4})-(?P<M>[0-9]{1,2})-(?P<d>[0-9]{1,2})"
    r"(?:[T ](?P<H>[0-9]{1,2}):(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:\.(?P<f>[0-9]{1,7}))?)?)?"
    r" ?(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_AMERICAN = re.compile(
    r"(?P<M>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})"
    r"(?: (?P<H>[0-9]{1,2}):(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:\.(?P<f>[0-9]{1,7}))?)? ?(?P<t>[AP]M)?)?"
    r"(?P<z>(?!))?"
)


class Instant(NamedTuple):
    """A date in UTC, and whether its string had a time zone."""

    value: DotNetDateTime
    zoned: bool


def parse_any(text: str) -> Instant:
    """Return a date in one of the forms of the documentation's examples; without a time zone it is taken as UTC."""
    match = _ISO.fullmatch(text.strip()) or _AMERICAN.fullmatch(text.strip())
    if match is None:
        if not any(character.isdigit() for character in text):
            raise ServiceFailure(f"{text!r} is not a date")
        raise UndocumentedBehaviour(f"Microsoft does not document whether {text!r} is accepted as a date")
    parts = match.groupdict()
    value = civil(int(match["y"]), int(match["M"]), int(match["d"]), _time_of_day(parts))
    return Instant(at(value.ticks - _offset(parts["z"])), parts["z"] is not None)


def parse_iso(text: str) -> DotNetDateTime:
    """Return an ISO 8601 date with a time zone in UTC; the service's default time zone is not documented."""
    if _ISO.fullmatch(text.strip()) is None:
        raise UndocumentedBehaviour(f"expected an ISO 8601 date, got {text!r}")
    instant = parse_any(text)
    if not instant.zoned:
        raise UndocumentedBehaviour(f"Microsoft does not document the time zone of {text!r}")
    return instant.value


def _time_of_day(parts: dict[str, str | None]) -> int:
    hour, minute, second = (int(parts[key] or 0) for key in "Hms")
    half = parts.get("t")
    if half and hour == 0:
        raise UndocumentedBehaviour(f"Microsoft does not document a time of day like 0 {half}")
    if hour > (12 if half else 23) or minute > 59 or second > 59:
        raise ServiceFailure("there is no such time of day")
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    return hour * HOUR + minute * MINUTE + second * SECOND + int((parts["f"] or "").ljust(7, "0"))


def _offset(zone: str | None) -> int:
    """Return the ticks of a time zone east of UTC."""
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        raise ServiceFailure(f"there is no time zone {zone}")
    return (hours * HOUR + minutes * MINUTE) * (-1 if zone[0] == "-" else 1)
