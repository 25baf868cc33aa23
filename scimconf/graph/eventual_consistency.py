"""Late arrival is not refusal: what was just made is not everywhere at once, and is waited for.

Waited for only while the application is young (by Graph's own clock) or was made in this run, at most two minutes;
anywhere else an absence is an error at once. Sources of the signs: reports against Terraform's provider, hamilton and
the Graph documentation (a 404, an empty template list, an empty 401, 403 or 409, "Not a valid reference update").
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scimconf.diagnostics import GraphError, TransportError

YOUNG = timedelta(minutes=15)
LIMIT = 120.0
FIRST, LAST = 0.25, 5.0
_CONTROLS = ("/start", "/pause", "/restart")
"""Calls that a job which was just made answers with a conflict, whatever the words."""
_NOT_YET = (
    "not a valid reference update",
    "does not reference a valid application object",
    "permission being assigned was not found",
    "permission being assigned is disabled",
)


def may_be_propagating(error: GraphError) -> bool:
    """Whether a refusal may only mean that a thing has not arrived everywhere yet."""
    if isinstance(error, TransportError):
        return False
    if error.status == 404:
        return True
    if error.status in (401, 403, 409) and not error.message.strip():
        return True
    if error.status == 409 and error.path.endswith(_CONTROLS):
        return True
    return any(sign in error.message.lower() for sign in _NOT_YET)


@dataclass(slots=True)
class ConsistencyPolicy:
    """How long to wait for one application; `sleep` and `clock` are injected, `now` is Graph's Date header."""

    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    now: Callable[[], datetime | None]
    created: datetime | None = None
    made_here: bool = False
    limit: float = LIMIT
    waited: Callable[[float, str], None] = field(default=lambda _seconds, _why: None)

    def is_young(self) -> bool:
        now = self.now()
        return self.made_here or (self.created is not None and now is not None and now - self.created < YOUNG)

    def set_created(self, text: str | None) -> None:
        """Learns the application's createdDateTime as Graph writes it; one that is no date makes nothing young."""
        try:
            created = datetime.fromisoformat(text or "")
        except ValueError:
            return
        self.created = created if created.tzinfo else created.replace(tzinfo=UTC)

    def wait(self) -> Backoff:
        return Backoff(self, self.clock() + self.limit)


@dataclass(slots=True)
class Backoff:
    """One waiting: from a quarter of a second, doubling to five, until the limit."""

    patience: ConsistencyPolicy
    deadline: float
    delay: float = FIRST

    async def again(self, why: str) -> bool:
        """Sleeps and says True while there is time left."""
        if self.patience.clock() + self.delay > self.deadline:
            return False
        self.patience.waited(self.delay, why)
        await self.patience.sleep(self.delay)
        self.delay = min(self.delay * 2, LAST)
        return True
