"""What a question is given: the way to the throw-away application, and a place for what was seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.documents.job import BASE
from scimconf.graph.client import Graph, Request
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.reading import TenantSession

Json = Any
JOB = f"{BASE}/jobs/{{job}}"


@dataclass(slots=True)
class ProbeReport:
    """What was seen, by the question's name; `failed` are questions that got no answer, with the refusal."""

    facts: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left_over: str = ""


@dataclass(slots=True)
class ProbeContext:
    """One probing: the way to the tenant, the names of what was made, and what was found."""

    live: TenantSession
    names: dict[str, str]
    found: ProbeReport = field(default_factory=ProbeReport)

    @property
    def graph(self) -> Graph:
        return self.live.graph

    def note(self, name: str, value: Json) -> None:
        self.found.facts[name] = value

    async def when_there(self, ask: Callable[[], Awaitable[Json]]) -> Json:
        """An answer that is not late."""
        wait = self.live.patience.wait()
        while True:
            try:
                answer = await ask()
            except GraphError as error:
                if not may_be_propagating(error) or not await wait.again("the application to arrive"):
                    raise
            else:
                if answer or not await wait.again("the application to arrive"):
                    return answer

    async def done(self, request: Request) -> None:
        """A request that has no answer of its own, made again while what it is about may be late."""
        wait = self.live.patience.wait()
        while True:
            try:
                await self.graph.send(request)
            except GraphError as error:
                if not may_be_propagating(error) or not await wait.again("the application to arrive"):
                    raise
            else:
                return

    async def control(self, verb: str, body: Json = None) -> Json:
        """The job after it was started, paused or restarted."""
        await self.done(Request("POST", f"{JOB}/{verb}", dict(self.names), body=body, repeatable=True))
        return await self.get(JOB)

    async def get(self, path: str) -> Json:
        return await self.when_there(lambda: self.graph.get(path, self.names))

    async def rows(self, path: str) -> list[Json]:
        return list((await self.graph.get(path, self.names))["value"])

    async def refusal(self, request: Request) -> str:
        """`204`, or the status and code of a refusal."""
        try:
            return str((await self.graph.send(request)).status)
        except GraphError as error:
            return f"{error.status} {error.code}"

    async def put_schema(self, body: Json, headers: Mapping[str, str] | None = None) -> str:
        path = f"{JOB}/schema"
        return await self.refusal(Request("PUT", path, dict(self.names), body=body, headers=headers or {}))
