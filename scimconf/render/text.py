"""Plans, steps and reports for a terminal or a pipe. The caller knows the width and whether colour is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from scimconf.plan import Plan, Report
from scimconf.plan.outcome import Reports
from scimconf.render.labels import stopped, verdict
from scimconf.render.terminal.page import Page
from scimconf.render.terminal.reports import report_lines
from scimconf.render.terminal.sections import application_lines, total_lines
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
) -> str:
    """The whole plan; `steps` gives by an application's name what `apply` would do, in its order.

    `unmanaged` lists what is left alone, one by one.
    """
    page = Page(width, color)
    lines: list[str] = []
    for application in plan.applications:
        lines += application_lines(page, application, plan.tenant, unmanaged=unmanaged)
        lines += _steps_of(page, (steps or {}).get(application.name, ()))
        lines.append("")
    lines += _last(page, plan)
    return _text(lines)


def steps(steps: Iterable[Step], *, width: int = WIDTH, color: bool = False) -> str:
    """What `apply` would do, request by request and edit by edit."""
    return _text(step_lines(Page(width, color), steps))


def report(reports: Reports | Iterable[Report], *, width: int = WIDTH, color: bool = False) -> str:
    """What an apply did, what failed, and the way on."""
    page = Page(width, color)
    listed = reports.applications if isinstance(reports, Reports) else tuple(reports)
    return _text(line for one in listed for line in report_lines(page, one))


def _steps_of(page: Page, steps: Sequence[Step]) -> Iterator[str]:
    if steps:
        yield from ["", page.line(2, ("strong", "steps"))]
        yield from step_lines(page, steps)


def _last(page: Page, plan: Plan) -> Iterator[str]:
    """Whether guards stop it, and the counts; nothing comes after them."""
    if stopped(plan):
        yield from page.prose(0, stopped(plan), "danger", hang=2)
    if len(plan.applications) > 1:
        yield from total_lines(page, plan.applications)
    yield from page.prose(0, verdict(plan), "strong", hang=2)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
