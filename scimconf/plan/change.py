"""A change as a value: what differs at one address, and what that does to people. And the plan that holds them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from scimconf.diagnostics import Diagnostic
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
    """What a change does to people: `docs/effects.md` is the table field by direction."""

    DESTROYS = "destroys"
    NARROWS = "narrows"
    WIDENS = "widens"
    CREDENTIALS = "credentials"
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
class Impact:
    """How many people an effect is about: `of` how many in all, `bound` where groups may overlap, from a `sample`.

    `who` are some of them by name, `among` says of whom all are, and of `unknown` more it cannot be known.
    """

    number: int
    of: int | None = None
    bound: str = ""
    sample: int = 0
    who: tuple[str, ...] = ()
    among: str = ""
    unknown: int = 0

    def __str__(self) -> str:
        whole = f"a sample of {self.sample:,}" if self.sample else "" if self.of is None else f"{self.of:,}"
        one = (self.of == 1 and not self.sample) or (self.number == 1 and not whole)
        parts = [self.bound, f"{self.number:,}", f"of {whole}" if whole else "", "user" if one else "users", self.among]
        more = ", …" if len(self.who) < self.number else ""
        named = f": {', '.join(self.who)}{more}" if self.who else ""
        unknown = f" (not known of {self.unknown:,})" if self.unknown else ""
        return " ".join(filter(None, parts)) + unknown + named


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
    reported: tuple[Resource, ...] = ()
    left_alone: tuple[Resource, ...] = ()
    managed: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that stops an apply, with the number it counted and what opens it."""

    id: str
    message: str
    opened_by: str = ""
    number: int | None = None
    address: Address | None = None

    @property
    def open(self) -> bool:
        return bool(self.opened_by)


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A live thing that a former spec named and the new one does not, with the line that would remove it."""

    address: Address
    write: str


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
    reported: tuple[Resource, ...] = ()
    left_alone: tuple[Resource, ...] = ()
    guards: tuple[Guard, ...] = ()
    notices: tuple[Diagnostic, ...] = ()
    left_behind: tuple[Abandoned, ...] = ()
    excluded: int = 0
    counted: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def left_alone_counts(self) -> Mapping[str, int]:
        """How many of each kind are left alone; a plan from a file knows only these counts."""
        return Counter(resource.address.kind for resource in self.left_alone) if self.left_alone else self.counted

    @property
    def closed_guards(self) -> tuple[Guard, ...]:
        return tuple(guard for guard in self.guards if not guard.open)

    @property
    def has_drift(self) -> bool:
        return bool(self.changes or self.reported)


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
