"""Who is assigned to the application, and as what.

Terms: a *listed* principal stands in the spec by name or id; its roles on this application are owned whole. A principal
that is not listed is ruled by `unlisted` and `keep`.

Premise: there is no update of an assignment. A role swap is one to create and one to delete, the creation first, so
that nobody is without a role in between.

Method: live principals are named by their ids, listed ones are looked up where no live one has their name, groups
always, since their names repeat. Roles are matched by id where they are live and by value where they are yet to come.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.documents import application as documents
from scimconf.kinds import roles
from scimconf.kinds.kind import Base, Effects, refused, suggest
from scimconf.plan import (
    Absent,
    Action,
    Change,
    DesiredItem,
    Effect,
    Exclusive,
    Protected,
    ReportOnly,
    Resource,
    decode,
    encode,
)
from scimconf.plan.globs import is_like
from scimconf.snapshot import Document, Lookup, Principal, Snapshot
from scimconf.spec.model import Assignments, GroupAssignment, Spec, UserAssignment
from scimconf.steps import Phase, Send, Step

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Listed: TypeAlias = UserAssignment | GroupAssignment
_ALREADY = (
    (400, "Permission being assigned already exists on the object"),
    (400, "EntitlementGrant entry already exists"),
    (409, "EntitlementGrant entry already exists"),
)
"""Two wordings of one refusal: what is asked for is there (Graph answers 400, a Bicep report saw a conflict)."""


@dataclass(frozen=True, slots=True)
class AssignmentEntry:
    """One listed principal of the spec, with where it is written and how it is looked up."""

    listed: Listed
    path: SpecPath
    lookup: Lookup

    @property
    def said(self) -> str:
        return f"{self.lookup.by if self.lookup.by != 'id' else 'principal'} {self.lookup.value}"


class AssignmentKind(Base):
    """`assignment/user:UPN/ROLE` or `assignment/group:NAME/ROLE`."""

    name = "assignment"
    after = ("app_role",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.assignments is not None:
            yield documents.assignments()

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        if spec.assignments is None:
            return
        yield from (one.lookup for one in _entries(spec.assignments) if one.lookup.by != "user")
        live = snapshot.get("assignments")
        if live is None and not snapshot.complete and "assignments" not in snapshot.denied:
            return
        rows = documents.assigned(live or ())
        ids = {Lookup("id", row["principalId"]) for row in rows if row["principalType"] != "ServicePrincipal"}
        yield from ids
        if all(one in snapshot.principals for one in ids):
            known = _users_by_name(snapshot)
            for one in _entries(spec.assignments):
                if one.lookup.by == "user" and one.lookup.value not in known:
                    yield one.lookup

    # --- what is wrong ---

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if spec.assignments is None or snapshot is None:
            return
        yield from refused(snapshot, "assignments", "K801", ("assignments",), "Application.Read.All")
        yield from _empty_files(spec.assignments)
        roles, held = _Roles.of(spec, snapshot), _held(snapshot)
        everyone = _principals(spec.assignments, snapshot)
        seen: dict[str, SpecPath] = {}
        for one in _entries(spec.assignments):
            principal = everyone.get(one.path)
            if principal is None:
                yield from _not_found(one, snapshot)
                continue
            yield from _about(one, principal)
            yield from _about_roles(one, held[principal.id], roles)
            if principal.id in seen:
                said = f"{principal.name} is listed twice"
                yield Diagnostic("K805", said, one.path, hint="Write one entry with all the roles.")
            seen[principal.id] = one.path

    # --- both sides ---

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if spec.assignments is None:
            return
        everyone, names = _principals(spec.assignments, snapshot), _names(snapshot)
        roles = _Roles.of(spec, snapshot)
        for one in _entries(spec.assignments):
            principal = everyone.get(one.path) or _unresolved(one)
            yield from self._wanted(spec, one, principal, names, roles)
        yield from self._unlisted(spec, snapshot, {one.id for one in everyone.values()})

    def _wanted(
        self, spec: Spec, one: AssignmentEntry, principal: Principal, names: Mapping[str, str], roles: _Roles
    ) -> Iterator[DesiredItem]:
        prefix = self.address(spec, _label(principal, names))
        if one.listed.absent and one.listed.roles:
            for role in one.listed.roles:
                yield Absent(prefix.under(roles.name(role)), (principal.id, roles.id(role)))
            return
        yield Exclusive(prefix, "absent") if one.listed.absent else Exclusive(prefix)
        for role in one.listed.roles if not one.listed.absent else ():
            facts = {"principal": principal.name}
            yield Resource(prefix.under(roles.name(role)), {}, (principal.id, roles.id(role)), facts)

    def _unlisted(self, spec: Spec, snapshot: Snapshot, listed: set[str]) -> Iterator[DesiredItem]:
        assignments = spec.assignments
        if assignments is None or assignments.unlisted == "keep":
            return
        prefix = self.address(spec)
        if assignments.unlisted == "report":
            yield ReportOnly(prefix)
        elif not any(_empty_files(assignments)):
            yield Exclusive(prefix)
        for resource in self.observed(spec, snapshot):
            is_service = resource.facts["type"] == "ServicePrincipal"
            if is_service or (
                resource.facts["principal_id"] not in listed and _is_kept(assignments, resource, snapshot)
            ):
                yield Protected(resource.address, resource.key)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        if spec.assignments is None:
            return
        names, roles = _names(snapshot), _Roles.of(spec, snapshot)
        for row in documents.assigned(snapshot.rows("assignments")):
            principal = _principal(row, snapshot)
            yield Resource(
                self.address(spec, _label(principal, names), roles.label(row["appRoleId"])),
                {},
                (principal.id, row["appRoleId"]),
                facts={
                    "id": row["id"],
                    "type": row["principalType"],
                    "principal": principal.name,
                    "principal_id": principal.id,
                    "roles": roles.spellings(row["appRoleId"]),
                },
            )

    # --- the way there ---

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            serves, path = (change.address,), "/servicePrincipals/{service_principal}/appRoleAssignedTo"
            if change.after is not None:
                own: Any = change.after.key
                body = {"principalId": own[0], "resourceId": "{service_principal}", "appRoleId": own[1]}
                says = f"assign {change.address.rest}"
                yield Send(Phase.BUILD, serves, says, "POST", path, body, success_errors=_ALREADY, batch=True)
            else:
                assert change.before is not None
                says, gone = f"remove {change.address.rest}", ((404, ""),)
                row = f"{path}/{change.before.facts['id']}"
                yield Send(Phase.CLEAR, serves, says, "DELETE", row, success_errors=gone, batch=True)

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        """Someone who gains a first role may be created, who loses the last may be disabled; a swap does neither."""
        held = {one: len(role_ids) for one, role_ids in _held(snapshot).items()}
        left = Counter(held)
        for change in changes:
            left[_owner(change)] += 1 if change.action is Action.CREATE else -1
        return {change.address: _effects(held.get(_owner(change), 0), left[_owner(change)]) for change in changes}


def _held(snapshot: Snapshot) -> Mapping[str, set[str]]:
    """Principal id → the ids of the roles that it holds."""
    held = defaultdict[str, set[str]](set)
    for row in documents.assigned(snapshot.rows("assignments")):
        held[row["principalId"]].add(row["appRoleId"])
    return held


def _owner(change: Change) -> str:
    resource = change.after or change.before
    key: Any = resource.key if resource is not None else ("", "")
    return str(key[0])


def _effects(before: int, after: int) -> frozenset[Effect]:
    if before == 0:
        return frozenset({Effect.PROVISIONS})
    return frozenset({Effect.DEPROVISIONS}) if after == 0 else frozenset({Effect.RESYNC})


# --- who is listed -------------------------------------------------------------------------------------------------


def _entries(one: Assignments) -> Sequence[AssignmentEntry]:
    found = [_entry(group, ("assignments", "groups", index)) for index, group in enumerate(one.groups)]
    found += [_entry(user, ("assignments", "users", index)) for index, user in enumerate(one.users)]
    for number, file in enumerate(one.imported):
        base: SpecPath = ("assignments", "imported", number)
        found += [_entry(group, (*base, "groups", index)) for index, group in enumerate(file.groups)]
        found += [_entry(user, (*base, "users", index)) for index, user in enumerate(file.users)]
    return found


def _entry(listed: Listed, path: SpecPath) -> AssignmentEntry:
    if isinstance(listed, GroupAssignment):
        by_id = listed.id is not None
        return AssignmentEntry(
            listed, path, Lookup("id" if by_id else "group", (listed.id or "").lower() if by_id else listed.name or "")
        )
    is_id = _GUID.fullmatch(listed.user) is not None
    return AssignmentEntry(listed, path, Lookup("id" if is_id else "user", listed.user.casefold()))


def _users_by_name(snapshot: Snapshot) -> Mapping[str, Principal]:
    return {one.name.casefold(): one for found in snapshot.principals.values() for one in found if one.type == "user"}


def _principals(assignments: Assignments, snapshot: Snapshot) -> Mapping[SpecPath, Principal]:
    """Each listed entry's principal, where exactly one was found."""
    users, found = _users_by_name(snapshot), {}
    for one in _entries(assignments):
        if one.lookup.by == "user" and one.lookup.value in users:
            found[one.path] = users[one.lookup.value]
            continue
        candidates = snapshot.principals.get(one.lookup, ())
        if len(candidates) == 1:
            found[one.path] = candidates[0]
    return found


