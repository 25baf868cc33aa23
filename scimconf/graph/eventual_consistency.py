"""The retry policy for eventual consistency: Graph replicates new objects with a delay.

An absence is an error at once, unless the application is new (by Graph's own clock) or was created in this run. The signs of a delay come from reports against Terraform's
azuread provider and hamilton, and from Graph's documentation: a 404, an empty template list, a 401, 403 or 409 without
a message, "Not a valid reference update".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scimconf.diagnostics import GraphError, TransportError

NEW = timedelta(minutes=15)
"""The age below which an application counts as new."""
LIMIT = 120.0
FIRST_DELAY, LAST_DELAY = 0.25, 5.0
_CONTROLS = ("/start", "/pause", "/restart")
"""Requests to which a new job responds with a conflict, whatever the message."""
_MESSAGES = (
    "not a valid reference update",
    "does not reference a valid application object",
    "permission being assigned was not found",
    "permission being assigned is disabled",
)


def may_be_propagating(error: GraphError) -> bool:
    """Return whether the error may only mean that an object is not replicated yet."""
    if isinstance(error, TransportError):
        return False
    unexplained = error.status in (401, 403, 409) and not error.message.strip()
    new_job = error.status == 409 and error.path.endswith(_CONTROLS)
    documented = any(message in error.message.lower() for message in _MESSAGES)
    return error.status == 404 or unexplained or new_job or documented


@dataclass(slots=True)
class ConsistencyPolicy:
    """How long to wait for one application; `now` returns Graph's Date header of the latest response."""

    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    now: Callable[[], datetime | None]
    created: datetime | None = None
    created_in_this_run: bool = False
    limit: float = LIMIT
    on_wait: Callable[[float, str], None] = field(default=lambda _seconds, _reason: None)

    def is_new(self) -> bool:
        """Return whether the application is so new that it may not be replicated everywhere."""
        now = self.now()
        return self.created_in_this_run or (self.created is not None and now is not None and now - self.created < NEW)

    def allows_retry(self, error: GraphError) -> bool:
        return may_be_propagating(error) and self.is_new()

    def set_created(self, text: str | None) -> None:
        """Record the application's createdDateTime; unparsable values are ignored."""
        try:
            created = datetime.fromisoformat(text or "")
        except ValueError:
            return
        self.created = created if created.tzinfo else created.replace(tzinfo=UTC)

    def backoff(self, limit: float | None = None) -> Backoff:
        """Return the waits of a retry loop of at most `limit` seconds; by default, those of the policy."""
        return Backoff(self, self.clock() + (self.limit if limit is None else min(limit, self.limit)))


@dataclass(slots=True)
class Backoff:
    """The waits of one retry loop: a quarter of a second, doubling to five seconds, until the limit."""

    policy: ConsistencyPolicy
    deadline: float
    delay: float = FIRST_DELAY

    async def wait(self, reason: str) -> bool:
        """Wait before the next attempt; return False at once if the limit would be exceeded."""
        if self.policy.clock() + self.delay > self.deadline:
            return False
        self.policy.on_wait(self.delay, reason)
        await self.policy.sleep(self.delay)
        self.delay = min(self.delay * 2, LAST_DELAY)
        return True
