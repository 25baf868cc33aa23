"""When a request is tried again, and how long everyone waits before: no network, no third party.

Terms. An *attempt* is one try of one request and how it ended. *Repeatable* is a request that may be sent again though
its first sending may have taken effect: GET, PUT and DELETE by their nature, a POST where its sender says so.

Rules. 429 and 503 mean "not now, nothing was done": any request comes back. 500, 502, 504, timeouts and resets leave
open what was done: only repeatable ones come back. Where no connection was made nothing was sent: any comes back.
Retry-After is kept to the letter, by all workers, through one gate: trying early only lengthens the throttling
(Microsoft's throttling guidance). Without it: full jitter, so that workers do not come back in step. All of it is
bounded by tries of the request and by one budget of waiting for the command; a wait past the budget is not begun.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

COME_BACK = frozenset({429, 503})
UNCERTAIN = frozenset({500, 502, 504})
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
LONGEST_PAUSE = 60.0
SAME_WAIT = 1.0
"""Seconds by which a gate must move before people are told (again)."""

Sleep = Callable[[float], Awaitable[object]]
Clock = Callable[[], float]
OnWait = Callable[[float, str], None]

NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: status 0 means no answer, `retry_after` is seconds, `number` counts its sort from 1 (see `Tries`)."""

    repeatable: bool
    status: int = 0
    unsent: bool = False
    retry_after: float | None = None
    number: int = 1

    @property
    def shared(self) -> bool:
        """Whether its wait is everyone's."""
        return self.status == 429 or self.retry_after is not None

    @property
    def why(self) -> str:
        if self.status == 429:
            return "throttled"
        return f"Graph answered {self.status}" if self.status else "no answer"


@dataclass(frozen=True, slots=True)
class Limits:
    """Most tries of one request: told to come back; failed or not answered. Budget: seconds of waiting in all."""

    throttled: int
    failed: int
    budget: float

    def again(self, attempt: Attempt) -> bool:
        if attempt.status in COME_BACK:
            return attempt.number < self.throttled
        if attempt.number >= self.failed:
            return False
        uncertain = attempt.status == 0 or attempt.status in UNCERTAIN
        return attempt.unsent or (uncertain and attempt.repeatable)


class Tries:
    """How often one request has been tried, by how it ended: being throttled does not use up the tries of failing."""

    def __init__(self) -> None:
        self._told_to_come_back = 0
        self._failed = 0

    def numbered(self, attempt: Attempt) -> Attempt:
        """The attempt with its number among those of its sort."""
        if attempt.status in COME_BACK:
            self._told_to_come_back += 1
            return replace(attempt, number=self._told_to_come_back)
        self._failed += 1
        return replace(attempt, number=self._failed)


class Gate:
    """Where all workers of a command wait; a wait that others already wait for costs nothing of the budget."""

    def __init__(self, limits: Limits, sleep: Sleep, clock: Clock, random: Clock, on_wait: OnWait) -> None:
        self.limits = limits
        self._sleep = sleep
        self._clock = clock
        self._random = random
        self._on_wait = on_wait
        self._closed_until = 0.0
        self._counted_until = 0.0
        self._spent = 0.0

    async def passed(self) -> None:
        """Return when nobody needs to wait; each closing is slept through once, however the clock runs."""
        slept_until = 0.0
        while self._closed_until > max(slept_until, self._clock()):
            slept_until = self._closed_until
            await self._sleep(slept_until - self._clock())

    async def rest(self, attempt: Attempt) -> bool:
        """Wait as the attempt asks, or close the gate for everyone; False where the limits leave no time for it."""
        if not self.limits.again(attempt):
            return False
        asked = attempt.retry_after
        seconds = self._jitter(attempt.number) if asked is None else asked
        if not self._afford(seconds):
            return False
        if attempt.shared:
            self._close(seconds, attempt.why)
        else:
            self._on_wait(seconds, attempt.why)
            await self._sleep(seconds)
        return True

    def _close(self, seconds: float, why: str) -> None:
        now = self._clock()
        until = now + seconds
        if until > max(now, self._closed_until) + SAME_WAIT:
            self._on_wait(seconds, why)
        self._closed_until = max(self._closed_until, until)

    def _jitter(self, number: int) -> float:
        return self._random() * min(LONGEST_PAUSE, 0.5 * 2.0 ** (number - 1))

    def _afford(self, seconds: float) -> bool:
        now = self._clock()
        added = max(0.0, now + seconds - max(now, self._counted_until))
        if self._spent + added > self.limits.budget:
            return False
        self._spent += added
        self._counted_until = max(self._counted_until, now + seconds)
        return True


def is_repeatable(method: str, *, said: bool = False) -> bool:
    return said or method in REPEATABLE


def may_have_happened(status: int) -> bool:
    """Whether a write that ended with this status (0: no answer) may have taken effect, so that one has to look."""
    return status == 0 or status in UNCERTAIN


def http_date(text: str | None) -> datetime | None:
    """An HTTP date in UTC, None for anything else."""
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)


def retry_after(text: str | None, now: datetime | None) -> float | None:
    """Seconds from a Retry-After of whole or broken seconds, or of a date against Graph's own clock; else None."""
    said = (text or "").strip()
    if NUMBER.fullmatch(said):
        return float(said)
    date = http_date(said)
    if date is None or now is None:
        return None
    return max(0.0, (date - now).total_seconds())
