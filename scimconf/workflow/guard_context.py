"""What guards need beside the changes, and the warnings that belong to no kind. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from scimconf.diagnostics import Diagnostic, GraphError
from scimconf.documents import application, job
from scimconf.documents.assignments import assigned
from scimconf.impact import queries
from scimconf.impact.assignees import effective_assignees, lost_assignments
from scimconf.impact.projection import states_before_and_after
from scimconf.kinds import KINDS
from scimconf.kinds.assignment import removed_assignments
from scimconf.kinds.identity import missing_sign_on
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.kinds.sent_secrets import missing_secrets, needed_secrets, redirected_secrets
from scimconf.plan import Change, Effect, Impact, Tenant
from scimconf.plan.guards import GuardContext, GuardExemption
from scimconf.plan.impact import ImpactData, Members
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Step
from scimconf.workflow.checks import missing_tenant
from scimconf.workflow.compilation import ChangeSet, PlanOptions


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """The members of groups that a plan needs, and the snapshot with what defines who is in scope.

    `states` are the provisioning states before and after the plan, None if no users are counted; `error` is the first
    error of a group that could not be read.
    """

    snapshot: Snapshot
    members: Members
    states: tuple[ProvisioningState, ProvisioningState] | None = None
    error: GraphError | None = None


@dataclass(frozen=True, slots=True)
class PlanImpact:
    """What was read about users: the changes with their impact, and `totals`, the impact of all changes together."""

    changes: tuple[Change, ...]
    snapshot: Snapshot
    data: ImpactData
    totals: Mapping[Effect, Impact] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Diagnostic, ...] = ()


def tenant_of(snapshot: Snapshot) -> Tenant | None:
    """Return the tenant from `/organization`, or the token's tenant id if that read was denied."""
    token_tenant = snapshot.names.get("token_tenant")
    return application.tenant(snapshot.get("organization")) or (Tenant(token_tenant) if token_tenant else None)


def guard_context(
    spec: Spec, options: PlanOptions, change_set: ChangeSet, impact: PlanImpact, abandoned: int
) -> GuardContext:
    """Return the context of the guards; `abandoned` is the number of abandoned resources that block an apply."""
    snapshot, counts = impact.snapshot, impact.data.members.counts
    live = assigned(snapshot)
    holders = live.holders if change_set.changes else {}  # only changes raise the guards that count them
    groups = frozenset(live.groups)
    jobs = snapshot.rows("jobs")
    exemptions = [
        GuardExemption(exemption.guard, exemption.until, exemption.reason, exemption.address or "", exemption.max)
        for exemption in spec.guard_exemptions
    ]
    return GuardContext(
        today=options.today,
        expected_tenant=spec.tenant,
        tenant=tenant_of(snapshot),
        has_run=any(map(job.has_run, jobs)),
        quarantine=next(filter(None, map(job.quarantine, jobs)), ""),
        holders=holders,
        members={principal: counts.get(principal) if principal in groups else 1 for principal in holders},
        losing=_losing(spec, impact),
        removed_assignments=removed_assignments(change_set.changes),
        matching=frozenset(
            resource.address
            for resource in change_set.diff.managed.resources
            if resource.fields.get("match") is not None
        ),
        unavailable_secrets=_unavailable_secrets(spec, change_set.steps, snapshot),
        redirected_secrets=redirected_secrets(spec, change_set.steps, snapshot),
        missing_sign_on=missing_sign_on(spec, snapshot),
        unconfirmed_steps=tuple(step.step for step in spec.before_start if not step.is_confirmed(options.today)),
        abandoned=abandoned,
        exemptions=(*exemptions, *map(GuardExemption, options.allow)),
    )


def _losing(spec: Spec, impact: PlanImpact) -> Impact | None:
    """Return how many users lose their last role by the plan; None if no principal does."""
    if not queries.loses_role(impact.changes):
        return None
    before, after = states_before_and_after(spec, impact.snapshot, impact.changes)
    members = impact.data.members
    return lost_assignments(effective_assignees(before, members), effective_assignees(after, members))


def _unavailable_secrets(spec: Spec, steps: Sequence[Step], snapshot: Snapshot) -> tuple[str, ...]:
    if spec.connection is None or spec.connection.on_unreadable_secret is None:
        return ()
    return tuple(key for key, reference in needed_secrets(steps, snapshot).items() if reference is None)


def warnings(spec: Spec, change_set: ChangeSet, snapshot: Snapshot, options: PlanOptions) -> Iterator[Diagnostic]:
    """Yield the warnings of the kinds, and those that belong to none."""
    yield from missing_secrets(spec, snapshot, change_set.steps, options.is_available)
    for kind in KINDS:
        yield from kind.warnings(spec, snapshot, change_set.diff, change_set.steps)
    for address in change_set.selection.prerequisites:
        message = f"{address} is included, because a selected change needs it"
        yield Diagnostic("K002", message, severity="warning")
    yield from missing_tenant(spec)
