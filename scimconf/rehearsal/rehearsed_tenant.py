"""An in-process tenant of the sandbox behind the client's own transport, its provisioning cycles and their exchanges.

Time is simulated: each cycle is 40 minutes after the one before, as in the service.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from scimconf.check_report import Exchange
from scimconf.expressions.evaluation import EvaluationContext, Undetermined
from scimconf.graph.client import Graph, Settings, in_process_transport, open_graph
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.reading import TenantSession
from scimconf.graph.secrets import Secrets
from scimconf.json_types import Json
from scimconf.rehearsal.endpoint.masking import RunMask
from scimconf.sandbox.directory.applications import with_roles
from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.engine import requests
from scimconf.sandbox.engine.cycle import run_cycle
from scimconf.sandbox.engine.mapping import desired, job_flows, row_result, source_attributes
from scimconf.sandbox.engine.scope import decide
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.engine.source import read_source
from scimconf.sandbox.engine.state import JobState
from scimconf.sandbox.engine.values import (
    Desired,
    Dialect,
    Kind,
    ObjectFlow,
    ScimRequest,
    ScimResponse,
    Scope,
    SendProblem,
    SourceObject,
)
from scimconf.sandbox.faults import ArmedFaults, Journal
from scimconf.sandbox.reach import Destination, Reach
from scimconf.sandbox.server import create_app
from scimconf.sandbox.service import Service
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.call import SCHEMA
from scimconf.sandbox.synchronization.connection import stored_secrets

_BASE = "http://127.0.0.1/v1.0"
_BETWEEN_CYCLES = timedelta(minutes=40)


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What a cycle sent and logged. `quarantine` is the reason of a quarantine, empty if the job is in none.

    `skipped` is the reason if there was no cycle, because the job is in quarantine, else empty.
    """

    exchanges: tuple[Exchange, ...]
    events: tuple[Mapping[str, Any], ...]
    quarantine: str
    skipped: str = ""


