"""Waves of requests: those that are in flight together, as on a network where every response takes equally long."""

import asyncio
from contextlib import contextmanager

import httpx
from tenant_fixture import Person

from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession
from scimconf.graph.shared_reads import SharedReads
from scimconf.workflow.apply import apply
from scimconf.workflow.plan_all import plan_all

QUIET = 40
"""Turns of the event loop without a new request, after which no more requests are sent before there is a response."""


class Waves(httpx.AsyncBaseTransport):
    """Holds requests back until no other one follows, then passes them on together."""

    def __init__(self, inner):
        self._inner, self._waiting, self._busy = inner, [], 0
        self.waves = []

    async def handle_async_request(self, request):
        passed = asyncio.Event()
        self._waiting.append((request, passed))
        if len(self._waiting) == 1:
            self._task = asyncio.create_task(self._pass_on())
        await passed.wait()
        try:
            return await self._inner.handle_async_request(request)
        finally:
            self._busy -= 1

    async def _pass_on(self):
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
    def requests(self):
        return [request for wave in self.waves for request in wave]


@contextmanager
def counted(tenant):
    """Count the waves of what runs within."""
    inner, tenant.wire = tenant.wire, Waves(tenant.wire)
    try:
        yield tenant.wire
    finally:
        tenant.wire = inner


def plan_and_apply(tenant, specs, options, *, applies=True):
    """Plan these specs, and apply those with changes, with the shared reads of one command; return plans and reports."""

    async def command():
        async with tenant.graph() as graph:

            def session(reads):
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
