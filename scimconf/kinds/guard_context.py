"""What guards need besides the changes of their kind, collected from the spec, the snapshot and the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from scimconf.documents import application, job
from scimconf.kinds.assignment import AssignmentKind
from scimconf.kinds.connection import needed_secrets
from scimconf.plan import Action, Change, Resource
from scimconf.plan.guards import GuardContext, GuardExemption
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Step


def has_run(snapshot: Snapshot) -> bool:
    """Return whether any job of the application ever ran."""
    return any(job.has_run(row) for row in snapshot.rows("jobs"))


def guard_context(
    spec: Spec, snapshot: Snapshot, changes: Sequence[Change], managed: Iterable[Resource], steps: Sequence[Step]
) -> GuardContext:
    """Return the context of one application. Tenant, day and exemptions of the command line are up to the caller."""
    assigned = application.assigned(snapshot.rows("assignments"))
    rows = [row for row in assigned if row["principalType"] != "ServicePrincipal"]
    groups = frozenset(row["principalId"] for row in rows if row["principalType"] == "Group")
    holders = Counter(row["principalId"] for row in rows)
    return GuardContext(
        expected_tenant=spec.tenant,
        has_run=has_run(snapshot),
        quarantine=next(filter(None, map(job.quarantine, snapshot.rows("jobs"))), ""),
        holders=holders,
        members={principal: snapshot.members.get(principal) if principal in groups else 1 for principal in holders},
        groups=groups,
        removed_assignments=removed_assignments(changes),
        matching=frozenset(resource.address for resource in managed if resource.fields.get("match") is not None),
        unavailable_secrets=_unavailable_secrets(spec, steps, snapshot),
        exemptions=tuple(
            GuardExemption(item.guard, item.until, item.reason, item.address or "", item.max)
            for item in spec.guard_exemptions
        ),
    )


def removed_assignments(changes: Iterable[Change]) -> Counter[str]:
    """Return how many assignments the plan deletes, by role id."""
    removed = Counter[str]()
    for change in changes:
        is_deletion = change.kind == AssignmentKind.name and change.action is Action.DELETE
        key = change.before.key if is_deletion and change.before is not None else None
        if isinstance(key, tuple):
            removed[str(key[1])] += 1
    return removed


def _unavailable_secrets(spec: Spec, steps: Sequence[Step], snapshot: Snapshot) -> tuple[str, ...]:
    """Return the masked keys without a reference, if the spec allows to send only the keys that change."""
    if spec.connection is None or spec.connection.on_unreadable_secret is None:
        return ()
    return tuple(key for key, reference in needed_secrets(steps, snapshot).items() if reference is None)
