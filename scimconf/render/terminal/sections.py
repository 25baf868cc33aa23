"""One application's plan in sections: heading, notices, changes, drift, what is left alone, guards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scimconf.plan import ApplicationPlan, Effect, Guard, Resource, Tenant
from scimconf.render.common.escaping import cells, pad, visible
from scimconf.render.diagnostics import sentence
from scimconf.render.labels import HORIZON, counts, effect, guard_message, opening, place, plural, short, sum_up
from scimconf.render.terminal.assignments import KIND as ASSIGNMENT
from scimconf.render.terminal.changes import change_lines
from scimconf.render.terminal.fields import facts
from scimconf.render.terminal.page import Page

_IDS = {
    "app_id": "app id",
    "service_principal": "service principal",
}


def application_lines(page: Page, plan: ApplicationPlan, tenant: Tenant, *, unmanaged: bool = False) -> Iterator[str]:
    yield from _heading(page, plan, tenant)
    yield from _horizon(page, plan)
    yield from _notices(page, plan)
    if plan.changes:
        yield from change_lines(page, plan.changes)
        yield from _resync(page, plan)
    else:
        yield from ["", page.line(2, ("", "No changes."))]
    yield from _drift(page, plan.unmanaged_drift)
    yield from _behind(page, plan)
    yield from _rest(page, plan)
    for one in plan.unmanaged if unmanaged else ():
        yield from page.prose(4, f". {one.address.local}", "quiet", hang=4)
    yield from _guards(page, plan.guards)


def _heading(page: Page, plan: ApplicationPlan, tenant: Tenant) -> Iterator[str]:
    where = tenant.domain or short(tenant.id)
    yield from page.prose(0, f"{plan.name}  in {where}" if where else plan.name, "strong", hang=2)
    ids = ", ".join(f"{_IDS.get(key, key.replace('_', ' '))} {short(value)}" for key, value in plan.ids.items())
    for said in (ids, ", ".join(plan.paths)):
        if said:
            yield from page.prose(2, said, "quiet")


def _horizon(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    if not plan.complete:
        first, why = HORIZON
        yield from ["", *page.labelled(2, ("replace", f"! {first}"), ("", f" {why}"), hang=2)]


def _notices(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    if plan.warnings:
        yield ""
    for problem in plan.warnings:
        style, mark = ("danger", "! problem") if problem.is_error else ("replace", "note")
        label = f"{mark} {problem.code}:" if problem.code else f"{mark}:"
        yield from page.labelled(2, (style, label), ("", f" {sentence(problem)}"), hang=2)


def _resync(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    number = sum(Effect.RESYNC in change.effects for change in plan.changes if change.kind != ASSIGNMENT)
    if number:
        word, colon, said = effect(Effect.RESYNC, "").partition(":")
        yield ""
        because = f"{said}, because of {plural(number, 'change')}"
        yield from page.labelled(2, ("strong", word + colon), ("", because), hang=2)


def _drift(page: Page, reported: Iterable[Resource]) -> Iterator[str]:
    listed = sorted(reported, key=lambda resource: (place(resource.address.kind), resource.address))
    if listed:
        yield ""
        yield from page.prose(2, "drift: in the tenant, not in the spec; only reported", "strong", hang=2)
    for resource in listed:
        yield from page.prose(4, f"? {resource.address.local}  {facts(resource)}".rstrip(), hang=4)


def _behind(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    """What a former spec named: it stays until it is said to be absent."""
    if plan.abandoned:
        yield ""
        said = " no longer in the spec, still in the tenant; to remove it, write"
        yield from page.labelled(2, ("strong", "left behind:"), ("", said), hang=2)
    for one in plan.abandoned:
        yield from page.prose(4, f"? {one.address.local}", hang=4)
        yield from page.prose(8, one.removal_snippet, hang=2)


def _rest(page: Page, plan: ApplicationPlan) -> Iterator[str]:
    left, excluded = counts(plan.unmanaged_counts), plan.excluded_changes
    if left or excluded:
        yield ""
    if left:
        yield from page.prose(2, f"left alone: {left}", "quiet", hang=2)
    if excluded:
        yield from page.prose(2, f"excluded by --only or --exclude: {plural(excluded, 'change')}", "quiet", hang=2)


def _guards(page: Page, guards: Sequence[Guard]) -> Iterator[str]:
    if guards:
        yield ""
    for guard in sorted(guards, key=lambda guard: guard.is_allowed):
        about = f" at {guard.address.local}" if guard.address and guard.address.rest else ""
        style, mark = ("strong", "") if guard.is_allowed else ("danger", "! ")
        yield from page.labelled(2, (style, f"{mark}guard {guard.id}"), ("", f"{about}: {guard_message(guard)}"), hang=4)
        yield from page.prose(6, opening(guard), hang=2)


def total_lines(page: Page, plans: Sequence[ApplicationPlan]) -> Iterator[str]:
    """The counts of each application, where there are several."""
    column = min(max(cells(visible(plan.name)) for plan in plans), page.width // 2)
    for plan in plans:
        said = sum_up(plan.changes) if plan.changes else "no changes"
        yield from page.prose(0, f"{pad(visible(plan.name), column)}  {said}", hang=2)
