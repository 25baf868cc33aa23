"""A change as a value: what differs at one address, and what that does to people. And the plan that holds them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.plan.impact import Impact
from scimconf.plan.resource import Address, Resource

Json = Any


class Action(StrEnum):
    """What becomes of a resource; the symbol is the one on screen."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"

    @property
    def symbol(self) -> str:
        return {"create": "+", "update": "~", "replace": "±", "delete": "-"}[self.value]


class Effect(StrEnum):
    """What a change does to users, the most severe first. `docs/effects.md` lists the effects of every field."""

    DATA_LOSS = "data_loss"
    DEPROVISIONS = "deprovisions"
    STOPS = "stops"
    PROVISIONS = "provisions"
    CREDENTIALS = "credentials"
    DIALECT = "dialect"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Detail:
    """One nested difference inside a field: a path of keys and positions."""

    path: tuple[str | int, ...]
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One property before and after; None where it was not there, or will not be."""

    name: str
    before: Json
    after: Json
    details: tuple[Detail, ...] = ()
    write_only: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The difference at one address. `before` is None for a creation, `after` for a deletion."""

    address: Address
    action: Action
    before: Resource | None = None
    after: Resource | None = None
    fields: tuple[FieldChange, ...] = ()
    effects: frozenset[Effect] = frozenset()
    reason: str = ""
    impact: Mapping[Effect, Impact] = field(default_factory=lambda: MappingProxyType({}), hash=False, compare=False)

    @property
    def kind(self) -> str:
        return self.address.kind

    def field(self, name: str) -> FieldChange | None:
        return next((one for one in self.fields if one.name == name), None)


@dataclass(frozen=True, slots=True)
class DiffResult:
    """What the differ found: changes, what is told as drift of an unlisted thing, and what is left alone.

    `managed` are the seen things that the spec rules, changed or not: a plan is stale when they are no longer so.
    """

    changes: tuple[Change, ...] = ()
    unmanaged_drift: tuple[Resource, ...] = ()
    unmanaged: tuple[Resource, ...] = ()
    managed: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that blocks an apply, unless an exemption allows it.

    `count` is the number that the `max` of an exemption is compared with, `impact` the users that the guard is about.
    """

    id: str
    message: str
    allowed_by: str = ""
    count: int | None = None
    address: Address | None = None
    impact: Impact | None = None

    @property
    def is_allowed(self) -> bool:
        return bool(self.allowed_by)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A live thing that a former spec named and the new one does not, with the line that would remove it."""

    address: Address
    removal_snippet: str


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """All that one application's plan says. `complete` is False where the first step hides what comes after it."""

    name: str
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    paths: tuple[str, ...] = ()
    digest: str = ""
    fingerprint: str = ""
    complete: bool = True
    changes: tuple[Change, ...] = ()
    unmanaged_drift: tuple[Resource, ...] = ()
    unmanaged: tuple[Resource, ...] = ()
    guards: tuple[Guard, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    abandoned: tuple[Abandoned, ...] = ()
    excluded_changes: int = 0
    saved_unmanaged_counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def unmanaged_counts(self) -> Mapping[str, int]:
        """How many of each kind are left alone; a plan from a file knows only these counts."""
        return (
            Counter(resource.address.kind for resource in self.unmanaged)
            if self.unmanaged
            else self.saved_unmanaged_counts
        )

    @property
    def blocking_guards(self) -> tuple[Guard, ...]:
        return tuple(guard for guard in self.guards if not guard.is_allowed)

    @property
    def has_drift(self) -> bool:
        return bool(self.changes or self.unmanaged_drift)


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant a plan is about: its id, and its default domain where that could be read."""

    id: str = ""
    domain: str = ""
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans of several applications of one tenant, with the options that shaped them."""

    tenant: Tenant = Tenant()
    applications: tuple[ApplicationPlan, ...] = ()
    options: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def has_changes(self) -> bool:
        return any(application.changes for application in self.applications)

    @property
    def has_drift(self) -> bool:
        return any(application.has_drift for application in self.applications)
