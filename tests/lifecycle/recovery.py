"""What follows a disturbed apply: its report is true, and the same command, run again, completes the work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tenant_fixture import PlannedApplication, Rehearsal, all_allowed, changes, exit_code

from scimconf.plan import ApplyStatus, Pause, Report, Result

from .apply_cases import Case
from .tenant_states import Content, Observer, is_active, job_state

RUNS = 3
"""How often an apply is run again at most; once is enough unless Graph shows a creation late."""
STALE = 3


def converge(case: Case, file: Path, rehearsal: Rehearsal, observer: Observer, runs: int = 1) -> Iterator[str]:
    """Apply until the exit code is 0, at most `runs` times; yield what is wrong then."""
    for _ in range(runs):
        planned = rehearsal.plan(file, all_allowed())
        yield from paused_without_a_change(rehearsal, planned)
        report = rehearsal.apply(planned, all_allowed())
        if exit_code(report) == 0:
            break
    else:
        yield f"exit code {exit_code(report)} after it was run again: {reasons(report)}"
    if remaining := changes(rehearsal.plan(file)):
        yield f"changes remain: {remaining}"
    elif not case.ends_as(rehearsal):
        yield "the tenant is not as the spec demands, although nothing is left to change"
    if not is_active(rehearsal):
        yield f"provisioning is not started: {job_state(rehearsal)}"
    yield from observer.look()


def paused_without_a_change(rehearsal: Rehearsal, planned: PlannedApplication) -> Iterator[str]:
    """Yield a violation if the job is not active and the plan does not show that it will be started.

    A job that Graph does not list yet is planned anew.
    """
    if job_state(rehearsal) not in ("", "Active") and not {"~ schedule", "+ job"} & {*changes(planned)}:
        yield f"provisioning is {job_state(rehearsal)}, and the next plan does not show it"


def untrue(report: Report, before: Content, was_active: bool, rehearsal: Rehearsal, file: Path) -> Iterator[str]:
    """Yield what a report says that is not true of the tenant after an apply."""
    code, after = exit_code(report), Content.of(rehearsal)
    remaining = {change.address for change in rehearsal.plan(file).plan.changes}
    if code == 0 and remaining:
        yield f"exit code 0, and changes remain: {sorted(map(str, remaining))}"
    if code != 0 and not reasons(report):
        yield f"exit code {code} without a reason"
    if not report.wrote and before != after:
        yield f"exit code {code} says that nothing was written"
    if report.status in (ApplyStatus.FAILED, ApplyStatus.BLOCKED, ApplyStatus.INVALID) and before != after:
        yield f"the status is {report.status.value}, and something was written"
    done = {address for address, result in report.by_address().items() if result is Result.DONE}
    if report.status is not ApplyStatus.STALE and (false := done & remaining):
        yield f"reported as done, and not done: {sorted(map(str, false))}"
    is_paused = was_active and not is_active(rehearsal)
    if (is_paused and not report.is_paused) or (report.pause is Pause.CONFIRMED and not is_paused):
        yield f"paused: {is_paused}, the report says {report.pause.value or 'nothing of it'}"


def reasons(report: Report) -> list[str]:
    """Return why an apply did not end with 0."""
    diagnostics = [diagnostic.message for diagnostic in report.diagnostics]
    return [text for text in (report.error, *(outcome.detail for outcome in report.failed), *diagnostics) if text]
