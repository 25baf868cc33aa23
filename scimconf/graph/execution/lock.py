"""Takes, extends and removes the advisory lock of an application, a tag of its service principal.

Graph has no precondition for a write of the tags, which replaces all of them. So a run that finds no lock writes its
own, waits, and reads the tags back: whose lock is there then has the application, and every other run ends. Two runs can
both have it only if the write of one of them takes longer than this wait; the checks of the lock during the apply then
find it. A lock ends by itself, by Graph's clock, unless its run extends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from scimconf.diagnostics import GraphError, LockedError, ScimconfError
from scimconf.documents.application import service_principal
from scimconf.documents.lock import Lock, lock_of_others, locks, without_locks
from scimconf.graph.client import Request, may_have_happened
from scimconf.graph.execution.attempts import Attempts
from scimconf.graph.execution.context import ExecutionContext
from scimconf.graph.execution.document_writer import read_document
from scimconf.graph.protocol.retry import is_throttled

SETTLE = 3.0
"""Seconds between the write of a lock and the read that shows whose it is."""
CHECK = 30.0
"""Seconds between two checks of a lock during an apply."""
STALE_READ = 10.0
"""Seconds for which a read without tags that this run wrote is repeated: it may be older than they are."""
RELEASE = 15.0
"""Seconds after which a lock that cannot be removed is left to end by itself."""
DURATION = timedelta(minutes=15)
_WITHOUT_LOCK = (200, 401, 403)
"""Statuses at which an apply goes on without a lock: a response without tags, and missing permissions."""

LockAction = Literal["acquired", "taken over", "broken", "refused", "unavailable", "extended", "lost", "released"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """How one run locks applications.

    - `holder` says who it is, `run` is a random hexadecimal number that no other run has.
    - `clock` returns the time (UTC) if Graph sends none; `sleep` waits between two checks of the lock, in seconds.
    - `break_lock` takes the lock of another run.
    - `report` is called with what happens to a lock, and a sentence about it.
    """

    holder: str
    run: str
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    duration: timedelta = DURATION
    break_lock: bool = False
    report: Callable[[LockAction, Lock, str], None] = lambda _action, _lock, _message: None


def locked_error(lock: Lock) -> LockedError:
    """Return the error of a run that another run's lock stops."""
    hint = (
        "Run apply again when that run has ended. If it was stopped without removing its lock, run apply again after that "
        "time, or with --break-lock now."
    )
    return LockedError(f"another run has the lock of this application: {lock}", hint)


class _NoTagsError(ScimconfError):
    """Graph did not return the tags, so they cannot be written without losing those of others."""


