"""What the rules that stop an apply are given, and the permits that open them; the rules stand in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from scimconf.plan.change import Guard, Tenant
from scimconf.plan.globs import is_like
from scimconf.plan.resource import Address

ASKED = frozenset({"application-created", "initial-start"})
"""Guards of a first run: asked on a terminal, and opened by `--auto-approve`, which opens no other."""


@dataclass(frozen=True, slots=True)
class GuardExemption:
    """Opens one guard, for one address or number if it says so, until a day. Written in a spec, it says why."""

    guard: str
    until: date | None = None
    reason: str = ""
    address: str = ""
    max: int | None = None

    def allows(self, guard: Guard, today: date) -> bool:
        in_time = self.until is None or today <= self.until
        place = "" if guard.address is None else str(guard.address)
        here = not self.address or (bool(place) and is_like(place, self.address))
        enough = self.max is None or (guard.count is not None and guard.count <= self.max)
        return self.guard == guard.id and in_time and here and enough

    @property
    def description(self) -> str:
        if self.until is None:
            return f"--allow {self.guard}"
        return f"permit until {self.until.isoformat()}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardContext:
    """What guards need beside the changes.

    `holders` are the assigned principals by id with the number of roles that each holds; `people` says how many
    people each stands for (a user 1, a group its direct members), None where that could not be read, and `groups` which
    of them are groups. `left_behind` counts
    what a former spec named, where that is asked to stop an apply.
    """

    today: date
    expected_tenant: str | None = None
    tenant: Tenant | None = None
    has_run: bool = False
    quarantine: str = ""
    holders: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    members: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))
    groups: frozenset[str] = frozenset()
    matching: frozenset[Address] = frozenset()
    unavailable_secrets: tuple[str, ...] = ()
    abandoned: int = 0
    exemptions: tuple[GuardExemption, ...] = ()


def opened(guard: Guard, facts: GuardContext) -> Guard:
    """The guard, with the first permit that opens it."""
    for permit in facts.exemptions:
        if permit.allows(guard, facts.today):
            return replace(guard, allowed_by=permit.description)
    return guard
