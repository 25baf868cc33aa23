"""Apply an approved plan, then plan again until no changes remain."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from scimconf.diagnostics import (
    Diagnostic,
    LockedError,
    OverwrittenError,
    ScimconfError,
    SecretError,
    StaleError,
    WithdrawnError,
    describe_unexpected,
)
from scimconf.documents.secrets import confidential
from scimconf.documents.secrets import references as connection_references
from scimconf.kinds import KINDS
from scimconf.kinds.identity import name_checks
from scimconf.kinds.schedule import is_on
from scimconf.kinds.sent_secrets import needed_secrets
from scimconf.plan import Action, ApplyStatus, Guard, Pause, Report, Result, StepOutcome
from scimconf.plan.guards import ASKED
from scimconf.plan.redact import redact_report
from scimconf.snapshot import SecretRef
from scimconf.spec.loaded import Loaded
from scimconf.steps import Edit, Phase, Send
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.history import saved_documents
from scimconf.workflow.locking import check_not_locked, check_same_plan, under_lock
from scimconf.workflow.plan import OBJECT_NAMES, PlannedApplication, plan
from scimconf.workflow.validate import locate

if TYPE_CHECKING:
    from scimconf.graph.execution.context import ExecutionResult, SecretResolver
    from scimconf.graph.execution.lock import ApplicationLock, LockOptions
    from scimconf.graph.reading import TenantSession

ROUNDS = 4
"""How often one apply plans and executes. A new application takes two rounds; the others are reserve."""
MISSING_ERROR = "A listed user or group is missing in the tenant, and `assignments.missing` makes it an error."
MISSING_PERMISSIONS = "The access token lacks permissions."


class ApplyHooks(Protocol):
    """Callbacks used by `apply` for approval, history, progress and cancellation."""

    def approve(self, planned: PlannedApplication) -> bool:
        """Return whether to apply a later plan that contains what the first plan could not show."""

    def begin_history(self, planned: PlannedApplication) -> str:
        """Begin the history entry, before the first write; return its folder, "" without one. Raise ScimconfError."""

    def progress(self, message: str, done: int, total: int) -> None:
        """Report that a step begins or ends; `done` of `total` steps have ended."""

    def finished(self, outcome: StepOutcome) -> None:
        """Report the outcome of a step as soon as it is known. A run that is withdrawn changes outcomes afterwards."""

    def interrupted(self) -> bool:
        """Return whether to stop before the next request; a cancellation then ends the apply with its report."""


async def apply(
    session: TenantSession,
    first: PlannedApplication,
    options: PlanOptions,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    locking: LockOptions | None = None,
) -> Report:
    """Apply an approved plan, then plan again until no changes remain. Failures are in the report, not raised.

    With `locking`, no other run with a lock applies the application at the same time; without it, an apply still ends if
    another run has a lock. Values of secrets are masked in the report as a whole: texts of the service may contain them.
    """
    mask_secrets([first.loaded], secrets)

    def work(hooks: ApplyHooks, lock: ApplicationLock | None) -> Awaitable[Report]:
        return apply_rounds(session, first, options, secrets, hooks, lock)

    return redact_report(await under_lock(hooks, locking, work), secrets.mask_text)


def mask_secrets(specs: Iterable[Loaded], secrets: SecretResolver) -> None:
    """Mask the secrets that these specs name and the environment has, also if this run does not send them."""
    for loaded in specs:
        for reference in confidential(loaded.spec.connection) if loaded.spec is not None else ():
            secrets.mask(reference)


async def apply_rounds(
    session: TenantSession,
    first: PlannedApplication,
    options: PlanOptions,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    lock: ApplicationLock | None,
) -> Report:
    """Apply an approved plan as `apply` does, under a lock that the caller takes and removes."""
    import asyncio

    report = Report(first.name)
    planned, approved = first, approval_items(first)
    for _ in range(ROUNDS):
        stop = _stop(planned, report)
        if stop is not None or not planned.plan.changes:
            return stop or report
        if not approval_items(planned) <= approved and not hooks.approve(planned):
            report = replace(report, declined=True)
            return _failed(report, "Stopped: the new plan contains changes that were not approved.")
        approved |= approval_items(planned)
        try:
            await _take_lock(session, planned, options, secrets, hooks, lock)
            report = await _execute(session, planned, report, secrets, hooks, no_start=options.no_start)
            if report.status is not ApplyStatus.APPLIED:
                return report
            options = replace(options, resend_secrets=False)  # this round sent them
            executed, planned = planned, await _replan_until_consistent(session, planned, report, options, hooks)
            report = replace(_report_matching(executed, planned, report), documents=saved_documents(planned.snapshot))
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  the report must list what was written
            return ended_by(error, report, hooks)
        if _only_unconfirmed(planned, report):
            break
    return _report_unconfirmed(planned, report)


def ended_by(error: BaseException, report: Report, hooks: ApplyHooks) -> Report:
    """Return the report of an apply that an error ended; raise a cancellation that does not follow an interrupt."""
    from scimconf.graph.task_group import stop_cancellation

    if isinstance(error, ScimconfError):
        return replace(_ended(report, error), error=str(error), hint=error.hint)
    if isinstance(error, Exception):
        return _failed(report, describe_unexpected(error))
    if not hooks.interrupted():
        raise error
    stop_cancellation()
    return replace(report, status=ApplyStatus.INTERRUPTED)


def approval_items(planned: PlannedApplication) -> frozenset[str]:
    """Return the ids of blocking guards and the addresses to delete or replace, which must be approved."""
    changes = planned.plan.changes
    removed = {str(change.address) for change in changes if change.action in (Action.DELETE, Action.REPLACE)}
    return frozenset(removed | {guard.id for guard in planned.blocking_guards})


def guards_that_need_allow(planned: PlannedApplication) -> tuple[Guard, ...]:
    """Return the blocking guards that no approval allows; the two first-run guards are left out."""
    return tuple(guard for guard in planned.blocking_guards if guard.id not in ASKED)


def missing_secrets(planned: PlannedApplication, secrets: SecretResolver) -> Iterator[SecretError]:
    """Yield an error for each secret that an apply needs and whose variable or file does not exist; no value is read."""
    for reference in _references(planned):
        try:
            secrets.check(reference)
        except SecretError as error:
            yield error


def shared_secret_files(planned: PlannedApplication, secrets: SecretResolver) -> Iterator[Diagnostic]:
    """Yield a warning for each file of a secret that an apply needs and that others than its owner can read."""
    for reference in _references(planned):
        mode = secrets.mode_for_others(reference)
        if mode:
            message = f"other users can read the file {reference.name}, which holds a secret (its mode is {mode})"
            hint = f"Run `chmod 600 {shlex.quote(reference.name)}`."
            yield from locate(
                planned.loaded, [Diagnostic("K408", message, ("connection",), hint=hint, severity="warning")]
            )


def _references(planned: PlannedApplication) -> Iterable[SecretRef]:
    """Return the references that an apply resolves, each once."""
    edits = [step for step in planned.steps if isinstance(step, Edit)]
    references = [edit.value for edit in edits if isinstance(edit.value, SecretRef)]
    if not any(edit.document.partial for edit in edits):
        references += filter(None, needed_secrets(edits, planned.snapshot).values())
    return dict.fromkeys([*references, *_later_references(planned)])


def _later_references(planned: PlannedApplication) -> tuple[SecretRef, ...]:
    """Return the references that a later round sends: all of the spec if the plan is partial."""
    spec = planned.loaded.spec
    if spec is None or planned.plan.complete:
        return ()
    return tuple(reference for _, reference in connection_references(spec.connection))


def _stop(planned: PlannedApplication, report: Report) -> Report | None:
    """Return the report of an apply that cannot begin, or go on: nothing of this round was written."""
    for error, diagnostics, status in _obstacles(planned):
        return replace(report, error=error, diagnostics=diagnostics, status=_status(status, report))
    return None


def _obstacles(planned: PlannedApplication) -> Iterator[tuple[str, tuple[Diagnostic, ...], ApplyStatus]]:
    """Yield what prevents the apply of a plan: errors, missing principals, guards, missing permissions."""
    if planned.errors and planned.tenant_mismatch:
        yield f"{planned.tenant_mismatch.id}: {planned.tenant_mismatch.message}", (), ApplyStatus.BLOCKED
    if planned.errors:
        yield "The spec has errors.", planned.errors, ApplyStatus.INVALID
    if planned.missing_errors:
        yield MISSING_ERROR, planned.missing_errors, ApplyStatus.INVALID
    reasons = "; ".join(f"{guard.id}: {guard.message}" for guard in guards_that_need_allow(planned))
    if reasons:
        yield f"Blocked by a guard. {reasons}", (), ApplyStatus.BLOCKED
    if planned.missing_permissions:
        yield MISSING_PERMISSIONS, (planned.permission_error,), ApplyStatus.FAILED


def _status(status: ApplyStatus, report: Report) -> ApplyStatus:
    """Return PARTIALLY_APPLIED if anything was written, otherwise `status`."""
    return ApplyStatus.PARTIALLY_APPLIED if report.wrote else status


def _failed(report: Report, error: str = "") -> Report:
    return replace(report, error=error, status=_status(ApplyStatus.FAILED, report))


def _ended(report: Report, error: ScimconfError) -> Report:
    """Return the report of a run that this error ended."""
    if isinstance(error, OverwrittenError):
        return replace(report, status=ApplyStatus.STALE)
    if isinstance(error, WithdrawnError):
        return _withdrawn(report)
    statuses = {StaleError: ApplyStatus.STALE, LockedError: ApplyStatus.LOCKED}
    return replace(report, status=_status(statuses.get(type(error), ApplyStatus.FAILED), report))


def _withdrawn(report: Report) -> Report:
    """Return the report of a run that deleted the application which it had created: nothing of it remains."""
    reason = "because the application was deleted again"
    outcomes = tuple(
        outcome if outcome.result is Result.FAILED else replace(outcome, result=Result.SKIPPED, detail=reason)
        for outcome in report.outcomes
    )
    return replace(report, outcomes=outcomes, wrote=False, status=ApplyStatus.STALE)


async def _take_lock(
    session: TenantSession,
    planned: PlannedApplication,
    options: PlanOptions,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    lock: ApplicationLock | None,
) -> None:
    """Take the lock unless this run has it, and plan again under it; raise LockedError or StaleError.

    An application that this run created is not planned again: the check of its name finds other runs.
    """
    from scimconf.graph.execution.context import ExecutionContext, ExecutionRequest

    if lock is None:
        check_not_locked(session, planned, options)
        return
    request = ExecutionRequest((), planned.snapshot, {}, secrets, hooks.progress, hooks.interrupted)
    if await lock.acquire(ExecutionContext(session, request)) and not session.created:
        session.renew_reads()
        check_same_plan(planned, await plan(session, planned.loaded, replace(options, impact=False)))


async def _execute(
    session: TenantSession,
    planned: PlannedApplication,
    report: Report,
    secrets: SecretResolver,
    hooks: ApplyHooks,
    *,
    no_start: bool = False,
) -> Report:
    from scimconf.graph.execution.context import ExecutionRequest
    from scimconf.graph.execution.scheduler import execute
    from scimconf.graph.execution.secret_resolver import preflight

    order = {kind.name: kind.after for kind in KINDS}
    for application in planned.snapshot.rows("applications"):
        session.consistency.set_created(application.get("createdDateTime"))
    request = ExecutionRequest(planned.steps, planned.snapshot, order, secrets, hooks.progress, hooks.interrupted)
    preflight(request)
    for reference in _later_references(planned):
        secrets.resolve(reference)  # the next round must not fail on a secret that is already known to be missing
    report = replace(report, history_entry=report.history_entry or hooks.begin_history(planned))
    request.history_entry, request.finished = report.history_entry, hooks.finished
    result = await execute(session, request)
    session.expected = {name: result.names[name] for name in OBJECT_NAMES if name in result.names}
    removed = {change.address for change in planned.plan.changes if change.action is Action.DELETE}
    report = replace(report, removed=report.removed | removed)
    outcomes = tuple(_without_pause(planned, result) if no_start else result.outcomes)
    report = replace(report, outcomes=(*report.outcomes, *outcomes), wrote=report.wrote or result.wrote)
    if result.withdrawn:
        return _withdrawn(report)
    pause = _held(planned, result) if no_start else _pause(planned, result)
    if pause is not Pause.NONE:
        report = replace(report, pause=pause, paused_since=result.paused_at or report.paused_since)
    return replace(report, status=_execution_status(result, report, interrupted=hooks.interrupted()))


def _pause(planned: PlannedApplication, result: ExecutionResult) -> Pause:
    """Return whether a job that this execution starts was not started: one that it pauses, or that was paused before.

    Reads that do not show its state in time decide nothing: Graph has accepted the request before.
    """
    pauses, starts = (_outcomes_of(planned, result, attrgetter(name)) for name in ("pauses", "starts"))
    was_paused = not pauses and _has_run(planned, starts)
    may_be_paused = was_paused or any(outcome.result is Result.DONE or outcome.may_be_done for outcome in pauses)
    if not starts or not may_be_paused or starts[-1].result is Result.DONE:
        return Pause.NONE
    if any(outcome.result is Result.DONE or outcome.may_be_done for outcome in starts):
        return Pause.START_UNCONFIRMED
    if was_paused:
        return Pause.EARLIER
    return Pause.CONFIRMED if any(outcome.result is Result.DONE for outcome in pauses) else Pause.PAUSE_UNCONFIRMED


def _outcomes_of(
    planned: PlannedApplication, result: ExecutionResult, selected: Callable[[Send], bool]
) -> list[StepOutcome]:
    """Return the outcomes of the selected requests."""
    outcomes = {(outcome.addresses, outcome.message): outcome for outcome in result.outcomes}
    sends = [step for step in planned.steps if isinstance(step, Send) and selected(step)]
    return [outcomes[step.addresses, step.description] for step in sends]


def _without_pause(planned: PlannedApplication, result: ExecutionResult) -> Iterator[StepOutcome]:
    """Yield the outcomes without those of a pause that is done: it is no change of the plan, and `Report.pause` has it."""
    addresses = {step.addresses for step in planned.steps if isinstance(step, Send) and step.pauses}
    yield from (
        outcome
        for outcome in result.outcomes
        if outcome.addresses not in addresses or outcome.result is not Result.DONE
    )


def _held(planned: PlannedApplication, result: ExecutionResult) -> Pause:
    """Return whether provisioning is off after an execution that was not to start it, though the spec wants it on."""
    assert planned.loaded.spec is not None
    if not planned.loaded.spec.provisioning.enabled:
        return Pause.NONE
    pauses = _outcomes_of(planned, result, attrgetter("pauses"))
    if any(outcome.may_be_done and outcome.result is not Result.DONE for outcome in pauses):
        return Pause.PAUSE_UNCONFIRMED
    if any(outcome.result is Result.DONE for outcome in pauses):
        return Pause.NOT_STARTED
    return Pause.NONE if is_on(planned.snapshot) else Pause.NOT_STARTED


def _has_run(planned: PlannedApplication, starts: Sequence[StepOutcome]) -> bool:
    """Return whether the job that these steps start has run before."""
    addresses = {address for outcome in starts for address in outcome.addresses}
    resources = [change.before for change in planned.plan.changes if change.address in addresses]
    return any(resource is not None and resource.facts.get("has_run") for resource in resources)


def _execution_status(result: ExecutionResult, report: Report, *, interrupted: bool) -> ApplyStatus:
    if result.overwritten:
        return ApplyStatus.STALE
    if result.stale:
        return _status(ApplyStatus.STALE, report)
    if result.stopped:
        return ApplyStatus.INTERRUPTED
    if interrupted and any(outcome.result is Result.SKIPPED for outcome in result.outcomes):
        return ApplyStatus.INTERRUPTED
    if result.start_refused:
        return ApplyStatus.PARTIALLY_APPLIED
    return _status(ApplyStatus.FAILED, report) if result.failed else ApplyStatus.APPLIED


async def _replan_until_consistent(
    session: TenantSession, before: PlannedApplication, report: Report, options: PlanOptions, hooks: ApplyHooks
) -> PlannedApplication:
    """Plan again, repeatedly while the only remaining changes were written before: Graph shows a write with a delay.

    Another run may have created an application with the same name: wait until one of them is deleted.
    """
    backoff = session.consistency.backoff()
    while True:
        planned = await plan(session, before.loaded, options)
        is_ambiguous = _is_ambiguous(session, planned)
        if is_ambiguous:
            await _check_name(session, before, hooks)
        elif _only_unconfirmed(planned, report):
            _check_overwrites(session, before, planned, report)
        is_delayed = (is_ambiguous or _only_unconfirmed(planned, report)) and not hooks.interrupted()
        if not is_delayed or not await backoff.wait("changes to become visible"):
            return planned


def _check_overwrites(
    session: TenantSession, before: PlannedApplication, planned: PlannedApplication, report: Report
) -> None:
    """Raise OverwrittenError if another client has changed what this run wrote and the tenant did show."""
    from scimconf.graph.execution.overwrites import check_remaining

    confirmed = {name: states for name, states in session.replaced.items() if name not in session.unconfirmed}
    remaining = {change.address for change in planned.plan.changes}
    check_remaining(confirmed, before.steps, remaining, planned.snapshot, report.history_entry)


def _is_ambiguous(session: TenantSession, planned: PlannedApplication) -> bool:
    """Return whether the tenant shows another application than that of this run, or several."""
    ids = {row["id"] for row in planned.snapshot.rows("service_principals")}
    return len(ids | set(filter(None, [session.created.get("service_principal")]))) > 1


async def _check_name(session: TenantSession, before: PlannedApplication, hooks: ApplyHooks) -> None:
    from scimconf.graph.execution.name_check import check_name

    own_id = session.created.get("service_principal") or before.snapshot.names.get("service_principal", "")
    spec = before.loaded.spec
    assert spec is not None
    for check in name_checks(spec, Phase.START):
        await check_name(session, check, own_id, hooks.interrupted)


def _report_matching(executed: PlannedApplication, planned: PlannedApplication, report: Report) -> Report:
    """Return the report with those changes of an executed plan that no step made and that the new plan does not have.

    A new application has what its template has, and a new job is off.
    """
    if planned.errors:
        return report
    written = {address for outcome in report.outcomes for address in outcome.addresses}
    open_ = written | {change.address for change in planned.plan.changes}
    matching = [change.address for change in executed.plan.changes if change.address not in open_]
    outcomes = [StepOutcome(Result.MATCHING, (address,), "") for address in matching]
    return replace(report, outcomes=(*report.outcomes, *outcomes))


def _only_unconfirmed(planned: PlannedApplication, report: Report) -> bool:
    """Return whether all remaining changes were already written in this run, and there is at least one."""
    written = {address for outcome in report.outcomes for address in outcome.addresses}
    remaining = {change.address for change in planned.plan.changes}
    return bool(remaining) and remaining <= written


def _report_unconfirmed(planned: PlannedApplication, report: Report) -> Report:
    """Return the report with what still differs after the last round: it may be written and not visible yet."""
    remaining = tuple(change.address for change in planned.plan.changes)
    if not remaining:
        return report
    outcome = StepOutcome(Result.UNCONFIRMED, remaining, "check that the changes are visible")
    return replace(report, outcomes=(*report.outcomes, outcome))