class ApplicationLock:
    """The lock of one application during one apply; `lost` says why it does not have the lock any more.

    `warnings` are what the report of the apply has to say about it.
    """

    def __init__(self, options: LockOptions) -> None:
        self.lost = ""
        self.warnings: tuple[str, ...] = ()
        self._options = options
        self._lock: Lock | None = None
        self._is_unavailable = False
        self._context: ExecutionContext
        self._keeper: asyncio.Task[None] | None = None
        self._ends = 0.0
        self._failure = ""

    async def acquire(self, context: ExecutionContext) -> bool:
        """Take the lock and extend it from now on; return False if this run has it already or cannot have one.

        Raise LockedError if another run has it, or another error if Graph does not respond. Without the permission to
        write the tags there is no lock, and a warning says so. An application that does not exist has none either.
        """
        if self._keeper is not None or self._is_unavailable or "service_principal" not in context.names:
            return False
        self._context = context
        try:
            await self._update(self._claim)
            await self._settle()
        except (GraphError, _NoTagsError) as error:
            if isinstance(error, GraphError) and error.status not in _WITHOUT_LOCK:
                raise
            self._set_unavailable(error)
            return False
        self._set_end()
        self._keeper = asyncio.create_task(self._keep())
        return True

    async def release(self) -> None:
        """Remove the lock if this run has it; a warning says if it could not be removed, and when it ends then."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        lock, self._lock = self._lock, None
        if lock is None:
            return
        try:
            async with asyncio.timeout(RELEASE):
                await self._remove(lock)
        except (ScimconfError, TimeoutError) as error:
            self.warnings += (f"the lock could not be removed, so it ends by itself: {lock}: {error or 'no response'}",)
        else:
            self._options.report("released", lock, "the lock was removed")

    # --- taking ---

    def _claim(self, tags: list[str]) -> list[str]:
        """Return the tags with a lock of this run; raise LockedError if another run has one."""
        now, options = self._now(), self._options
        other = lock_of_others(tags, now, options.holder)
        if other is not None and not options.break_lock:
            self._lock = None
            raise locked_error(other)
        if self._lock is None:
            self._lock = self._until(now)
            former = [lock for lock in locks(tags) if lock.is_active(now) and lock.run != options.run]
            self._report_claim(other, former)
        return [*without_locks(tags), self._lock.tag]

    def _report_claim(self, other: Lock | None, former: list[Lock]) -> None:
        if other is not None:
            self._options.report("broken", other, f"the lock of another run is broken: {other}")
        elif former:
            self._options.report("taken over", former[0], f"the lock of an earlier run is taken over: {former[0]}")

    async def _settle(self) -> None:
        """Wait, then read the tags until they show whose lock it is; raise LockedError if it is not this run's."""
        assert self._lock is not None
        session, lock = self._context.session, self._lock
        session.consistency.on_wait(SETTLE, "the lock to settle")
        await session.consistency.sleep(SETTLE)
        backoff = session.consistency.backoff()
        while True:
            current = locks(await self._tags())
            others = [other for other in current if other.run != lock.run and other.is_active(self._now())]
            if others:
                await self._remove(lock)
                self._lock = None
                raise locked_error(others[0])
            if any(own.run == lock.run for own in current):
                self._options.report("acquired", lock, f"locked by {lock}")
                return
            if not await self._context.wait(backoff, "the lock to become visible"):
                raise ScimconfError("the lock was written and is not visible", "Run apply again in a few minutes.")

    def _set_unavailable(self, error: ScimconfError) -> None:
        self._lock, self._is_unavailable = None, True
        reason = str(error)
        if isinstance(error, GraphError) and error.hint:
            reason = f"{error.status} {error.code}: {error.hint}"
        warning = f"no lock was taken, so nothing stops another run from applying at the same time: {reason}"
        self.warnings += (warning,)
        self._options.report("unavailable", self._until(self._now()), warning)

    # --- keeping ---

    async def _keep(self) -> None:
        """Check the lock until it is removed or lost, and extend it before it ends."""
        while not self.is_lost():
            await self._options.sleep(CHECK)
            try:
                await self._update(self._extended)
            except LockedError as error:
                self.lost = self.lost or str(error)
                self._report_loss()
            except Exception as error:  # noqa: BLE001  an error of a check must not end the apply before the lock ends
                self._failure = str(error)
            else:
                self._set_end()

    def is_lost(self) -> bool:
        """Return whether this run had the lock and does not have it any more; `lost` says why."""
        if self._keeper is not None and not self.lost and self._clock() >= self._ends:
            reason = self._failure or "Graph did not accept requests for too long"
            self.lost = f"the lock has ended, because it was not extended in time: {reason}"
            self._report_loss()
        return bool(self.lost)

    def _report_loss(self) -> None:
        assert self._lock is not None
        self._options.report("lost", self._lock, self.lost)

    def _extended(self, tags: list[str]) -> list[str]:
        """Return the tags with the lock of this run extended if half of its time is over; raise LockedError if it is lost."""
        assert self._lock is not None
        now, run = self._now(), self._options.run
        others = [lock for lock in locks(tags) if lock.run != run and lock.is_active(now)]
        if others:
            raise LockedError(f"the lock was broken: another run has it now: {others[0]}")
        own = next((lock for lock in locks(tags) if lock.run == run), None)
        if own is None:
            raise LockedError("the lock was broken: its tag has been removed")
        if own.until - now > self._options.duration / 2:
            return tags
        self._lock = self._until(now)
        self._options.report("extended", self._lock, f"locked by {self._lock}")
        return [*without_locks(tags, run), self._lock.tag]

    # --- reading and writing ---

    async def _update(self, change: Callable[[list[str]], list[str]]) -> None:
        """Read the tags and write what `change` makes of them; after a response that is lost, read them again first."""
        context, document = self._context, service_principal()
        session, attempts = context.session, Attempts(context)
        while True:
            async with session.exclusive(document.path):
                tags = await self._tags()
                changed = change(tags)
                if changed == tags:
                    return
                try:
                    body = {"tags": changed}
                    await session.graph.send(Request("PATCH", document.path, context.names, body=body, sent_once=True))
                    session.record_tags(body)
                    return
                except GraphError as error:
                    failure = error
            is_passing = may_have_happened(failure.status) or is_throttled(failure.status)
            if not is_passing and not session.consistency.allows_retry(failure):
                raise failure
            if not await attempts.wait(failure, "the write of the lock"):
                raise failure

    async def _remove(self, lock: Lock) -> None:
        await self._update(lambda tags: without_locks(tags, lock.run))

    async def _tags(self) -> list[str]:
        """Return the tags; a read that lacks what this run wrote is repeated for a while, unless it has another lock."""
        backoff = self._context.session.consistency.backoff(STALE_READ)
        while True:
            raw, _ = await read_document(self._context, service_principal())
            if not isinstance(raw.get("tags"), list):
                raise _NoTagsError("Graph did not return the tags of the service principal")
            tags = list(raw["tags"])
            is_current = self._context.session.own_tags <= {*tags}
            others = any(lock.run != self._options.run for lock in locks(tags))
            if is_current or others or not await self._context.wait(backoff, "tags to become visible"):
                return tags

    def _set_end(self) -> None:
        """Record, by this process's clock, when the lock ends if it is not extended."""
        assert self._lock is not None
        self._ends = self._clock() + (self._lock.until - self._now()).total_seconds()

    def _until(self, now: datetime) -> Lock:
        return Lock(self._options.holder, self._options.run, (now + self._options.duration).replace(microsecond=0))

    def _now(self) -> datetime:
        """Return the time by Graph's clock, which is the same for all runs."""
        return (self._context.session.consistency.now() or self._options.clock()).astimezone(UTC)

    def _clock(self) -> float:
        return self._context.session.consistency.clock()
