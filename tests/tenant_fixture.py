"""A sandbox tenant in this process and the real way to it: SDK, pipeline, paging, patience; only time is pretended.

Scenarios, faults and kills share it. Nothing of ours is replaced: the transport of httpx ends in the sandbox's ASGI
application, `sleep` moves the clock that sandbox and client share, and the talk that an apply has with a person is
answered with yes and written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from canary.values import TOKEN
from canary.watch import WATCH

from scimconf.cli.exit_codes import of_status
from scimconf.graph.client import Graph, Settings, open_graph
from scimconf.graph.credentials import token_claims
from scimconf.graph.eventual_consistency import ConsistencyPolicy
from scimconf.graph.execution.lock import LockOptions
from scimconf.graph.reading import TenantSession
from scimconf.graph.secrets import Secrets
from scimconf.plan import Plan, Report, StepOutcome
from scimconf.render import text
from scimconf.sandbox.server import create_app
from scimconf.spec.load import load
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import GUARDS
from scimconf.workflow.apply import apply
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.plan import PlannedApplication, plan

BASE = "http://127.0.0.1:8765/v1.0"
NOON = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
WRITER = ROOT / "examples" / "writer-new" / "scimconf.yaml"
ASKING = ("getByIds", "parseExpression", "validateCredentials", "$batch")
"""POSTs that write nothing; what a batch holds is in the journal by itself."""


class Killed(BaseException):
    """The process died here."""


@dataclass
class Person:
    """Somebody who says yes (or no) to an apply, and remembers what was said."""

    yes: bool = True
    asked: list[PlannedApplication] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    entries: list[PlannedApplication] = field(default_factory=list)
    finished_steps: list[StepOutcome] = field(default_factory=list)
    interrupt: Callable[[], bool] = lambda: False

    def approve(self, planned: PlannedApplication) -> bool:
        self.asked.append(planned)
        return self.yes

    def begin_history(self, planned: PlannedApplication) -> str:
        self.entries.append(planned)
        return f"history/{len(self.entries)}"

    def progress(self, says: str, _done: int, _total: int) -> None:
        self.told.append(says)

    def finished(self, outcome: StepOutcome) -> None:
        self.finished_steps.append(outcome)

    def interrupted(self) -> bool:
        return self.interrupt()


class Wire(httpx.AsyncBaseTransport):
    """The last piece of the way: it may cut the process off at a write, and lets a test look after every request."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self._inner = httpx.ASGITransport(app=rehearsal.app)
        self.kill_at = 0
        self.when = "before"
        self.writes = 0
        self.dead = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        counts = is_write(request.method, request.url.path, request.content)
        self.writes += counts
        strikes = counts and self.writes == self.kill_at
        if self.dead:
            await asyncio.Event().wait()
        if strikes and self.when == "before":
            self.dead = True
            raise Killed
        response = await self._inner.handle_async_request(request)
        self._rehearsal.watch()
        if strikes:
            self.dead = True
            raise Killed
        return response


def is_write(method: str, path: str, content: bytes = b"") -> bool:
    """Whether a request changes something; a batch does if one of its members does."""
    if path.endswith("$batch"):
        return any(f'"method":"{verb}"'.encode() in content for verb in ("POST", "DELETE", "PATCH"))
    return method != "GET" and not path.endswith(ASKING)


