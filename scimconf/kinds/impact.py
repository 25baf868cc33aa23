"""How many people a change is about, from what can be counted cheaply. Pure.

Terms: a *census* is what was counted: users of the directory, direct members of groups, a sample of users. A number is
a bound where groups may overlap, and from a sample where it says so. Where nothing was counted, nothing is said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from scimconf import expressions
from scimconf.documents import application
from scimconf.kinds.preview_source import COMPUTED, GAP, gap, reader, selected
from scimconf.plan import Action, Change, Effect, Impact
from scimconf.spec.model import Spec
from scimconf.wire import Json, Snapshot

SAMPLE = 500
"""Users on whom a changed filter or a changed mapping is tried."""
NAMED = 3
"""Users who are named as examples."""

Impacts = Mapping[Effect, Impact]


@dataclass(frozen=True, slots=True)
class Questions:
    """What must be counted so that a plan can speak of people."""

    users: bool = False
    groups: tuple[str, ...] = ()
    select: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.users or bool(self.groups) or bool(self.select)


def questions(changes: Sequence[Change], snapshot: Snapshot) -> Questions:
    """Only what some change needs, and nothing that is known already."""
    about_all = any(_is_about_scope(change) or _is_about_matching(change) or _starts(change) for change in changes)
    groups = {_principal(one) for one in changes if one.kind == "assignment" and one.address.rest.startswith("group:")}
    if about_all or any(change.kind == "assignment" and change.action is Action.DELETE for change in changes):
        groups |= {row["principalId"] for row in _people(snapshot) if row["principalType"] == "Group"}
    known = {one for one in groups if one and not one.startswith("?")} - snapshot.members.keys()
    names = {*_filter_attributes(changes), *(name for change in changes for name in _mapped_attributes(change))}
    return Questions(
        users=about_all and snapshot.users is None,
        groups=tuple(sorted(known)),
        select=selected(names) if names and not snapshot.sample else (),
    )


def with_impact(spec: Spec, changes: Sequence[Change], snapshot: Snapshot, today: date) -> tuple[Change, ...]:
    """The changes, each with what can be said of its effects; an expression that asks for the time gets this day."""
    now = datetime(today.year, today.month, today.day, tzinfo=UTC)
    told = []
    for change in changes:
        impact = {**_of(spec, change, changes, snapshot), **_values(change, snapshot, now)} if change.effects else {}
        told.append(replace(change, impact=impact) if impact else change)
    return tuple(told)


def _of(spec: Spec, change: Change, changes: Sequence[Change], snapshot: Snapshot) -> Impacts:
    if change.kind == "assignment":
        return _assignment(change, snapshot)
    if _is_about_scope(change):
        return _scope(change, snapshot)
    if change.kind == "object_mapping" and change.field("filters"):
        return _filters(change, snapshot)
    if _starts(change) or _is_about_matching(change):
        return _everyone_in_scope(spec, change, changes, snapshot)
    return {}


# --- which changes ------------------------------------------------------------------------------------------------


def _is_about_scope(change: Change) -> bool:
    one = change.field("scope") if change.kind == "settings" else None
    return one is not None and bool(change.effects & {Effect.WIDENS, Effect.NARROWS})


def _is_about_matching(change: Change) -> bool:
    return change.kind == "attribute_mapping" and bool(change.effects & {Effect.WIDENS, Effect.NARROWS})


def _starts(change: Change) -> bool:
    return change.kind == "schedule" and Effect.WIDENS in change.effects


def _filter_attributes(changes: Sequence[Change]) -> Collection[str]:
    """The attributes that changed filters of users look at; none where one of them is worked out by the service."""
    found: set[str] = set()
    for change in changes:
        one = change.field("filters") if change.address.local == "object_mapping/users" else None
        if one is not None and change.effects:
            sides = [*(one.before or ()), *(one.after or ())]
            found |= {str(clause["attribute"]) for each in sides for clause in each["all"]}
    return set() if found & COMPUTED else found


def _mapped_attributes(change: Change) -> Collection[str]:
    """The attributes that a changed mapping of users looks at; none where what it gives cannot be known here."""
    one = change.field("source") if change.address.local.startswith("attribute_mapping/users/") else None
    if one is None or Effect.RESYNC not in change.effects:
        return ()
    sides = [_parsed(side) for side in (one.before, one.after)]
    found = {name for side in sides if side is not None for name in expressions.attributes(side)}
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


def _assignment(change: Change, snapshot: Snapshot) -> Impacts:
    """A user is one; a group is its direct members."""
    if not change.address.rest.startswith("group:"):
        return {effect: Impact(1) for effect in change.effects & {Effect.WIDENS, Effect.NARROWS}}
    people = snapshot.members.get(_principal(change))
    if people is None:
        return {}
    return {effect: Impact(people, bound="at most") for effect in change.effects & {Effect.WIDENS, Effect.NARROWS}}


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
    return people


def _scope(change: Change, snapshot: Snapshot) -> Impacts:
    """Between everybody and the assigned lie those who are not assigned: at least so many."""
    rows = _people(snapshot)
    people = _assigned(rows, snapshot)
    if snapshot.users is None or people is None or snapshot.get("assignments") is None:
        return {}
    exact = all(row["principalType"] == "User" for row in rows)
    number = max(snapshot.users - people, 0)
    impact = Impact(number, snapshot.users, "" if exact else "at least")
    return dict.fromkeys(change.effects & {Effect.WIDENS, Effect.NARROWS}, impact)


def _everyone_in_scope(spec: Spec, change: Change, changes: Sequence[Change], snapshot: Snapshot) -> Impacts:
    """Whom a start, or another way of matching, is about: everybody, or at most those who will be assigned."""
    effects = change.effects & {Effect.WIDENS, Effect.NARROWS}
    if spec.provisioning.scope == "all":
        return {} if snapshot.users is None else {effect: Impact(snapshot.users) for effect in effects}
    unread = snapshot.get("assignments") is None and bool(snapshot.rows("service_principals"))
    if spec.provisioning.scope is None or unread:
        return {}
    rows = _people(snapshot)
    gone = {_row(one) for one in changes if one.kind == "assignment" and one.action is Action.DELETE}
    rows = [row for row in rows if (row["principalId"], row["appRoleId"]) not in gone]
    for one in changes:
        if one.kind == "assignment" and one.action is Action.CREATE:
            type_ = "Group" if one.address.rest.startswith("group:") else "User"
            rows.append({"principalId": _principal(one), "principalType": type_})
    people = _assigned(rows, snapshot)
    return {} if people is None else {effect: Impact(people, snapshot.users, "at most") for effect in effects}


def _row(change: Change) -> tuple[str, str]:
    key = change.before.key if change.before is not None else None
    return (str(key[0]), str(key[1])) if isinstance(key, tuple) else ("", "")


def _filters(change: Change, snapshot: Snapshot) -> Impacts:
    """Before and after on a sample; people of whom it is not known on both sides are not counted."""
    one = change.field("filters")
    names = _filter_attributes([change])
    if one is None or not snapshot.sample or not names:
        return {}
    from scimconf.expressions.evaluation.scope import in_scope

    read = reader(tuple(names))
    joined = left = 0
    for user in snapshot.sample:
        seen = read(user)
        if GAP in seen.values():
            continue
        before, after = (in_scope(side or (), seen) for side in (one.before, one.after))
        joined += before is False and after is True
        left += before is True and after is False
    numbers = {Effect.WIDENS: joined, Effect.NARROWS: left}
    sample = len(snapshot.sample)
    return {effect: Impact(numbers[effect], sample=sample) for effect in change.effects & numbers.keys()}


def _values(change: Change, snapshot: Snapshot, now: datetime) -> Impacts:
    """For how many of the sample a changed mapping gives another value; nobody of whom that is not known counts."""
    names, one = _mapped_attributes(change), change.field("source")
    if not names or one is None or not snapshot.sample:
        return {}
    from scimconf.expressions.evaluation import Circumstances, prepare
    from scimconf.expressions.evaluation.values import Failure, Undetermined

    given, read = Circumstances(now), reader(tuple(names))
    sides = [None if tree is None else prepare(tree) for tree in (_parsed(one.before), _parsed(one.after))]
    differ: list[str] = []
    for user in snapshot.sample:
        before, after = (None if side is None else side(read(user), given) for side in sides)
        unknown = isinstance(before, (Failure, Undetermined)) or isinstance(after, (Failure, Undetermined))
        if not unknown and before != after:
            differ.append(str(user.get("userPrincipalName")))
    return {Effect.RESYNC: Impact(len(differ), sample=len(snapshot.sample), who=tuple(differ[:NAMED]))}
