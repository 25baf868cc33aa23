"""The waves of `scimconf apply --wave`: some applications at a time, until a job is in quarantine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from scimconf.cli import output
from scimconf.cli.exit_codes import ExitCode
from scimconf.diagnostics import ScimconfError
from scimconf.plan import ApplyStatus, Report
from scimconf.workflow.fleet import quarantine_after
from scimconf.workflow.plan import PlannedApplication

if TYPE_CHECKING:
    from scimconf.cli.exit_report import ExitReportLog
    from scimconf.graph.reading import TenantSession

ApplyOne = Callable[[PlannedApplication, "TenantSession"], Awaitable[ExitCode]]
Ends = dict[str, ExitCode]


async def apply_in_waves(
    ready: Sequence[PlannedApplication],
    size: int | None,
    open_session: Callable[[], TenantSession],
    apply_one: ApplyOne,
) -> tuple[Ends, Sequence[PlannedApplication], str]:
    """Apply `size` applications, all without a size, then read the status of their jobs, and so on.

    Return the exit codes, and after a wave with a job in quarantine the applications that were not applied, and why.
    """
    ends: Ends = {}
    size = size or max(len(ready), 1)
    for start in range(0, len(ready), size):
        wave, rest = [(planned, open_session()) for planned in ready[start : start + size]], ready[start + size :]
        for planned, tenant in wave:
            ends[planned.name] = await apply_one(planned, tenant)
        for planned, tenant in wave if rest else ():
            if reason := await _problem(planned.name, tenant):
                return ends | dict.fromkeys([other.name for other in rest], ExitCode.QUARANTINE), rest, reason
    return ends, (), ""


async def _problem(name: str, tenant: TenantSession) -> str:
    """Return why no more applications are applied after this one, "" if it is no reason."""
    try:
        reason = await quarantine_after(tenant)
    except ScimconfError as error:
        return f"{name}: the status of its job cannot be read: {error}"
    return f"{name}: its job is in quarantine ({reason})" if reason else ""


def report_stopped(reason: str, rest: Sequence[PlannedApplication], log: ExitReportLog) -> None:
    """Print why the apply ended after a wave, and add the other applications to the report."""
    number = "1 application was" if len(rest) == 1 else f"{len(rest):,} applications were"
    text = f"Stopped after this wave: {reason}"
    output.print_lines(f"{text}. {number} not applied. Fix the cause, then run apply again.", err=True)
    for planned in rest:
        log.add(Report(planned.name, error=f"No changes were made. {text}.", status=ApplyStatus.FAILED))
