"""Estimate how many users each change of a plan affects. Pure.

An estimate is made from the number of users in the directory, the number of direct members of groups, and a sample of
the users who can be in scope. It is a bound where groups may overlap or filters may exclude users. A change whose data is
missing gets no impact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from scimconf import expressions
from scimconf.diagnostics import Diagnostic
from scimconf.documents import application
from scimconf.impact.projection import documents_read, states_before_and_after
from scimconf.impact.user_attributes import COMPUTED, GAP, gap, is_basic, reader, selected
from scimconf.kinds.mappings import live_schema
from scimconf.kinds.provisioning import (
    Affected,
    FilteredUsers,
    OnePrincipal,
    ProvisioningState,
    UnassignedUsers,
    UsersInScope,
    UsersWithOtherValue,
    filter_attributes,
)
from scimconf.kinds.registry import BY_NAME
from scimconf.plan import Change, Effect, Impact
from scimconf.plan.impact import ImpactData, ImpactQueries, Population, Precision, SamplePopulation, UserSample
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Spec

EXAMPLES = 3
_SCOPE_EFFECTS = (Effect.PROVISIONS, Effect.DEPROVISIONS, Effect.STOPS)
_UNRESOLVED = "?"  # begins the id of a principal that could not be found

Impacts = Mapping[Effect, Impact]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactInputs:
    spec: Spec
    changes: Sequence[Change]
    snapshot: Snapshot
    before: ProvisioningState
    after: ProvisioningState

    @property
    def is_filtered(self) -> bool:
        """Whether scoping filters exist, or may exist because the schema could not be read."""
        return bool(self.before.filters or self.after.filters) or live_schema(self.snapshot) is None


def impact_inputs(spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> ImpactInputs:
    before, after = states_before_and_after(spec, snapshot, changes)
    return ImpactInputs(spec=spec, changes=changes, snapshot=snapshot, before=before, after=after)


def scope_documents(spec: Spec, changes: Sequence[Change]) -> tuple[Document, ...]:
    """Return the documents that define who is in scope, if a change needs them; the spec need not manage them."""
    affected = [item for change in changes for item in affected_by(change)]
    is_wide = any(isinstance(item, UsersInScope | UnassignedUsers) for item in affected)
    return documents_read(spec) if is_wide or any(map(_attributes, affected)) else ()


def guard_queries(changes: Sequence[Change], snapshot: Snapshot) -> ImpactQueries:
    """Return the queries that guards need: the members of all assigned groups if a principal loses its last role."""
    removals = [change for change in changes if change.after is None and Effect.DEPROVISIONS in change.effects]
    loses_role = any(isinstance(affected, OnePrincipal) for change in removals for affected in affected_by(change))
    return ImpactQueries(groups=_assigned_groups(snapshot)) if loses_role else ImpactQueries()


def impact_queries(inputs: ImpactInputs) -> ImpactQueries:
    affected = [(change, item) for change in inputs.changes for item in affected_by(change)]
    is_wide = any(isinstance(item, UsersInScope | UnassignedUsers) for _, item in affected)
    principals = [(change, item) for change, item in affected if isinstance(item, OnePrincipal)]
    groups = {principal.id for _, principal in principals if principal.is_group}
    if is_wide or any(change.after is None for change, _ in principals):
        groups |= {*_assigned_groups(inputs.snapshot)}
    queries = ImpactQueries(user_count=is_wide, groups=tuple(sorted(filter(_is_resolved, groups))))
    attributes = frozenset[str]().union(*(_attributes(item) for _, item in affected))
    before, after = inputs.before, inputs.after
    if not attributes or ("assigned" in (before.scope, after.scope) and after.assigned_users is None):
        return queries  # a sample of the directory would contain almost no assigned user
    properties = selected(attributes | filter_attributes(after.filters))
    return replace(queries, properties=properties, population=_population(before, after))


def _population(before: ProvisioningState, after: ProvisioningState) -> SamplePopulation | None:
    """Return the users assigned before or after, if assignments decide who is in scope; None for the directory."""
    if "all" in (before.scope, after.scope) or after.scope is None:
        return None
    users = {*(before.assigned_users or ()), *(after.assigned_users or ())}
    groups = {*(before.assigned_groups or ()), *(after.assigned_groups or ())}
    return SamplePopulation(tuple(sorted(filter(_is_resolved, users))), tuple(sorted(filter(_is_resolved, groups))))


def _is_resolved(principal: str) -> bool:
    return bool(principal) and not principal.startswith(_UNRESOLVED)


def affected_by(change: Change) -> Iterable[Affected]:
    return BY_NAME[change.kind].affected(change) if change.kind in BY_NAME else ()


def _attributes(affected: Affected) -> frozenset[str]:
    """Return the attributes that the evaluation on a sample reads; none if one of them cannot be known here."""
    match affected:
        case FilteredUsers(before, after):
            names = filter_attributes((*before, *after))
            return names if names.isdisjoint(COMPUTED) else frozenset()
        case UsersWithOtherValue(before, after):
            trees = [tree for tree in (_parse(before), _parse(after)) if tree is not None]
            names = frozenset(name for tree in trees for name in expressions.attributes(tree))
            return frozenset() if names & COMPUTED or any(map(gap, names)) else names
        case _:
            return frozenset()


def _parse(source: Json) -> expressions.Expression | None:
    try:
        return expressions.parse(source) if isinstance(source, str) else None
    except expressions.ExpressionError:
        return None


# --- estimates ------------------------------------------------------------------------------------------------------


def warnings(data: ImpactData) -> Iterator[Diagnostic]:
    """Yield K004 if users could not be read as far as the estimates need them."""
    if data.denied:
        message = f"affected users are not counted: Graph denied reading users ({data.denied})"
        yield Diagnostic("K004", message, hint=data.hint, severity="warning")
    elif data.sample is not None and not _is_usable(data.sample):
        message = "affected users are not counted: Graph returned only basic properties of users"
        yield Diagnostic("K004", message, hint="Grant User.Read.All.", severity="warning")


def annotate(inputs: ImpactInputs, data: ImpactData, today: date) -> tuple[Change, ...]:
    """Return the changes with the impact of each effect that can be estimated; `today` is the time of expressions."""
    sample = data.sample if data.sample is not None and _is_usable(data.sample) else None
    estimator = _Estimator(inputs, data, sample, datetime(today.year, today.month, today.day, tzinfo=UTC))
    changes = inputs.changes
    return tuple(replace(change, impact=estimator.impacts(change)) if change.effects else change for change in changes)


def _is_usable(sample: UserSample) -> bool:
    return not sample.users or not all(map(is_basic, sample.users))


@dataclass(frozen=True, slots=True)
class _Estimator:
    inputs: ImpactInputs
    data: ImpactData
    sample: UserSample | None
    now: datetime

    def impacts(self, change: Change) -> Impacts:
        impacts: dict[Effect, Impact] = {}
        for affected in affected_by(change):
            impacts |= self._impacts(change, affected)
        return impacts

    def _impacts(self, change: Change, affected: Affected) -> Impacts:
        if isinstance(affected, FilteredUsers):
            return self._filtered_users(change, affected)
        if isinstance(affected, UsersWithOtherValue):
            impacts = {Effect.RESYNC: self._users_with_other_value(affected)}
        elif isinstance(affected, OnePrincipal):
            impacts = {effect: self._principal(effect, affected) for effect in _scope_effects(change)}
        else:
            is_wide = isinstance(affected, UsersInScope)
            impact = self._users_in_scope() if is_wide else self._unassigned_users()
            impacts = dict.fromkeys(_scope_effects(change), impact)
        return {effect: impact for effect, impact in impacts.items() if impact is not None}

    def _principal(self, effect: Effect, principal: OnePrincipal) -> Impact | None:
        """Count a user as 1, a group as its direct members; at most, if users may also be assigned through a group."""
        if principal.is_group:
            members = self.data.members.get(principal.id)
            return None if members is None else Impact(members, precision="at_most")
        state = self.inputs.before if effect is Effect.PROVISIONS else self.inputs.after
        precision: Precision = "exact" if state.assigned_groups == {} else "at_most"
        return Impact(1, precision=precision, examples=(principal.name,))

    def _unassigned_users(self) -> Impact | None:
        """Count the users who are not assigned: between scope `assigned` and `all`, they enter or leave."""
        rows, total = _assigned_rows(self.inputs.snapshot), self.data.user_count
        assigned = self._assigned_users(rows)
        if total is None or assigned is None or self.inputs.snapshot.get("assignments") is None:
            return None
        if self.inputs.is_filtered:
            direct = len({row["principalId"] for row in rows if row["principalType"] == "User"})
            return Impact(max(total - direct, 0), total, "at_most")
        precision: Precision = "exact" if all(row["principalType"] == "User" for row in rows) else "at_least"
        return Impact(total - assigned, total, precision)

    def _users_in_scope(self) -> Impact | None:
        """Count, as an upper bound, the users who are in scope after the plan."""
        scope, total, snapshot = self.inputs.spec.provisioning.scope, self.data.user_count, self.inputs.snapshot
        if scope == "all":
            return None if total is None else Impact(total, precision="at_most")
        if scope is None or (snapshot.get("assignments") is None and snapshot.rows("service_principals")):
            return None
        assigned = self._assigned_users(self._rows_after())
        return None if assigned is None else Impact(assigned, total, "at_most")

    def _rows_after(self) -> list[Json]:
        rows = {(row["principalId"], row["appRoleId"]): row for row in _assigned_rows(self.inputs.snapshot)}
        for change in self.inputs.changes:
            for affected in affected_by(change):
                if isinstance(affected, OnePrincipal):
                    rows.pop((affected.id, affected.role), None)
                if isinstance(affected, OnePrincipal) and change.after is not None:
                    type_ = "Group" if affected.is_group else "User"
                    rows[affected.id, affected.role] = {"principalId": affected.id, "principalType": type_}
        return list(rows.values())

    def _assigned_users(self, rows: Sequence[Json]) -> int | None:
        """Return the most users that these rows can assign; None if a group was not counted."""
        users = 0
        for principal, type_ in {row["principalId"]: row["principalType"] for row in rows}.items():
            members = 1 if type_ == "User" else self.data.members.get(principal)
            if members is None:
                return None
            users += members
        return users if self.data.user_count is None else min(users, self.data.user_count)

    def _filtered_users(self, change: Change, filters: FilteredUsers) -> Impacts:
        """Evaluate the filters before and after on the sample; a user with an unknown result counts as undetermined."""
        names = _attributes(filters)
        if self.sample is None or not names:
            return {}
        from scimconf.expressions.evaluation.scope import in_scope

        read = reader(names)
        users: dict[Effect, list[Json]] = {effect: [] for effect in _SCOPE_EFFECTS}
        undetermined = 0
        for user in self.sample.users:
            attributes = read(user)
            before, after = in_scope(filters.before, attributes), in_scope(filters.after, attributes)
            if before is False and after is True:
                users[Effect.PROVISIONS].append(user)
            elif before is True and after is False:
                users[Effect.DEPROVISIONS].append(user)
            undetermined += not isinstance(before, bool) or not isinstance(after, bool)
        population: Population = "assigned" if self.sample.assigned else ""
        evaluated = len(self.sample.users)
        return {
            effect: self._sampled(evaluated, users[effect], undetermined, population)
            for effect in _scope_effects(change)
        }

    def _users_with_other_value(self, sources: UsersWithOtherValue) -> Impact | None:
        """Evaluate a changed mapping on the users in scope of the sample, and count those with another result."""
        names = _attributes(sources)
        if self.sample is None or not names:
            return None
        results = list(self._compare_results(sources, names))
        if not results and not self.sample.complete:
            return None
        undetermined = sum(differs is None for _, differs in results)
        return self._sampled(len(results), [user for user, differs in results if differs], undetermined, "in_scope")

    def _sampled(self, evaluated: int, affected: Sequence[Json], undetermined: int, population: Population) -> Impact:
        """Return the impact on `affected` out of the evaluated users: all users of the population, or a sample."""
        assert self.sample is not None
        names = tuple(str(name) for user in affected[:EXAMPLES] if (name := user.get("userPrincipalName")))
        impact = Impact(len(affected), examples=names, population=population, undetermined=undetermined)
        return replace(impact, total=evaluated) if self.sample.complete else replace(impact, sample_size=evaluated)

    def _compare_results(
        self, sources: UsersWithOtherValue, names: Collection[str]
    ) -> Iterator[tuple[Json, bool | None]]:
        """Yield the users in scope, each with whether the results differ; None if that, or the scope, is unknown."""
        from scimconf.expressions.evaluation import Failure, Undetermined, in_scope

        assert self.sample is not None
        filters = self.inputs.after.filters
        filtered = filter_attributes(filters)
        read, computed = reader(tuple({*names, *filtered})), dict.fromkeys(filtered & COMPUTED, GAP)
        evaluate_before, evaluate_after = self._evaluator(sources.before), self._evaluator(sources.after)
        for user in self.sample.users:
            attributes = read(user) | computed
            scope = in_scope(filters, attributes)
            if scope is False:
                continue
            old, new = evaluate_before(attributes), evaluate_after(attributes)
            is_known = scope is True and not isinstance(old, Undetermined) and not isinstance(new, Undetermined)
            differs = old != new and not (isinstance(old, Failure) and isinstance(new, Failure))
            yield user, differs if is_known else None

    def _evaluator(self, source: Json) -> Callable[[Mapping[str, Json]], Json]:
        """Return a function from attributes to the result of a source; a source that does not parse gives None."""
        from scimconf.expressions.evaluation import EvaluationContext, compile_expression

        tree, circumstances = _parse(source), EvaluationContext(self.now)
        if tree is None:
            return lambda _attributes: None
        run = compile_expression(tree)
        return lambda attributes: run(attributes, circumstances)


def _scope_effects(change: Change) -> list[Effect]:
    return [effect for effect in _SCOPE_EFFECTS if effect in change.effects]


def _assigned_rows(snapshot: Snapshot) -> list[Json]:
    """Return the assignments of users and groups; service principals are not provisioned."""
    rows = application.assigned(snapshot.rows("assignments"))
    return [row for row in rows if row["principalType"] != "ServicePrincipal"]


def _assigned_groups(snapshot: Snapshot) -> tuple[str, ...]:
    rows = _assigned_rows(snapshot)
    return tuple(sorted({row["principalId"] for row in rows if row["principalType"] == "Group"}))
