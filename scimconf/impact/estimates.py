"""How many people a change is about, from what can be counted cheaply. Pure.

Terms: a *census* is what was counted: users of the directory, direct members of groups, a sample of those who can be in
scope. A number is a bound where groups may overlap or filters let fewer through, and from a sample where it says so.
Where nothing was counted, nothing is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from scimconf import expressions
from scimconf.documents import application
from scimconf.impact.projection import ProvisioningState, reads, states_before_and_after
from scimconf.impact.user_attributes import COMPUTED, GAP, gap, reader, selected
from scimconf.kinds.kind import live_schema
from scimconf.plan import Action, Change, Effect, Impact
from scimconf.plan.change import Precision
from scimconf.snapshot import Document, Json, Sample, Snapshot
from scimconf.spec.model import Spec

SAMPLE = 500
"""Users on whom a changed filter or a changed mapping is tried."""
NAMED = 3
"""Users who are named as examples."""
IN_SCOPE, ASSIGNED = "in scope", "who are assigned"
PEOPLE = (Effect.PROVISIONS, Effect.DEPROVISIONS)

Impacts = Mapping[Effect, Impact]


@dataclass(frozen=True, slots=True)
class SamplePopulation:
    """From whom a sample is taken: these users, and the direct members of these groups; by their ids."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImpactQueries:
    """What must be counted so that a plan can speak of people. Without `among`, a sample is of the whole directory."""

    users: bool = False
    groups: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    among: SamplePopulation | None = None

    def __bool__(self) -> bool:
        return self.users or bool(self.groups) or bool(self.select)


@dataclass(frozen=True, slots=True)
class _ImpactInputs:
    """A plan's changes with both sides of the application, and what was counted."""

    changes: Sequence[Change]
    snapshot: Snapshot
    before: ProvisioningState
    after: ProvisioningState
    now: datetime

    @property
    def is_filtered(self) -> bool:
        """Whether fewer than those who are counted may be in scope: filters stand there, or could not be read."""
        return bool(self.before.filters or self.after.filters) or live_schema(self.snapshot) is None

    @property
    def sample(self) -> Sample:
        return self.snapshot.sample


def scope_documents(spec: Spec, changes: Sequence[Change]) -> tuple[Document, ...]:
    """The documents that say who is in scope, where a change is about that; not all of them are the spec's own."""
    about = (_is_about_scope, _is_about_matching, _starts, _mapped_attributes)
    asks = _filter_attributes(changes) or any(is_about(change) for change in changes for is_about in about)
    return reads(spec) if asks else ()