def _unresolved(one: AssignmentEntry) -> Principal:
    """In a plan that has problems anyway, a principal that could not be found stands under its written name."""
    kind = "user" if isinstance(one.listed, UserAssignment) else "group"
    return Principal(f"?{one.lookup.value}", kind, one.lookup.value)  # type: ignore[arg-type]


def _principal(row: Any, snapshot: Snapshot) -> Principal:
    found = snapshot.principals.get(Lookup("id", row["principalId"]), ())
    if found:
        return found[0]
    types: Mapping[str, Any] = {"User": "user", "Group": "group", "ServicePrincipal": "servicePrincipal"}
    return Principal(
        row["principalId"], types.get(row["principalType"], "user"), row["principalDisplayName"] or row["principalId"]
    )


def _names(snapshot: Snapshot) -> Mapping[str, str]:
    """Principal id → its name in addresses; one that is not unique gets `~` and eight characters of its id."""
    everyone = {one.id: one for found in snapshot.principals.values() for one in found}
    for row in documents.assigned(snapshot.rows("assignments")):
        everyone.setdefault(row["principalId"], _principal(row, snapshot))
    counts = Counter((one.type, one.name.casefold()) for one in everyone.values())
    return {
        one.id: f"{one.name}~{one.id[:8]}" if counts[one.type, one.name.casefold()] > 1 else one.name
        for one in everyone.values()
    }


