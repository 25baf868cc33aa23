"""The principals of assignments: the entries of the spec, how they are looked up, and their names in addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from scimconf.diagnostics import SpecPath
from scimconf.documents import application as documents
from scimconf.snapshot import Lookup, Principal, Snapshot
from scimconf.spec.model import Assignments, GroupAssignment, UserAssignment
from scimconf.spec.patterns import GUID

Listed: TypeAlias = UserAssignment | GroupAssignment


@dataclass(frozen=True, slots=True)
class AssignmentEntry:
    """One listed principal: where the spec lists it, and how it is looked up."""

    listed: Listed
    path: SpecPath
    lookup: Lookup

    @property
    def description(self) -> str:
        return f'{self.lookup.by if self.lookup.by != "id" else "user or group with the id"} "{self.lookup.value}"'


def entries(assignments: Assignments) -> Sequence[AssignmentEntry]:
    """Return the listed principals of the spec, including those of its CSV files."""
    base: SpecPath = ("assignments",)
    listed = [_entry(group, (*base, "groups", index)) for index, group in enumerate(assignments.groups)]
    listed += [_entry(user, (*base, "users", index)) for index, user in enumerate(assignments.users)]
    for number, file in enumerate(assignments.imported):
        base = ("assignments", "imported", number)
        listed += [_entry(group, (*base, "groups", index)) for index, group in enumerate(file.groups)]
        listed += [_entry(user, (*base, "users", index)) for index, user in enumerate(file.users)]
    return listed


def _entry(listed: Listed, path: SpecPath) -> AssignmentEntry:
    if isinstance(listed, GroupAssignment):
        by_id = Lookup("id", (listed.id or "").lower())
        return AssignmentEntry(listed, path, Lookup("group", listed.name or "") if listed.id is None else by_id)
    is_id = re.fullmatch(GUID, listed.user) is not None
    return AssignmentEntry(listed, path, Lookup("id" if is_id else "user", listed.user.casefold()))


def users_by_name(snapshot: Snapshot) -> Mapping[str, Principal]:
    principals = (principal for matches in snapshot.principals.values() for principal in matches)
    return {principal.name.casefold(): principal for principal in principals if principal.type == "user"}


def listed_principals(assignments: Assignments, snapshot: Snapshot) -> Mapping[SpecPath, Principal]:
    """Return the principal of each listed entry that resolves to exactly one."""
    users, principals = users_by_name(snapshot), {}
    for entry in entries(assignments):
        if entry.lookup.by == "user" and entry.lookup.value in users:
            principals[entry.path] = users[entry.lookup.value]
            continue
        matches = snapshot.principals.get(entry.lookup, ())
        if len(matches) == 1:
            principals[entry.path] = matches[0]
    return principals


def unresolved(assignments: Assignments) -> Mapping[SpecPath, Principal]:
    """Return a placeholder for each entry, for resources that need a name although no tenant was read.

    A group goes by its name also if it has an id, since ids differ between tenants; a name that repeats gets `~` and
    eight characters of the id, as in `principal_names`.
    """
    listed = entries(assignments)
    names = Counter(entry.listed.name for entry in listed if isinstance(entry.listed, GroupAssignment))
    return {entry.path: _placeholder(entry, names) for entry in listed}


def _placeholder(entry: AssignmentEntry, names: Mapping[str | None, int]) -> Principal:
    id_, value = f"?{entry.lookup.value}", entry.lookup.value
    if isinstance(entry.listed, UserAssignment):
        return Principal(id_, "user", value)
    name = entry.listed.name
    if name is not None and names[name] > 1:
        return Principal(id_, "group", f"{name}~{value[:8]}")
    return Principal(id_, "group", name or value)


def principal_of(row: Any, snapshot: Snapshot) -> Principal:
    matches = snapshot.principals.get(Lookup("id", row["principalId"]), ())
    if matches:
        return matches[0]
    types: Mapping[str, Any] = {"User": "user", "Group": "group", "ServicePrincipal": "servicePrincipal"}
    return Principal(
        row["principalId"], types.get(row["principalType"], "user"), row["principalDisplayName"] or row["principalId"]
    )


def principal_names(snapshot: Snapshot) -> Mapping[str, str]:
    """Return principal id → its name in addresses; a name that repeats gets `~` and eight characters of the id."""
    by_id = {principal.id: principal for matches in snapshot.principals.values() for principal in matches}
    for row in documents.assigned(snapshot.rows("assignments")):
        by_id.setdefault(row["principalId"], principal_of(row, snapshot))
    keys = {id_: (principal.type, principal.name.casefold()) for id_, principal in by_id.items()}
    counts, names = Counter(keys.values()), {id_: principal.name for id_, principal in by_id.items()}
    return {id_: f"{name}~{id_[:8]}" if counts[keys[id_]] > 1 else name for id_, name in names.items()}
