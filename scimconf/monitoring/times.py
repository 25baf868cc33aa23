"""Times and durations as Graph writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from scimconf.json_types import Json

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,8})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,8})M)?(?:(\d{1,8})(?:\.\d+)?S)?)?", re.ASCII)
_LONGEST = timedelta(days=366)
"""A longer interval is the service's way to write that there is none."""


def parse_time(value: Json) -> datetime | None:
    """Return a time in UTC, to the second; None for "never": null, an empty text, the year 1, or another text.

    Fractions have up to seven digits, which the standard library does not read (captures of job status).
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[1].startswith("0001"):
        return None
    try:
        return datetime.fromisoformat(match[1] + (match[2] or "Z")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_duration(value: Json) -> timedelta | None:
    """Return an ISO 8601 duration; None if the text is not one, or longer than a year, or zero."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return duration if timedelta(0) < duration <= _LONGEST else None


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment is, such as "12 min ago", or how far ahead: "in 3 h"."""
    text = span(abs(now - moment))
    return f"in {text}" if moment > now else f"{text} ago"


def retry_text(moment: datetime, now: datetime) -> str:
    """Return when the service tries an object again: in some time, or with the next cycle if the time is over."""
    return f"the service tries again {ago(moment, now) if moment > now else 'in the next cycle'}"


def span(duration: timedelta) -> str:
    """Return a duration in its largest unit, such as "12 min"."""
    minutes = int(duration.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def stamp(moment: datetime) -> str:
    """Return a time in UTC to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
