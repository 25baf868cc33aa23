"""Estimate how many users each change of a plan affects. Pure.

An estimate is made from what is cheap to read: the number of users in the directory, the number of direct members of
groups, and a sample of the users who can be in scope. It is a bound where groups may overlap or filters may exclude
users. Where the data is missing, the change gets no impact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from scimconf import expressions
from scimconf.diagnostics import Diagnostic
from scimconf.documents import application
from scimconf.impact.projection import (
    ProvisioningState,
    documents_read,
    filter_attributes,
    principal_id,
    states_before_and_after,
)
from scimconf.impact.user_attributes import COMPUTED, GAP, gap, is_basic, reader, selected
from scimconf.kinds.kind import live_schema
from scimconf.kinds.registry import state_part
from scimconf.plan import Action, Change, Effect, Impact, decode
from scimconf.plan.impact import (
    ImpactData,
    ImpactQueries,
    Population,
    Precision,
    SamplePopulation,
    StatePart,
    UserSample,
)
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Spec

EXAMPLES = 3
"""Most users that an impact names."""
_SCOPE_EFFECTS = (Effect.PROVISIONS, Effect.DEPROVISIONS)
_UNRESOLVED = "?"
"""Prefix of the id of a principal that could not be found."""

Impacts = Mapping[Effect, Impact]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactInputs:
    """A plan's changes with the provisioning state before and after them."""

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
    """Return the inputs of the estimates, projected once for all of them."""
    before, after = states_before_and_after(spec, snapshot, changes)
    return ImpactInputs(spec=spec, changes=changes, snapshot=snapshot, before=before, after=after)


# --- what to read ---------------------------------------------------------------------------------------------------


def scope_documents(spec: Spec, changes: Sequence[Change]) -> tuple[Document, ...]:
    """Return the documents that define who is in scope, if a change needs them; the spec need not manage them."""
    needs_scope = any(
        _is_scope_wide(change) or _changed_filter_attributes(change) or _mapped_attributes(change) for change in changes
    )
    return documents_read(spec) if needs_scope else ()


def guard_queries(changes: Sequence[Change], snapshot: Snapshot) -> ImpactQueries:
    """Return the queries that guards need: the members of all assigned groups if a principal loses its last role."""
    loses_role = any(
        state_part(change) is StatePart.ASSIGNMENTS
        and change.action is Action.DELETE
        and Effect.DEPROVISIONS in change.effects
        for change in changes
    )
    return ImpactQueries(groups=_assigned_groups(snapshot)) if loses_role else ImpactQueries()


def impact_queries(inputs: ImpactInputs) -> ImpactQueries:
    """Return the queries that estimates and guards need, and no others."""
    is_wide = any(map(_is_scope_wide, inputs.changes))
    assignments = [change for change in inputs.changes if state_part(change) is StatePart.ASSIGNMENTS]
    groups = {principal_id(change) for change in assignments if _is_group(change)}
    if is_wide or any(change.action is Action.DELETE for change in assignments):
        groups |= {*_assigned_groups(inputs.snapshot)}
    queries = ImpactQueries(user_count=is_wide, groups=tuple(sorted(filter(_is_resolved, groups))))
    attributes = {
        *(name for change in inputs.changes for name in _changed_filter_attributes(change)),
        *(name for change in inputs.changes for name in _mapped_attributes(change)),
    }
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


# --- which changes --------------------------------------------------------------------------------------------------


def _is_scope_wide(change: Change) -> bool:
    """Return whether a change can affect every user in scope: of the scope, of matching, or the start of the job."""
    return _is_scope(change) or _is_matching(change) or _is_start(change)


def _is_scope(change: Change) -> bool:
    return (
        state_part(change) is StatePart.SETTINGS and change.field("scope") is not None and bool(_scope_effects(change))
    )


def _is_matching(change: Change) -> bool:
    return state_part(change) is StatePart.ATTRIBUTE_MAPPINGS and bool(_scope_effects(change))


def _is_start(change: Change) -> bool:
    return state_part(change) is StatePart.START and Effect.PROVISIONS in change.effects


def _is_group(change: Change) -> bool:
    return change.address.rest.startswith("group:")


def _scope_effects(change: Change) -> list[Effect]:
    return [effect for effect in _SCOPE_EFFECTS if effect in change.effects]


def _changed_filter_attributes(change: Change) -> Collection[str]:
    """Return the attributes that changed filters of users read; none if the service computes one of them."""
    filters = change.field("filters") if change.address.local == "object_mapping/users" else None
    if filters is None or not change.effects:
        return ()
    names = filter_attributes((*(filters.before or ()), *(filters.after or ())))
    return () if names & COMPUTED else names


