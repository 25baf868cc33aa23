"""Guards block an apply; exemptions allow them. Which guards a change raises is up to its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from scimconf.plan.change import Guard, Tenant
from scimconf.plan.resource import Address, is_like

if TYPE_CHECKING:
    from scimconf.plan.impact import Impact

ASKED = frozenset({"application-created", "initial-start"})
"""Guards of a first run: a yes at the prompt and `--yes` allow these two, and no others."""

COVERED: Mapping[str, str] = MappingProxyType({"secret-redirected": "endpoint-changed"})
"""Guard → the guard that its exemptions allow as well: a change of the host raises the first, and the second alone if an
apply is continued that has recorded the new host, and was killed before it sent the secret."""


@dataclass(frozen=True, slots=True)
class GuardExemption:
    """Allows one guard (and the one that it covers), optionally for an address (a glob), up to `max`, and through a day, which `--allow` does not have."""

    guard: str
    until: date | None = None
    reason: str = ""
    address: str = ""
    max: int | None = None

    def allows(self, guard: Guard, today: date) -> bool:
        in_time = self.until is None or today <= self.until
        address = "" if guard.address is None else str(guard.address)
        at_address = not self.address or (bool(address) and is_like(address, self.address))
        within_max = self.max is None or (guard.count is not None and guard.count <= self.max)
        return guard.id in (self.guard, COVERED.get(self.guard)) and in_time and at_address and within_max

    @property
    def description(self) -> str:
        if self.until is None:
            return f"--allow {self.guard}"
        return f"guard exemption until {self.until.isoformat()}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectedSecret:
    """A secret that a plan sends otherwise than the last apply did, or of which nothing is recorded.

    `field` is its key in the spec, `source` its reference, such as `env:NAME`; `hosts` are the hosts that it would be
    sent to. `record` says what is known about the last apply: `read`, `unreadable`, `missing` though Entra has a secret,
    or `new` since it has none. If it is read, `is_other_source` or `is_other_host` is true, and `last_hosts` are the
    hosts of the last apply if they are still stored: only hashes are recorded.
    """

    address: Address
    field: str
    source: str
    hosts: tuple[str, ...] = ()
    record: Literal["read", "unreadable", "missing", "new"] = "read"
    is_other_source: bool = False
    is_other_host: bool = False
    last_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardContext:
    """What guards need besides the changes of their kind.

    `holders` maps the id of each assigned principal to its number of roles, `members` to the number of users that it
    stands for (a user 1, a group its direct members, None if they could not be read); `losing` is the number of users
    who lose their last role, None if no principal does.
    `removed_assignments` counts the assignments that the plan deletes, by role id. `matching` are the attribute mappings
    that users are matched by. `missing_sign_on` says why the single sign-on that the spec requires is not set up, "" if it
    is. `unconfirmed_steps` are the manual steps before the first start that nobody has confirmed. `abandoned` counts abandoned resources, where those block an apply.
    """

    today: date
    expected_tenant: str | None = None
    tenant: Tenant | None = None
    has_run: bool = False
    quarantine: str = ""
    holders: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    members: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))
    losing: Impact | None = None
    removed_assignments: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    matching: frozenset[Address] = frozenset()
    unavailable_secrets: tuple[str, ...] = ()
    redirected_secrets: tuple[RedirectedSecret, ...] = ()
    missing_sign_on: str = ""
    unconfirmed_steps: tuple[str, ...] = ()
    abandoned: int = 0
    exemptions: tuple[GuardExemption, ...] = ()


def with_exemptions(guards: Iterable[Guard], context: GuardContext) -> tuple[Guard, ...]:
    """Return the guards, each with the first exemption that allows it."""
    result = []
    for guard in guards:
        allowing = (exemption for exemption in context.exemptions if exemption.allows(guard, context.today))
        exemption = next(allowing, None)
        result.append(replace(guard, allowed_by=exemption.description) if exemption else guard)
    return tuple(result)
