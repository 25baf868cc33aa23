"""The interface of a kind, and what kinds share.

A kind is one type of resource, such as an attribute mapping. It translates between the spec, the documents of Graph,
resources and steps, and it answers every question about its type: how it is labelled, what its changes do to users,
which guards they raise, how it is exported and removed. Kinds are pure and do not import each other. A new kind is one
file and one line in `kinds.registry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar, NamedTuple, Protocol

from scimconf import permissions
from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.documents import schema
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.fields import Field
from scimconf.kinds.provisioning import Affected, ProvisioningState
from scimconf.plan import Address, Change, DesiredItem, DiffResult, Effect, Guard, Resource, Traits
from scimconf.plan.guards import GuardContext
from scimconf.snapshot import Document, Json, Lookup, Snapshot
from scimconf.spec.model import ObjectMapping, Spec
from scimconf.steps import Step

Effects = Mapping[Address, frozenset[Effect]]
NOT_REMOVABLE = "nothing: it stays in the tenant and is no longer managed"
"""The removal snippet of a resource that no line of a spec can remove."""


class RowPart(NamedTuple):
    """One value of a row that several changes share: the roles of one principal are shown as one row.

    `address` is the local address of the row, `field` the name of the value, `population` the type of the principal
    (`user`, `group`) and `subject` its name.
    """

    address: str
    field: str
    value: str
    population: str
    subject: str


class MappingSource(NamedTuple):
    """The source and the default of an attribute mapping on one side of a change."""

    source: Json
    default: Json


class AttributeFlow(NamedTuple):
    """An edge of the attribute flow: what a target attribute is filled from, before and after a change."""

    section: str
    target: str
    before: MappingSource
    after: MappingSource


class Kind(Protocol):
    """One type of resource. Every method is pure and accepts a snapshot that lacks any document."""

    @property
    def name(self) -> str:
        """The kind's part of an address."""

    @property
    def labels(self) -> tuple[str, str]:
        """Singular and plural, as plans print them."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The independent fields of the kind, each with its place in the spec, its label and its effects."""

    @property
    def defaults(self) -> Mapping[str, Json]:
        """The values that fields have when the spec omits them; a created resource is shown without these."""

    @property
    def after(self) -> tuple[str, ...]:
        """Kinds whose resources must exist first; never one that edits the same document."""

    @property
    def companions(self) -> tuple[str, ...]:
        """Kinds whose change of the same name must be part of a plan that contains a change of this kind."""

    @property
    def is_foundation(self) -> bool:
        """Whether the rest of a plan is unknown until a resource of this kind exists."""

    @property
    def only_written(self) -> bool:
        """Whether resources that the spec does not write are never compared: an application has many of them."""

    @property
    def traits(self) -> Traits:
        """Computed and immutable fields, for the differ."""

    @property
    def guard_ids(self) -> tuple[str, ...]:
        """The ids of the guards that `guards` can return."""

    @property
    def effects_before_start(self) -> frozenset[Effect]:
        """The effects that a change has even if provisioning never ran."""

    def reads(self, spec: Spec) -> Iterable[Document]:
        """Yield the documents that the spec requires."""

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        """Yield the principals to look up; called again whenever a document arrived."""

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        """Yield diagnostics by spec path; without a snapshot only those that need no tenant."""

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        """Yield what the spec declares, in the normal form."""

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        """Yield the resources of the tenant, in the normal form."""

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        """Return the effects of this kind's changes on users, by address."""

    def effect_text(self, effect: Effect, change: Change) -> str:
        """Return a more precise sentence for an effect of this change, or an empty string; `{users}` is their number."""

    def guards(self, changes: Sequence[Change], context: GuardContext) -> Iterable[Guard]:
        """Yield the guards that this kind's changes raise."""

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        """Yield warnings about a finished plan: its unmanaged resources and its steps."""

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        """Return the part of a desired resource that two specs are compared by; None if the spec does not declare it."""

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        """Yield the steps of this kind's changes, given all changes of the application."""

    def affected(self, change: Change) -> Iterable[Affected]:
        """Yield which users the change concerns, as far as they can be counted."""

    def project(
        self, state: ProvisioningState, changes: Sequence[Change], spec: Spec, snapshot: Snapshot
    ) -> ProvisioningState:
        """Return the provisioning state after this kind's changes."""

    def row_part(self, change: Change) -> RowPart | None:
        """Return which row shows the change together with others; None if it has a row of its own."""

    def attribute_flow(self, change: Change) -> AttributeFlow | None:
        """Return the edge of the attribute flow that the change alters."""

    def export(self, request: ExportRequest) -> ExportedSpec:
        """Return this kind's part of the spec of a live application."""

    def removal_snippet(self, resource: Resource) -> str:
        """Return the line of a spec that removes an observed resource, or `NOT_REMOVABLE`."""


