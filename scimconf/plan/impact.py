"""Values about the users that a plan affects: what to read, what was read, and the estimates made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from scimconf.json_types import Json

Precision = Literal["exact", "at_least", "at_most"]
Population = Literal["", "assigned", "in_scope"]
"""The users that were evaluated: of the directory, those who are assigned, or those in scope."""


@dataclass(frozen=True, slots=True)
class Impact:
    """The estimated number of users that an effect concerns, out of `total` where that is known.

    `sample_size` is the size of the evaluated sample, 0 if all users were counted. `examples` are a few of the users by
    name, `undetermined` counts users of whom the effect is unknown.
    """

    count: int
    total: int | None = None
    precision: Precision = "exact"
    sample_size: int = 0
    examples: tuple[str, ...] = ()
    population: Population = ""
    undetermined: int = 0

    @property
    def upper_bound(self) -> int | None:
        """The most users that the effect can concern; None where only a lower bound or a sample is known."""
        is_bounded = self.precision != "at_least" and not self.sample_size and not self.undetermined
        return self.count if is_bounded else None


@dataclass(frozen=True, slots=True)
class SamplePopulation:
    """The users that a sample is taken from: these, and the direct members of these groups, by id."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactQueries:
    """What to read from the tenant to estimate the impact of a plan.

    `user_count` asks for the number of users in the directory, `groups` for the number of direct members of each group,
    `properties` for a sample of users with these properties of Graph, taken from `population` (None: the directory).
    """

    user_count: bool = False
    groups: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    population: SamplePopulation | None = None

    def __bool__(self) -> bool:
        return self.user_count or bool(self.groups) or bool(self.properties)


@dataclass(frozen=True, slots=True)
class UserSample:
    """Users as raw JSON. `assigned`: all are assigned to the application; `complete`: no user of the population is missing."""

    users: tuple[Json, ...] = ()
    assigned: bool = False
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactData:
    """What was read for `ImpactQueries`; what was not asked for, or was denied, is missing.

    `members` maps group ids to the number of direct members that are users, None where it could not be read.
    `denied` is the status and code of a denied read of users, `hint` what it needs.
    """

    members: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))
    user_count: int | None = None
    sample: UserSample | None = None
    denied: str = ""
    hint: str = ""
