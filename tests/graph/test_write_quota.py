"""Writes at Graph's quota, on a simulated clock: the quota is not exceeded, and an apply that cannot wait stops at once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from datetime import UTC, datetime

import httpx
import pytest

from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.execution.context import ExecutionRequest
from scimconf.graph.execution.scheduler import execute
from scimconf.graph.protocol.write_quota import WINDOW, WRITES, WriteQuota
from scimconf.graph.reading import TenantSession
from scimconf.plan import Address, Result
from scimconf.snapshot import Document, Snapshot
from scimconf.steps import Phase, Send

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ASSIGNMENTS = Document("assignments", "/assignments", collection=True)


class QuotaServer:
    """Answers batches as Graph does: a write beyond 3,000 in 150 s gets 429."""

    def __init__(self, fake, *, latency=1.0, throttled_from=None, retry_after="90"):
        self.fake, self.latency, self.retry_after = fake, latency, retry_after
        self.throttled_from = throttled_from
        self.sent, self.done, self.refused, self.busy, self.most = deque(), 0, 0, 0, 0

    async def handler(self, request):
        if request.method == "GET":
            return httpx.Response(200, json={"value": []})
        self.busy += 1
        self.most = max(self.most, self.busy)
        await self.fake.sleep(self.latency)
        self.busy -= 1
        bodies = json.loads(request.content)["requests"]
        return httpx.Response(200, json={"responses": [self.write(body["id"]) for body in bodies]})

    def write(self, number):
        now = self.fake.time
        while self.sent and self.sent[0] <= now - WINDOW:
            self.sent.popleft()
        is_throttled = self.throttled_from is not None and self.done >= self.throttled_from
        if is_throttled or len(self.sent) >= WRITES:
            self.refused += 1
            headers = {"Retry-After": self.retry_after}
            return {"id": number, "status": 429, "headers": headers, "body": {"error": {"code": "TooManyRequests"}}}
        self.sent.append(now)
        self.done += 1
        return {"id": number, "status": 201, "body": {"id": f"row{self.done}"}}


def assign(fake, server, number, interrupted=lambda: False, **settings):
    """Send so many assignments in batches, and return the result and the simulated seconds."""
    steps = [
        Send(
            Phase.BUILD,
            (Address("writer", "assignment", f"user:u{index}@contoso.com/member"),),
            f"assign u{index}",
            "POST",
            "/assignments",
            {"principalId": f"u{index}"},
            batch=True,
            listed_in=ASSIGNMENTS,
        )
        for index in range(number)
    ]

    async def work(graph):
        policy = ConsistencyPolicy(fake.sleep, lambda: fake.time, lambda: NOON)
        request = ExecutionRequest(steps, Snapshot(), {}, None, lambda *_step: None, interrupted)
        return await execute(TenantSession(graph, policy), request)

    before = fake.time
    result = fake.run(work, transport=httpx.MockTransport(server.handler), **settings)
    return result, fake.time - before


def counts(result):
    return Counter(outcome.result for outcome in result.outcomes)


@pytest.mark.parametrize("number", [3_040, pytest.param(30_000, marks=pytest.mark.slow)])
def test_many_assignments_end_at_the_quota(fake, number):
    """No request is refused, and the work takes as long as the quota demands: 20 writes a second.

    No budget for retries is needed: a wait for the quota is part of the work.
    """
    server = QuotaServer(fake)
    result, seconds = assign(fake, server, number, budget=0.0)
    assert counts(result) == {Result.DONE: number}
    assert server.refused == 0
    windows = (number - 1) // WRITES
    assert windows * WINDOW <= seconds <= windows * WINDOW + 200


def test_batches_of_writes_are_sent_two_at_a_time_without_waiting_for_each_other(fake):
    server = QuotaServer(fake)
    _, seconds = assign(fake, server, 400)
    assert server.most == 2
    assert seconds == 10  # 20 batches of one second each, two at a time


@pytest.mark.slow
def test_wait_for_the_quota_is_shown_once(fake):
    assign(fake, QuotaServer(fake, latency=0.0), 3_020)
    assert fake.told == [(150.0, "Microsoft Graph's quota of 3,000 writes in 150 s")]


@pytest.mark.slow
def test_interrupt_ends_a_wait_for_the_quota(fake):
    interrupted_at = fake.time + 5
    result, seconds = assign(fake, QuotaServer(fake, latency=0.0), 4_000, lambda: fake.time >= interrupted_at)
    assert counts(result) == {Result.DONE: 3_000, Result.SKIPPED: 1_000}
    assert seconds < 10


def test_throttling_that_cannot_be_waited_for_stops_the_apply(fake):
    """The first refused request fails; all others are skipped with one reason, which says until when to wait."""
    server = QuotaServer(fake, throttled_from=100, retry_after="7200")
    result, _ = assign(fake, server, 5_000)
    assert counts(result)[Result.DONE] == 100
    assert 1 <= counts(result)[Result.FAILED] <= 2
    skipped = {(outcome.detail, outcome.hint) for outcome in result.outcomes if outcome.result is Result.SKIPPED}
    assert [detail for detail, _ in skipped] == ["not sent, because Graph is throttling requests"]
    assert "Wait 7200 s (120 min)" in next(hint for _, hint in skipped)
    assert server.refused <= 40  # what was in flight


class Clock:
    def __init__(self):
        self.time = 0.0
        self.waits = []

    async def sleep(self, seconds):
        self.time += seconds

    def quota(self):
        return WriteQuota(self.sleep, lambda: self.time, lambda *wait: self.waits.append(wait))


@pytest.mark.parametrize(
    ("reservations", "seconds"),
    [
        ([3_000], 0),
        ([2_999, 1], 0),
        ([3_000, 1], 150),
        ([20] * 150, 0),
        ([20] * 151, 150),
        ([1_000, 2_000, 1_000, 1_000], 150),
        ([3_000, 3_000, 3_000], 300),
    ],
)
def test_quota_allows_3000_writes_in_150_seconds(reservations, seconds):
    clock = Clock()
    quota = clock.quota()

    async def reserve():
        return [await quota.reserve(number, lambda: False) for number in reservations]

    assert all(asyncio.run(reserve()))
    assert clock.time == seconds


def test_quota_that_is_stopped_reserves_nothing():
    clock = Clock()
    quota = clock.quota()
    assert asyncio.run(quota.reserve(1, lambda: True)) is False
    assert asyncio.run(quota.reserve(3_000, lambda: False)) is True
    assert asyncio.run(quota.reserve(1, lambda: clock.time >= 10)) is False
    assert clock.time == 10
