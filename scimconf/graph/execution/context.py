"""The state of one execution: its request, the names bound so far, the documents written, and the step outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.client import may_have_happened
from scimconf.graph.eventual_consistency import Backoff
from scimconf.graph.execution.order import After, StepNode
from scimconf.graph.protocol.retry import is_throttled
from scimconf.graph.reading import TenantSession
from scimconf.json_types import Json
from scimconf.plan import Address, Result, StepOutcome
from scimconf.snapshot import SecretRef, Snapshot
from scimconf.steps import Edit, Phase, Send, Step

_MAY_BE_DONE = "may have taken effect"


class SecretResolver(Protocol):
    """Resolves a reference to a secret's value; `graph.secrets.Secrets` implements it."""

    def check(self, ref: SecretRef) -> None: ...

    def mode_for_others(self, ref: SecretRef) -> str: ...

    def resolve(self, ref: SecretRef) -> Any: ...

    def mask(self, ref: SecretRef) -> None: ...

    def mask_text(self, text: str) -> str: ...


@dataclass(slots=True)
class ExecutionResult:
    """The step outcomes, whether a write reached Graph or may have, and why the plan is stale, if it is.

    `start_refused`: provisioning was not started, because the test of the stored credentials failed.
    `overwritten`: another client has overwritten what this run wrote.
    `stopped`: it was stopped without waiting for the requests in flight.
    `paused_at`: when provisioning was paused, or may have been, by Graph's clock; `is_paused`: Graph confirmed it.
    `withdrawn`: the application that this run created was deleted again, with everything that was written to it.
    `names`: the placeholders that are bound, with the ids of what was created.
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
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return any(outcome.result is Result.FAILED for outcome in self.outcomes)


@dataclass(slots=True)
class ExecutionRequest:
    """The input of an execution: the steps, the snapshot that the plan is based on, and the order of the kinds.

    `history_entry` is the place of the documents as they were before the first write, or "".
    `progress` is called with a description, the number of finished steps and the number of all steps; `finished` with
    the outcome of each step as soon as it is known.
    """

    steps: Sequence[Step]
    snapshot: Snapshot
    after: After
    secrets: SecretResolver
    progress: Callable[[str, int, int], None]
    interrupted: Callable[[], bool]
    history_entry: str = ""
    finished: Callable[[StepOutcome], None] = lambda _outcome: None


class ExecutionContext:
    """The mutable state of one execution.

    - `listed`: the rows of the lookup that showed a new object, by URL, for a check that reads the same.
    - `read_ahead`: documents, by name, that a later step of the phase needs and that do not depend on earlier ones.
    - `confirmations`: ended when the write of a document, by its name, is visible or given up; `late` are the names of
      those that were not visible at once.
    """

    def __init__(self, session: TenantSession, request: ExecutionRequest) -> None:
        self.session, self.request = session, request
        self.names: dict[str, str] = dict(request.snapshot.names)
        self.result = ExecutionResult(names=self.names)
        self.written: dict[str, Json] = {}
        self.listed: dict[object, Json] = {}
        self.read_ahead: dict[str, asyncio.Future[Json]] = {}
        self.confirmations: dict[str, asyncio.Future[None]] = {}
        self.late: set[str] = set()
        self.failed_phases: set[Phase] = set()
        self._uncertain: set[object] = set()
        self._begun: set[int] = set()
        self._finished: set[int] = set()
        self._sent_secrets: dict[str, tuple[Address, ...]] = {}
        self._throttled: GraphError | None = None

    def check_throttling(self, error: Exception | None) -> None:
        """Stop the apply if this error, at which a step was given up, says that Graph throttles requests."""
        if isinstance(error, GraphError) and is_throttled(error.status):
            self._throttled = error

    def stop_reason(self) -> tuple[str, str]:
        """Return why no more requests are sent, and what to do; both are empty while they are."""
        if self.result.stale:
            return "because the plan is stale", ""
        if self.request.interrupted():
            return "because the apply was interrupted", ""
        if self._throttled is not None:
            return "not sent, because Graph is throttling requests", self._throttled.hint
        return "", ""

    def is_stopped(self) -> bool:
        return bool(self.stop_reason()[0])

    def finish(self, node: StepNode, result: Result, detail: str = "", hint: str = "") -> None:
        """Record the result of the steps of a node that have not finished by themselves."""
        for step in node.steps:
            if id(step) not in self._finished:
                self.finish_step(step, result, detail, hint)

    def finish_step(self, step: Step, result: Result, detail: str = "", hint: str = "") -> None:
        """Record the result of a step; that of one that failed, or was given up, says if it may have taken effect."""
        self._finished.add(id(step))
        if isinstance(step, Edit) and isinstance(step.value, SecretRef) and result in (Result.DONE, Result.UNCONFIRMED):
            self._sent_secrets[step.key[0]] = step.addresses
        if result is Result.FAILED:
            self.failed_phases.add(step.phase)
            detail += self._sent_before(step)
        is_open = result is Result.FAILED or (result is Result.SKIPPED and id(step) in self._begun)
        may_be_done = is_open and self.is_uncertain(step)
        if may_be_done and _MAY_BE_DONE not in detail:
            detail = f"{detail}; a write was sent before and {_MAY_BE_DONE}"
        if result in (Result.DONE, Result.UNCONFIRMED):
            self.confirm_write(write_key(step))
        outcome = StepOutcome(result, step.addresses, step.description, detail, hint, may_be_done)
        self.result.outcomes.append(outcome)
        if isinstance(step, Send) and step.pauses and (may_be_done or result is Result.DONE):
            self.result.is_paused, self.result.paused_at = not may_be_done, self.session.graph.now
        with suppress(Exception):  # as for `progress`
            self.request.finished(outcome)
        if result is not Result.SKIPPED:  # it did not run
            self.report_progress(step.description)

    def _sent_before(self, failed: Step) -> str:
        """Return which secrets of a failed step's addresses are stored already, "" if none is."""
        stored = self._sent_secrets.items()
        keys = [key for key, addresses in stored if not set(addresses).isdisjoint(failed.addresses)]
        return f"; {', '.join(keys)} was sent before this failure, and is stored" if keys else ""

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
                self.record_write(write_key(step))
                self.finish_step(step, Result.FAILED, f"stopped before the response: it {_MAY_BE_DONE}")
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
    def writing(self, key: object, *, counts: bool = True) -> Iterator[None]:
        """Record that something was written, or may have been; `counts` is False for a request that writes nothing.

        `key` is that of its steps, see `write_key`: if they fail in the end, their outcome says that they may be done.
        """
        try:
            yield
        except Exception as error:
            if counts and may_be_written(error):
                self.record_write(key)
            raise
        if counts:
            self.record_write(key)

    def record_write(self, key: object) -> None:
        """Record that a write was sent for the steps with this key; until they end, its effect is not confirmed."""
        self.result.wrote = True
        self._uncertain.add(key)

    def is_uncertain(self, step: Step) -> bool:
        """Return whether a write of this step was sent whose effect is not confirmed."""
        return write_key(step) in self._uncertain

    def confirm_write(self, key: object) -> None:
        """Record that the write with this key has certainly taken effect."""
        self._uncertain.discard(key)


def write_key(step: Step) -> object:
    """Return what identifies the write of a step: the name of its document, or the step itself."""
    return step.document.name if isinstance(step, Edit) else id(step)


def may_be_written(error: Exception) -> bool:
    """Return whether a write with this error may have taken effect; so may a success with an unreadable response.

    A gateway may respond with 503 although the request took effect; so may any request that was sent again.
    """
    if isinstance(error, GraphError):
        is_lost = may_have_happened(error.status) or error.status == 503 or error.lost_attempt
        return is_lost or 200 <= error.status < 300
    return not isinstance(error, ScimconfError)
