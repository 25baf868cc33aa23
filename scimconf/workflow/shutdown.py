"""Stop the provisioning of an application whose accounts are closed, delete its stored secrets, and delete it. Writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scimconf.diagnostics import GraphError, LockedError, ScimconfError, StaleError
from scimconf.documents.application import service_principals
from scimconf.kinds import KINDS
from scimconf.kinds.retirement import shutdown_steps
from scimconf.monitoring.accounts import AccountRecord
from scimconf.monitoring.history import HistoryEntry
from scimconf.monitoring.retirement import Retirement, RetirementStage
from scimconf.plan import ApplyStatus, Report, Result
from scimconf.plan.redact import redact_report
from scimconf.spec.model import Spec
from scimconf.version import __version__
from scimconf.workflow.apply import ApplyHooks
from scimconf.workflow.guard_context import tenant_of
from scimconf.workflow.history import entry_time
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.locking import LockedHooks, release_after
from scimconf.workflow.retirement_record import write_archive, write_record
from scimconf.workflow.retirement_state import RetirementState

if TYPE_CHECKING:
    from scimconf.graph.execution.context import SecretResolver
    from scimconf.graph.execution.lock import ApplicationLock, LockOptions
    from scimconf.graph.reading import TenantSession

COMMAND, DELETE_COMMAND = "retire", "retire --delete-application"
DELETED_FOR = 30
"""Days for which a deleted application can be restored (Graph reference, deletedItems)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownRequest:
    """What is shut down: the state whose accounts are all closed, and the record of them for the history.

    `read_again` returns the state as it is under the lock.
    """

    spec: Spec
    state: RetirementState
    record: AccountRecord
    history: OpenHistory
    read_again: Callable[[], Awaitable[RetirementState]]


async def shut_down(
    session: TenantSession,
    request: ShutdownRequest,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    locking: LockOptions | None,
) -> Report:
    """Stop provisioning and delete the secrets. The history entry is written first. Failures are in the report."""
    _begin_entry(request)
    if locking is None:
        report = await _reported(session, request, secrets, hooks, None)
    else:
        from scimconf.graph.execution.lock import ApplicationLock

        lock = ApplicationLock(locking)
        work = _reported(session, request, secrets, LockedHooks(hooks, lock), lock)
        report = await release_after(work, lock, hooks)
    report = redact_report(report, secrets.mask_text)
    status = "retired" if report.status is ApplyStatus.APPLIED else report.status.value
    request.history.end_command(status, report.error)
    return report


def _begin_entry(request: ShutdownRequest) -> None:
    """Begin the history entry with the record and the documents. Raise ScimconfError."""
    history, changes = request.history, tuple(shutdown_steps(request.spec, request.state.snapshot))
    entry = _entry(request.spec, request.state, history, COMMAND)
    history.begin_command(replace(entry, changes=tuple((step.description, "update") for step in changes)))
    assert history.store is not None
    write_record(history.store, entry, request.record)
    write_archive(history.store, entry, request.state.snapshot)


def _entry(spec: Spec, state: RetirementState, history: OpenHistory, command: str) -> HistoryEntry:
    """Return the history entry of a command that begins now."""
    tenant = tenant_of(state.snapshot)
    return HistoryEntry(
        application=spec.name,
        time=entry_time(history.clock()),
        tenant=(tenant.domain or tenant.id) if tenant else "",
        version=__version__,
        run=history.run,
        command=command,
    )


async def _reported(
    session: TenantSession,
    request: ShutdownRequest,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    lock: ApplicationLock | None,
) -> Report:
    report = Report(request.spec.name)
    try:
        return await _execute(session, request, secrets, hooks, lock)
    except LockedError as error:
        return replace(report, status=ApplyStatus.LOCKED, error=str(error), hint=error.hint)
    except StaleError as error:
        return replace(report, status=ApplyStatus.STALE, error=str(error), hint=error.hint)
    except ScimconfError as error:
        return replace(report, status=ApplyStatus.FAILED, error=str(error), hint=error.hint)


async def _execute(
    session: TenantSession,
    request: ShutdownRequest,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    lock: ApplicationLock | None,
) -> Report:
    from scimconf.graph.execution.context import ExecutionContext, ExecutionRequest
    from scimconf.graph.execution.scheduler import execute

    snapshot = request.state.snapshot
    execution = ExecutionRequest((), snapshot, {}, secrets, hooks.progress, hooks.interrupted)
    if lock is not None and await lock.acquire(ExecutionContext(session, execution)):
        current = await request.read_again()
        if current.retirement.stage is not RetirementStage.SHUTDOWN:
            raise StaleError("the application has changed since its accounts were looked up", _AGAIN)
        snapshot = current.snapshot
    steps = tuple(shutdown_steps(request.spec, snapshot))
    order = {kind.name: kind.after for kind in KINDS}
    result = await execute(
        session,
        replace(execution, steps=steps, snapshot=snapshot, after=order, finished=hooks.finished),
    )
    report = Report(request.spec.name, outcomes=tuple(result.outcomes), wrote=result.wrote)
    if result.stopped or hooks.interrupted():
        return replace(report, status=ApplyStatus.INTERRUPTED, hint=_AGAIN)
    if result.failed or any(outcome.result in (Result.SKIPPED, Result.UNCONFIRMED) for outcome in result.outcomes):
        status = ApplyStatus.PARTIALLY_APPLIED if result.wrote else ApplyStatus.FAILED
        return replace(report, status=status, error=result.stale, hint=_AGAIN)
    return report


_AGAIN = "Run `scimconf retire` again: it does what remains."


async def delete_application(session: TenantSession, spec: Spec, state: RetirementState, history: OpenHistory) -> None:
    """Delete the registration and with it the enterprise application, or only this if another tenant has the former.

    Raise GraphError; without an answer, the tenant is read until it shows the result. The history has an entry.
    """
    history.begin_command(_entry(spec, state, history, DELETE_COMMAND))
    try:
        await _delete(session, state.retirement)
    except GraphError as error:
        history.end_command("failed", str(error))
        raise
    history.end_command("deleted")


async def _delete(session: TenantSession, retirement: Retirement) -> None:
    from scimconf.graph.client import Request
    from scimconf.graph.reading import read

    names = {"application": retirement.application_id, "service_principal": retirement.principal}
    path = "/applications/{application}" if retirement.application_id else "/servicePrincipals/{service_principal}"
    failure: GraphError | None = None
    try:
        await session.graph.send(Request("DELETE", path, names))
    except GraphError as error:
        failure = error
    backoff = session.consistency.backoff()
    while failure is not None:
        is_open = failure.status in (0, 404) or failure.status >= 500 or failure.lost_attempt
        if not is_open:
            raise failure
        if not await read(session.graph, service_principals("id", retirement.principal), {}):
            return
        if failure.status == 404 or not await backoff.wait("the deletion"):
            failure.hint = "The application may be deleted: run the command again."
            raise failure
