"""The effective assignees of an application before or after a plan: directly, or as direct members of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimconf.documents.assignments import DEFAULT_ACCESS
from scimconf.impact.user_attributes import GAP
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan.impact import Impact, Members, Precision
from scimconf.plan.resource import NOTHING

_DIRECT = "directly"


@dataclass(frozen=True, slots=True)
class HeldRoles:
    """The ids of a user's roles, and how the user gets them: `directly`, `through GROUP`."""

    roles: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


_NO_ROLES = HeldRoles()


@dataclass(frozen=True, slots=True)
class Assignees:
    """All assigned users by id. `gap` is the reason why they may be incomplete; empty if they are complete.

    `unread` maps the groups whose members were not all read to the number of the others, None where it is unknown; it is
    None if assignments could not be read.
    """

    roles_by_user: Mapping[str, HeldRoles]
    role_labels: Mapping[str, Mapping[str, str]]
    gap: str = ""
    unread: Mapping[str, int | None] | None = field(default_factory=lambda: NOTHING)

    def is_assigned(self, user: str) -> tuple[bool | None, str]:
        """Return whether a user is assigned (None if unknown), and the reason."""
        roles = self.roles_by_user.get(user)
        if roles is not None:
            return True, f"assigned {' and '.join(dict.fromkeys(roles.origins))}"
        return (None, self.gap) if self.gap else (False, "not assigned")

    def roles_attribute(self, user: str) -> tuple[Any, str]:
        """Return the value of `appRoleAssignments`; a gap with its reason if it is unknown."""
        roles = self._roles(user)
        if self.gap:
            return GAP, self.gap
        if len(set(roles)) < len(roles):
            return GAP, "Microsoft does not document whether a role that a user holds twice counts once"
        if roles == (DEFAULT_ACCESS,):
            return GAP, "Microsoft does not document what is sent for a user with default access and no role"
        if DEFAULT_ACCESS in roles:
            return GAP, "Microsoft does not document whether default access counts as a role beside others"
        return [dict(self.role_labels.get(role) or {"id": role}) for role in roles] or None, ""

    def known_roles(self, user: str) -> Sequence[Any]:
        """Return the labels of the user's roles as far as they are known, also where the attribute's value is a gap."""
        return [self.role_labels.get(role) or role for role in self._roles(user)]

    def role_names(self, user: str) -> str:
        """Return the display names of the user's roles, separated by commas; `none` without roles."""
        labels = (self.role_labels.get(role, {}) for role in self._roles(user))
        names = [label.get("displayName") or label.get("value") or "default access" for label in labels]
        return ", ".join(names) or "none"

    def _roles(self, user: str) -> tuple[str, ...]:
        return self.roles_by_user.get(user, _NO_ROLES).roles


def effective_assignees(state: ProvisioningState, members: Members) -> Assignees:
    """Return the assignees of a state. Equal entries are one object, since there may be very many users."""
    if state.assigned_users is None or state.assigned_groups is None:
        return Assignees({}, state.role_labels, "assignments could not be read", None)
    shared: dict[HeldRoles, HeldRoles] = {}
    roles_by_user: dict[str, HeldRoles] = {}
    for user, roles in state.assigned_users.items():
        direct = HeldRoles(roles, (_DIRECT,))
        roles_by_user[user] = shared.setdefault(direct, direct)
    for group, roles in state.assigned_groups.items():
        origin = f"through {state.group_names.get(group, group)}"
        for user in members.ids.get(group) or ():
            before = roles_by_user.get(user, _NO_ROLES)
            combined = HeldRoles((*before.roles, *roles), (*before.origins, origin))
            roles_by_user[user] = shared.setdefault(combined, combined)
    unread = {group: members.unread(group) for group in state.assigned_groups if members.unread(group) != 0}
    names = sorted(state.group_names.get(group, group) for group in unread)
    gap = f"the members of {', '.join(names)} could not be read" if unread else ""
    return Assignees(roles_by_user, state.role_labels, gap, unread)


def lost_assignments(before: Assignees, after: Assignees) -> Impact | None:
    """Return how many of the assigned users lose their last role; None if assignments could not be read.

    A user who keeps a role, directly or through a group, does not lose it. A group that loses its last role counts for
    its members, or for one user if their number is unknown; so does any group in `total`, the number of assigned users.
    """
    if before.unread is None or after.unread is None:
        return None
    losing = [group for group in before.unread if group not in after.unread]
    sizes = {group: 1 if number is None else number for group, number in before.unread.items()}
    lost = before.roles_by_user.keys() - after.roles_by_user.keys()
    precision: Precision = "exact" if not before.unread and not after.unread else "at_most"
    if any(before.unread[group] is None for group in losing):
        precision = "at_least"
    total = len(before.roles_by_user) + sum(sizes.values())
    return Impact(len(lost) + sum(sizes[group] for group in losing), total, precision)
