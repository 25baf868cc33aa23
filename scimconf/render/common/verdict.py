"""What all formats say about a plan as a whole and about each application: verdict, counts, ids, guards, drift."""

from __future__ import annotations

from collections.abc import Iterable

from scimconf.diagnostics import plural
from scimconf.plan import ApplicationPlan, FailedApplication, Guard, Plan
from scimconf.plan.guards import ASKED
from scimconf.render.common.change_view import totals
from scimconf.render.common.escaping import visible
from scimconf.render.common.fields import facts
from scimconf.render.common.labels import diagnostic_sentence, kind_order, plural_label, shorten_ids

MISMATCH = "tenant-mismatch"


def verdict(plan: Plan) -> str:
    """Return the plan in a sentence: `Plan: 1 to create, …`, or why there is nothing to do; failures come first."""
    if not plan.failures:
        return _planned_verdict(plan)
    return f"{failures_sentence(plan)} {_planned_verdict(plan)}" if plan.applications else failures_sentence(plan)


def failures_sentence(plan: Plan) -> str:
    """Return `1 of 5 applications could not be planned.`, or an empty string."""
    total = len(plan.applications) + len(plan.failures)
    count = f"{len(plan.failures):,} of {plural(total, 'application')}"
    return f"{count} could not be planned." if plan.failures else ""


def _planned_verdict(plan: Plan) -> str:
    drift = sum(len(application.unmanaged_drift) for application in plan.applications)
    missing, prevents = _missing(plan)
    if plan.has_changes:
        return f"Plan: {_counts(plan.applications)}.{f' {missing}{prevents}.' if missing else ''}"
    differences = [f"{plural(drift, 'unmanaged resource')} in the tenant"] if drift else []
    differences += [missing] if missing else []
    if differences:
        return f"No changes, but {' and '.join(differences)} (drift){prevents}."
    excluded = _excluded(plan)
    if excluded:
        return f"No changes in the selected addresses ({excluded})."
    return "The others have no changes." if plan.failures else "No changes. The tenant matches the spec."


def _missing(plan: Plan) -> tuple[str, str]:
    """Return `2 listed users or groups are missing` and `; 1 of them prevents an apply`, each or both empty."""
    rows = [row for application in plan.applications for row in application.missing]
    text = f"{plural(len(rows), 'listed user or group is', 'listed users or groups are')} missing" if rows else ""
    errors = sum(row.is_error for row in rows)
    if not errors:
        return text, ""
    which = "it" if len(rows) == 1 else f"{errors:,} of them"
    return text, f"; {which} {'prevents' if errors == 1 else 'prevent'} an apply"


def _excluded(plan: Plan) -> str:
    """Return how many changes the selection leaves out, and which kinds it does not compare."""
    excluded = sum(application.excluded_changes for application in plan.applications)
    kinds = sorted({kind for application in plan.applications for kind in application.not_compared}, key=kind_order)
    parts = [f"{plural(excluded, 'change')} excluded"] if excluded else []
    return ", ".join([*parts, *[f"{not_compared(kinds)}"] * bool(kinds)])


def not_compared(kinds: Iterable[str]) -> str:
    """Return `assignments not compared`."""
    return f"{' and '.join(plural_label(kind) for kind in kinds)} not compared"


def application_summary(plan: ApplicationPlan) -> str:
    """Return the counts of one application, or `no changes`."""
    counts = _counts([plan]) if plan.changes else "no changes"
    return f"{counts}, {len(plan.missing):,} missing" if plan.missing else counts


def _counts(plans: Iterable[ApplicationPlan]) -> str:
    """Return `12 to create, 3 to update, 0 to replace, 1 to delete`."""
    numbers = totals(plans)
    return ", ".join(f"{number:,} to {action.value}" for action, number in numbers.items())


def application_ids(plan: ApplicationPlan) -> list[tuple[str, str]]:
    """Return the label and the shortened value of each id."""
    return [(name.replace("_", " "), shorten_ids(value)) for name, value in plan.ids.items()]


def unmanaged_drift(plan: ApplicationPlan) -> list[str]:
    """Return the unmanaged resources in plan order, each with what Graph computes for it."""
    resources = sorted(plan.unmanaged_drift, key=lambda resource: (kind_order(resource.address.kind), resource.address))
    return [f"{resource.address.local}  {facts(resource)}".rstrip() for resource in resources]


def missing_rows(plan: ApplicationPlan) -> list[tuple[str, bool, str]]:
    """Return each missing principal: `user:grace@contoso.com`, whether it prevents an apply, and why it is missing."""
    return [
        (
            visible(f"{row.type}:{row.name}"),
            row.is_error,
            f"{row.diagnostic.severity} {row.diagnostic.code}: {diagnostic_sentence(row.diagnostic)}",
        )
        for row in plan.missing
    ]


def failure_text(failure: FailedApplication) -> str:
    """Return `failed: why. What to do`."""
    message = failure.message if failure.message.endswith((".", "!", "?")) else f"{failure.message}."
    return visible(" ".join(filter(None, [f"failed: {message}", failure.hint])))


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