class Rehearsal:
    """One pretend tenant, its clock, and whoever works on it."""

    def __init__(
        self,
        tenant: Any = None,
        *,
        environ: Mapping[str, str] | None = None,
        permissions: Iterable[str] | None = None,
        **switches: Any,
    ) -> None:
        self.time = 0.0
        self._settings = {"permissions": permissions, **switches}
        self.app = create_app(
            tenant,
            switches=switches,
            permissions=None if permissions is None else frozenset(permissions),
            now=lambda: NOON + timedelta(seconds=self.time),
            connection_lost=lambda: httpx.ReadError("the connection was reset"),
        )
        self.service = self.app.state.service
        self.environ = {"WRITER_SCIM_TOKEN": TOKEN} if environ is None else dict(environ)
        self.wire = Wire(self)
        self.secrets = Secrets(self.environ)
        self.slept = 0.0
        self.watch: Callable[[], None] = lambda: None

    def copy(self) -> Rehearsal:
        """Return another tenant in the same state at the same time, with an empty journal."""
        other = Rehearsal(environ=self.environ, **self._settings)
        other.service.tenant.store._connection.deserialize(self.service.tenant.store._connection.serialize())
        other.time = self.time
        return other

    # --- what a person does ---

    def plan(self, spec: Loaded | Path, options: PlanOptions | None = None) -> PlannedApplication:
        loaded = spec if isinstance(spec, Loaded) else self.load(spec)
        return self.run(lambda live: plan(live, loaded, options or wishes()))

    def apply(
        self,
        planned: PlannedApplication | Loaded | Path,
        options: PlanOptions | None = None,
        person: Person | None = None,
        locking: LockOptions | None = None,
    ) -> Report:
        """Applies what was planned; where it is not a plan yet, it is planned first."""
        first = planned if isinstance(planned, PlannedApplication) else self.plan(planned, options)
        self.secrets = Secrets(self.environ)
        talk = person or Person()
        report = self.run(lambda live: apply(live, first, options or wishes(), self.secrets, talk, locking))
        WATCH.look("report", repr(report))
        return report

    def load(self, path: Path, **variables: str) -> Loaded:
        loaded = load(str(path), lambda name: Path(name).read_bytes(), self.environ, variables, lambda _: True)
        assert loaded.spec is not None, [problem.message for problem in loaded.diagnostics]
        return loaded

    # --- the way there ---

    def run(self, work: Callable[[TenantSession], Awaitable[Any]]) -> Any:
        async def command() -> Any:
            graph = self.graph()
            async with graph:
                policy = ConsistencyPolicy(self.sleep, lambda: self.time, lambda: graph.now)
                return await work(TenantSession(graph, policy, claims=self.claims))

        return asyncio.run(command())

    async def claims(self) -> Mapping[str, Any]:
        """Return the claims of the sandbox's access tokens, without a request if they show no permissions."""
        if self._settings["permissions"] is None:
            return {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app)) as client:
            form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "none"}
            response = await client.post(BASE.replace("/v1.0", "/common/oauth2/v2.0/token"), data=form)
        return token_claims(response.json()["access_token"])

    def graph(self) -> Graph:
        return open_graph(
            Settings(base=BASE),
            None,
            transport=self.wire,
            mask_text=self.secrets.mask_text,
            sleep=self.sleep,
            clock=lambda: self.time,
            random=lambda: 1.0,
        )

    async def sleep(self, seconds: float) -> None:
        """Time passes once everyone else had the chance to fall asleep too."""
        self.slept += seconds
        until = self.time + seconds
        for _ in range(30):
            await asyncio.sleep(0)
        self.time = max(self.time, until)

    def dies(self, number: int, when: str, work: Callable[[], object]) -> bool:
        """Whether the work got as far as its n-th write; there, before or after it, the process is gone."""
        self.wire = Wire(self)
        self.wire.kill_at, self.wire.when = number, when
        try:
            work()
        except (Killed, BaseExceptionGroup):
            return self.wire.dead
        else:
            return False
        finally:
            self.wire = Wire(self)

    # --- the tenant from outside ---

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """What somebody else does in the tenant; it stands in the journal like everything."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE.removesuffix("/v1.0")) as client:
                root = "" if path.startswith("/_sandbox") else "/v1.0"
                return await client.request(method, root + path, json=body)

        response = asyncio.run(send())
        assert response.is_success, (response.status_code, response.text)
        return response.json() if response.content else None

    def fault(self, action: Any, **where: Any) -> None:
        self.request("POST", "/_sandbox/faults", {"action": action, **where})

    def switch(self, **positions: Any) -> None:
        self.request("PUT", "/_sandbox/switches", positions)

    def forget(self) -> None:
        """An empty journal and no faults."""
        self.service.journal.entries.clear()
        self.service.faults.clear()

    @property
    def journal(self) -> list[Any]:
        return list(self.service.journal.entries)

    @property
    def writes(self) -> list[str]:
        """The requests that wanted to change something, in order, as `POST path`."""
        return [f"{one['method']} {one['path']}" for one in self.journal if is_write(one["method"], one["path"])]

    @property
    def made(self) -> list[str]:
        """Those of them that Graph took."""
        taken = [one for one in self.journal if one["status"] is not None and one["status"] < 400]
        return [f"{one['method']} {one['path']}" for one in taken if is_write(one["method"], one["path"])]

    def asked(self, method: str, ending: str) -> list[Any]:
        return [one for one in self.journal if one["method"] == method and one["path"].endswith(ending)]

    @property
    def state(self) -> Any:
        return self.request("GET", "/_sandbox/state")

    def principal(self, name: str = "Writer") -> Any:
        (found,) = [one for one in self.state["servicePrincipals"] if one["displayName"] == name]
        return found

    def roles(self, name: str = "Writer") -> dict[str, Any]:
        """The application's roles by value, or by display name where they have none."""
        (found,) = [one for one in self.state["applications"] if one["displayName"] == name]
        return {role["value"] or role["displayName"]: role for role in found["appRoles"]}

    def sync(self, name: str = "Writer") -> str:
        return f"/servicePrincipals/{self.principal(name)['id']}/synchronization"

    def job(self, name: str = "Writer") -> str:
        """The path of the application's only job."""
        (found,) = self.request("GET", f"{self.sync(name)}/jobs")["value"]
        return f"{self.sync(name)}/jobs/{found['id']}"

    def schema(self, name: str = "Writer") -> Any:
        return self.request("GET", f"{self.job(name)}/schema")

    def put_schema(self, schema: Any, name: str = "Writer") -> None:
        self.request("PUT", f"{self.job(name)}/schema", schema)

    def saved(self, name: str = "Writer") -> dict[str, str]:
        """The secrets set as Graph shows it."""
        return {one["key"]: one["value"] for one in self.request("GET", f"{self.sync(name)}/secrets")["value"]}

    @property
    def held(self) -> set[str]:
        """The ids of all principals that hold a role."""
        rows = self.service.tenant.store.rows("SELECT DISTINCT principal_id FROM assignments WHERE stale_reads = 0")
        return {key for (key,) in rows}

    def assigned(self, name: str = "Writer") -> dict[str, set[str]]:
        """Principal's display name → the values of its roles."""
        principal = self.principal(name)
        roles = {role["id"]: value for value, role in self.roles(name).items()}
        found: dict[str, set[str]] = {}
        for row in self.state["appRoleAssignments"]:
            if row["resourceId"] == principal["id"]:
                found.setdefault(row["principalDisplayName"], set()).add(roles.get(row["appRoleId"], row["appRoleId"]))
        return found


