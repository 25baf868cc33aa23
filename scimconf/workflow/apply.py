"""Apply an approved plan, then plan again until no changes remain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from scimconf.diagnostics import ScimconfError, describe_unexpected
from scimconf.documents.secrets import references
from scimconf.kinds import KINDS
from scimconf.plan import Action, Report, Result, StepOutcome
from scimconf.plan.guards import ASKED
from scimconf.workflow.compilation import (
    PlanOptions,
)

if TYPE_CHECKING:
    from scimconf.graph.execution.context import ExecutionResult, SecretResolver
    from scimconf.graph.reading import TenantSession

from scimconf.workflow.plan import PlannedApplication, plan

ROUNDS = 4


class ApplyHooks(Protocol):
    """Whom an apply asks and tells: a person at a terminal, a pipeline, or a test."""

    def approve(self, planned: PlannedApplication) -> bool:
        """Whether to go on with what an earlier plan could not show."""

    def backup(self, planned: PlannedApplication) -> str:
        """Saves the documents as they are, before the first write; says where."""

    def progress(self, says: str, done: int, total: int) -> None:
        """Progress."""

    def interrupted(self) -> bool:
        """Whether to stop before the next request."""


async def apply(
    live: TenantSession, first: PlannedApplication, options: PlanOptions, values: SecretResolver, talk: ApplyHooks
) -> Report:
    """Makes an approved plan so, and plans again until nothing is left; whatever fails, the report says what was done."""
    so_far = Report(first.name)
    planned, shown = first, _told(first)
    for _ in range(ROUNDS):
        stopped = _stopped(planned, so_far)
        if stopped is not None or not planned.plan.changes:
            return stopped or so_far
        if not _told(planned) <= shown and not talk.approve(planned):
            return replace(
                so_far, error="Stopped before what the first plan could not show.", exit_code=_code(1, so_far)
            )
        shown |= _told(planned)
        try:
            so_far = await _execute(live, planned, so_far, values, talk)
            if so_far.exit_code:
                return so_far
            options = replace(options, resend_secrets=False)  # they have been sent
            planned = await _settled(live, planned, so_far, options, talk)
        except ScimconfError as error:
            return replace(so_far, error=str(error), hint=error.hint, exit_code=_code(1, so_far))
        except Exception as error:  # noqa: BLE001  nobody would learn what was written
            return replace(so_far, error=describe_unexpected(error), exit_code=_code(1, so_far))
        if _is_written(planned, so_far):
            break
    return _unseen(planned, so_far)


def _stopped(planned: PlannedApplication, so_far: Report) -> Report | None:
    """Problems and closed guards stop before any write of this round."""
    if planned.errors:
        told = tuple(problem.message for problem in planned.errors)
        return replace(so_far, error="; ".join(told), problems=planned.errors, exit_code=_code(65, so_far))
    closed = [guard for guard in planned.blocking_guards if guard.id not in ASKED]
    if closed:
        said = "; ".join(f"{guard.id}: {guard.message}" for guard in closed)
        return replace(so_far, error=f"Stopped by a guard. {said}", exit_code=_code(4, so_far))
    return None


def _code(code: int, so_far: Report) -> int:
    """Whatever stops an apply that has written something, 5 says that it has."""
    return 5 if so_far.wrote else code


def _told(planned: PlannedApplication) -> frozenset[str]:
    """What somebody has to be asked about: closed guards, and what is deleted. A later plan may bring new ones."""
    changes = planned.plan.changes
    gone = {str(change.address) for change in changes if change.action in (Action.DELETE, Action.REPLACE)}
    return frozenset(gone | {guard.id for guard in planned.blocking_guards})


async def _execute(
    live: TenantSession, planned: PlannedApplication, so_far: Report, values: SecretResolver, talk: ApplyHooks
) -> Report:
    from scimconf.graph.execution.context import ExecutionRequest
    from scimconf.graph.execution.scheduler import execute
    from scimconf.graph.execution.secret_resolver import preflight

    after = {kind.name: kind.after for kind in KINDS}
    steps = planned.steps
    orders = ExecutionRequest(steps, planned.snapshot, after, values, talk.progress, talk.interrupted)
    for row in planned.snapshot.rows("applications"):
        live.consistency.set_created(row.get("createdDateTime"))
    preflight(orders)
    if not planned.plan.complete and planned.loaded.spec is not None:
        for _, reference in references(planned.loaded.spec.connection):
            values.resolve(reference)  # what comes after the horizon must not fail for what is known now
    backup = so_far.backup or talk.backup(planned)
    done = await execute(live, orders)
    report = replace(
        so_far, outcomes=(*so_far.outcomes, *done.outcomes), wrote=so_far.wrote or done.wrote, backup=backup
    )
    return replace(report, exit_code=_result(done, report, interrupted=talk.interrupted()))


def _result(done: ExecutionResult, report: Report, *, interrupted: bool) -> int:
    if done.stale:
        return _code(3, report)
    if interrupted and any(one.result is Result.SKIPPED for one in done.outcomes):
        return 130
    return _code(1, report) if done.failed else 0


async def _settled(
    live: TenantSession, before: PlannedApplication, so_far: Report, options: PlanOptions, talk: ApplyHooks
) -> PlannedApplication:
    """The plan after an execution, once what was written shows: late arrival is waited for, not written again."""
    wait = live.consistency.backoff()
    while True:
        planned = await plan(live, before.loaded, options)
        only_late = _is_written(planned, so_far) and not talk.interrupted()
        if not only_late or not await wait.wait("changes to become visible"):
            return planned


def _is_written(planned: PlannedApplication, so_far: Report) -> bool:
    """Whether all that a later plan still shows was done in this run already."""
    done = {address for outcome in so_far.outcomes for address in outcome.addresses}
    left = {change.address for change in planned.plan.changes}
    return bool(left) and left <= done


def _unseen(planned: PlannedApplication, so_far: Report) -> Report:
    """After the last round: what is still different is said, since it may be written and not yet visible."""
    left = tuple(change.address for change in planned.plan.changes)
    if not left:
        return so_far
    outcome = StepOutcome(Result.UNCONFIRMED, left, "see what was written")
    return replace(so_far, outcomes=(*so_far.outcomes, outcome))
