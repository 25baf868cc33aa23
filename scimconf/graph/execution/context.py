"""One execution's state: what it was given, what it has written, what was named on the way, and how each step ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.client import may_have_happened
from scimconf.graph.eventual_consistency import Backoff
from scimconf.graph.execution.order import After, StepNode
from scimconf.graph.reading import TenantSession
from scimconf.plan import Result, StepOutcome
from scimconf.snapshot import Json, SecretRef, Snapshot
from scimconf.steps import Step


class SecretResolver(Protocol):
    """Where secrets get their values; live.secrets.Secrets is one."""

    def check(self, ref: SecretRef) -> None: ...

    def resolve(self, ref: SecretRef) -> Any: ...


@dataclass(slots=True)
class ExecutionResult:
    """What an execution did: outcomes, whether a write reached Graph or may have, and whether it found itself stale."""

    outcomes: list[StepOutcome] = field(default_factory=list)
    wrote: bool = False
    stale: str = ""

    @property
    def failed(self) -> bool:
        return any(one.result is Result.FAILED for one in self.outcomes)


@dataclass(slots=True)
class ExecutionRequest:
    """What an execution is given: the steps, what the plan saw, the kinds' order, secrets, and whom to tell."""

    steps: Sequence[Step]
    seen: Snapshot
    after: After
    values: SecretResolver
    tell: Callable[[str, int, int], None]
    interrupted: Callable[[], bool]


class ExecutionContext:
    """One execution; its state is what it has written and what was named on the way."""

    def __init__(self, live: TenantSession, orders: ExecutionRequest) -> None:
        self.live, self.orders = live, orders
        self.names: dict[str, str] = dict(orders.seen.names)
        self.done = ExecutionResult()
        self.written: dict[str, Json] = {}
        self._over: set[int] = set()

    @property
    def finished(self) -> int:
        return len(self._over)

    def begins(self, node: StepNode) -> None:
        self._tell(node.description)

    def ended(self, node: StepNode, result: Result, detail: str = "", hint: str = "") -> None:
        """Every step of the node that has not ended by itself ended so."""
        for step in node.steps:
            if id(step) not in self._over:
                self.said(step, result, detail, hint)

    def said(self, step: Step, result: Result, detail: str = "", hint: str = "") -> None:
        self._over.add(id(step))
        self.done.outcomes.append(StepOutcome(result, step.addresses, step.description, detail, hint))
        self._tell(step.description)

    def _tell(self, says: str) -> None:
        """Whoever watches cannot end what is watched: a log on a full disk would leave a tenant half made."""
        with suppress(Exception):
            self.orders.tell(says, self.finished, len(self.orders.steps))

    async def again(self, wait: Backoff, why: str) -> bool:
        """Whether there is time left to try again; none after an interrupt."""
        return not self.orders.interrupted() and await wait.again(why)

    @contextmanager
    def writing(self, *, counts: bool = True) -> Iterator[None]:
        """Notes that something was written: not when Graph refused it, but when nobody knows."""
        try:
            yield
        except Exception as error:
            self.done.wrote |= counts and may_be_written(error)
            raise
        self.done.wrote |= counts


def may_be_written(error: Exception) -> bool:
    """Whether a write that ended so may have reached Graph: also by a success whose answer makes no sense."""
    if isinstance(error, GraphError):
        return may_have_happened(error.status) or 200 <= error.status < 300
    return not isinstance(error, ScimconfError)