def impact_queries(spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> ImpactQueries:
    """Only what some change needs, and nothing that is known already."""
    about_all = any(_is_about_scope(change) or _is_about_matching(change) or _starts(change) for change in changes)
    groups = {_principal(one) for one in changes if one.kind == "assignment" and one.address.rest.startswith("group:")}
    if about_all or any(change.kind == "assignment" and change.action is Action.DELETE for change in changes):
        groups |= {row["principalId"] for row in _people(snapshot) if row["principalType"] == "Group"}
    known = {one for one in groups if one and not one.startswith("?")} - snapshot.members.keys()
    names = {*_filter_attributes(changes), *(name for change in changes for name in _mapped_attributes(change))}
    asked = ImpactQueries(users=about_all and snapshot.users is None, groups=tuple(sorted(known)))
    if not names or snapshot.sample != Sample():
        return asked
    before, after = states_before_and_after(spec, snapshot, changes)
    if "assigned" in (before.scope, after.scope) and (after.users is None or after.groups is None):
        return asked  # whoever would be tried, most likely nobody of them is in scope
    narrowed = {str(clause["attribute"]) for one in after.filters for clause in one["all"]}
    return replace(asked, select=selected(names | narrowed), among=_among(before, after))


def _among(before: ProvisioningState, after: ProvisioningState) -> SamplePopulation | None:
    """Whoever is assigned on either side, where that is what decides who is in scope; those who come are looked up later."""
    if "all" in (before.scope, after.scope) or after.scope is None:
        return None
    users = {*(before.users or ()), *(after.users or ())}
    groups = {*(before.groups or ()), *(after.groups or ())}
    return SamplePopulation(*(tuple(sorted(one for one in ids if not one.startswith("?"))) for ids in (users, groups)))


def annotate(spec: Spec, changes: Sequence[Change], snapshot: Snapshot, today: date) -> tuple[Change, ...]:
    """The changes, each with what can be said of its effects; an expression that asks for the time gets this day."""
    if not any(change.effects for change in changes):
        return tuple(changes)
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    scene = _ImpactInputs(changes, snapshot, *states_before_and_after(spec, snapshot, changes), now)
    told = []
    for change in changes:
        impact = {**_of(spec, change, scene), **_values(change, scene)} if change.effects else {}
        told.append(replace(change, impact=impact) if impact else change)
    return tuple(told)


def _of(spec: Spec, change: Change, scene: _ImpactInputs) -> Impacts:
    if change.kind == "assignment":
        return _assignment(change, scene)
    if _is_about_scope(change):
        return _scope(change, scene)
    if change.kind == "object_mapping" and change.field("filters"):
        return _filters(change, scene)
    if _starts(change) or _is_about_matching(change):
        return _everyone_in_scope(spec, change, scene)
    return {}


# --- which changes ------------------------------------------------------------------------------------------------


def _is_about_scope(change: Change) -> bool:
    one = change.field("scope") if change.kind == "settings" else None
    return one is not None and bool(change.effects & {Effect.PROVISIONS, Effect.DEPROVISIONS})


def _is_about_matching(change: Change) -> bool:
    return change.kind == "attribute_mapping" and bool(change.effects & {Effect.PROVISIONS, Effect.DEPROVISIONS})


def _starts(change: Change) -> bool:
    return change.kind == "schedule" and Effect.PROVISIONS in change.effects


def _filter_attributes(changes: Sequence[Change]) -> Collection[str]:
    """The attributes that changed filters of users look at; none where one of them is worked out by the service."""
    found: set[str] = set()
    for change in changes:
        one = change.field("filters") if change.address.local == "object_mapping/users" else None
        if one is not None and change.effects:
            states_before_and_after = [*(one.before or ()), *(one.after or ())]
            found |= {str(clause["attribute"]) for each in states_before_and_after for clause in each["all"]}
    return set() if found & COMPUTED else found


def _mapped_attributes(change: Change) -> Collection[str]:
    """The attributes that a changed mapping of users looks at; none where what it gives cannot be known here."""
    one = change.field("source") if change.address.local.startswith("attribute_mapping/users/") else None
    if one is None or Effect.RESYNC not in change.effects:
        return ()
    states_before_and_after = [_parsed(side) for side in (one.before, one.after)]
    found = {name for side in states_before_and_after if side is not None for name in expressions.attributes(side)}
    return () if found & COMPUTED or any(gap(name) for name in found) else found


def _parsed(source: Json) -> expressions.Expression | None:
    try:
        return expressions.parse(source) if isinstance(source, str) else None
    except expressions.ExpressionError:
        return None


def _principal(change: Change) -> str:
    resource = change.after or change.before
    key = resource.key if resource is not None else None
    return str(key[0]) if isinstance(key, tuple) else ""


# --- numbers ------------------------------------------------------------------------------------------------------


def _assignment(change: Change, scene: _ImpactInputs) -> Impacts:
    """A user is one, a group its direct members; at most, where somebody may be assigned through a group as well."""
    groups = {Effect.PROVISIONS: scene.before.groups, Effect.DEPROVISIONS: scene.after.groups}
    if not change.address.rest.startswith("group:"):
        return {which: Impact(1, precision="at_most" if groups[which] != {} else "exact") for which in _felt(change)}
    people = scene.snapshot.members.get(_principal(change))
    return {} if people is None else dict.fromkeys(_felt(change), Impact(people, precision="at_most"))


def _felt(change: Change) -> list[Effect]:
    return [which for which in PEOPLE if which in change.effects]


def _people(snapshot: Snapshot) -> list[Json]:
    """The rows of users and groups; a service principal is nobody who is provisioned."""
    rows = application.assigned(snapshot.rows("assignments"))
    return [row for row in rows if row["principalType"] != "ServicePrincipal"]


def _assigned(rows: Sequence[Json], snapshot: Snapshot) -> int | None:
    """At most so many people are assigned: some may be in several groups. None where a group cannot be counted."""
    people = 0
    for one, type_ in {row["principalId"]: row["principalType"] for row in rows}.items():
        number = 1 if type_ == "User" else snapshot.members.get(one)
        if number is None:
            return None
        people += number
    return people if snapshot.users is None else min(people, snapshot.users)


def _scope(change: Change, scene: _ImpactInputs) -> Impacts:
    """Between everybody and the assigned lie those who are not assigned: at least so many, or fewer under filters."""
    snapshot, rows = scene.snapshot, _people(scene.snapshot)
    people = _assigned(rows, snapshot)
    if snapshot.users is None or people is None or snapshot.get("assignments") is None:
        return {}
    direct = len({row["principalId"] for row in rows if row["principalType"] == "User"})
    if scene.is_filtered:
        impact = Impact(max(snapshot.users - direct, 0), snapshot.users, "at_most")
    else:
        bound: Precision = "exact" if all(row["principalType"] == "User" for row in rows) else "at_least"
        impact = Impact(snapshot.users - people, snapshot.users, bound)
    return dict.fromkeys(_felt(change), impact)


def _everyone_in_scope(spec: Spec, change: Change, scene: _ImpactInputs) -> Impacts:
    """Whom a start, or another way of matching, is about: at most everybody, or those who will be assigned."""
    snapshot = scene.snapshot
    if spec.provisioning.scope == "all":
        number = snapshot.users
        return {} if number is None else dict.fromkeys(_felt(change), Impact(number, precision="at_most"))
    unread = snapshot.get("assignments") is None and bool(snapshot.rows("service_principals"))
    if spec.provisioning.scope is None or unread:
        return {}
    rows = _people(snapshot)
    gone = {_row(one) for one in scene.changes if one.kind == "assignment" and one.action is Action.DELETE}
    rows = [row for row in rows if (row["principalId"], row["appRoleId"]) not in gone]
    for one in scene.changes:
        if one.kind == "assignment" and one.action is Action.CREATE:
            type_ = "Group" if one.address.rest.startswith("group:") else "User"
            rows.append({"principalId": _principal(one), "principalType": type_})
    people = _assigned(rows, snapshot)
    return {} if people is None else dict.fromkeys(_felt(change), Impact(people, snapshot.users, "at_most"))


def _row(change: Change) -> tuple[str, str]:
    key = change.before.key if change.before is not None else None
    return (str(key[0]), str(key[1])) if isinstance(key, tuple) else ("", "")


# --- a sample -----------------------------------------------------------------------------------------------------


def _filters(change: Change, scene: _ImpactInputs) -> Impacts:
    """Before and after on a sample; of whom it is not known on both sides is counted by itself."""
    one, names = change.field("filters"), _filter_attributes([change])
    if one is None or scene.sample == Sample() or not names:
        return {}
    from scimconf.expressions.evaluation.scope import in_scope

    read = reader(tuple(names))
    joined = left = unknown = 0
    for user in scene.sample.users:
        seen = read(user)
        before, after = (in_scope(side or (), seen) for side in (one.before, one.after))
        joined += before is False and after is True
        left += before is True and after is False
        unknown += not isinstance(before, bool) or not isinstance(after, bool)
    numbers = {Effect.PROVISIONS: joined, Effect.DEPROVISIONS: left}
    among = ASSIGNED if scene.sample.assigned else ""
    looked = len(scene.sample.users)
    return {
        which: _of_these(scene.sample, looked, Impact(numbers[which], population=among, undetermined=unknown))
        for which in _felt(change)
    }


def _of_these(sample: Sample, looked: int, impact: Impact) -> Impact:
    """The impact with how many were looked at: all there are, or a sample of them."""
    return replace(impact, total=looked) if sample.complete else replace(impact, sample_size=looked)


def _values(change: Change, scene: _ImpactInputs) -> Impacts:
    """For how many of those in scope a changed mapping gives another value, or fails; and of how many it is not known."""
    names, one = _mapped_attributes(change), change.field("source")
    if not names or one is None or scene.sample == Sample():
        return {}
    differ: list[str] = []
    number = unknown = 0
    for user, is_other in _compared(one.before, one.after, scene, names):
        number += 1
        unknown += is_other is None
        if is_other:
            differ.append(str(user.get("userPrincipalName")))
    impact = Impact(len(differ), examples=tuple(differ[:NAMED]), population=IN_SCOPE, undetermined=unknown)
    return {Effect.RESYNC: _of_these(scene.sample, number, impact)} if number or scene.sample.complete else {}


def _compared(
    before: Json, after: Json, scene: _ImpactInputs, names: Collection[str]
) -> Iterator[tuple[Json, bool | None]]:
    """Everybody in scope, and whether they get another value; None where that, or their scope, is not known."""
    from scimconf.expressions.evaluation import EvaluationContext, Failure, Undetermined, compile_expression, in_scope

    filtered = {str(clause["attribute"]) for each in scene.after.filters for clause in each["all"]}
    given, read = EvaluationContext(scene.now), reader(tuple({*names, *filtered}))
    computed = dict.fromkeys(filtered & COMPUTED, GAP)
    states_before_and_after = [
        None if tree is None else compile_expression(tree) for tree in (_parsed(before), _parsed(after))
    ]
    for user in scene.sample.users:
        seen = read(user) | computed
        inside = in_scope(scene.after.filters, seen)
        if inside is False:
            continue
        was, will = (None if side is None else side(seen, given) for side in states_before_and_after)
        is_known = inside is True and not isinstance(was, Undetermined) and not isinstance(will, Undetermined)
        fails = [isinstance(value, Failure) for value in (was, will)]
        is_other = fails[0] != fails[1] or (not fails[0] and was != will)
        yield user, is_other if is_known else None
