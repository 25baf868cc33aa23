"""Read a saved plan, and compare it with the plan of today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scimconf.diagnostics import Diagnostic, DiagnosticsError, Location, ScimconfError
from scimconf.plan import Plan
from scimconf.plan.file import SavedPlan, differences
from scimconf.plan.file import read as parse
from scimconf.plan.redact import redact_plan


def is_saved_plan(path: str) -> bool:
    """Return whether a file contains a plan: JSON begins with a brace, a spec does not."""
    try:
        with Path(path).open("rb") as file:
            return file.read(64).lstrip()[:1] == b"{"
    except OSError:
        return False  # reading it as a spec reports the error


def read_saved_plan(path: str) -> SavedPlan:
    """Return the plan in a file; raise DiagnosticsError if it cannot be read or is no valid plan."""
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        message = f"cannot read the plan: {error.strerror}"
        raise DiagnosticsError([Diagnostic("P001", message, location=Location(path))]) from None
    saved = parse(text, path)
    if isinstance(saved, Diagnostic):
        raise DiagnosticsError([saved])
    return saved


def spec_paths(saved: SavedPlan) -> tuple[str, ...]:
    """Return the paths of the planned specs; raise DiagnosticsError if there is none, a file is missing, or an
    application failed.
    """
    if saved.plan.failures:
        names = ", ".join(failure.name for failure in saved.plan.failures)
        message = f"the plan is incomplete: {names} could not be planned"
        raise DiagnosticsError([Diagnostic("P007", message, hint="Fix the failure and plan again.")])
    unnamed = [application.name for application in saved.plan.applications if not application.paths]
    if unnamed:
        message = f"the plan of {', '.join(unnamed)} has no spec, so it cannot be applied"
        raise DiagnosticsError([Diagnostic("P006", message, hint="Make a plan: scimconf plan --out FILE")])
    paths = tuple(application.paths[0] for application in saved.plan.applications)
    hint = "Paths in a plan are relative to the folder in which it was made. Run apply there, or plan again here."
    missing = [
        Diagnostic("S001", "cannot be read: no such file", location=Location(path), hint=hint)
        for path in paths
        if not Path(path).exists()
    ]
    if missing:
        raise DiagnosticsError(missing)
    return paths


def joined(saved: Sequence[SavedPlan]) -> list[Plan]:
    """Return the saved plans as one plan for each tenant, in the order of the files.

    Raise ScimconfError if two plans of a tenant contain the same application, or were made with different options.
    """
    by_tenant: dict[tuple[str, str], list[Plan]] = {}
    for plan in (own.plan for own in saved):
        by_tenant.setdefault((plan.tenant.id, plan.tenant.domain), []).append(plan)
    return [_joined(plans) for plans in by_tenant.values()]


def _joined(plans: Sequence[Plan]) -> Plan:
    first = plans[0]
    names = Counter(application.name for plan in plans for application in plan.applications)
    repeated = [name for name, number in names.items() if number > 1]
    if repeated:
        raise ScimconfError(f"Several of these plans contain {', '.join(repeated)}", "Name each plan once.")
    if any(plan.options != first.options for plan in plans):
        raise ScimconfError("These plans were made with different options", "Show them one by one.")
    applications = tuple(application for plan in plans for application in plan.applications)
    failures = tuple(failure for plan in plans for failure in plan.failures)
    return replace(first, applications=applications, failures=failures)


def changes_since(saved: SavedPlan, plan: Plan) -> tuple[str, ...]:
    """Return what differs between a saved plan and a new one, a line each; a redacted plan is compared redacted."""
    from scimconf.render.common.escaping import visible
    from scimconf.render.json import plan_document

    plan = redact_plan(plan) if saved.plan.options.get("redact") else plan
    return tuple(visible(line) for line in differences(saved.plan, plan, (saved.document, plan_document(plan))))
