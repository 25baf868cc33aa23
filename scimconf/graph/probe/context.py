"""What a check gets: the access to the probe's application, and the report to record facts in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from scimconf.diagnostics import GraphError
from scimconf.documents import schema
from scimconf.documents.job import BASE
from scimconf.graph.client import Graph, Request
from scimconf.graph.eventual_consistency import may_be_propagating
from scimconf.graph.protocol.request import NOTHING
from scimconf.graph.reading import TenantSession
from scimconf.json_types import Json

JOB = f"{BASE}/jobs/{{job}}"
SCHEMA = f"{JOB}/schema"
SECRETS = f"{BASE}/secrets"


@dataclass(slots=True)
class ProbeReport:
    """The recorded facts, the checks that failed with the reason, and what has to be deleted by hand, or ""."""

    facts: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left_over: str = ""


@dataclass(slots=True)
class ProbeContext:
    """One probe: the tenant, the ids of the created objects by placeholder, and the report."""

    session: TenantSession
    names: dict[str, str]
    report: ProbeReport = field(default_factory=ProbeReport)

    @property
    def graph(self) -> Graph:
        return self.session.graph

    def note(self, fact: str, value: Json) -> None:
        self.report.facts[fact] = value

    async def retry_while_new(self, call: Callable[[], Awaitable[Json]], *, until_filled: bool = True) -> Json:
        """Return the result of a call; repeat it while it may be missing, or empty, because the application is new."""
        backoff = self.session.consistency.backoff()
        while True:
            try:
                result = await call()
            except GraphError as error:
                if not may_be_propagating(error) or not await backoff.wait("replication of the application"):
                    raise
            else:
                filled = bool(result) or not until_filled
                if filled or not await backoff.wait("replication of the application"):
                    return result

    async def send(self, request: Request) -> None:
        """Send a request whose response is not needed."""
        await self.retry_while_new(lambda: self.graph.send(request), until_filled=False)

    async def control(self, verb: str, body: Json = None) -> Json:
        """Start, pause or restart the job, and return it afterwards."""
        await self.send(Request("POST", f"{JOB}/{verb}", dict(self.names), body=body, repeatable=True))
        return await self.get(JOB)

    async def get(self, path: str) -> Json:
        return await self.retry_while_new(lambda: self.graph.get(path, self.names))

    async def rows(self, path: str) -> list[Json]:
        return list((await self.graph.get(path, self.names))["value"])

    async def refusal(self, method: str, path: str, body: Json = None, headers: Mapping[str, str] = NOTHING) -> str:
        """Send a request; return the status of a success, such as `204`, or status and code of an error."""
        request = Request(method, path, dict(self.names), body=body, headers=headers)
        try:
            return str((await self.graph.send(request)).status)
        except GraphError as error:
            return f"{error.status} {error.code}"

    async def users(self) -> tuple[Json, schema.MappingLocation]:
        """Return the schema and the object mapping of users in it, which can be changed in place."""
        raw = await self.get(SCHEMA)
        location = schema.find_object_mapping(raw, schema.Selector("users"))
        assert location is not None
        return raw, location
