"""The retry policy: when a request is sent again, and how long to wait. No network, no third party.

Without a connection nothing was sent: every request is retried. After 429 and 503 nothing was done by Graph's
documentation, but a gateway may respond with 503 to a request that took effect. After 500, 502, 504, timeouts and resets
the result is unknown: only *repeatable* requests are retried, GET, PUT, DELETE, and those whose caller says so. A request
that is *sent once* is not retried here after any response, nor without one: its caller looks whether it took effect.

All workers wait for a Retry-After at one gate, since earlier requests prolong the throttling (Microsoft Graph
throttling guidance). Without a Retry-After the wait is exponential with full jitter. Attempts are limited for each
request, the sum of waits by one budget for the command; a wait that exceeds the budget is not started.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_LATER = frozenset({429, 503})
UNCERTAIN = frozenset({500, 502, 504})
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
LONGEST_PAUSE = 60.0
LONGEST_RETRY_AFTER = 3600.0
"""Seconds of a Retry-After beyond which a request is not sent again: the command ends and gives the time."""
UNUSABLE_RETRY_AFTER = 366 * 24 * 3600.0
"""Seconds from which a Retry-After is not a time to wait until."""
SAME_WAIT = 1.0
"""Seconds by which the end of a wait must move before `on_wait` is called again."""

Sleep = Callable[[float], Awaitable[object]]
Clock = Callable[[], float]
OnWait = Callable[[float, str], None]

NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: status 0 means no response, `retry_after` is seconds, `number` counts from 1 (see `Tries`).

    `sent_once`: it is not retried unless no connection was made.
    """

    repeatable: bool
    status: int = 0
    unsent: bool = False
    retry_after: float | None = None
    number: int = 1
    sent_once: bool = False

    @property
    def shared(self) -> bool:
        """Whether all requests wait, not only this one."""
        return self.status == 429 or self.retry_after is not None

    @property
    def is_lost(self) -> bool:
        """Whether a write may have taken effect all the same: a gateway may respond with 503 to one that did."""
        return not self.unsent and (may_have_happened(self.status) or self.status == 503)

    @property
    def reason(self) -> str:
        if self.status == 429:
            return "throttled"
        return f"Graph responded with {self.status}" if self.status else "no response"


@dataclass(frozen=True, slots=True)
class Limits:
    """Maximum attempts of a request that was throttled, and of one that failed; `budget`: seconds of waiting in total."""

    throttled: int
    failed: int
    budget: float

    def allow_retry(self, attempt: Attempt) -> bool:
        if (attempt.retry_after or 0.0) > LONGEST_RETRY_AFTER:
            return False
        if attempt.sent_once and not attempt.unsent:
            return False
        if attempt.status in RETRY_LATER:
            return attempt.number < self.throttled
        if attempt.number >= self.failed:
            return False
        uncertain = attempt.status == 0 or attempt.status in UNCERTAIN
        return attempt.unsent or (uncertain and attempt.repeatable)


class Tries:
    """Counts the attempts of one request: throttled ones apart from failed ones."""

    def __init__(self) -> None:
        self._numbers = {True: 0, False: 0}

    def numbered(self, attempt: Attempt) -> Attempt:
        throttled = attempt.status in RETRY_LATER
        self._numbers[throttled] += 1
        return replace(attempt, number=self._numbers[throttled])


@dataclass(slots=True)
class Gate:
    """The waits of all workers of a command; waits at the same time count once against the budget."""

    limits: Limits
    sleep: Sleep
    clock: Clock
    random: Clock
    on_wait: OnWait
    _closed_until: float = 0.0
    _charged_until: float = 0.0
    _spent: float = 0.0

    async def passed(self) -> None:
        """Wait until the gate is open; each closing is slept through once, whatever the clock does."""
        slept_until = 0.0
        while self._closed_until > max(slept_until, self.clock()):
            slept_until = self._closed_until
            await self.sleep(slept_until - self.clock())

    async def rest(self, attempt: Attempt) -> bool:
        """Wait before a retry, alone or by closing the gate for all; return False if the limits allow no retry."""
        if not self.limits.allow_retry(attempt):
            return False
        seconds = self._jitter(attempt.number) if attempt.retry_after is None else attempt.retry_after
        if not self._afford(seconds):
            return False
        if attempt.shared:
            self._close(seconds, attempt.reason)
        else:
            self.on_wait(seconds, attempt.reason)
            await self.sleep(seconds)
        return True

    def _close(self, seconds: float, reason: str) -> None:
        now = self.clock()
        until = now + seconds
        if until > max(now, self._closed_until) + SAME_WAIT:
            self.on_wait(seconds, reason)
        self._closed_until = max(self._closed_until, until)

    def _jitter(self, number: int) -> float:
        return self.random() * min(LONGEST_PAUSE, 0.5 * 2.0 ** (number - 1))

    def _afford(self, seconds: float) -> bool:
        now = self.clock()
        added = max(0.0, now + seconds - max(now, self._charged_until))
        if self._spent + added > self.limits.budget:
            return False
        self._spent += added
        self._charged_until = max(self._charged_until, now + seconds)
        return True


def is_repeatable(method: str, *, declared: bool = False) -> bool:
    """Return whether a request may be sent twice: by its method, or because its caller declared it."""
    return declared or method in REPEATABLE


def is_throttled(status: int) -> bool:
    """Return whether the status demands to send the request later."""
    return status in RETRY_LATER


def may_have_happened(status: int) -> bool:
    """Return whether a write with this status (0: no response) may have taken effect."""
    return status == 0 or status in UNCERTAIN


def http_date(text: str | None) -> datetime | None:
    """Return an HTTP date in UTC, or None if it is not one."""
    try:
        date = parsedate_to_datetime(text or "")
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter for a year, an hour or a zone that no date has
        return None


def retry_after(text: str | None, now: datetime | None) -> float | None:
    """Return the seconds of a Retry-After header: a number, or a date relative to Graph's own clock; else None."""
    value = (text or "").strip()
    if NUMBER.fullmatch(value):
        return float(value)
    date = http_date(value)
    return max(0.0, (date - now).total_seconds()) if date and now else None


def throttling_hint(wait: float, now: datetime | None) -> str:
    """Return until when Graph refuses requests, in words; `wait` is in seconds, `now` Graph's clock if it is known."""
    if wait >= UNUSABLE_RETRY_AFTER:
        return "Graph is throttling requests and gives no usable time to wait. Run the command again later."
    minutes = f" ({wait / 60:.0f} min)" if wait >= 120 else ""
    until = f", until {now + timedelta(seconds=wait):%Y-%m-%d %H:%M:%S} UTC" if now else ""
    return f"Graph is throttling requests. Wait {wait:g} s{minutes}{until}, then run the command again."