@dataclass(slots=True)
class RehearsedTenant:
    """A tenant with one job, whose endpoint is `destination`; `open_tenant` makes it.

    `number` is the number of cycles so far. `entries` are the requests to the endpoint, as the journal has them.
    """

    graph: Graph
    service: Service
    secrets: Secrets
    destination: Destination
    reach: Reach
    mask: RunMask
    clock: Callable[[], datetime]
    number: int = 0
    principal_id: str = ""
    job_id: str = ""
    _entries: int = 0

    def session(self) -> TenantSession:
        """Return a session for the application of the spec."""
        return TenantSession(self.graph, ConsistencyPolicy(asyncio.sleep, time.monotonic, lambda: self.graph.now))

    def number_from(self, number: int) -> None:
        """Number the users and groups that are created from now on, whose object ids are made of the number."""
        for kind in ("user", "group"):
            self.service.tenant.store_value(f"count/{kind}", number)

    def bind(self, display_name: str) -> None:
        """Find the application of this name and its job, which an apply created."""
        tenant = self.service.tenant
        principals = tenant.documents.all("servicePrincipal")
        self.principal_id = next(row["id"] for row in principals if row["displayName"] == display_name)
        sql = "SELECT id FROM objects WHERE kind = 'job' AND parent = ? ORDER BY seq"
        self.job_id = tenant.store.value(sql, (self.principal_id,)) or ""

    # ---- cycles ----------------------------------------------------------------------------------------------------

    async def cycle(self) -> CycleResult:
        """Run one provisioning cycle, and return what it sent and logged."""
        self.number += 1
        summary = await run_cycle(self.service, self.job_id)
        return CycleResult(self.sent(), summary.entries, self._quarantine(summary.quarantine), summary.skipped)

    def sent(self) -> tuple[Exchange, ...]:
        """Return the requests to the endpoint since the last call, with secrets masked."""
        entries = self.service.journal.entries[self._entries :]
        self._entries = len(self.service.journal.entries)
        return tuple(self._exchange(entry) for entry in entries if entry.get("sent"))

    def sent_entries(self) -> list[Mapping[str, Any]]:
        """Return all requests to the endpoint so far, as the journal of the sandbox has them."""
        return [entry for entry in self.service.journal.entries if entry.get("sent")]

    def _exchange(self, entry: Mapping[str, Any]) -> Exchange:
        query = urlencode(entry["query"], safe='"[]:.@') if entry["query"] else ""
        path = entry["path"].removeprefix(self.destination.address.partition("?")[0].rstrip("/"))
        request = f"{entry['method']} {path}{'?' if query else ''}{query}"
        response = _status(entry["status"]) if entry["status"] is not None else "no response"
        mask = self.mask
        return Exchange(mask.text(request), mask.json(entry["body"]), response, mask.json(entry["response"]))

    def _quarantine(self, quarantine: Mapping[str, Any] | None) -> str:
        """Return the reason and the message of a quarantine, empty for none."""
        error = (quarantine or {}).get("error") or {}
        return self.mask.text(": ".join(filter(None, ((quarantine or {}).get("reason"), error.get("message")))))

    def app_roles(self) -> list[Mapping[str, Any]]:
        """Return the app roles of the application."""
        return list(with_roles(self.service.tenant, self._principal())["appRoles"])

    # ---- what the mappings send ------------------------------------------------------------------------------------

    def schema(self) -> Json:
        return self.service.tenant.documents.get(SCHEMA, self.job_id) or {}

    def flow(self, kind: Kind) -> ObjectFlow | None:
        """Return the enabled object mapping of users or of groups, None if there is none."""
        return next((flow for flow in job_flows(self.schema()) if flow.kind == kind), None)

    def source(self, flow: ObjectFlow) -> Mapping[str, SourceObject]:
        return read_source(self.service.tenant, self._principal()).objects(flow.kind)

    def scopes(self, flow: ObjectFlow) -> Mapping[str, Scope]:
        """Return the scope of each object of the flow's kind."""
        source = read_source(self.service.tenant, self._principal())
        return decide(source, flow, self.service.tenant.switches, sync_all=self.provisions_all)

    def desired(self, flow: ObjectFlow, key: str, *, creating: bool = False) -> Desired:
        """Return what the mappings send for an object at present."""
        scope = self.scopes(flow)[key]
        context = self.evaluation_context()
        source = self.source(flow)[key]
        return desired(flow, source, scope, context, self.service.tenant.switches, creating=creating)

    def undetermined(self, flow: ObjectFlow, key: str) -> dict[str, str]:
        """Return the target attributes of an object whose value is not documented, with the reason."""
        source, switches = self.source(flow)[key], self.service.tenant.switches
        attributes, context = source_attributes(source, Scope.IN, switches), self.evaluation_context()
        rows = [row for row in flow.flows if row.reference is None]
        results = {row.target: row_result(row, attributes, context, source.roles, switches) for row in rows}
        return {target: result.reason for target, result in results.items() if isinstance(result, Undetermined)}

    def evaluation_context(self) -> EvaluationContext:
        domains = (self.service.tenant.stored_value(ORGANIZATION) or {}).get("verifiedDomains") or ()
        default = next((domain["name"] for domain in domains if domain.get("isDefault")), None)
        return EvaluationContext(self.clock(), tenant_domain=default)

    @property
    def provisions_all(self) -> bool:
        return self._secret("SyncAll") == "true"

    @property
    def skips_out_of_scope(self) -> bool:
        return self._secret("SkipOutOfScopeDeletions") == "true"

    @property
    def dialect(self) -> Dialect:
        return requests.endpoint(self.destination.address, self.service.tenant.switches).dialect

    def _secret(self, key: str) -> str:
        return stored_secrets(self.service.tenant, self.principal_id).get(key, "").lower()

    def _principal(self) -> Json:
        return self.service.tenant.documents.get("servicePrincipal", self.principal_id) or {}

    # ---- what the application has ----------------------------------------------------------------------------------

    def target_id(self, object_id: str) -> str | None:
        """Return the id of a user or group in the application, None if it was never provisioned."""
        return JobState(self.service.tenant.store, self.job_id).target_id(object_id)

    async def read(self, flow: ObjectFlow, target_id: str) -> Mapping[str, Any] | None:
        """Return a resource with its members as the endpoint has it, None if it does not have it."""
        request = requests.read(flow, target_id, self.service.tenant.switches)
        response = await self._ask(replace(request, query=""))
        if isinstance(response, ScimResponse) and response.status == HTTPStatus.OK:
            return response.body if isinstance(response.body, dict) else None
        return None

    async def _ask(self, request: ScimRequest) -> ScimResponse | SendProblem:
        switches = self.service.tenant.switches
        async with Sender(self.destination, self.reach, switches, ArmedFaults(), Journal()) as sender:
            return await sender.send(request)


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


@asynccontextmanager
async def open_tenant(
    description: Json, destination: Destination, environ: Mapping[str, str], started: datetime, switches: Switches
) -> AsyncIterator[RehearsedTenant]:
    """Yield a tenant with the objects of a description, which sends to the host of `destination` and no other."""
    tenant: RehearsedTenant | None = None

    def now() -> datetime:
        return started + _BETWEEN_CYCLES * (tenant.number if tenant is not None else 0)

    reach = Reach(hosts=frozenset({(urlsplit(destination.address).hostname or "").lower()}))
    app = create_app(description, now=now)
    app.state.service.tenant.switches = switches
    app.state.service.tenant.reach = reach
    secrets = Secrets(environ)
    graph = open_graph(Settings(base=_BASE), None, mask_text=secrets.mask_text, transport=in_process_transport(app))
    async with graph:
        mask = RunMask([destination.token])
        tenant = RehearsedTenant(graph, app.state.service, secrets, destination, reach, mask, now)
        yield tenant
