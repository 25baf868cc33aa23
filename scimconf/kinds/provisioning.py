"""How an application provisions users: the state that changes of several kinds alter, and whom a change concerns.

Kinds answer both questions; `impact` counts and evaluates the users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any
Row = Mapping[str, Json]
RolesByPrincipal = Mapping[str, tuple[str, ...]]

SECTION = "users"
"""The object mapping whose users are counted and previewed."""

RESULT_FIELDS = ("source", "default", "apply")
"""The fields of an attribute mapping that decide what it sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningState:
    """How an application provisions users: the attribute mappings, who is in scope, and who is assigned.

    A state that does not exist sends nothing, for the reason `absence`. `rows` maps target attributes to the fields of
    a mapping. `scope` is `all`, `assigned`, or None if unknown. `assigned_users` and `assigned_groups` map principal
    ids to role ids, None if assignments could not be read; `role_labels` are the roles as expressions see them, by id.
    `required_targets` are the target attributes that the schema of the application requires. `links` are what the job
    holds of users that it has provisioned: `none`, `lost`, or `kept` with `linked_until`, the time of its last cycle.
    `deletion_threshold` is None if it is switched off or unknown.
    """

    exists: bool = False
    absence: str = "there is no provisioning job"
    rows: Mapping[str, Row] = field(default_factory=dict)
    enabled: bool = True
    actions: tuple[str, ...] = ("create", "delete", "update")
    filters: Sequence[Json] = ()
    scope: str | None = None
    skip_out_of_scope_deletions: bool = False
    assigned_users: RolesByPrincipal | None = field(default_factory=dict)
    assigned_groups: RolesByPrincipal | None = field(default_factory=dict)
    group_names: Mapping[str, str] = field(default_factory=dict)
    role_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    boolean_targets: frozenset[str] = frozenset()
    required_targets: frozenset[str] = frozenset()
    links: Literal["none", "kept", "lost"] = "none"
    linked_until: str = ""
    deletion_threshold: int | None = None


@dataclass(frozen=True, slots=True)
class OnePrincipal:
    """The effect concerns a user, or the members of a group, who enter or leave the scope by gaining or losing a role."""

    id: str
    name: str
    role: str
    is_group: bool


@dataclass(frozen=True, slots=True)
class UsersInScope:
    """The effect concerns all users in scope: those whom provisioning stops for, or who may be created or matched again.

    With `is_start`, provisioning is switched on: users whom the job has linked to an account are not created.
    """

    is_start: bool = False


@dataclass(frozen=True, slots=True)
class UsersWhoMove:
    """The effect concerns the users who enter the scope (provisions), or leave it (deprovisions), because of the plan."""


@dataclass(frozen=True, slots=True)
class UsersWithOtherValue:
    """The effect concerns the users in scope for whom a target attribute of `users` has another value after the plan."""

    target: str


@dataclass(frozen=True, slots=True)
class CheckedValues:
    """The effect concerns what is checked of the values of a target attribute; it has no number of its own."""


Affected = OnePrincipal | UsersInScope | UsersWhoMove | UsersWithOtherValue | CheckedValues
"""Whom an effect of a change concerns, and so how they are counted."""


def filter_attributes(filters: Iterable[Json]) -> frozenset[str]:
    """Return the names of the attributes that scoping filters read."""
    return frozenset(str(clause["attribute"]) for group in filters for clause in group["all"])
