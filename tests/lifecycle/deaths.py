"""The states of a tenant in which the death of an apply can leave it, and the apply that continues from each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from tenant_fixture import Rehearsal, all_allowed, changes, exit_code, is_write
from waves import plan_and_apply

from .apply_cases import Case, Tenants
from .recovery import converge
from .tenant_states import Content, Observer, State


@dataclass(frozen=True)
class Death:
    """The state of a tenant when the process dies before or after a request, and the journal until then."""

    number: int
    when: str
    request: str
    state: State
    journal: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.when} request {self.number}, {self.request}"


class Recorder(httpx.AsyncBaseTransport):
    """Records the state of the tenant before and after each request, or only each write."""

    def __init__(self, rehearsal: Rehearsal, *, writes_only: bool) -> None:
        self._rehearsal, self._inner, self._writes_only = rehearsal, rehearsal.wire, writes_only
        self.requests = 0
        self.deaths: list[Death] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_recorded = not self._writes_only or is_write(request.method, request.url.path, request.content)
        self.requests += is_recorded
        number = self.requests
        if is_recorded:
            self._record(number, "before", request)
        response = await self._inner.handle_async_request(request)
        if is_recorded:
            self._record(number, "after", request)
        return response

    def _record(self, number: int, when: str, request: httpx.Request) -> None:
        state, name = State.of(self._rehearsal), f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.deaths.append(Death(number, when, name, state, tuple(self._rehearsal.journal)))


class Reference:
    """An apply that nothing disturbs, with the states of the tenant in which its process may die."""

    def __init__(self, case: Case, tenants: Tenants, *, writes_only: bool) -> None:
        self.case, self.tenant = case, tenants.before(case)
        self.file, self.start = tenants.file(case), Content.of(self.tenant)
        rehearsal = self.tenant.copy()
        observer = Observer(case, self.start, rehearsal)
        observer()
        recorder = Recorder(rehearsal, writes_only=writes_only)
        rehearsal.wire = recorder
        _, [report] = plan_and_apply(rehearsal, [rehearsal.load(self.file)], all_allowed())
        self.requests, self.deaths = recorder.requests, list(recorder.deaths)
        assert (exit_code(report), changes(rehearsal.plan(self.file)), case.ends_as(rehearsal)) == (0, [], True)
        assert observer.look() == []
        self.schemas = tuple(observer.observed_schemas)
        assert all(len(methods) == 1 for methods in batches(rehearsal).values()), "no batch creates and deletes"
        assert len(self.schemas) <= 2, "the schema is written at once"

    def states(self) -> dict[State, Death]:
        """Return the different states, each with the first death that leaves it: the same state has the same future."""
        states: dict[State, Death] = {}
        for death in self.deaths:
            states.setdefault(death.state, death)
        return states

    def continued(self, death: Death) -> list[str]:
        """Run the apply again after a death; return the violations."""
        rehearsal = death.state.restore(self.tenant, death.journal)
        return [f"death {death}: {violation}" for violation in self.completed(rehearsal)]

    def completed(self, rehearsal: Rehearsal) -> list[str]:
        """Run the apply again in a tenant in which one has died; return the violations."""
        observer = Observer(self.case, self.start, rehearsal, self.schemas)
        violations = observer.look()
        runs = 2 if self.case.before is None and self.case.switches else 1
        violations += converge(self.case, self.file, rehearsal, observer, runs)
        violations += wrong_order(self.case, rehearsal, creates_once=runs == 1)
        return list(dict.fromkeys(violations))


def batches(rehearsal: Rehearsal) -> dict[str, set[str]]:
    """Return the methods in each batch."""
    methods: dict[str, set[str]] = {}
    for entry in rehearsal.journal:
        if "batch" in entry:
            methods.setdefault(entry["request_id"], set()).add(entry["method"])
    return methods


def wrong_order(case: Case, rehearsal: Rehearsal, *, creates_once: bool) -> Iterator[str]:
    """Yield what is wrong with the order of the requests of a killed apply and of the one after it."""
    is_active = case.before is not None
    accepted = [entry for entry in rehearsal.journal if entry["status"] is not None and entry["status"] < 400]
    for entry in accepted:
        path = entry["path"]
        if entry["method"] != "GET" and path.endswith(case.paused_for or "/none") and is_active:
            yield f"written while provisioning was on: {path}"
        is_active = {"pause": False, "start": True}.get(path.rpartition("/")[2], is_active)
    if any(path.endswith("/start") for path in rehearsal.made) and not rehearsal.made[-1].endswith("/start"):
        yield "provisioning is not started last"
    created = Counter((entry["path"], str(entry["body"])) for entry in accepted if entry["status"] == 201)
    if creates_once and (repeated := [path for (path, _), number in created.items() if number > 1]):
        yield f"created twice: {repeated}"
