"""The members of assigned groups, as far as the warnings about roles need them: what to read, and what was read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RoleQueries:
    """Group ids: `groups` whose direct members are read, `nested` whose members through inner groups are counted."""

    groups: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleMembers:
    """The users in groups, by group id; what could not be read is missing.

    `ids` are direct members, of large groups the first ones; `counts` are the numbers of all direct members,
    `transitive` the numbers of direct members and members of inner groups together.
    """

    ids: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    transitive: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def is_complete(self, group: str) -> bool:
        """Return whether the ids of all direct members were read."""
        return group in self.ids and len(self.ids[group]) >= self.counts.get(group, 0)