def _label(principal: Principal, names: Mapping[str, str]) -> str:
    return f"{principal.type}:{encode(names.get(principal.id, principal.name))}"


def _is_kept(assignments: Assignments, resource: Resource, snapshot: Snapshot) -> bool:
    """Whether a pattern of `keep` takes it. A user whose name could not be read may be any of those that are kept."""
    facts = resource.facts
    named = bool(snapshot.principals.get(Lookup("id", facts["principal_id"])))
    for keep in assignments.protect:
        if keep.group is not None and facts["type"] == "Group" and _is_like(facts["principal"], keep.group):
            return True
        is_user = keep.user is not None and facts["type"] == "User"
        if is_user and (not named or _is_like(facts["principal"], str(keep.user))):
            return True
        if keep.role is not None and any(_is_like(name, keep.role) for name in facts["roles"]):
            return True
    return False


def _is_like(name: str, pattern: str) -> bool:
    """`*` stands for any characters, everything else for itself; names are the same in any case."""
    return is_like(name.casefold(), pattern.casefold())


def _empty_files(assignments: Assignments) -> Iterator[Diagnostic]:
    for number, file in enumerate(assignments.imported):
        if not (file.users or file.groups):
            yield Diagnostic(
                "K802",
                f"{file.file} lists nobody, so nobody who is not listed is removed",
                ("assignments", "imported", number),
                hint="If that is meant, take the file out.",
                severity="warning",
            )


