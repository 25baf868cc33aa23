"""Several applies over one sandbox tenant, and requests of other clients between those of an apply."""

import asyncio
import json
from dataclasses import replace

import httpx
from tenant_fixture import BASE, Person, all_allowed

from scimconf.graph.client import Settings, open_graph
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession
from scimconf.workflow.apply import apply
from scimconf.workflow.plan import plan


class Jitter(httpx.AsyncBaseTransport):
    """Let other runs send a random number of requests before each one; lose the first response of the path `lost`."""

    def __init__(self, rehearsal, random, before=None):
        self.rehearsal, self.random, self.before = rehearsal, random, before
        self.lost = None

    async def handle_async_request(self, request):
        for _ in range(self.random.randrange(12)):
            await asyncio.sleep(0)
        if self.before is not None:
            await self.before(request)
        response = await self.rehearsal.wire.handle_async_request(request)
        if self.lost is not None and request.url.path.endswith(self.lost):
            self.lost = None
            raise httpx.ReadError("the connection was reset", request=request)
        return response


def run_all(rehearsal, *runs, **options):
    """Apply at the same time, each spec with a transport, and maybe a lock, in its own session; return the reports.

    No run writes before all of them have planned.
    """
    planned_all = asyncio.Barrier(len(runs))

    async def run(loaded, transport, locking=None):
        settings = {"sleep": rehearsal.sleep, "clock": lambda: rehearsal.time, "random": lambda: 1.0}
        async with open_graph(Settings(base=BASE), None, transport=transport, **settings) as graph:
            policy = ConsistencyPolicy(rehearsal.sleep, lambda: rehearsal.time, lambda: graph.now)
            session = TenantSession(graph, policy)
            wishes = replace(all_allowed(), **options)
            planned = await plan(session, loaded, wishes)
            await planned_all.wait()
            return await apply(session, planned, wishes, rehearsal.secrets, Person(), locking)

    async def command():
        return await asyncio.gather(*(run(rehearsal.load(file), *more) for file, *more in runs))

    return asyncio.run(command())


class Others:
    """Send requests to the tenant between those of an apply, once, before the request that `when` selects."""

    def __init__(self, rehearsal, when, *requests):
        self.rehearsal, self.when, self.requests = rehearsal, when, list(requests)

    async def __call__(self, request):
        if not self.requests or not self.when(self.rehearsal, request):
            return
        requests, self.requests = self.requests, []
        self.rehearsal.time += 1
        inner = httpx.ASGITransport(app=self.rehearsal.app)
        for method, path, body in requests:
            url = BASE + (path(self.rehearsal) if callable(path) else path)
            await inner.handle_async_request(httpx.Request(method, url, content=json.dumps(body)))
