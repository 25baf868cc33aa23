"""Changes, effects, guards, and the plans that contain them, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.json_types import Json
from scimconf.plan.key_sets import NO_RESOURCES, Resources, counts_by_kind
from scimconf.plan.resource import Address, Resource

if TYPE_CHECKING:
    from scimconf.plan.impact import Impact


class Action(StrEnum):
    """What a change does to a resource; `symbol` is its sign in a plan."""

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
    ENDPOINT = "endpoint"
    CREDENTIALS = "credentials"
    DIALECT = "dialect"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Detail:
    """One nested difference inside a field; `path` consists of keys and positions."""

    path: tuple[str | int, ...]
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; None if the resource does not have it on that side."""

    name: str
    before: Json
    after: Json
    details: tuple[Detail, ...] = ()
    write_only: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The difference at one address. `before` is None for a creation, `after` for a deletion.

    `departure` is what the vendor does to users whom the change deprovisions, as the end of `users may be …`; empty if it
    is not known, or if the change deprovisions nobody.
    """

    address: Address
    action: Action
    before: Resource | None = None
    after: Resource | None = None
    fields: tuple[FieldChange, ...] = ()
    effects: frozenset[Effect] = frozenset()
    reason: str = ""
    impact: Mapping[Effect, Impact] = field(default_factory=lambda: MappingProxyType({}), hash=False, compare=False)
    departure: str = ""

    @property
    def kind(self) -> str:
        return self.address.kind

    def field(self, name: str) -> FieldChange | None:
        """Return the change of this field; None if it does not change."""
        return next((field_change for field_change in self.fields if field_change.name == name), None)


@dataclass(frozen=True, slots=True)
class DiffResult:
    """The result of the differ. `managed` are the observed resources that the spec manages; a plan is stale once they differ."""

    changes: tuple[Change, ...] = ()
    unmanaged_drift: Resources = NO_RESOURCES
    unmanaged: Resources = NO_RESOURCES
    managed: Resources = NO_RESOURCES


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule that blocks an apply, unless an exemption allows it. The `max` of an exemption is compared with `count`."""

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
    """A live resource that the previous spec managed and the current one omits, with the spec lines that delete it."""

    address: Address
    removal_snippet: str


@dataclass(frozen=True, slots=True)
class MissingPrincipal:
    """A user or group that the spec lists and the tenant does not have; the plan goes on without its assignments.

    `type` is `user` or `group`, `assignments` are the addresses of what is not assigned. `diagnostic` says why; an error
    prevents an apply. `deleted` is the day of the deletion (ISO 8601) if the principal is in the recycle bin.
    """

    type: str
    name: str
    assignments: tuple[Address, ...]
    diagnostic: Diagnostic
    deleted: str = ""

    @property
    def is_error(self) -> bool:
        return self.diagnostic.is_error


@dataclass(frozen=True, slots=True)
class FailedApplication:
    """An application that could not be planned, and why; `paths` are the files of its spec."""

    name: str
    message: str
    hint: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """The plan of one application. `complete` is False for a partial plan, which only creates the application.

    `impact` is the number of users by effect of all changes together: a user whom several changes concern counts once.
    `not_compared` are the kinds that `--only` or `--exclude` leaves out as a whole, whose changes are not counted.
    """

    name: str
    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    paths: tuple[str, ...] = ()
    digest: str = ""
    fingerprint: str = ""
    complete: bool = True
    changes: tuple[Change, ...] = ()
    unmanaged_drift: Sequence[Resource] = ()
    unmanaged: Sequence[Resource] = ()
    guards: tuple[Guard, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    abandoned: tuple[Abandoned, ...] = ()
    missing: tuple[MissingPrincipal, ...] = ()
    excluded_changes: int = 0
    impact: Mapping[Effect, Impact] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    not_compared: tuple[str, ...] = ()
    saved_unmanaged_counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def unmanaged_counts(self) -> Mapping[str, int]:
        """The number of unmanaged resources by kind; a plan read from a file has only these counts."""
        return counts_by_kind(self.unmanaged) or self.saved_unmanaged_counts

    @property
    def blocking_guards(self) -> tuple[Guard, ...]:
        return tuple(guard for guard in self.guards if not guard.is_allowed)

    @property
    def has_drift(self) -> bool:
        return bool(self.changes or self.unmanaged_drift or self.missing)


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant of a plan: its id, and its default and verified domains if they could be read."""

    id: str = ""
    domain: str = ""
    domains: tuple[str, ...] = ()

    def has_name(self, name: str) -> bool:
        """Return whether a name is the id or a verified domain, ignoring case."""
        return name.lower() in {self.id.lower(), *(domain.lower() for domain in self.domains)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The plans of several applications of one tenant, with the options that they were made with.

    `failures` are the applications that could not be planned.
    """

    tenant: Tenant = Tenant()
    applications: tuple[ApplicationPlan, ...] = ()
    options: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    failures: tuple[FailedApplication, ...] = ()

    @property
    def has_changes(self) -> bool:
        return any(application.changes for application in self.applications)

    @property
    def has_drift(self) -> bool:
        return any(application.has_drift for application in self.applications)
