"""The advisory lock of an application in a plan and in an apply; `graph/execution/lock.py` takes it.

A plan never writes a lock: it warns if another run has one. An apply ends if another run has one, also if it takes none
itself. With a lock, it plans again before its first write: another run may have ended between the plan and the lock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic, StaleError
from scimconf.documents.lock import Lock, lock_of_others
from scimconf.plan import ApplicationPlan, ApplyStatus, Report, StepOutcome
from scimconf.snapshot import Snapshot
from scimconf.workflow.compilation import PlanOptions

if TYPE_CHECKING:
    from scimconf.graph.execution.lock import ApplicationLock, LockOptions
    from scimconf.graph.reading import TenantSession
    from scimconf.workflow.apply import ApplyHooks
    from scimconf.workflow.plan import PlannedApplication

_LOST = "Stopped before the next request. Run apply again when the other run has ended: it does what remains."
_REPLAN = "Another run may have applied it in between. Plan again, review the new plan, and apply it."


def other_lock(session: TenantSession, snapshot: Snapshot, options: PlanOptions) -> Lock | None:
    """Return the lock of another holder than that of the options, by Graph's clock, or by the day if it sent no time."""
    rows = snapshot.rows("service_principals")
    day = options.today
    now = session.consistency.now() or datetime(day.year, day.month, day.day, tzinfo=UTC)
    return lock_of_others(rows[0].get("tags"), now, options.lock_holder) if len(rows) == 1 else None


def lock_warnings(session: TenantSession, snapshot: Snapshot, options: PlanOptions) -> Iterator[Diagnostic]:
    """Yield a warning if another run has the lock of the application."""
    lock = other_lock(session, snapshot, options)
    if lock is not None:
        message = f"another run is applying this application, or was stopped without removing its lock: {lock}"
        hint = "Until then, apply ends with exit code 3 unless --break-lock is given."
        yield Diagnostic("K007", message, ("application",), hint=hint, severity="warning")


def check_not_locked(session: TenantSession, planned: PlannedApplication, options: PlanOptions) -> None:
    """Raise LockedError if another run had the lock when the tenant was read."""
    from scimconf.graph.execution.lock import locked_error

    lock = other_lock(session, planned.snapshot, options)
    if lock is not None:
        raise locked_error(lock)


def check_same_plan(planned: PlannedApplication, current: PlannedApplication) -> None:
    """Raise StaleError if the plan that was made under the lock differs from the approved one."""
    if _essence(planned.plan) != _essence(current.plan) or current.errors:
        raise StaleError("the tenant has changed between the plan and the lock", _REPLAN)


def _essence(plan: ApplicationPlan) -> object:
    """Return what a plan writes and what it is based on, without the numbers of users."""
    changes = [(change.address, change.action, change.fields) for change in plan.changes]
    return plan.fingerprint, dict(plan.ids), changes


@dataclass(frozen=True, slots=True)
class LockedHooks:
    """The hooks of an apply under a lock: a lock that is lost stops it as an interrupt does."""

    hooks: ApplyHooks
    lock: ApplicationLock

    def approve(self, planned: PlannedApplication) -> bool:
        return self.hooks.approve(planned)

    def begin_history(self, planned: PlannedApplication) -> str:
        return self.hooks.begin_history(planned)

    def progress(self, message: str, done: int, total: int) -> None:
        self.hooks.progress(message, done, total)

    def finished(self, outcome: StepOutcome) -> None:
        self.hooks.finished(outcome)

    def interrupted(self) -> bool:
        return self.lock.is_lost() or self.hooks.interrupted()


async def under_lock(
    hooks: ApplyHooks,
    locking: LockOptions | None,
    work: Callable[[ApplyHooks, ApplicationLock | None], Awaitable[Report]],
) -> Report:
    """Return the report of `work` with a lock that it takes, and that is removed afterwards; without `locking` with none."""
    if locking is None:
        return await work(hooks, None)
    from scimconf.graph.execution.lock import ApplicationLock

    lock = ApplicationLock(locking)
    return await release_after(work(LockedHooks(hooks, lock), lock), lock, hooks)


async def release_after(work: Awaitable[Report], lock: ApplicationLock, hooks: ApplyHooks) -> Report:
    """Return the report of an apply after its lock is removed, whatever its outcome; the report says if it was lost."""
    import asyncio

    try:
        report = await work
    except (Exception, asyncio.CancelledError):
        await lock.release()
        raise
    await lock.release()
    return _with_lock(report, lock, hooks)


def _with_lock(report: Report, lock: ApplicationLock, hooks: ApplyHooks) -> Report:
    report = replace(report, warnings=(*report.warnings, *lock.warnings))
    if lock.lost and (report.status in (ApplyStatus.APPLIED, ApplyStatus.PUT_BACK) or hooks.interrupted()):
        return replace(report, warnings=(*report.warnings, lock.lost))
    if lock.lost:
        status = ApplyStatus.PARTIALLY_APPLIED if report.wrote else ApplyStatus.LOCKED
        error = "; ".join(filter(None, (lock.lost, report.error)))
        return replace(report, status=status, error=error, hint=_LOST)
    return report