def wishes(**given: Any) -> PlanOptions:
    return PlanOptions(today=date(2026, 11, 25), **given)


def exit_code(report: Report) -> int:
    """Return the number with which the command ends."""
    return int(of_status(report.status))


def all_allowed() -> PlanOptions:
    """Return options that allow every guard which a test meets, so that one plan is enough before an apply."""
    return wishes(allow=GUARDS)


def everything_open(planned: PlannedApplication) -> PlanOptions:
    """The options with which somebody allows whatever guard the plan shows closed."""
    return wishes(allow=tuple(guard.id for guard in planned.blocking_guards))


def told(planned: PlannedApplication, *, width: int = 100) -> str:
    """The plan as a pipe sees it, or its problems."""
    if planned.errors:
        return "".join(f"{one.location}  {one.code}  {one.message}\n" for one in planned.errors)
    tenants = planned.tenant
    return text.plan(Plan(tenants, (planned.plan,)) if tenants else Plan(), width=width)


def changes(planned: PlannedApplication) -> list[str]:
    """`~ settings`, `+ assignment/user:ada@contoso.com/admin`: what a plan would do, without the application's name."""
    return [f"{change.action.symbol} {change.address.local}" for change in planned.plan.changes]


def codes(planned: PlannedApplication) -> list[str]:
    return [problem.code for problem in planned.errors]


def mapping(schema: Any, source: str = "User") -> Any:
    """The objectMapping of a source object."""
    (found,) = [
        one
        for rule in schema["synchronizationRules"]
        for one in rule["objectMappings"]
        if one["sourceObjectName"] == source
    ]
    return found


def target_object(schema: Any, source: str = "User") -> Any:
    """The definition of the target object of a source object."""
    name = mapping(schema, source)["targetObjectName"]
    return next(
        definition
        for directory in schema["directories"][1:]
        for definition in directory["objects"]
        if definition["name"] == name
    )


def row(schema: Any, target: str, source: str = "User") -> Any:
    """One attributeMapping, or None."""
    found = [one for one in mapping(schema, source)["attributeMappings"] if one["targetAttributeName"] == target]
    return found[0] if found else None
