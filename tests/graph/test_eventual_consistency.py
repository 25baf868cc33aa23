"""How long a command waits for what was just written to appear everywhere, with a clock that only the test moves."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.eventual_consistency import ConsistencyPolicy, may_be_propagating

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Clock:
    """A clock that moves by what is slept."""

    def __init__(self):
        self.time = 0.0
        self.sleeps = []

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.time += seconds


def policy(clock=None, now=NOON, **more):
    clock = clock or Clock()
    return ConsistencyPolicy(clock.sleep, lambda: clock.time, lambda: now, **more)


def exhaust(backoff):
    """Wait until the limit; return nothing, the clock knows."""

    async def work():
        while await backoff.wait("it to show"):
            continue

    asyncio.run(work())


def test_backoff_doubles_from_a_quarter_of_a_second_to_five_seconds_within_two_minutes():
    clock = Clock()
    exhaust(policy(clock).backoff())
    assert clock.sleeps[:6] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
    assert set(clock.sleeps[5:]) == {5.0}
    assert 115.0 < clock.time <= 120.0


@pytest.mark.parametrize(("limit", "sleeps"), [(0.24, []), (0.25, [0.25]), (0.74, [0.25]), (0.75, [0.25, 0.5])])
def test_backoff_never_sleeps_past_its_limit(limit, sleeps):
    clock = Clock()
    exhaust(policy(clock, limit=limit).backoff())
    assert clock.sleeps == sleeps


def test_backoff_begins_when_it_is_made_and_each_one_has_a_limit_of_its_own():
    clock = Clock()
    consistency = policy(clock, limit=1.0)
    exhaust(consistency.backoff())
    begun = clock.time
    exhaust(consistency.backoff())
    assert clock.time == 2 * begun == 2 * 0.75


def test_backoff_reports_each_sleep_and_its_reason():
    reports = []
    exhaust(policy(limit=0.75, on_wait=lambda *report: reports.append(report)).backoff())
    assert reports == [(0.25, "it to show"), (0.5, "it to show")]


@pytest.mark.parametrize(
    ("age", "new"), [(timedelta(0), True), (timedelta(minutes=15) - SECOND, True), (timedelta(minutes=15), False)]
)
def test_an_application_is_new_for_fifteen_minutes_of_graphs_clock(age, new):
    consistency = policy()
    consistency.set_created((NOON - age).isoformat())
    assert consistency.is_new() is new


@pytest.mark.parametrize("text", ["2026-11-25T11:59:00Z", "2026-11-25T12:59:00+01:00", "2026-11-25T11:59:00"])
def test_set_created_reads_a_date_with_and_without_a_zone(text):
    consistency = policy()
    consistency.set_created(text)
    assert consistency.created == NOON - timedelta(minutes=1)


@pytest.mark.parametrize("text", [None, "", "yesterday"])
def test_set_created_ignores_what_is_no_date(text):
    consistency = policy()
    consistency.set_created(text)
    assert consistency.created is None
    assert not consistency.is_new()


def test_without_graphs_clock_only_what_was_made_in_this_run_is_new():
    consistency = policy(now=None)
    consistency.set_created(NOON.isoformat())
    assert not consistency.is_new()
    consistency.created_in_this_run = True
    assert consistency.is_new()


@pytest.mark.parametrize(
    ("status", "message", "path", "propagating"),
    [
        (404, "Resource does not exist.", "/applications/1", True),
        (401, "", "/x", True),
        (401, "Expired.", "/x", False),
        (403, " ", "/x", True),
        (403, "Insufficient privileges.", "/x", False),
        (409, "", "/x", True),
        (409, "Conflict.", "/jobs/1/start", True),
        (409, "Conflict.", "/jobs/1/pause", True),
        (409, "Conflict.", "/jobs/1/restart", True),
        (409, "Conflict.", "/jobs/1/schema", False),
        (400, "", "/x", False),
        (400, "Not a valid reference update.", "/x", True),
        (400, "The value does not reference a valid application object.", "/x", True),
        (400, "Permission being assigned was not found on application", "/x", True),
        (400, "Permission being assigned is disabled", "/x", True),
        (400, "Another property is wrong.", "/x", False),
        (500, "Not a valid reference update.", "/x", True),
    ],
)
def test_may_be_propagating_knows_the_signs_of_late_copies(status, message, path, propagating):
    error = GraphError(status=status, code="x", message=message, method="GET", path=path)
    assert may_be_propagating(error) is propagating


def test_may_be_propagating_is_false_where_nothing_was_answered():
    error = TransportError(message="not a valid reference update", method="GET", path="/x")
    assert may_be_propagating(error) is False
