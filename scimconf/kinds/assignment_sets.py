"""Assignments as sets of (principal id, role id): which must exist, which must not, which exist.

An address, with the names of principal and role, is made only for an assignment that is shown or changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scimconf.documents.assignments import SERVICE_PRINCIPAL, assigned
from scimconf.kinds import principals
from scimconf.kinds.assignment_roles import AssignableRoles
from scimconf.plan import Address, Resource, encode
from scimconf.plan.key_sets import Key, KeySets
from scimconf.plan.resource import is_like
from scimconf.snapshot import Lookup, Principal, Snapshot
from scimconf.spec.model import Assignments, ListedPrincipal, Spec


class AssignmentAddresses:
    """Makes the resources of keys: their addresses, and the facts that Graph returned.

    What it needs of all listed principals is computed when the first resource is made.
    """

    def __init__(self, prefix: Address, snapshot: Snapshot, roles: AssignableRoles, section: Assignments) -> None:
        self.prefix, self.snapshot, self.roles = prefix, snapshot, roles
        self.assignments = assigned(snapshot)
        self._section = section

    @cached_property
    def listed(self) -> Mapping[str, Principal]:
        """The listed principals by id."""
        resolved = principals.resolve(self._section, self.snapshot)
        return {principal.id: principal for _, principal in _present(self._section, resolved)}

    def owned(self) -> Mapping[str, str]:
        """Return the principals whose other roles are deleted, with the reason."""
        resolved = principals.resolve(self._section, self.snapshot)
        return {
            principal.id: "absent in spec" if listed.absent else "not listed"
            for listed, principal in _present(self._section, resolved)
            if not (listed.absent and listed.roles)
        }

    def owner(self, id_: str) -> Address:
        """Return the address of a principal, above those of its assignments."""
        return self.prefix.under(self._label(self.listed[id_]))

    def desired(self, key: Key) -> Resource:
        principal, role = self.listed[key[0]], key[1]
        name = self.roles.labels.get(role) or encode(role.removeprefix("?"))
        return Resource(self.prefix.under(f"{self._label(principal)}/{name}"), {}, key, {"principal": principal.name})

    def observed(self, key: Key) -> Resource:
        id_, role = key
        principal = principals.assigned_principal(id_, self.snapshot)
        assignee, assignment_id = self.assignments.assignees[id_], self.assignments.ids[id_, role]
        facts: dict[str, Any] = {"id": assignment_id, "type": assignee.type, "principal": principal.name}
        facts |= {"principal_id": id_, "roles": self.roles.spellings(role)}
        address = self.prefix.under(f"{self._label(principal)}/{self.roles.labels.get(role, role)}")
        return Resource(address, {}, key, facts)

    def _label(self, principal: Principal) -> str:
        names = principals.principal_names(self.snapshot)
        return f"{principal.type}:{encode(names.get(principal.id, principal.name))}"


def key_sets(spec: Spec, prefix: Address, snapshot: Snapshot) -> KeySets | None:
    """Return both sides of the assignments below the address `prefix`; None if the spec does not manage them."""
    if spec.assignments is None:
        return None
    roles, observed = AssignableRoles.of(spec, snapshot), assigned(snapshot)
    resolved = principals.resolve(spec.assignments, snapshot)
    desired: dict[Key, None] = {}
    absent: dict[Key, None] = {}
    ids_of: dict[tuple[str, ...], tuple[str, ...]] = {}
    for listed, principal in _present(spec.assignments, resolved):
        names, id_ = listed.roles, principal.id
        role_ids = ids_of.get(names) or ids_of.setdefault(names, tuple(map(roles.id, names)))
        keys = absent if listed.absent else desired
        for role_id in role_ids:
            keys[id_, role_id] = None
    addresses = AssignmentAddresses(prefix, snapshot, roles, spec.assignments)
    return KeySets(
        prefix=prefix,
        observed=observed.ids,
        desired=desired,
        absent=absent,
        owned=addresses.owned,
        unlisted=_policy(spec.assignments, resolved),
        is_protected=_Protection(spec.assignments, addresses),
        observed_resource=addresses.observed,
        desired_resource=addresses.desired,
        owner_address=addresses.owner,
    )


def has_empty_file(assignments: Assignments) -> bool:
    """Return whether a CSV file lists nobody, so that its rows may have been lost."""
    return any(not (file.users or file.groups) for file in assignments.imported)


def _present(
    assignments: Assignments, resolved: principals.ResolvedList
) -> Iterator[tuple[ListedPrincipal, Principal]]:
    """Yield what is listed with the principals, without those that are missing; others go by a placeholder."""
    names = None
    for index, (listed, principal) in enumerate(resolved.pairs):
        if principal is not None:
            yield listed, principal
        elif index not in resolved.missing or listed.absent:
            names = principals.group_names(assignments) if names is None else names
            yield listed, principals.placeholder(listed, names)


def _policy(assignments: Assignments, resolved: principals.ResolvedList) -> str:
    """Return what becomes of assignments that are not listed: nothing is deleted while a listed principal may be lost."""
    may_be_lost = has_empty_file(assignments) or bool(resolved.missing_entries)
    return "keep" if assignments.unlisted == "delete" and may_be_lost else assignments.unlisted


@dataclass(frozen=True, slots=True)
class _Protection:
    """Whether an assignment that is not listed is kept: that of a service principal, or one that `protect` names."""

    assignments: Assignments
    addresses: AssignmentAddresses

    def __call__(self, key: Key) -> bool:
        id_, addresses = key[0], self.addresses
        type_ = addresses.assignments.assignees[id_].type
        if type_ == SERVICE_PRINCIPAL:
            return True
        if id_ in addresses.listed or not self.assignments.protect:
            return False
        name = principals.assigned_principal(id_, addresses.snapshot).name
        return self._is_named(id_, type_, name, addresses.roles.spellings(key[1]))

    def _is_named(self, id_: str, type_: str, name: str, role_names: tuple[str, ...]) -> bool:
        """Return whether a pattern matches; a user whose name could not be read matches any user pattern."""
        has_name = bool(self.addresses.snapshot.principals.get(Lookup("id", id_)))
        for pattern in self.assignments.protect:
            if pattern.group is not None and type_ == "Group" and _is_like(name, pattern.group):
                return True
            is_user = pattern.user is not None and type_ == "User"
            if is_user and (not has_name or _is_like(name, str(pattern.user))):
                return True
            if pattern.role is not None and any(_is_like(role, pattern.role) for role in role_names):
                return True
        return False


def _is_like(name: str, pattern: str) -> bool:
    """Match ignoring case; only `*` is special."""
    return is_like(name.casefold(), pattern.casefold())
