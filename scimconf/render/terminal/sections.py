"""One application's plan in sections: heading, warnings, changes, drift, unmanaged resources, guards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.diagnostics import plural
from scimconf.plan import ApplicationPlan, Effect, FailedApplication, Guard, Plan
from scimconf.render.common.change_view import ChangeRow, change_rows
from scimconf.render.common.effects import full_resync
from scimconf.render.common.escaping import cells, pad, visible
from scimconf.render.common.guard_groups import guard_groups
from scimconf.render.common.labels import (
    ABANDONED,
    DRIFT,
    MISSING,
    PARTIAL,
    counts,
    diagnostic_sentence,
    shorten_ids,
    tenant_name,
)
from scimconf.render.common.long_lists import excerpt, excerpt_lines
from scimconf.render.common.verdict import (
    application_ids,
    application_summary,
    failure_text,
    guard_status,
    missing_rows,
    not_compared,
    tenant_mismatches,
    unmanaged_drift,
)
from scimconf.render.terminal.changes import change_lines
from scimconf.render.terminal.page import Page


def tenant_lines(page: Page, plan: Plan) -> Iterator[str]:
    """Yield the tenant as the plan's first line, with a mismatch directly below it."""
    if tenant_name(plan.tenant):
        yield from page.labelled(0, ("strong", "Tenant: "), ("", shorten_ids(tenant_name(plan.tenant))), hang=2)
    for name, guard in tenant_mismatches(plan):
        yield from page.labelled(0, ("danger", f"! {name}: "), ("", guard.message))
    if tenant_name(plan.tenant):
        yield ""


def application_lines(
    page: Page, plan: ApplicationPlan, *, unmanaged: bool = False, full: bool = False
) -> Iterator[str]:
    """Yield the plan of one application.

    `unmanaged` lists the resources that the spec does not manage, `full` every entry of long lists.
    """
    yield from _heading(page, plan)
    if not plan.complete:
        yield from ["", *page.labelled(2, ("replace", f"! {PARTIAL[0]}"), ("", f" {PARTIAL[1]}"), hang=2)]
    yield from _warnings(page, plan)
    rows = change_rows(plan.changes)
    if rows:
        yield from change_lines(page, rows, plan, full=full)
        yield from _full_resync(page, rows)
    else:
        yield from ["", page.line(2, ("", "No changes."))]
    yield from _missing(page, plan, full=full)
    yield from _drift(page, unmanaged_drift(plan), full=full)
    yield from _abandoned(page, plan)
    yield from _unmanaged(page, plan)
    for resource in plan.unmanaged if unmanaged else ():
        yield from page.prose(4, f". {resource.address.local}", "quiet", hang=4)
    yield from _guards(page, plan.guards)


def failure_lines(page: Page, failure: FailedApplication) -> Iterator[str]:
    """Yield an application that could not be planned, and why."""
    yield from page.prose(0, failure.name, "strong", hang=2)
    if failure.paths:
        yield from page.prose(2, ", ".join(failure.paths), "quiet")
    yield from ["", *page.labelled(2, ("danger", "! "), ("", failure_text(failure)), hang=4)]


def _heading(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    yield from page.prose(0, plan.name, "strong", hang=2)
    for line in (", ".join(map(" ".join, application_ids(plan))), ", ".join(plan.paths)):
        if line:
            yield from page.prose(2, line, "quiet")


def _warnings(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    if plan.warnings:
        yield ""
    for diagnostic in plan.warnings:
        style, word = ("danger", "! error") if diagnostic.is_error else ("replace", "warning")
        label = f"{word} {diagnostic.code}:" if diagnostic.code else f"{word}:"
        yield from page.labelled(2, (style, label), ("", f" {diagnostic_sentence(diagnostic)}"), hang=2)


def _full_resync(page: Page, rows: Sequence[ChangeRow]) -> Iterator[str]:
    number = sum(Effect.RESYNC in row.effects and not row.principal for row in rows)
    if number:
        yield from ["", *page.prose(2, full_resync(number), "strong", hang=2)]


def _missing(page: Page, plan: ApplicationPlan, *, full: bool) -> Iterator[str]:
    """Yield the listed principals that the tenant does not have; `!` marks those that prevent an apply."""
    if plan.missing:
        yield from ["", *page.labelled(2, ("strong", f"{MISSING[0].lower()}:"), ("", f" {MISSING[1]}"), hang=2)]
    part = excerpt(missing_rows(plan), full=full)
    yield from excerpt_lines(part, lambda row: _missing_row(page, row), lambda: _omission(page, part.omitted))


def _missing_row(page: Page, row: tuple[str, bool, str]) -> Iterator[str]:
    label, is_error, text = row
    style, sign = ("danger", "!") if is_error else ("", "?")
    yield from page.labelled(4, (style, f"{sign} {label}"), ("", f"  {text}"), hang=4)


def _omission(page: Page, number: int) -> str:
    return page.line(4, ("quiet", f"… {number:,} more (--full lists all)"))


def _drift(page: Page, resources: Sequence[str], *, full: bool) -> Iterator[str]:
    if resources:
        yield from ["", *page.labelled(2, ("strong", f"{DRIFT[0].lower()}:"), ("", f" {DRIFT[1]}"), hang=2)]
    part = excerpt(resources, full=full)
    rows = excerpt_lines(part, lambda row: page.prose(4, f"? {row}", hang=4), lambda: _omission(page, part.omitted))
    yield from rows


def _abandoned(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    """Yield what a previous spec managed; it stays until the spec says that it is absent."""
    if plan.abandoned:
        yield from ["", *page.labelled(2, ("strong", f"{ABANDONED[0].lower()}:"), ("", f" {ABANDONED[1]}"), hang=2)]
    for abandoned in plan.abandoned:
        yield from page.prose(4, f"? {abandoned.address.local}", hang=4)
        yield from page.prose(8, abandoned.removal_snippet, hang=2)


def _unmanaged(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    unmanaged, excluded = counts(plan.unmanaged_counts), plan.excluded_changes
    if unmanaged or excluded or plan.not_compared:
        yield ""
    if unmanaged:
        yield from page.prose(2, f"unmanaged: {unmanaged}", "quiet", hang=2)
    parts = [plural(excluded, "change")] if excluded else []
    parts += [not_compared(plan.not_compared)] if plan.not_compared else []
    if parts:
        yield from page.prose(2, f"excluded by --only, --exclude or --no-start: {', '.join(parts)}", "quiet", hang=2)


def _guards(page: Page, guards: Sequence[Guard]) -> Iterator[str]:
    if guards:
        yield ""
    for group in guard_groups(guards):
        guard = group.first
        places = ", ".join(f"{address}{number}" for address, number in group.places())
        is_placed = len(group.guards) > 1 or (guard.address is not None and guard.address.rest)
        place = f" at {places}{group.more}" if is_placed else ""
        style, word = ("strong", "allowed guard") if guard.is_allowed else ("danger", "! guard")
        yield from page.labelled(2, (style, f"{word} {guard.id}"), ("", f"{place}: {group.message}"), hang=4)
        yield from page.prose(6, guard_status(guard), hang=2)


def total_lines(page: Page, plan: Plan) -> Iterator[str]:
    """Yield the counts of each application, `failed` for one that could not be planned."""
    rows = [(application.name, application_summary(application)) for application in plan.applications]
    rows += [(failure.name, "failed") for failure in plan.failures]
    column = min(max(cells(visible(name)) for name, _ in rows), page.width // 2)
    for name, summary in rows:
        yield from page.prose(0, f"{pad(visible(name), column)}  {summary}", hang=2)
