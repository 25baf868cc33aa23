"""A retirement that dies before or after any of its requests: run again, it ends the application, and nothing was lost."""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from retired_tenant import NAME, Ending, applied, provisioned, routed, spec_of, tenant_with, write_spec
from tenant_fixture import is_write

from scimconf.diagnostics import ScimconfError
from scimconf.sandbox.target import start_target
from scimconf.workflow.retire import RetireStatus

from .tenant_states import State

USERS = 3


@dataclass(frozen=True)
class Death:
    """What remains of a run that died at a request: the tenant, the accounts in the application, and the history."""

    place: str
    state: State
    accounts: Any
    history: Path


class Recorder(httpx.AsyncBaseTransport):
    """Records each different state of the tenant before and after requests."""

    def __init__(self, ending: Ending, target: Any, folder: Path) -> None:
        self._ending, self._target, self._folder = ending, target, folder
        self._inner = ending.tenant.wire
        self.deaths: dict[tuple[bytes, bytes], Death] = {}
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        self._record(f"before request {self.requests}, {request.method} {request.url.path}")
        response = await self._inner.handle_async_request(request)
        self._record(f"after request {self.requests}, {request.method} {request.url.path}")
        return response

    def _record(self, place: str) -> None:
        state, history = State.of(self._ending.tenant), self._ending.history
        files = sorted(file for file in history.rglob("*") if file.is_file())
        written = b"".join(file.read_bytes() for file in files)
        if (state.data, written) in self.deaths:
            return
        saved = self._folder / str(len(self.deaths))
        if history.exists():
            shutil.copytree(history, saved)
        resources = copy.deepcopy(self._target._peer._storage.resources)
        self.deaths[state.data, written] = Death(place, state, resources, saved)


@pytest.fixture
def target():
    with start_target("tolerant", token="sandbox") as running:  # noqa: S106
        yield running


def violations(death: Death, base: Ending, target: Any) -> list[str]:
    """Run the retirement again after a death; return what is wrong then."""
    with target._peer._storage.lock:
        target._peer._storage.resources = copy.deepcopy(death.accounts)
    tenant = routed(death.state.restore(base.tenant), target)
    ending = Ending(tenant, base.file, death.history)
    result = ending(deletes_application=True)
    found = []
    if result.status is not RetireStatus.RETIRED or not result.is_deleted:
        found.append(f"{result.status}: {result.error} {ending.person.messages}")
    if any(user["active"] for user in target.users()):
        found.append("an account is active")
    if any(principal["displayName"] == NAME for principal in tenant.state["servicePrincipals"]):
        found.append("the application was not deleted")
    return [f"death {death.place}: {text}" for text in found]


@pytest.fixture
def base(tmp_path, target, threshold):
    """An application of three users after its first cycle."""
    tenant, names = tenant_with(USERS)
    provisioning = {"enabled": True, "scope": "assigned", "deletion_threshold": threshold}
    file = write_spec(tmp_path, spec_of(names, provisioning=provisioning))
    return Ending(provisioned(applied(tenant, file), target), file, tmp_path / "history")


THRESHOLDS = pytest.mark.parametrize("threshold", ["none", 2], ids=["closed at once", "held back and released"])


def copied(base: Ending, target: Any, accounts: Any, history: Path) -> Ending:
    """Return the application of `base` with these accounts, and with a history of its own."""
    with target._peer._storage.lock:
        target._peer._storage.resources = copy.deepcopy(accounts)
    return Ending(routed(base.tenant.copy(), target), base.file, history)


@pytest.mark.slow
@THRESHOLDS
def test_a_retirement_that_died_at_any_request_ends_when_it_is_run_again(tmp_path, target, base):
    ending = copied(base, target, target._peer._storage.resources, tmp_path / "history")
    recorder = ending.tenant.wire = Recorder(ending, target, tmp_path / "deaths")
    result = ending(deletes_application=True)
    assert (result.status, result.is_deleted) == (RetireStatus.RETIRED, True)
    deaths = list(recorder.deaths.values())
    problems = [text for death in deaths for text in violations(death, base, target)]
    assert (problems, len(deaths) > 10, recorder.requests > 100) == ([], True, True)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [2], ids=[""])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_retirement_ends_after_a_lost_answer_to_any_write(tmp_path, target, base, when):
    """The run that loses it may end incomplete, and says so; it never ends early and calls that retired.

    Where the write takes no effect, only every second one is lost: the others are the deaths of the test above.
    """
    accounts, problems = copy.deepcopy(target._peer._storage.resources), []
    for number in range(1, 100, 1 if when == "after" else 2):
        ending = copied(base, target, accounts, tmp_path / f"{when}{number}")
        wire = ending.tenant.wire = LostAnswer(ending.tenant, number, when)
        ends = []
        for _ in range(3):
            try:
                ends.append(ending(deletes_application=True).status)
            except ScimconfError as error:
                ends.append(error)
            if ends[-1] is RetireStatus.RETIRED:
                break
        if wire.writes < number:
            break
        is_deleted = all(principal["displayName"] != NAME for principal in ending.tenant.state["servicePrincipals"])
        if not is_deleted or any(user["active"] for user in target.users()):
            problems.append(f"write {number}, {wire.path}: {ends}")
    assert (problems, number > 8) == ([], True)


class LostAnswer(httpx.AsyncBaseTransport):
    """Loses the answer to one write, before or after it took effect."""

    def __init__(self, tenant: Any, number: int, when: str) -> None:
        self._inner, self._number, self._when = tenant.wire, number, when
        self.writes, self.path = 0, ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_counted = is_write(request.method, request.url.path, request.content)
        self.writes += is_counted
        if not is_counted or self.writes != self._number:
            return await self._inner.handle_async_request(request)
        self.path = request.url.path
        if self._when == "after":
            await self._inner.handle_async_request(request)
        raise httpx.ReadError("the connection was reset")
