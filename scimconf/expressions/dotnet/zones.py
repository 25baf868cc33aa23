"""What becomes of a written zone: .NET's DateTimeStyles, and dates that are read without a format."""

from __future__ import annotations

import re
from typing import NamedTuple

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.dotnet.format_datetime import write
from scimconf.expressions.dotnet.parse_datetime import ParsedDateTime, read
from scimconf.expressions.dotnet.ticks import HOUR, MINUTE, SECOND, DotNetDateTime, at, civil

DEFAULT_STYLES = frozenset({"RoundtripKind", "AllowLeadingWhite", "AllowTrailingWhite"})
_WHITE_SPACES = frozenset({"AllowLeadingWhite", "AllowTrailingWhite", "AllowInnerWhite"})
_STYLES = _WHITE_SPACES | {
    *("None", "AllowWhiteSpaces", "NoCurrentDateDefault", "RoundtripKind"),
    *("AdjustToUniversal", "AssumeLocal", "AssumeUniversal"),
}
_UNIVERSAL = "AdjustToUniversal"


def styles(text: str) -> frozenset[str]:
    """The styles that a text names, separated by commas or bars."""
    named = frozenset(part.strip() for part in re.split(r"[,|]", text))
    unknown = named - _STYLES
    if unknown:
        raise ServiceFailure(f"{min(unknown)!r} is not one of .NET's DateTimeStyles")
    clash = "RoundtripKind" in named and named & {"AssumeLocal", "AssumeUniversal", _UNIVERSAL}
    if clash or {"AssumeLocal", "AssumeUniversal"} <= named:
        raise ServiceFailure("these DateTimeStyles cannot stand together")
    return named | _WHITE_SPACES if "AllowWhiteSpaces" in named else named


def reformat(text: str, given: frozenset[str], forms: tuple[str, str], today: DotNetDateTime) -> str:
    """A date of one format in another."""
    clock = read(text, forms[0], today, white=given)
    moment, utc = _settled(clock, given)
    return write(moment, forms[1], utc=utc)


def _settled(clock: ParsedDateTime, given: frozenset[str]) -> tuple[DotNetDateTime, bool]:
    """The moment to print, and whether it is one in UTC; open where .NET would go by the server's own zone."""
    zoned = clock.offset is not None
    if zoned and _UNIVERSAL in given:
        return at(clock.universal), True
    if zoned and clock.utc and "RoundtripKind" in given:
        return clock.moment, True
    if not zoned and "AssumeUniversal" in given and _UNIVERSAL in given:
        return clock.moment, True
    if zoned or given & {"AssumeUniversal", "AssumeLocal"}:
        raise UndocumentedBehaviour(
            "with a zone, .NET turns the date into that of the server, whose zone is not documented"
        )
    return clock.moment, False


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
    """A moment in UTC, and whether the text said its zone itself."""

    moment: DotNetDateTime
    zoned: bool


def lenient(text: str) -> Instant:
    """A date in one of the forms that the documentation's examples have; without a zone it is taken as it stands."""
    said = _ISO.fullmatch(text.strip()) or _AMERICAN.fullmatch(text.strip())
    if said is None:
        if not any(each.isdigit() for each in text):
            raise ServiceFailure(f"{text!r} is not a date")
        raise UndocumentedBehaviour(f"whether {text!r} is read as a date is not documented")
    parts = said.groupdict()
    moment = civil(int(said["y"]), int(said["M"]), int(said["d"]), _time_of_day(parts))
    return Instant(at(moment.ticks - _offset(parts["z"])), parts["z"] is not None)


def iso(text: str) -> DotNetDateTime:
    """An ISO 8601 date, whose zone must be written: none is documented for one without."""
    if _ISO.fullmatch(text.strip()) is None:
        raise UndocumentedBehaviour(f"{text!r} is not an ISO 8601 date, which is wanted")
    instant = lenient(text)
    if not instant.zoned:
        raise UndocumentedBehaviour(f"in which zone {text!r} is taken is not documented")
    return instant.moment


def _time_of_day(parts: dict[str, str | None]) -> int:
    hour, minute, second = (int(parts[key] or 0) for key in "Hms")
    half = parts.get("t")
    if half and hour == 0:
        raise UndocumentedBehaviour(f"whether there is a time of day like 0 {half} is not documented")
    if hour > (12 if half else 23) or minute > 59 or second > 59:
        raise ServiceFailure("there is no such time of day")
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    return hour * HOUR + minute * MINUTE + second * SECOND + int((parts["f"] or "").ljust(7, "0"))


def _offset(zone: str | None) -> int:
    """The ticks of a zone east of Greenwich."""
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        raise ServiceFailure(f"there is no zone {zone}")
    return (hours * HOUR + minutes * MINUTE) * (-1 if zone[0] == "-" else 1)
