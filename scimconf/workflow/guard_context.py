"""What guards need beside the changes, and the warnings that belong to no kind. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application, job, secrets
from scimconf.kinds import mappings
from scimconf.plan import Address, DiffResult, Resource, Tenant
from scimconf.plan.guards import GuardContext, GuardExemption
from scimconf.plan.impact import ImpactData
from scimconf.snapshot import SecretRef, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Edit, Step
from scimconf.workflow.compilation import ChangeSet, PlanOptions

ROLES = "appRoleAssignments"


def tenant_of(snapshot: Snapshot) -> Tenant | None:
    """Return the tenant from `/organization`, or the token's tenant id if that read was denied."""
    token_tenant = snapshot.names.get("token_tenant")
    return application.tenant(snapshot.get("organization")) or (Tenant(token_tenant) if token_tenant else None)


def guard_context(
    spec: Spec, snapshot: Snapshot, options: PlanOptions, change_set: ChangeSet, data: ImpactData, abandoned: int
) -> GuardContext:
    """Return the context of the guards; `abandoned` is the number of abandoned resources that block an apply."""
    rows = [
        row for row in application.assigned(snapshot.rows("assignments")) if row["principalType"] != "ServicePrincipal"
    ]
    groups = frozenset(row["principalId"] for row in rows if row["principalType"] == "Group")
    principals = dict.fromkeys(row["principalId"] for row in rows)
    jobs = snapshot.rows("jobs")
    return GuardContext(
        today=options.today,
        expected_tenant=spec.tenant,
        tenant=tenant_of(snapshot),
        has_run=any(map(job.has_run, jobs)),
        quarantine=next(filter(None, map(job.quarantine, jobs)), ""),
        holders=Counter(row["principalId"] for row in rows),
        members={principal: data.members.get(principal) if principal in groups else 1 for principal in principals},
        groups=groups,
        matching=_matching(change_set.diff),
        unavailable_secrets=tuple(_unavailable_secrets(spec, change_set.steps, snapshot)),
        abandoned=abandoned,
        exemptions=_exemptions(spec, options),
    )


def _exemptions(spec: Spec, options: PlanOptions) -> tuple[GuardExemption, ...]:
    in_spec = (
        GuardExemption(exemption.guard, exemption.until, exemption.reason, exemption.address or "", exemption.max)
        for exemption in spec.guard_exemptions
    )
    return (*in_spec, *map(GuardExemption, options.allow))


def _matching(diff: DiffResult) -> frozenset[Address]:
    return frozenset(resource.address for resource in diff.managed if resource.fields.get("match") is not None)


def _unavailable_secrets(spec: Spec, steps: Sequence[Step], snapshot: Snapshot) -> Iterator[str]:
    if spec.connection is None or spec.connection.on_unreadable_secret is None:
        return
    for key, reference in needed_secrets(steps, snapshot).items():
        if reference is None:
            yield key


# --- warnings -------------------------------------------------------------------------------------------------------


def warnings(spec: Spec, change_set: ChangeSet, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield the warnings of a plan that depend on its changes and steps."""
    yield from _secret_warnings(change_set.steps, snapshot)
    for address in change_set.selection.pulled:
        message = f"{address} is included, because a selected change needs it"
        yield Diagnostic("K002", message, severity="warning")
    if spec.tenant is None:
        message, hint = (
            "the spec names no tenant, so it can be applied to any tenant",
            "Add `tenant:` with a verified domain.",
        )
        yield Diagnostic("K001", message, severity="warning", hint=hint)
    yield from _default_access_warnings(spec, change_set.diff)


def needed_secrets(steps: Iterable[Step], snapshot: Snapshot) -> Mapping[str, SecretRef | None]:
    """Graph's key → the reference that an apply resolves for it; None where a stored value cannot be sent again."""
    edits = [step for step in steps if isinstance(step, Edit) and step.document.name == "secrets"]
    if not edits:
        return {}
    references: dict[str, SecretRef | None] = {
        edit.key[0]: edit.value for edit in edits if isinstance(edit.value, SecretRef)
    }
    document, removed = edits[0].document, {edit.key[0] for edit in edits if edit.operation == "remove_value"}
    for key in secrets.masked(snapshot.get("secrets")):
        if key not in removed and key not in dict(document.plain):
            references.setdefault(key, dict(document.references).get(key))
    return references


def _secret_warnings(steps: Sequence[Step], snapshot: Snapshot) -> Iterator[Diagnostic]:
    for key, reference in needed_secrets(steps, snapshot).items():
        if reference is not None:
            yield Diagnostic("K402", f"apply needs {reference} for {key}", severity="warning")
        elif not any(isinstance(step, Edit) and step.document.partial for step in steps):
            message = f"{key} is stored and cannot be read back, and the spec names no source for it; apply would stop"
            hint = "Secrets are written as a whole: add the source of this value under `connection`."
            yield Diagnostic("K403", message, severity="warning", hint=hint)


def _default_access_warnings(spec: Spec, diff: DiffResult) -> Iterator[Diagnostic]:
    """Warn about unmanaged assignments without a role, if a mapping sends roles."""
    count = sum(resource.address.kind == "assignment" and _is_default(resource) for resource in diff.unmanaged)
    if count and any(ROLES in mappings.reads(row.row) for row in mappings.listed(spec)):
        subject = "1 unmanaged assignment has" if count == 1 else f"{count} unmanaged assignments have"
        message = (
            f"{subject} no role (Default Access); Microsoft does not document what a mapping of roles sends for it"
        )
        hint = "Assign a role under `assignments`."
        yield Diagnostic("K812", message, ("assignments",), severity="warning", hint=hint)


def _is_default(resource: Resource) -> bool:
    return isinstance(resource.key, tuple) and resource.key[1] == application.DEFAULT_ACCESS
