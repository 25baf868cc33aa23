"""The verdict on a whole plan: how many changes of which kind, or that there are none."""

from __future__ import annotations

from scimconf.plan import ApplicationPlan, Plan
from scimconf.render.common.change_view import change_rows, totals
from scimconf.render.common.labels import plural, sum_up


def verdict(plan: Plan) -> str:
    """Return the plan in a sentence: `Plan: 1 to create, …`, or why there is nothing to do."""
    if plan.has_changes:
        rows = [row for application in plan.applications for row in change_rows(application.changes)]
        return f"Plan: {sum_up(totals(rows))}."
    drift = sum(len(application.unmanaged_drift) for application in plan.applications)
    if drift:
        return f"No changes, but {plural(drift, 'unmanaged resource')} in the tenant (drift)."
    excluded = sum(application.excluded_changes for application in plan.applications)
    if excluded:
        return f"No changes in the selected addresses ({plural(excluded, 'change')} excluded)."
    return "No changes. The tenant matches the spec."


def application_summary(plan: ApplicationPlan) -> str:
    """Return the counts of one application, or `no changes`."""
    return sum_up(totals(change_rows(plan.changes))) if plan.changes else "no changes"
