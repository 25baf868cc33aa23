"""Graph's write quota: at most 3,000 writes of one application in one tenant in 150 seconds.

Waiting for the quota is cheaper than being throttled: a throttled request must be looked for before it is sent again, and
prolongs the throttling. The wait is part of the work, so the budget for retries does not include it.
Source: Microsoft Graph service-specific throttling limits, identity and access, "write requests".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from scimconf.graph.protocol.retry import Clock, OnWait, Sleep

WRITES = 3_000
WINDOW = 150.0
"""Seconds."""
STEP = 1.0
"""Seconds after which a wait looks whether to stop."""


@dataclass(slots=True)
class WriteQuota:
    """The writes of a command within the last 150 seconds."""

    sleep: Sleep
    clock: Clock
    on_wait: OnWait
    _sent: deque[tuple[float, int]] = field(default_factory=deque)

    async def reserve(self, number: int, stopped: Callable[[], bool]) -> bool:
        """Wait until `number` writes are within the quota, and count them; return False if `stopped` says so first."""
        end = 0.0
        while not stopped() and (delay := self._delay(number)) > 0:
            if self.clock() + delay > end + STEP:
                end = self.clock() + delay
                self.on_wait(delay, f"Microsoft Graph's quota of {WRITES:,} writes in {WINDOW:.0f} s")
            await self.sleep(min(delay, STEP))
        if stopped():
            return False
        self._sent.append((self.clock(), number))
        return True

    def _delay(self, number: int) -> float:
        """Return the seconds until so many writes are allowed; 0 if they are allowed now."""
        now = self.clock()
        while self._sent and self._sent[0][0] <= now - WINDOW:
            self._sent.popleft()
        excess = sum(count for _, count in self._sent) + number - WRITES
        for time, count in self._sent:
            if excess <= 0:
                break
            excess -= count
            if excess <= 0:
                return time + WINDOW - now
        return 0.0
