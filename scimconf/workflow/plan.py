"""Plan one application: read the tenant, compare it with the spec, estimate the impact, evaluate the guards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic, GraphError
from scimconf.impact import queries
from scimconf.impact.projection import states_before_and_after
from scimconf.kinds import KINDS
from scimconf.kinds.abandoned import find_abandoned
from scimconf.kinds.common_guards import tenant_mismatch
from scimconf.kinds.mappings import live_schema
from scimconf.kinds.registry import guards
from scimconf.plan import ApplicationPlan, Change, Effect, Guard, MissingPrincipal, Tenant
from scimconf.plan.diff import fingerprint
from scimconf.plan.impact import ImpactData, UserQuery
from scimconf.snapshot import Lookup, Snapshot
from scimconf.spec.addresses import is_local, masked
from scimconf.spec.loaded import Loaded, digest
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Send, Step
from scimconf.workflow.compilation import ChangeSet, PlanOptions, build_changes, compared_kinds, documents, lookups
from scimconf.workflow.deletion_threshold import held_back, restart_command, threshold_warnings
from scimconf.workflow.guard_context import GroupMembers, PlanImpact, guard_context, tenant_of, warnings
from scimconf.workflow.locking import lock_warnings
from scimconf.workflow.permission_check import MissingPermission, apply_error, missing_permissions
from scimconf.workflow.role_warnings import role_warnings
from scimconf.workflow.validate import lint, locate, with_row

if TYPE_CHECKING:
    from scimconf.graph.reading import TenantSession

_HTTPS_HINT = "Write the https URL of the application, or plan against a sandbox with SCIMCONF_GRAPH_URL."
_IDS = ("app_id", "job", "service_principal")
OBJECT_NAMES = (*_IDS, "app", "template")
"""The names of the objects of an application, which remain once they exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedApplication:
    """One application's plan, the snapshot that it was made from, and the steps that apply it.

    `errors` are the diagnostics that prevent a plan, which then has no changes; warnings are in the plan. `tenant` is
    None if it could not be read. `missing_permissions` are those that an apply by the same identity certainly lacks.
    `unmatched` are the patterns of `only` and `exclude` that match no resource.
    """

    loaded: Loaded
    plan: ApplicationPlan
    snapshot: Snapshot
    steps: tuple[Step, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    tenant: Tenant | None = None
    unmatched: frozenset[str] = frozenset()
    missing_permissions: tuple[MissingPermission, ...] = ()

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def blocking_guards(self) -> tuple[Guard, ...]:
        return self.plan.blocking_guards

    @property
    def pauses_provisioning(self) -> bool:
        """Whether an apply pauses provisioning for its changes and starts it again at the end."""
        is_paused = any(isinstance(step, Send) and step.pauses for step in self.steps)
        return is_paused and any(step.phase is Phase.START for step in self.steps)

    @property
    def restarts_provisioning(self) -> bool:
        """Whether an apply restarts the job, so that the next cycle evaluates every user."""
        return any(isinstance(step, Send) and step.path.endswith("/restart") for step in self.steps)

    @property
    def missing_errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics of missing principals that prevent an apply."""
        return tuple(principal.diagnostic for principal in self.plan.missing if principal.is_error)

    @property
    def permission_error(self) -> Diagnostic:
        """The error of an apply that lacks permissions, if there are any in `missing_permissions`."""
        return apply_error(self.missing_permissions)

    @property
    def tenant_mismatch(self) -> Guard | None:
        """The blocking guard of a tenant that was read and is not the spec's."""
        expected = self.loaded.spec.tenant if self.loaded.spec else None
        if self.tenant is None or ("." in (expected or "") and not self.tenant.domains):
            return None  # of a tenant that could not be read, the token gives the id and no domains
        return next((guard for guard in self.blocking_guards if guard.id == "tenant-mismatch"), None)


async def plan(
    session: TenantSession, loaded: Loaded, options: PlanOptions, previous: Spec | None = None
) -> PlannedApplication:
    """Return the plan of a spec that loaded without errors; `previous` is an earlier spec, to find abandoned resources.

    A spec with `retired:` manages nothing. Raise GraphError if the tenant cannot be read, PlanError if the steps cannot be executed.
    """
    from scimconf.graph.execution.order import check_steps
    from scimconf.graph.impact_data import read_members_ahead
    from scimconf.graph.reading import observe
    from scimconf.graph.task_group import gather_both

    spec = loaded.spec
    assert spec is not None
    if spec.retired is not None:
        from scimconf.workflow.retired import retired_plan

        return await retired_plan(session, loaded)
    specs = (spec,) if previous is None else (spec, previous)
    kinds = compared_kinds(KINDS, spec, options)

    def next_lookups(partial: Snapshot) -> Iterable[Lookup]:
        if options.impact:
            read_members_ahead(session.shared, _new_groups(partial))
        return lookups(kinds, specs, partial)

    snapshot = await observe(session, documents(KINDS, specs, kinds), next_lookups)
    change_set = _without_local_address(session, spec, build_changes(KINDS, spec, snapshot, options))
    check_steps(change_set.steps, snapshot.names, {kind.name: kind.after for kind in KINDS})
    estimate = await begin_estimate(session, spec, change_set, snapshot, options)
    roles, impact = await gather_both(
        role_warnings(session, spec, change_set, estimate, options),
        end_estimate(session, spec, change_set.changes, estimate, options),
    )
    snapshot = impact.snapshot
    findings = lint(loaded, options.ignore, snapshot, impact.changes)
    change_set = replace(change_set, changes=impact.changes)
    result = compile_plan(spec, options, change_set, impact, previous)
    locked = lock_warnings(session, snapshot, options)
    located = (
        *locate(loaded, (*locked, *result.warnings, *roles)),
        *(finding for finding in findings if not finding.is_error),
    )
    return PlannedApplication(
        loaded=loaded,
        plan=replace(
            result,
            paths=loaded.paths,
            digest=digest(loaded.resolved),
            warnings=tuple(map(with_row, located)),
            missing=tuple(_located(loaded, principal) for principal in result.missing),
        ),
        snapshot=snapshot,
        steps=change_set.steps,
        errors=locate(loaded, (*change_set.errors, *(finding for finding in findings if finding.is_error))),
        tenant=tenant_of(snapshot),
        unmatched=change_set.unmatched,
        missing_permissions=await _missing_permissions(session, spec, change_set, snapshot, options),
    )


def _new_groups(snapshot: Snapshot) -> list[str]:
    """Return the groups of an application that does not exist: the numbers of its plan need their members."""
    if snapshot.get("service_principals") != []:
        return []
    groups = [matches for lookup, matches in snapshot.principals.items() if lookup.by == "group"]
    return [matches[0].id for matches in groups if len(matches) == 1]


async def _missing_permissions(
    session: TenantSession, spec: Spec, change_set: ChangeSet, snapshot: Snapshot, options: PlanOptions
) -> tuple[MissingPermission, ...]:
    steps = (*change_set.steps, *change_set.later_steps)
    if not steps or not options.check_permissions:
        return ()
    read = [document.path for document in documents(KINDS, [spec]) if document.name in snapshot.documents]
    return missing_permissions(steps, await session.granted(), read)


def _without_local_address(session: TenantSession, spec: Spec, change_set: ChangeSet) -> ChangeSet:
    """Return the change set, or an error for a tenant URL of this machine, unless the tenant is a sandbox."""
    address = spec.connection.base_address if spec.connection is not None else None
    if address is None or not is_local(address) or session.graph.is_sandbox:
        return change_set
    message = f"{masked(address)} is a URL of this machine, which the provisioning service of a tenant cannot reach"
    error = Diagnostic("K409", message, ("connection", "base_address"), hint=_HTTPS_HINT)
    return ChangeSet(diagnostics=(*change_set.diagnostics, error), not_compared=change_set.not_compared)


def _located(loaded: Loaded, principal: MissingPrincipal) -> MissingPrincipal:
    (diagnostic,) = locate(loaded, [principal.diagnostic])
    return replace(principal, diagnostic=with_row(diagnostic))


async def begin_estimate(
    session: TenantSession, spec: Spec, change_set: ChangeSet, snapshot: Snapshot, options: PlanOptions
) -> GroupMembers:
    """Read the documents and the members of groups that numbers of users need; otherwise only what guards need."""
    from scimconf.graph.impact_data import read_members, read_optional_documents

    graph, batch, changes = session.graph, session.shared.batch, change_set.changes
    is_counted = options.impact and any(map(queries.affected_by, changes))
    if not is_counted:
        members, _ = await read_members(graph, queries.guard_groups(changes, snapshot), batch)
        return GroupMembers(snapshot, members)
    snapshot = await read_optional_documents(graph, snapshot, queries.scope_documents(spec, changes))
    states = states_before_and_after(spec, snapshot, changes)
    members, error = await read_members(graph, queries.assigned_groups(states), batch)
    return GroupMembers(snapshot, members, states, error)


async def end_estimate(
    session: TenantSession, spec: Spec, changes: tuple[Change, ...], groups: GroupMembers, options: PlanOptions
) -> PlanImpact:
    """Read the users and count those whom the changes affect."""
    if groups.states is None:
        return PlanImpact(changes, groups.snapshot, ImpactData(members=groups.members))
    from scimconf.impact.estimates import ImpactInputs, annotate
    from scimconf.impact.preview import Preview, evaluation_context
    from scimconf.impact.target_checks import target_checks

    snapshot, states = groups.snapshot, groups.states
    now = session.graph.now or datetime(options.today.year, options.today.month, options.today.day, tzinfo=UTC)
    evaluator = Preview(*states, groups.members, evaluation_context(tenant_of(snapshot), now))
    query = queries.user_query(changes, evaluator, groups.members)
    data = await _read_users(session, query, groups)
    staged, unlisted = await held_back(session.graph, snapshot, changes, now)
    inputs = ImpactInputs(
        changes=changes,
        evaluator=evaluator,
        query=query,
        knows_filters=live_schema(snapshot) is not None,
        checks=target_checks(spec, states[1]),
        held_back=staged,
        restart=restart_command(spec),
    )
    counted = annotate(inputs, data)
    leaving = counted.totals.get(Effect.DEPROVISIONS)
    threshold = threshold_warnings(spec, snapshot, states[1], counted.changes, leaving)
    diagnostics = (*queries.warnings(data), *unlisted, *counted.diagnostics, *threshold)
    return PlanImpact(counted.changes, snapshot, data, counted.totals, diagnostics)


async def _read_users(session: TenantSession, query: UserQuery | None, groups: GroupMembers) -> ImpactData:
    """Return the users of a query; a denied read is described, also that of members if no user is known without it."""
    from scimconf.graph.impact_data import read_users

    sample, error = None, groups.error
    if query is not None:
        try:
            sample, error = await read_users(session.graph, query, session.shared.batch), None
        except GraphError as denied:
            error = denied
    if error is None:
        return ImpactData(members=groups.members, sample=sample)
    return ImpactData(members=groups.members, denied=f"{error.status} {error.code}", hint=error.hint)


def compile_plan(
    spec: Spec, options: PlanOptions, change_set: ChangeSet, impact: PlanImpact, previous: Spec | None = None
) -> ApplicationPlan:
    """Return the plan of a change set whose changes are those of `impact`. Pure."""
    if change_set.errors:
        wrong_tenant = tuple(tenant_mismatch(spec.tenant, tenant_of(impact.snapshot)))
        return ApplicationPlan(spec.name, warnings=change_set.warnings, guards=wrong_tenant)
    snapshot = impact.snapshot
    kinds = [kind for kind in KINDS if kind.name not in change_set.not_compared]
    items = chain(change_set.desired, *(sets.items() for sets in change_set.key_sets))
    abandoned = () if previous is None else find_abandoned(kinds, previous, items, snapshot)
    blocking = len(abandoned) if options.fail_on_abandoned else 0
    context = guard_context(spec, options, change_set, impact, blocking)
    return ApplicationPlan(
        spec.name,
        ids={name: snapshot.names[name] for name in _IDS if name in snapshot.names},
        fingerprint=fingerprint(change_set.diff.managed),
        complete=not change_set.is_partial,
        changes=change_set.changes,
        impact=impact.totals,
        unmanaged_drift=change_set.diff.unmanaged_drift,
        unmanaged=change_set.diff.unmanaged,
        guards=guards(change_set.changes, context),
        warnings=(*change_set.warnings, *warnings(spec, change_set, snapshot, options), *impact.warnings),
        abandoned=abandoned,
        missing=change_set.missing,
        excluded_changes=change_set.selection.excluded,
        not_compared=change_set.not_compared,
    )
