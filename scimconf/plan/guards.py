"""Rules that stop an apply, and the permits that open them. Pure: a rule looks at changes and at a few facts.

`docs/guards.md` explains each guard. A plan only reports guards; an apply stops at those that are not open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from types import MappingProxyType

from scimconf.plan.change import Action, Change, Guard, Tenant

ASKED = frozenset({"application-created", "first-start"})
"""Guards of a first run: asked on a terminal, and opened by `--auto-approve`, which opens no other."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Opens one guard, for one address or number if it says so, until a day. Written in a spec, it says why."""

    guard: str
    until: date | None = None
    why: str = ""
    address: str = ""
    up_to: int | None = None

    def opens(self, guard: Guard, today: date) -> bool:
        in_time = self.until is None or today <= self.until
        here = not self.address or (guard.address is not None and fnmatchcase(str(guard.address), self.address))
        enough = self.up_to is None or (guard.number is not None and guard.number <= self.up_to)
        return self.guard == guard.id and in_time and here and enough

    @property
    def said(self) -> str:
        if self.until is None:
            return f"--allow {self.guard}"
        return f"permit until {self.until.isoformat()}: {self.why}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards need beside the changes: which tenant is wanted and seen, and whether the job ever ran."""

    tenant_wanted: str | None = None
    tenant: Tenant | None = None
    has_run: bool = False
    permits: tuple[Permit, ...] = ()
    today: date = date.min


Rule = Callable[[Sequence[Change], Facts], Iterable[Guard]]


def guards(changes: Sequence[Change], facts: Facts) -> tuple[Guard, ...]:
    """Every guard that applies, open or not."""
    found = [guard for rule in RULES.values() for guard in rule(changes, facts)]
    return tuple(_opened(guard, facts) for guard in found)


def _opened(guard: Guard, facts: Facts) -> Guard:
    for permit in facts.permits:
        if permit.opens(guard, facts.today):
            return Guard(guard.id, guard.message, permit.said, guard.number, guard.address)
    return guard


def _wrong_tenant(_changes: Sequence[Change], facts: Facts) -> Iterator[Guard]:
    wanted, seen = facts.tenant_wanted, facts.tenant
    if wanted is None:
        return
    if seen is None:
        yield Guard("wrong-tenant", f"the tenant cannot be read, so it is not sure to be {wanted}")
    elif wanted.lower() not in {seen.id.lower(), *(domain.lower() for domain in seen.domains)}:
        yield Guard("wrong-tenant", f"the spec is for {wanted}, and this is {seen.domain or seen.id}")


def _application_created(changes: Sequence[Change], _facts: Facts) -> Iterator[Guard]:
    for change in changes:
        if change.kind == "application" and change.action is Action.CREATE:
            said = "the application does not exist and would be created"
            yield Guard("application-created", said, address=change.address)


def _first_start(changes: Sequence[Change], _facts: Facts) -> Iterator[Guard]:
    for change in changes:
        one = change.field("enabled") if change.kind == "schedule" else None
        ran = change.before is not None and change.before.facts.get("has_run")
        if one is not None and one.after and not ran:
            said = "provisioning would start for the first time and create people in the application"
            yield Guard("first-start", said, address=change.address)


def _job_replaced(changes: Sequence[Change], _facts: Facts) -> Iterator[Guard]:
    for change in changes:
        if change.kind == "job" and change.action is Action.REPLACE:
            said = "the job would be deleted with all that it remembers, and another one made"
            yield Guard("job-replaced", said, address=change.address)


def _role_in_use(changes: Sequence[Change], _facts: Facts) -> Iterator[Guard]:
    """A role that goes takes its assignments along; those that the plan removes anyway do not count."""
    removed: Counter[str] = Counter()
    for change in changes:
        if change.kind == "assignment" and change.action is Action.DELETE and change.before is not None:
            key = change.before.key
            removed[str(key[1]) if isinstance(key, tuple) else ""] += 1
    for change in changes:
        if change.kind == "app_role" and change.action is Action.DELETE and change.before is not None:
            left = change.before.facts["assignments"] - removed[str(change.before.facts["id"])]
            if left > 0:
                many = "1 assignment" if left == 1 else f"{left} assignments"
                said = f"the role {change.address.rest} would be removed together with {many}"
                yield Guard("role-in-use", said, number=left, address=change.address)


def _scope_all(changes: Sequence[Change], facts: Facts) -> Iterator[Guard]:
    for change in changes:
        one = change.field("scope") if change.kind == "settings" else None
        if one is not None and one.before == "assigned" and one.after == "all" and facts.has_run:
            said = "everyone in the directory would be provisioned, not only who is assigned"
            yield Guard("scope-all", said, address=change.address)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "wrong-tenant": _wrong_tenant,
        "application-created": _application_created,
        "first-start": _first_start,
        "job-replaced": _job_replaced,
        "role-in-use": _role_in_use,
        "scope-all": _scope_all,
    }
)
