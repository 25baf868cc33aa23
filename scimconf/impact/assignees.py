"""Who is assigned on one side of a plan: directly, or as a direct member of an assigned group."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.documents.application import DEFAULT_ACCESS
from scimconf.impact.projection import ProvisioningState
from scimconf.impact.user_attributes import GAP

Members = Mapping[str, Collection[str] | None]
"""Group id → the ids of its direct members; None where they could not be read."""

_DIRECT = "directly"


@dataclass(frozen=True, slots=True)
class HeldRoles:
    """What somebody holds: the ids of roles, and by which ways."""

    roles: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()


NOBODY = HeldRoles()


@dataclass(frozen=True, slots=True)
class Assignees:
    """Everybody who is assigned; `gap` says why somebody who is not in it may yet be."""

    held: Mapping[str, HeldRoles]
    labels: Mapping[str, Mapping[str, str]]
    gap: str = ""

    def is_assigned(self, user: str) -> tuple[bool | None, str]:
        """Whether a user is assigned, None where that is not known, and why."""
        held = self.held.get(user)
        if held is not None:
            return True, f"assigned {' and '.join(dict.fromkeys(held.ways))}"
        return (None, self.gap) if self.gap else (False, "not assigned")

    def roles(self, user: str) -> tuple[Any, str]:
        """The value of appRoleAssignments, or a gap and its reason."""
        roles = self.held.get(user, NOBODY).roles
        if self.gap:
            return GAP, self.gap
        if len(set(roles)) < len(roles):
            return GAP, "whether a role that is held in two ways counts once is not documented"
        if roles == (DEFAULT_ACCESS,):
            return GAP, "what somebody with default access and no role gets is not documented"
        return [dict(self.labels.get(role) or {"id": role}) for role in roles if role != DEFAULT_ACCESS] or None, ""

    def labelled(self, user: str) -> Sequence[Any]:
        """The roles as far as they are known, also where their value is not."""
        return [self.labels.get(role) or role for role in self.held.get(user, NOBODY).roles]

    def named(self, user: str) -> str:
        """The roles in words."""
        labels = (self.labels.get(role, {}) for role in self.held.get(user, NOBODY).roles)
        return (
            ", ".join(label.get("displayName") or label.get("value") or "default access" for label in labels) or "none"
        )


def roster(side: ProvisioningState, members: Members) -> Assignees:
    """One entry a person; equal entries are one object, since there may be very many."""
    if side.users is None or side.groups is None:
        return Assignees({}, side.labels, "who is assigned could not be read")
    one: dict[HeldRoles, HeldRoles] = {}
    held = {user: one.setdefault(mine := HeldRoles(roles, (_DIRECT,)), mine) for user, roles in side.users.items()}
    for group, roles in side.groups.items():
        way = f"through {side.names.get(group, group)}"
        for user in members.get(group) or ():
            before = held.get(user, NOBODY)
            mine = HeldRoles((*before.roles, *roles), (*before.ways, way))
            held[user] = one.setdefault(mine, mine)
    unread = [side.names.get(group, group) for group in side.groups if members.get(group) is None]
    return Assignees(
        held, side.labels, f"the members of {', '.join(sorted(unread))} could not be read" if unread else ""
    )
