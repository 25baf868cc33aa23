"""Values about the users that a plan affects: what was read of them, and the numbers that are counted from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from scimconf.json_types import Json

Precision = Literal["exact", "at_least", "at_most"]
Population = Literal["", "assigned", "in_scope"]
"""The users that were evaluated: of the directory, those who are assigned, or those in scope."""

MAX_USERS = 1_000
"""Up to this number of users a plan reads all of them, and its numbers are exact."""


@dataclass(frozen=True, slots=True)
class Impact:
    """The number of users that an effect concerns, out of `total` where that is known.

    `sample_size` is the size of the evaluated sample, 0 if all users were counted. `examples` are a few of the users by
    name, `undetermined` counts users of whom the effect is unknown. `reason` says why a number is an upper bound, "" if
    that needs no words.
    """

    count: int
    total: int | None = None
    precision: Precision = "exact"
    sample_size: int = 0
    examples: tuple[str, ...] = ()
    population: Population = ""
    undetermined: int = 0
    reason: str = ""

    @property
    def upper_bound(self) -> int | None:
        """The most users that the effect can concern; None where only a lower bound or a sample is known."""
        is_bounded = self.precision != "at_least" and not self.sample_size and not self.undetermined
        return self.count if is_bounded else None


@dataclass(frozen=True, slots=True)
class Members:
    """The users among the direct members of groups, by group id.

    `ids` are the members that were read; a group that could not be read is missing. `counts` are the numbers of members,
    None where unknown; a group without a count was read completely.
    """

    ids: Mapping[str, Collection[str]] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))

    def unread(self, group: str) -> int | None:
        """Return how many members of a group were not read; None if their number is unknown."""
        ids = self.ids.get(group)
        count = self.counts.get(group, None if ids is None else len(ids))
        return None if count is None else max(count - len(ids or ()), 0)


@dataclass(frozen=True, slots=True)
class UserQuery:
    """The users to read for the numbers of a plan: those with these ids, or of the directory if `ids` is None."""

    properties: tuple[str, ...]
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class UserSample:
    """Users as raw JSON; `complete`: all users of the query were read. `directory_size` is the number of all users."""

    users: tuple[Json, ...] = ()
    complete: bool = False
    directory_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactData:
    """What was read to count users; what was not needed, or was denied, is missing.

    `denied` is the status and code of a denied read of users or members, `hint` what it needs.
    """

    members: Members = field(default_factory=Members)
    sample: UserSample | None = None
    denied: str = ""
    hint: str = ""