class Base:
    """Default answers: a kind overrides those that it has something to say about."""

    name: ClassVar[str]
    labels: ClassVar[tuple[str, str]]
    fields: ClassVar[tuple[Field, ...]] = ()
    defaults: ClassVar[Mapping[str, Json]] = MappingProxyType({})
    after: ClassVar[tuple[str, ...]] = ()
    companions: ClassVar[tuple[str, ...]] = ()
    is_foundation: ClassVar[bool] = False
    only_written: ClassVar[bool] = False
    traits: ClassVar[Traits] = Traits()
    guard_ids: ClassVar[tuple[str, ...]] = ()
    effects_before_start: ClassVar[frozenset[Effect]] = frozenset()

    def reads(self, spec: Spec) -> Iterable[Document]:
        return ()

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        return ()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        return ()

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {}

    def effect_text(self, effect: Effect, change: Change) -> str:
        return ""

    def guards(self, changes: Sequence[Change], context: GuardContext) -> Iterable[Guard]:
        return ()

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        return ()

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        return resource

    def affected(self, change: Change) -> Iterable[Affected]:
        return ()

    def project(
        self, state: ProvisioningState, changes: Sequence[Change], spec: Spec, snapshot: Snapshot
    ) -> ProvisioningState:
        return state

    def row_part(self, change: Change) -> RowPart | None:
        return None

    def attribute_flow(self, change: Change) -> AttributeFlow | None:
        return None

    def export(self, request: ExportRequest) -> ExportedSpec:
        return ExportedSpec()

    def removal_snippet(self, resource: Resource) -> str:
        return NOT_REMOVABLE

    def mine(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes of this kind."""
        return [change for change in changes if change.kind == self.name]

    def address(self, spec: Spec, *rest: str) -> Address:
        return Address(spec.name, self.name, "/".join(rest))


def counted_guard(change: Change, effect: Effect, guard: Guard) -> Guard:
    """Return the guard with the number of users that the effect of its change concerns.

    `count` is an upper bound, since an exemption's `max` is compared with it. Where only a lower bound or a sample is
    known, the guard has no count and cannot be allowed by `max`.
    """
    impact = change.impact.get(effect)
    if impact is None:
        return guard
    return replace(guard, impact=impact, count=impact.upper_bound)


def selector(name: str, mapping: ObjectMapping) -> schema.Selector:
    return schema.Selector(name, mapping.rule or "", mapping.source or "", mapping.target or "")


def live_schema(snapshot: Snapshot) -> Json | None:
    """Return the job's schema; before the job exists, the schema that its template would give it."""
    raw = snapshot.get("schema")
    return snapshot.get("template_schema") if raw is None else raw


def find_object_mapping(snapshot: Snapshot, name: str, mapping: ObjectMapping) -> schema.MappingLocation | None:
    """Return the objectMapping that a section of the spec selects, if exactly one matches."""
    raw = live_schema(snapshot)
    return None if raw is None else schema.find_object_mapping(raw, selector(name, mapping))


def schema_reads() -> tuple[Document, ...]:
    return (schema.schema(), schema.template_schema())


def masked(key: str, path: SpecPath) -> Diagnostic:
    """Return the warning that Graph masks a stored value, so that it can be neither compared nor sent again."""
    message = f"{key} is stored, but Graph returns it masked, so it cannot be compared with the spec"
    return Diagnostic("K404", message, path, severity="warning")


def denied_read(snapshot: Snapshot, document: str, code: str, path: SpecPath) -> Iterable[Diagnostic]:
    """Yield an error if Graph refused to return a document that the plan requires."""
    denied = snapshot.denied.get(document)
    if denied is not None:
        message = f"Graph denied the read of {denied.path} ({denied.status} {denied.code})"
        yield Diagnostic(code, message, path, hint=permissions.hint("GET", denied.path))
