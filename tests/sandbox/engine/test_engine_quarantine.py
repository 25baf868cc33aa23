"""Thresholds and times of quarantine and escrow, which need more objects than a test provisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scimconf.sandbox.engine.quarantine import failure_cause, next_attempt, quarantine, stamp
from scimconf.sandbox.reach import Destination, Reach

NOW = datetime(2030, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("events", "failures", "references", "reason"),
    [
        (5_000, 4_999, 0, None),
        (12_500, 5_000, 0, None),
        (12_499, 5_000, 0, "EncounteredEscrowProportionThreshold"),
        (12_500, 5_000, 12_500, None),
        (1_000_000, 40_000, 0, None),
        (1_000_000, 40_001, 0, "EncounteredBaseEscrowThreshold"),
        (1_000_000, 30_000, 30_000, None),
        (1_000_000, 30_000, 30_001, "EncounteredTotalEscrowThreshold"),
    ],
)
def test_too_many_failures_quarantine_a_job(events, failures, references, reason):
    cause = failure_cause(events, failures, references)
    assert (cause and cause.reason) == reason


def test_objects_are_tried_again_less_and_less_often():
    hours = [(next_attempt(NOW, attempts) - NOW) / timedelta(hours=1) for attempts in range(1, 7)]
    assert hours == [0, 6, 12, 24, 24, 24]


def test_jobs_are_tried_again_after_five_minutes_and_later_every_day():
    cause, current, minutes = failure_cause(10_000, 5_000, 0), None, []
    for _ in range(5):
        current = quarantine(current, cause, NOW)
        minutes.append(current["nextAttempt"])
    delays = (timedelta(minutes=5), timedelta(hours=6), timedelta(hours=12), timedelta(hours=24), timedelta(hours=24))
    assert minutes == [stamp(NOW + delay) for delay in delays]
    assert current["seriesCount"] == 5


# ---- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "included"),
    [
        ("http://localhost:8080/scim", True),
        ("http://127.0.0.1/scim", True),
        ("https://127.1.2.3/scim", True),
        ("http://[::1]:9/scim", True),
        ("https://scim.contoso.com/v2", True),
        ("https://SCIM.contoso.com:8443/v2", True),
        ("https://other.contoso.com:444", True),
        ("https://other.contoso.com", False),
        ("http://localhost.contoso.com", False),
        ("http://127.0.0.1.contoso.com", False),
        ("http://127.0.0.1@fabrikam.com", False),
        ("http://[::2]/", False),
        ("http://0.0.0.0/", False),
        ("ftp://localhost/", False),
        ("file:///etc/passwd", False),
        ("http://[", False),
        ("http://localhost:99999/", False),
        ("", False),
    ],
)
def test_reach_includes_loopback_and_named_hosts_only(address, included):
    reach = Reach(frozenset({"scim.contoso.com", "other.contoso.com:444"}))
    assert reach.includes(address) is included


def test_a_target_replaces_the_address_and_the_token_but_not_the_flag():
    reach = Reach(target=Destination("http://127.0.0.1:9/v2", "token"))
    secrets = {"BaseAddress": "https://scim.contoso.com/v1?aadOptscim062020", "SecretToken": "secret"}
    assert reach.destination(secrets) == Destination("http://127.0.0.1:9/v2?aadOptscim062020", "token")
    assert reach.drives(secrets) and reach.drives({})
