"""What all formats say about a plan as a whole and about each application: verdict, counts, ids, guards, drift."""

from __future__ import annotations

from collections.abc import Iterable

from scimconf.plan import ApplicationPlan, Guard, Plan
from scimconf.plan.guards import ASKED
from scimconf.render.common.change_view import change_rows, totals
from scimconf.render.common.fields import facts
from scimconf.render.common.labels import kind_order, plural, shorten_ids

MISMATCH = "tenant-mismatch"


def verdict(plan: Plan) -> str:
    """Return the plan in a sentence: `Plan: 1 to create, …`, or why there is nothing to do."""
    if plan.has_changes:
        return f"Plan: {_counts(plan.applications)}."
    drift = sum(len(application.unmanaged_drift) for application in plan.applications)
    if drift:
        return f"No changes, but {plural(drift, 'unmanaged resource')} in the tenant (drift)."
    excluded = sum(application.excluded_changes for application in plan.applications)
    if excluded:
        return f"No changes in the selected addresses ({plural(excluded, 'change')} excluded)."
    return "No changes. The tenant matches the spec."


def application_summary(plan: ApplicationPlan) -> str:
    """Return the counts of one application, or `no changes`."""
    return _counts([plan]) if plan.changes else "no changes"


def _counts(plans: Iterable[ApplicationPlan]) -> str:
    """Return `12 to create, 3 to update, 0 to replace, 1 to delete`."""
    numbers = totals(row for plan in plans for row in change_rows(plan.changes))
    return ", ".join(f"{number:,} to {action.value}" for action, number in numbers.items())


def application_ids(plan: ApplicationPlan) -> list[tuple[str, str]]:
    """Return the label and the shortened value of each id."""
    return [(name.replace("_", " "), shorten_ids(value)) for name, value in plan.ids.items()]


def unmanaged_drift(plan: ApplicationPlan) -> list[str]:
    """Return the unmanaged resources in plan order, each with what Graph computes for it."""
    resources = sorted(plan.unmanaged_drift, key=lambda resource: (kind_order(resource.address.kind), resource.address))
    return [f"{resource.address.local}  {facts(resource)}".rstrip() for resource in resources]


def tenant_mismatches(plan: Plan) -> list[tuple[str, Guard]]:
    """Return each application that was planned against another tenant than its spec names, with the guard."""
    guards = [(application.name, guard) for application in plan.applications for guard in application.guards]
    return [(name, guard) for name, guard in guards if guard.id == MISMATCH]


def blocked(plan: Plan) -> str:
    """Return `2 guards block this plan: …`, or an empty string."""
    guards = sorted({guard.id for application in plan.applications for guard in application.blocking_guards})
    return f"{plural(len(guards), 'guard blocks', 'guards block')} this plan: {', '.join(guards)}." if guards else ""


def guard_status(guard: Guard) -> str:
    """Return what allows a guard, or how to allow it."""
    if guard.is_allowed:
        return f"allowed by {guard.allowed_by}"
    if guard.id in ASKED:
        return f"to allow: answer yes when apply asks, or pass --allow {guard.id}"
    if guard.id == MISMATCH:
        return "sign in to the tenant of the spec, or correct `tenant` in the spec"
    return f"to allow: add `guard: {guard.id}` to guard_exemptions in the spec, or pass --allow {guard.id}"