def _mapped_attributes(change: Change) -> Collection[str]:
    """Return the attributes that a changed mapping of users reads; none if one of them is unknown here."""
    source = change.field("source") if change.address.local.startswith("attribute_mapping/users/") else None
    if source is None or Effect.RESYNC not in change.effects:
        return ()
    trees = [_parse(side) for side in (source.before, source.after)]
    names = {name for tree in trees if tree is not None for name in expressions.attributes(tree)}
    return () if names & COMPUTED or any(map(gap, names)) else names


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
    return tuple(
        replace(change, impact=estimator.impacts(change)) if change.effects else change for change in inputs.changes
    )


def _is_usable(sample: UserSample) -> bool:
    return not sample.users or not all(map(is_basic, sample.users))


@dataclass(frozen=True, slots=True)
class _Estimator:
    """Estimates the impact of single changes."""

    inputs: ImpactInputs
    data: ImpactData
    sample: UserSample | None
    now: datetime

    def impacts(self, change: Change) -> Impacts:
        if state_part(change) is StatePart.ASSIGNMENTS:
            return self._of_assignment(change)
        if _is_scope(change):
            return self._of_scope(change)
        if state_part(change) is StatePart.OBJECT_MAPPINGS and change.field("filters"):
            return self._of_filters(change)
        wide = self._of_users_in_scope(change) if _is_scope_wide(change) else {}
        return {**wide, **self._of_values(change)}

    def _of_assignment(self, change: Change) -> Impacts:
        """Count a user as 1, a group as its direct members; at most, if users may also be assigned through a group."""
        effects = _scope_effects(change)
        if _is_group(change):
            members = self.data.members.get(principal_id(change))
            return {} if members is None else dict.fromkeys(effects, Impact(members, precision="at_most"))
        groups = {
            Effect.PROVISIONS: self.inputs.before.assigned_groups,
            Effect.DEPROVISIONS: self.inputs.after.assigned_groups,
        }
        name = decode(change.address.rest.partition("/")[0].removeprefix("user:"))
        return {
            effect: Impact(1, precision="exact" if groups[effect] == {} else "at_most", examples=(name,))
            for effect in effects
        }

    def _of_scope(self, change: Change) -> Impacts:
        """Count the users who are not assigned: between scope `assigned` and `all`, they enter or leave."""
        rows, total = _assigned_rows(self.inputs.snapshot), self.data.user_count
        assigned = self._assigned_users(rows)
        if total is None or assigned is None or self.inputs.snapshot.get("assignments") is None:
            return {}
        if self.inputs.is_filtered:
            direct = len({row["principalId"] for row in rows if row["principalType"] == "User"})
            impact = Impact(max(total - direct, 0), total, "at_most")
        else:
            precision: Precision = "exact" if all(row["principalType"] == "User" for row in rows) else "at_least"
            impact = Impact(total - assigned, total, precision)
        return dict.fromkeys(_scope_effects(change), impact)

    def _of_users_in_scope(self, change: Change) -> Impacts:
        """Count, as an upper bound, the users who are in scope after the plan."""
        scope, total = self.inputs.spec.provisioning.scope, self.data.user_count
        snapshot = self.inputs.snapshot
        if scope == "all":
            impact = None if total is None else Impact(total, precision="at_most")
        elif scope is None or (snapshot.get("assignments") is None and snapshot.rows("service_principals")):
            impact = None
        else:
            assigned = self._assigned_users(self._rows_after())
            impact = None if assigned is None else Impact(assigned, total, "at_most")
        return {} if impact is None else dict.fromkeys(_scope_effects(change), impact)

    def _rows_after(self) -> list[Json]:
        """Return the rows of assignments after the plan, as far as counting needs them."""
        assignments = [change for change in self.inputs.changes if state_part(change) is StatePart.ASSIGNMENTS]
        deleted = {_row_key(change) for change in assignments if change.action is Action.DELETE}
        rows = [
            row for row in _assigned_rows(self.inputs.snapshot) if (row["principalId"], row["appRoleId"]) not in deleted
        ]
        created = [change for change in assignments if change.action is Action.CREATE]
        return [
            *rows,
            *(
                {"principalId": principal_id(change), "principalType": "Group" if _is_group(change) else "User"}
                for change in created
            ),
        ]

    def _assigned_users(self, rows: Sequence[Json]) -> int | None:
        """Return the most users that these rows can assign; None if a group was not counted."""
        users = 0
        for principal, type_ in {row["principalId"]: row["principalType"] for row in rows}.items():
            members = 1 if type_ == "User" else self.data.members.get(principal)
            if members is None:
                return None
            users += members
        return users if self.data.user_count is None else min(users, self.data.user_count)

    # --- on a sample ---

    def _of_filters(self, change: Change) -> Impacts:
        """Evaluate the filters before and after on the sample; a user with an unknown result counts as undetermined."""
        filters, names = change.field("filters"), _changed_filter_attributes(change)
        if filters is None or self.sample is None or not names:
            return {}
        from scimconf.expressions.evaluation.scope import in_scope

        read = reader(tuple(names))
        users: dict[Effect, list[Json]] = {effect: [] for effect in _SCOPE_EFFECTS}
        undetermined = 0
        for user in self.sample.users:
            attributes = read(user)
            before, after = (in_scope(side or (), attributes) for side in (filters.before, filters.after))
            if before is False and after is True:
                users[Effect.PROVISIONS].append(user)
            elif before is True and after is False:
                users[Effect.DEPROVISIONS].append(user)
            undetermined += not isinstance(before, bool) or not isinstance(after, bool)
        population: Population = "assigned" if self.sample.assigned else ""
        return {
            effect: replace(self._sampled(len(self.sample.users), users[effect], undetermined), population=population)
            for effect in _scope_effects(change)
        }

    def _of_values(self, change: Change) -> Impacts:
        """Evaluate a changed mapping on the users in scope of the sample, and count those with another result."""
        names, source = _mapped_attributes(change), change.field("source")
        if not names or source is None or self.sample is None:
            return {}
        affected: list[Json] = []
        evaluated = undetermined = 0
        for user, differs in self._compare_results(source.before, source.after, names):
            evaluated += 1
            undetermined += differs is None
            if differs:
                affected.append(user)
        if not evaluated and not self.sample.complete:
            return {}
        impact = self._sampled(evaluated, affected, undetermined)
        return {Effect.RESYNC: replace(impact, population="in_scope")}

    def _sampled(self, evaluated: int, affected: Sequence[Json], undetermined: int) -> Impact:
        """Return the impact on `affected` out of the evaluated users: all users of the population, or a sample."""
        assert self.sample is not None
        names = tuple(str(name) for user in affected[:EXAMPLES] if (name := user.get("userPrincipalName")))
        impact = Impact(len(affected), examples=names, undetermined=undetermined)
        return replace(impact, total=evaluated) if self.sample.complete else replace(impact, sample_size=evaluated)

    def _compare_results(self, before: Json, after: Json, names: Collection[str]) -> Iterator[tuple[Json, bool | None]]:
        """Yield the users in scope, each with whether the results differ; None if that, or the scope, is unknown."""
        from scimconf.expressions.evaluation import Failure, Undetermined, in_scope

        assert self.sample is not None
        filters = self.inputs.after.filters
        filtered = filter_attributes(filters)
        read, computed = reader(tuple({*names, *filtered})), dict.fromkeys(filtered & COMPUTED, GAP)
        evaluate_before, evaluate_after = self._evaluator(before), self._evaluator(after)
        for user in self.sample.users:
            attributes = read(user) | computed
            scope = in_scope(filters, attributes)
            if scope is False:
                continue
            old, new = evaluate_before(attributes), evaluate_after(attributes)
            is_known = scope is True and not isinstance(old, Undetermined) and not isinstance(new, Undetermined)
            fails_before, fails_after = isinstance(old, Failure), isinstance(new, Failure)
            differs = fails_before != fails_after or (not fails_before and old != new)
            yield user, differs if is_known else None

    def _evaluator(self, source: Json) -> Callable[[Mapping[str, Json]], Json]:
        """Return a function from attributes to the result of a source; a source that does not parse gives None."""
        from scimconf.expressions.evaluation import EvaluationContext, compile_expression

        tree, circumstances = _parse(source), EvaluationContext(self.now)
        if tree is None:
            return lambda _attributes: None
        run = compile_expression(tree)
        return lambda attributes: run(attributes, circumstances)


def _assigned_rows(snapshot: Snapshot) -> list[Json]:
    """Return the assignments of users and groups; service principals are not provisioned."""
    rows = application.assigned(snapshot.rows("assignments"))
    return [row for row in rows if row["principalType"] != "ServicePrincipal"]


def _assigned_groups(snapshot: Snapshot) -> tuple[str, ...]:
    rows = _assigned_rows(snapshot)
    return tuple(sorted({row["principalId"] for row in rows if row["principalType"] == "Group"}))


def _row_key(change: Change) -> tuple[str, str]:
    key = change.before.key if change.before is not None else None
    return (str(key[0]), str(key[1])) if isinstance(key, tuple) else ("", "")
