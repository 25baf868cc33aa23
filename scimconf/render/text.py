"""Plans, steps and reports as text for a terminal or a pipe. The caller decides the width and the color."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scimconf.plan import Plan, Report
from scimconf.render.common.verdict import blocked, verdict
from scimconf.render.terminal.page import Page, joined
from scimconf.render.terminal.reports import report_lines
from scimconf.render.terminal.sections import application_lines, failure_lines, tenant_lines, total_lines
from scimconf.render.terminal.steps import step_lines
from scimconf.steps import Step

WIDTH = 80


def plan(
    plan: Plan,
    *,
    width: int = WIDTH,
    color: bool = False,
    steps: Mapping[str, Sequence[Step]] | None = None,
    unmanaged: bool = False,
    full: bool = False,
) -> str:
    """Return the plan; `steps` holds the steps of an apply by application name.

    `unmanaged` lists the resources that the spec does not manage, `full` every entry of long lists.
    """
    page = Page(width, color)
    lines = [*tenant_lines(page, plan)]
    for application in plan.applications:
        lines += application_lines(page, application, unmanaged=unmanaged, full=full)
        own_steps = (steps or {}).get(application.name, ())
        if own_steps:
            lines += ["", page.line(2, ("strong", "steps")), *step_lines(page, own_steps)]
        lines.append("")
    for failure in plan.failures:
        lines += [*failure_lines(page, failure), ""]
    return joined([*lines, *_last(page, plan)])


def steps(steps: Iterable[Step], *, width: int = WIDTH, color: bool = False) -> str:
    """Return the steps of an apply, request by request and edit by edit."""
    return joined(step_lines(Page(width, color), steps))


def report(reports: Iterable[Report], *, width: int = WIDTH, color: bool = False) -> str:
    """Return what an apply did, what failed, and how to continue."""
    page = Page(width, color)
    return joined(line for report in reports for line in report_lines(page, report))


def _last(page: Page, plan: Plan) -> Iterator[str]:
    """Yield the blocking guards and the counts, which are always the last lines."""
    if blocked(plan):
        yield from page.prose(0, blocked(plan), "danger", hang=2)
    if len(plan.applications) + len(plan.failures) > 1:
        yield from total_lines(page, plan)
    yield from page.prose(0, verdict(plan), "strong", hang=2)
