"""The state of one execution: its request, the names bound so far, the documents written, and the step outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.client import may_have_happened
from scimconf.graph.eventual_consistency import Backoff
from scimconf.graph.execution.order import After, StepNode
from scimconf.graph.reading import TenantSession
from scimconf.json_types import Json
from scimconf.plan import Result, StepOutcome
from scimconf.snapshot import SecretRef, Snapshot
from scimconf.steps import Send, Step


class SecretResolver(Protocol):
    """Resolves a reference to a secret's value; `graph.secrets.Secrets` implements it."""

    def check(self, ref: SecretRef) -> None: ...

    def resolve(self, ref: SecretRef) -> Any: ...

    def mask(self, ref: SecretRef) -> None: ...

    def scrub(self, text: str) -> str: ...


@dataclass(slots=True)
class ExecutionResult:
    """The step outcomes, whether a write reached Graph or may have, and why the plan is stale, if it is.

    `start_refused`: provisioning was not started, because the test of the stored credentials failed.
    `overwritten`: another client has overwritten what this run wrote.
    `stopped`: it was stopped without waiting for the requests in flight.
    `paused_at`: when provisioning was paused, or may have been, by Graph's clock; `is_paused`: Graph confirmed it.
    `withdrawn`: the application that this run created was deleted again, with everything that was written to it.
    """

    outcomes: list[StepOutcome] = field(default_factory=list)
    wrote: bool = False
    start_refused: bool = False
    stale: str = ""
    overwritten: bool = False
    withdrawn: bool = False
    stopped: bool = False
    is_paused: bool = False
    paused_at: datetime | None = None

    @property
    def failed(self) -> bool:
        return any(outcome.result is Result.FAILED for outcome in self.outcomes)


@dataclass(slots=True)
class ExecutionRequest:
    """The input of an execution: the steps, the snapshot that the plan is based on, and the order of the kinds.

    `backup` is the folder with the documents as they were before the first write, or "".
    `progress` is called with a description, the number of finished steps and the number of all steps; `finished` with
    the outcome of each step as soon as it is known.
    """

    steps: Sequence[Step]
    snapshot: Snapshot
    after: After
    secrets: SecretResolver
    progress: Callable[[str, int, int], None]
    interrupted: Callable[[], bool]
    backup: str = ""
    finished: Callable[[StepOutcome], None] = lambda _outcome: None


class ExecutionContext:
    """The mutable state of one execution."""

    def __init__(self, session: TenantSession, request: ExecutionRequest) -> None:
        self.session, self.request = session, request
        self.names: dict[str, str] = dict(request.snapshot.names)
        self.result = ExecutionResult()
        self.written: dict[str, Json] = {}
        self._begun: set[int] = set()
        self._finished: set[int] = set()
        self._uncertain: set[int] = set()

    def finish(self, node: StepNode, result: Result, detail: str = "", hint: str = "") -> None:
        """Record the result of the steps of a node that have not finished by themselves."""
        for step in node.steps:
            if id(step) not in self._finished:
                self.finish_step(step, result, detail, hint)

    def finish_step(self, step: Step, result: Result, detail: str = "", hint: str = "") -> None:
        self._finished.add(id(step))
        may_be_done = result is Result.FAILED and id(step) in self._uncertain
        outcome = StepOutcome(result, step.addresses, step.description, detail, hint, may_be_done)
        self.result.outcomes.append(outcome)
        if isinstance(step, Send) and step.pauses and (may_be_done or result is Result.DONE):
            self.result.is_paused, self.result.paused_at = not may_be_done, self.session.graph.now
        with suppress(Exception):  # as for `progress`
            self.request.finished(outcome)
        if result is not Result.SKIPPED:  # it did not run
            self.report_progress(step.description)

    def begin(self, node: StepNode) -> None:
        """Record that the steps of a node may have sent a request, and report its first step."""
        self._begun.update(map(id, node.steps))
        self.report_progress(node.description)

    def stop(self) -> None:
        """Record the outcome of every step that has none, because the apply was stopped at once."""
        self.result.stopped = True
        for step in self.request.steps:
            if id(step) in self._finished:
                continue
            if id(step) in self._begun:
                self.result.wrote = True
                self._uncertain.add(id(step))
                self.finish_step(step, Result.FAILED, "stopped before the response: it may have taken effect")
            else:
                self.finish_step(step, Result.SKIPPED, "because the apply was interrupted")

    def report_progress(self, description: str) -> None:
        """Call `progress`; ignore its errors, so that a failing event log cannot abort an apply."""
        with suppress(Exception):
            self.request.progress(description, len(self._finished), len(self.request.steps))

    async def wait(self, backoff: Backoff, reason: str) -> bool:
        """Wait before another attempt; return False after an interrupt or at the limit."""
        return not self.request.interrupted() and await backoff.wait(reason)

    @contextmanager
    def writing(self, step: Send | None = None, *, counts: bool = True) -> Iterator[None]:
        """Record that something was written, or may have been; `counts` is False for a request that writes nothing.

        `step` is the step of the request: if it fails in the end, its outcome says that it may have taken effect.
        """
        try:
            yield
        except Exception as error:
            if counts and may_be_written(error):
                self.result.wrote = True
                self._uncertain.add(id(step))
            raise
        self.result.wrote |= counts


def may_be_written(error: Exception) -> bool:
    """Return whether a write with this error may have taken effect; so may a success with an unreadable response.

    A gateway may respond with 503 although the request took effect.
    """
    if isinstance(error, GraphError):
        return may_have_happened(error.status) or error.status == 503 or 200 <= error.status < 300
    return not isinstance(error, ScimconfError)
