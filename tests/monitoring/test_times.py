"""Tests of the times and durations that Graph writes."""

from datetime import UTC, datetime, timedelta

import pytest

from scimconf.monitoring.times import ago, parse_duration, parse_time, retry_text, span, stamp

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-30T12:00:00Z", NOON),
        ("2026-11-30T12:00:00.9198514Z", NOON),
        ("2026-11-30T14:00:00+02:00", NOON),
        ("2026-11-30T12:00:00", NOON),
        ("0001-01-01T00:00:00Z", None),
        ("2026-13-30T12:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
        ("soon", None),
        (None, None),
        (12, None),
    ],
)
def test_parse_time(text, time):
    assert parse_time(text) == time


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT40M", timedelta(minutes=40)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("P10675199DT2H48M5.4775807S", None),
        ("P99999999D", None),
        ("PT0S", None),
        ("40 minutes", None),
        (None, None),
    ],
)
def test_parse_duration(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(minutes=120), "2 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_a_span_has_its_largest_unit(duration, text):
    assert span(duration) == text
    assert ago(NOON - duration, NOON) == f"{text} ago"
    assert ago(NOON + duration, NOON) == f"in {text}"
    assert retry_text(NOON + duration, NOON) == f"the service tries again in {text}"
    assert retry_text(NOON - duration, NOON) == "the service tries again in the next cycle"


def test_a_stamp_is_in_utc():
    assert stamp(datetime(2026, 11, 30, 14, 0, tzinfo=UTC)) == "2026-11-30 14:00 UTC"