# --- roles ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Roles:
    """Roles by their names in the spec and by id: the live ones, and those that the plan will make."""

    by_name: Mapping[str, str]
    labels: Mapping[str, str]
    off: frozenset[str]
    gone: frozenset[str]

    @classmethod
    def of(cls, spec: Spec, snapshot: Snapshot) -> _Roles:
        live, new = documents.roles(snapshot.documents), roles.new_ids(spec, snapshot)
        by_name = {str(role.get("value") or "") or f"~{role.get('displayName')}": role["id"] for role in live}
        labels = {documents.DEFAULT_ACCESS: _DEFAULT, **roles.labels(live)}
        off = {role["id"] for role in live if not role.get("isEnabled")}
        for role in spec.app_roles.roles if spec.app_roles is not None else ():
            if roles.label_of(role) in new:
                by_name.setdefault(role.identity, new[roles.label_of(role)])
                labels.setdefault(new[roles.label_of(role)], roles.label_of(role))
            if not role.absent:
                known = by_name[role.identity]
                off = off - {known} if role.enabled else off | {known}
        return cls(by_name, labels, frozenset(off), roles.going(spec, live))

    def id(self, written: str) -> str:
        """The id of a role by its value, or by its display name where it has no value."""
        return self.by_name.get(written) or self.by_name.get(f"~{written}") or f"?{written}"

    def name(self, written: str) -> str:
        """What a written role is called in addresses."""
        return self.labels.get(self.id(written)) or encode(written)

    def label(self, role: str) -> str:
        return self.labels.get(role, role)

    def spellings(self, role: str) -> tuple[str, ...]:
        """How a pattern may name a live role."""
        name = self.label(role)
        value = roles.value_of(name)
        return (value,) if value is not None else (decode(name), decode(name.removeprefix("~")))

    def knows(self, written: str) -> bool:
        """Whether there is such a role, and will be after this plan."""
        found = self.id(written)
        return found in self.labels and found not in self.gone


_DEFAULT = "~Default Access"


def _about(one: AssignmentEntry, principal: Principal) -> Iterator[Diagnostic]:
    listed = one.listed
    if isinstance(listed, GroupAssignment) and principal.type != "group":
        yield Diagnostic("K803", f"{principal.name} is not a group", one.path)
    if isinstance(listed, UserAssignment) and principal.type != "user":
        yield Diagnostic("K803", f"{principal.name} is not a user", one.path)
    if isinstance(listed, GroupAssignment) and listed.id is not None and listed.name not in (None, principal.name):
        said = f'the group {listed.id} is called "{principal.name}", not "{listed.name}"; the id decides'
        yield Diagnostic("K804", said, (*one.path, "name"), severity="warning")
    if principal.type == "group" and not principal.security_enabled and not listed.absent:
        yield Diagnostic(
            "K806", f'the group "{principal.name}" is not security-enabled, so it cannot be assigned', one.path
        )


def _about_roles(one: AssignmentEntry, held: set[str], roles: _Roles) -> Iterator[Diagnostic]:
    for role in one.listed.roles if not one.listed.absent else ():
        path = (*one.path, "roles")
        if not roles.knows(role):
            hint = suggest(role, filter(roles.knows, roles.by_name), "Declare it under app_roles.")
            yield Diagnostic("K807", f'the application has no role "{role}"', path, hint=hint)
        elif roles.id(role) in roles.off and roles.id(role) not in held:
            yield Diagnostic("K808", f'the role "{role}" is disabled and cannot be assigned', path)


def _not_found(one: AssignmentEntry, snapshot: Snapshot) -> Iterator[Diagnostic]:
    found = snapshot.principals.get(one.lookup)
    if found is None:
        yield Diagnostic("K809", f"{one.said} could not be looked up", one.path, hint="See the refused reads above.")
    elif found:
        ids = ", ".join(principal.id for principal in found)
        said = f'{len(found)} groups are called "{one.lookup.value}": {ids}'
        yield Diagnostic("K810", said, one.path, hint="Write `id:` beside the name.")
    elif not one.listed.absent:
        near = [principal.name for group in snapshot.principals.values() for principal in group]
        yield Diagnostic("K811", f"there is no {one.said}", one.path, hint=suggest(one.lookup.value, near))
