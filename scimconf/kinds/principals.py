"""The principals of assignments: what the tenant has of the listed ones, and their names in addresses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from scimconf.documents.assignments import assigned
from scimconf.snapshot import BY_ID, Lookup, Principal, Snapshot
from scimconf.spec.model import Assignments, ListedPrincipal

_TYPES: Mapping[str, Any] = MappingProxyType({"User": "user", "Group": "group", "ServicePrincipal": "servicePrincipal"})


class ResolvedList(NamedTuple):
    """The listed principals, and at the same positions the principals of the tenant: None unless there is exactly one.

    `missing` are the positions of those that the tenant was searched for and does not have.
    """

    listed: Sequence[ListedPrincipal]
    principals: Sequence[Principal | None]
    missing: frozenset[int]

    @property
    def pairs(self) -> Iterator[tuple[ListedPrincipal, Principal | None]]:
        return zip(self.listed, self.principals, strict=True)

    @property
    def missing_entries(self) -> list[ListedPrincipal]:
        """The missing principals, without those that are to be absent anyway."""
        return [self.listed[index] for index in sorted(self.missing) if not self.listed[index].absent]


def lookup_of(listed: ListedPrincipal) -> Lookup:
    return Lookup(listed.by, listed.value)


def is_missing(listed: ListedPrincipal, snapshot: Snapshot) -> bool:
    """Return whether the tenant was searched for a listed principal and does not have it."""
    is_denied = listed.by == "id" and BY_ID[listed.type] in snapshot.denied
    return snapshot.principals.get(lookup_of(listed)) == () and not is_denied


def resolve(assignments: Assignments, snapshot: Snapshot) -> ResolvedList:
    """Return the listed principals with those of the tenant; computed once for a snapshot."""
    return snapshot.derive(_resolve, assignments)


def _resolve(assignments: Assignments, snapshot: Snapshot) -> ResolvedList:
    users = users_by_name(snapshot)
    principals: list[Principal | None] = []
    missing: list[int] = []
    for index, listed in enumerate(assignments.listed):
        principal = users.get(listed.value) if listed.by == "user" else None
        if principal is None:
            matches = snapshot.principals.get(lookup_of(listed), ())
            principal = matches[0] if len(matches) == 1 else None
            if not matches and is_missing(listed, snapshot):
                missing.append(index)
        principals.append(principal)
    return ResolvedList(assignments.listed, principals, frozenset(missing))


def lookups_by_name(assignments: Assignments, snapshot: Snapshot) -> Sequence[Lookup]:
    """Return the lookups of the listed users whose names are not known; computed once for a snapshot."""
    return snapshot.derive(_lookups_by_name, assignments)


def _lookups_by_name(assignments: Assignments, snapshot: Snapshot) -> Sequence[Lookup]:
    known = users_by_name(snapshot)
    return [lookup_of(listed) for name, listed in assignments.listed_by_name.items() if name not in known]


def users_by_name(snapshot: Snapshot) -> Mapping[str, Principal]:
    """Return the users that were looked up, by user principal name in lower case."""
    return snapshot.derive(_users_by_name, None)


def _users_by_name(_none: None, snapshot: Snapshot) -> Mapping[str, Principal]:
    users: dict[str, Principal] = {}
    for matches in snapshot.principals.values():
        for principal in matches:
            if principal.type == "user":
                folded = principal.name.casefold()
                users[principal.name if folded == principal.name else folded] = principal  # one string instead of two
    return users


def placeholder(listed: ListedPrincipal, names: Mapping[str | None, int]) -> Principal:
    """Return a principal for a listed one of which the tenant has not exactly one, or if no tenant was read.

    A group goes by its name also if it has an id, since ids differ between tenants; a name that repeats gets `~` and
    eight characters of the id, as in `principal_names`. `names` are the `group_names` of the spec.
    """
    id_, value = f"?{listed.value}", listed.value
    if listed.type == "user":
        return Principal(id_, "user", value)
    name = listed.name
    if name is not None and names[name] > 1:
        return Principal(id_, "group", f"{name}~{value[:8]}")
    return Principal(id_, "group", name or value)


def group_names(assignments: Assignments) -> Counter[str | None]:
    """Return how often each name of a group is listed."""
    return Counter(listed.name for listed in assignments.listed if listed.type == "group")


def assigned_principal(id_: str, snapshot: Snapshot) -> Principal:
    """Return the principal of an assignment: as it was looked up, or as its assignment describes it."""
    matches = snapshot.principals.get(Lookup("id", id_), ())
    if matches:
        return matches[0]
    assignee = assigned(snapshot).assignees[id_]
    return Principal(id_, _TYPES.get(assignee.type, "user"), assignee.name or id_)


def principal_names(snapshot: Snapshot) -> Mapping[str, str]:
    """Return principal id → its name in addresses; a name that repeats gets `~` and eight characters of the id."""
    return snapshot.derive(_principal_names, None)


def _principal_names(_none: None, snapshot: Snapshot) -> Mapping[str, str]:
    by_id = {principal.id: principal for matches in snapshot.principals.values() for principal in matches}
    for id_ in assigned(snapshot).assignees:
        if id_ not in by_id:
            by_id[id_] = assigned_principal(id_, snapshot)
    keys = {id_: (principal.type, principal.name.casefold()) for id_, principal in by_id.items()}
    counts = Counter(keys.values())
    return {
        id_: f"{principal.name}~{id_[:8]}" if counts[keys[id_]] > 1 else principal.name
        for id_, principal in by_id.items()
    }
