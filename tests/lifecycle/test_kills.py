"""The command line, killed by SIGKILL at a request, and the apply that continues from there."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis_profiles import is_long
from server_fixture import PATIENCE, Listener, child, environment
from tenant_fixture import Rehearsal

from scimconf.spec.model import GUARDS

from .apply_cases import CHANGED, FIRST, LARGE, Case, Tenants
from .deaths import Reference
from .disturbances import record


class Killer:
    """An ASGI application that kills a process before or after it handles a request of it."""

    def __init__(self, app: Any, number: int, when: str) -> None:
        self._app, self._number, self._when = app, number, when
        self._requests = 0
        self._has_process = threading.Event()

    def watch(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._has_process.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._requests += 1
        if self._requests != self._number:
            await self._app(scope, receive, send)
            return
        if self._when == "after":
            await self._app(scope, receive, _discard)
        self._has_process.wait(PATIENCE)
        self._process.kill()
        while (await receive())["type"] != "http.disconnect":
            continue


async def _discard(_message: Any) -> None:
    """Drop a response: the process that waits for it dies."""


def kill(rehearsal: Rehearsal, file: Path, folder: Path, number: int, when: str) -> None:
    """Apply a spec by a process of its own, and kill it there."""
    killer = Killer(rehearsal.app, number, when)
    listener = Listener(killer)
    listener.start()
    allowed = [word for guard in GUARDS for word in ("--allow", guard)]
    process = child(["apply", "--auto-approve", *allowed, str(file)], environment(listener.url), cwd=folder)
    killer.watch(process)
    output = process.communicate(timeout=PATIENCE)
    listener.stop()
    assert process.returncode == -signal.SIGKILL, output


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    return Tenants(tmp_path_factory.mktemp("specs"))


def kills(reference: Reference, count: int) -> list[tuple[int, str]]:
    """Return requests of an apply, evenly distributed from the first write on, alternately before and after them."""
    first = next(death.number for death in reference.deaths if death.state != reference.deaths[0].state)
    step = (reference.requests - first) / count
    return [(first + round(index * step), ("after", "before")[index % 2]) for index in range(count)]


def violations(reference: Reference, tenants: Tenants, folder: Path, places: list[tuple[int, str]]) -> list[str]:
    """Kill the command at each place, and apply again; return the violations."""
    found = []
    for number, when in places:
        rehearsal = tenants.before(reference.case)
        kill(rehearsal, reference.file, folder, number, when)
        found += [f"kill {when} request {number}: {text}" for text in reference.completed(rehearsal)]
    return found


def everywhere(reference: Reference) -> list[tuple[int, str]]:
    """Return all requests of an apply, before and after each."""
    return [(number, when) for number in range(1, reference.requests + 1) for when in ("before", "after")]


@pytest.mark.slow
@pytest.mark.parametrize(("case", "count"), [(FIRST, 4), (CHANGED, 4), (LARGE, 2)], ids=["first", "changed", "large"])
def test_apply_completes_the_work_of_a_killed_command(tenants: Tenants, tmp_path: Path, case: Case, count: int) -> None:
    """At ten requests; with the profile `long`, at every request."""
    reference = Reference(case, tenants, writes_only=False)
    places = everywhere(reference) if is_long() else kills(reference, count)
    found = violations(reference, tenants, tmp_path, places)
    record("killed processes", len(places), found)
    assert found == []
