"""What to do next about an application: the exact command, when it is right, and the state that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.monitoring.job_status import JobPhase, JobStatus

_THRESHOLDS = "escrow"
"""A part of the names of all reasons that are about too many failures."""
_SUPPORT = "quarantinedondemand"
_FULL_RESTART = "the quarantine ends, and the next cycle is an initial one"
_RETRY = "the quarantine ends, and failed users and groups are tried again"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A command line, when it is right, and the state to which it leads."""

    command: str
    condition: str
    leads_to: str


def proposals(status: ApplicationStatus) -> Iterator[Proposal]:
    """Yield what can be done about the only job of an application; nothing if it needs nothing."""
    if len(status.jobs) != 1 or not status.selector:
        return
    job = status.jobs[0]
    if job.deletions_allowed is not None:
        return
    if job.holds_deletions:
        yield from _of_held_deletions(status.selector)
    elif job.quarantine is not None:
        yield from _of_quarantine(job.quarantine.reason.lower(), status.selector)
    elif job.failure is not None:
        yield from _after_failure(status)
    elif job.phase is JobPhase.OFF and status.enabled is not False:
        yield from _of_pause(job, status)


def _after_failure(status: ApplicationStatus) -> Iterator[Proposal]:
    if status.enabled is not None:
        condition = "when the spec is corrected, or a new token is stored and `rotation` changed"
        yield Proposal(f"scimconf apply {status.selector}", condition, "the next cycle uses it")


def _of_pause(job: JobStatus, status: ApplicationStatus) -> Iterator[Proposal]:
    selector = status.selector
    if job.escrows_pruned:
        yield Proposal(
            f"scimconf restart {selector}",
            "when the cause of the failures is corrected",
            "provisioning is on, and the next cycle is an initial one, which tries all users again",
        )
    elif job.has_run:
        yield Proposal(
            f"scimconf resume {selector}",
            "when the reason for the pause is over",
            "provisioning is on and continues where it stopped",
        )
    elif status.enabled:
        steps = "when the steps under `before start` are confirmed" if status.unconfirmed_steps else ""
        condition = steps or "when the application is ready for its users"
        yield Proposal(f"scimconf apply {selector}", condition, "the first cycle creates the users in scope")


def _of_held_deletions(selector: str) -> Iterator[Proposal]:
    held_back = "the deletions are carried out in the next cycle, and the quarantine ends"
    yield Proposal(f"scimconf restart {selector}", "after the cause of the deletions is undone", _FULL_RESTART)
    yield Proposal(f"scimconf allow-deletions {selector}", "if all of the deletions are right", held_back)


def _of_quarantine(reason: str, selector: str) -> Iterator[Proposal]:
    if _THRESHOLDS in reason:
        command = f"scimconf restart {selector} --scope escrows --scope quarantine"
        yield Proposal(command, "when the mappings or the data are corrected", _RETRY)
    elif reason != _SUPPORT:
        yield Proposal(f"scimconf restart {selector}", "when the cause is corrected", _FULL_RESTART)
