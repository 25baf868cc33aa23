"""What a run of `retire` does from the state that it finds, if no step fails: for the plan, and for the report of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from scimconf.monitoring.accounts import AccountState
from scimconf.monitoring.retirement import Retirement, RetirementStage


class RetirementStep(StrEnum):
    """A step of a run of `retire`, in their order."""

    REMOVE_ASSIGNMENTS = "remove_assignments"
    START = "start"
    RELEASE_DELETIONS = "release_deletions"
    RETRY_FAILED = "retry_failed"
    AWAIT_CYCLE = "await_cycle"
    SHUT_DOWN = "shut_down"
    DELETE_APPLICATION = "delete_application"


@dataclass(frozen=True, slots=True)
class RetirementPlan:
    """What a run would do with an application in this state.

    Without `steps` there is nothing to do, or an obstacle prevents it. `refused` says which guard or option stops the run
    before its first step, and `hint` what to do; the steps are then those of the run that is not stopped.
    """

    retirement: Retirement
    steps: tuple[RetirementStep, ...] = ()
    refused: str = ""
    hint: str = ""


def expected_steps(retirement: Retirement, *, deletes_application: bool = False) -> tuple[RetirementStep, ...]:
    """Return the steps of a run that begins in this state, if each succeeds; none if an obstacle prevents the first.

    Deletions that reach the deletion threshold are held back by the first cycle; after their release there is another. A run ends after a cycle if accounts may exist that no cycle can prove closed.
    """
    if any(True for _ in retirement.obstacles()):
        return ()
    return tuple(_steps(retirement, deletes_application=deletes_application))


def _steps(retirement: Retirement, *, deletes_application: bool) -> Iterator[RetirementStep]:
    stage, cannot_end = retirement.stage, bool(retirement.unknown or retirement.log_problem)
    if stage is RetirementStage.ASSIGNMENTS:
        yield RetirementStep.REMOVE_ASSIGNMENTS
    has_accounts = retirement.has_run and bool(retirement.open_accounts or cannot_end)
    if stage is not RetirementStage.RETIRED and has_accounts:
        yield from _until_closed(retirement)
        if cannot_end:
            return
    if stage is not RetirementStage.RETIRED:
        yield RetirementStep.SHUT_DOWN
    if (
        deletes_application
        and not retirement.sign_on
        and (stage is not RetirementStage.RETIRED or _is_closed(retirement))
    ):
        yield RetirementStep.DELETE_APPLICATION


def _until_closed(retirement: Retirement) -> Iterator[RetirementStep]:
    is_removing = retirement.stage is RetirementStage.ASSIGNMENTS
    is_starting = not is_removing and not retirement.is_on
    if is_starting:
        yield RetirementStep.START
    if retirement.is_held_back:
        yield RetirementStep.RELEASE_DELETIONS
    elif not is_removing and not is_starting:
        if not retirement.open_accounts:
            return
        if any(account.state is AccountState.FAILED for account in retirement.open_accounts):
            yield RetirementStep.RETRY_FAILED
    yield RetirementStep.AWAIT_CYCLE
    is_first = is_removing or is_starting or not _has_cycled_since(retirement)
    if is_first and not retirement.is_held_back and retirement.exceeds_threshold:
        yield from (RetirementStep.RELEASE_DELETIONS, RetirementStep.AWAIT_CYCLE)


def _has_cycled_since(retirement: Retirement) -> bool:
    """Return whether a cycle has begun since the assignments were removed, so that the threshold was applied to it."""
    last = retirement.job.last
    began = last.began or last.ended if last is not None else None
    return began is not None and retirement.removed is not None and began > retirement.removed


def _is_closed(retirement: Retirement) -> bool:
    return not any(True for _ in retirement.deletion_obstacles())
