"""Waves of requests: those that are in flight together, as on a network where every response takes equally long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from tenant_fixture import Person, Rehearsal

from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession
from scimconf.graph.shared_reads import SharedReads
from scimconf.plan import Report
from scimconf.spec.loaded import Loaded
from scimconf.workflow.apply import apply
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.plan_all import PlanResults, plan_all

QUIET = 40
"""Turns of the event loop without a new request, after which no more requests are sent before there is a response."""


class Waves(httpx.AsyncBaseTransport):
    """Holds requests back until no other one follows, then passes them on together."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner, self._busy = inner, 0
        self._waiting: list[tuple[httpx.Request, asyncio.Event]] = []
        self.waves: list[list[str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        passed = asyncio.Event()
        self._waiting.append((request, passed))
        if len(self._waiting) == 1:
            self._task = asyncio.create_task(self._pass_on())
        await passed.wait()
        try:
            return await self._inner.handle_async_request(request)
        finally:
            self._busy -= 1

    async def _pass_on(self) -> None:
        seen = -1
        while self._busy or seen != len(self._waiting):
            seen = len(self._waiting)
            for _ in range(QUIET):
                await asyncio.sleep(0)
        wave, self._waiting = self._waiting, []
        self._busy = len(wave)
        self.waves.append([f"{request.method} {request.url.path.removeprefix('/v1.0')}" for request, _ in wave])
        for _, passed in wave:
            passed.set()

    @property
    def requests(self) -> list[str]:
        return [request for wave in self.waves for request in wave]


@contextmanager
def counted(tenant: Rehearsal) -> Iterator[Waves]:
    """Count the waves of what runs within."""
    inner, waves = tenant.wire, Waves(tenant.wire)
    tenant.wire = waves  # type: ignore[assignment]
    try:
        yield waves
    finally:
        tenant.wire = inner


def plan_and_apply(
    tenant: Rehearsal, specs: Sequence[Loaded], options: PlanOptions, *, applies: bool = True
) -> tuple[PlanResults, list[Report]]:
    """Plan these specs, and apply those with changes, with the shared reads of one command; return plans and reports."""

    async def command() -> tuple[PlanResults, list[Report]]:
        async with tenant.graph() as graph:

            def session(reads: SharedReads) -> TenantSession:
                policy = ConsistencyPolicy(tenant.sleep, lambda: tenant.time, lambda: graph.now)
                return TenantSession(graph, policy, claims=tenant.claims, reads=reads)

            reads = SharedReads(graph)
            results = await plan_all(lambda: session(reads), specs, options)
            others = reads.without_missing()
            changed = [planned for planned in results.planned if planned.plan.changes and applies]
            return results, [
                await apply(session(others), planned, options, tenant.secrets, Person()) for planned in changed
            ]

    return asyncio.run(command())
