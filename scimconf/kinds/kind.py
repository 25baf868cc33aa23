"""The interface of a kind, and what kinds share.

A kind is one type of resource, such as an attribute mapping. It translates between the spec, the documents of Graph,
resources and steps, and it answers every question about its type: how it is labelled, what its changes do to users,
which guards they raise, how it is exported and removed. Kinds are pure and do not import each other. A new kind is one
file and one line in `kinds.registry`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.fields import Field, field_effects
from scimconf.kinds.provisioning import Affected, ProvisioningState
from scimconf.plan import (
    Address,
    Change,
    DesiredItem,
    DiffResult,
    Effect,
    Exclusive,
    Guard,
    MissingPrincipal,
    ReportOnly,
    Resource,
    Traits,
)
from scimconf.plan.key_sets import KeySets
from scimconf.snapshot import Document, Json, Lookup, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Step

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

Changes = Sequence[Change]
Effects = Mapping[Address, frozenset[Effect]]
NOT_REMOVABLE = "nothing: it stays in the tenant and is no longer managed"
"""The removal snippet of a resource that no line of a spec can remove."""
AUTHORIZE = "Select Authorize in the portal, under Provisioning > Admin Credentials of the application."
"""What a person does where `authentication: portal` is written (tutorials of Slack, Zoom and Box)."""


class RowPart(NamedTuple):
    """One value of a row that several changes share: the roles of one principal are shown as one row."""

    address: str  # the local address of the row
    field: str
    value: str
    population: str  # the type of the principal: `user` or `group`
    subject: str  # the name of the principal


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


class Kind(ABC):
    """One type of resource. Every method is pure and accepts a snapshot that lacks any document.

    A kind overrides the default answers that do not fit it.
    """

    name: ClassVar[str]  # the kind's part of an address
    labels: ClassVar[tuple[str, str]]  # singular and plural, as plans print them
    fields: ClassVar[tuple[Field, ...]] = ()  # the independent fields, each with its place in the spec and its effects
    # The values of fields that the spec omits; a created resource is shown without these.
    defaults: ClassVar[Mapping[str, Json]] = MappingProxyType({})
    # Kinds whose resources must exist first; never one that edits the same document.
    after: ClassVar[tuple[str, ...]] = ()
    # Kinds whose change of the same name must be part of a plan that contains a change of this kind.
    companions: ClassVar[tuple[str, ...]] = ()
    is_foundation: ClassVar[bool] = False  # the rest of a plan is unknown until a resource of this kind exists
    # Resources that the spec does not write are never compared: an application has many of them.
    only_written: ClassVar[bool] = False
    traits: ClassVar[Traits] = Traits()  # computed and immutable fields, for the differ
    guard_ids: ClassVar[tuple[str, ...]] = ()  # the ids of the guards that `guards` can return
    looks_up_principals: ClassVar[bool] = False  # `--only` compares the kind only if it can select one of its addresses
    effects_before_start: ClassVar[frozenset[Effect]] = frozenset()  # the effects even if provisioning never ran

    @abstractmethod
    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        """Yield what the spec declares, in the normal form."""

    @abstractmethod
    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        """Yield the resources of the tenant, in the normal form."""

    @abstractmethod
    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        """Yield the steps of this kind's changes, given all changes of the application."""

    @abstractmethod
    def export(self, request: ExportRequest) -> ExportedSpec:
        """Return this kind's part of the spec of a live application."""

    def key_sets(self, spec: Spec, snapshot: Snapshot) -> KeySets | None:
        """Return both sides as sets of keys, if the resources have no fields; a plan compares these instead."""
        return None

    def reads(self, spec: Spec) -> Iterable[Document]:
        """Yield the documents that the spec requires."""
        return ()

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        """Yield the principals to look up, beside those that a document resolves itself.

        Called again whenever a document arrived or a lookup was answered, while no lookup is in progress.
        """
        return ()

    def missing(self, spec: Spec, snapshot: Snapshot) -> Iterable[MissingPrincipal]:
        """Yield the users and groups that the spec lists and the tenant does not have."""
        return ()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        """Yield diagnostics by spec path; without a snapshot only those that need no tenant."""
        return ()

    def effects(self, changes: Changes, snapshot: Snapshot) -> Effects:
        """Return the effects of this kind's changes on users, by address."""
        return {change.address: self.change_effects(change) for change in changes}

    def change_effects(self, change: Change) -> frozenset[Effect]:
        """Return the effects of one change, if they do not depend on the others: by default those of its fields."""
        return field_effects(self.fields, change)

    def effect_text(self, effect: Effect, change: Change) -> str:
        """Return a more precise sentence for an effect of this change, or an empty string; `{users}` is their number."""
        return ""

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        """Yield the guards that this kind's changes raise."""
        return ()

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        """Yield warnings about a finished plan: its unmanaged resources and its steps."""
        return ()

    def compared_offline(self, spec: Spec, resource: Resource) -> Resource | None:
        """Return the part of a desired resource that two specs are compared by; None if the spec does not declare it."""
        return resource

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        """Return which users each effect of the change concerns, as far as they can be counted."""
        return {}

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        """Return the provisioning state after this kind's changes."""
        return state

    def row_part(self, change: Change) -> RowPart | None:
        """Return which row shows the change together with others; None if it has a row of its own."""
        return None

    def attribute_flow(self, change: Change) -> AttributeFlow | None:
        """Return the edge of the attribute flow that the change alters."""
        return None

    def removal_snippet(self, resource: Resource) -> str:
        """Return the line of a spec that removes an observed resource, or `NOT_REMOVABLE`."""
        return NOT_REMOVABLE

    def mine(self, changes: Changes) -> list[Change]:
        """Return the changes of this kind."""
        return [change for change in changes if change.kind == self.name]

    def address(self, spec: Spec, *rest: str) -> Address:
        return Address(spec.name, self.name, "/".join(rest))


def unlisted_items(policy: str, prefix: Address) -> Iterable[DesiredItem]:
    """Yield what the policy `unlisted` makes of the resources under the prefix that a spec does not list."""
    if policy != "keep":
        yield Exclusive(prefix) if policy == "delete" else ReportOnly(prefix)


def counted_guard(name: str, message: str, change: Change, effect: Effect) -> Guard:
    """Return a guard with the number of users that an effect of its change concerns.

    `count` is an upper bound, since an exemption's `max` is compared with it. Where only a lower bound or a sample is
    known, the guard has no count and cannot be allowed by `max`.
    """
    impact = change.impact.get(effect)
    count = impact.upper_bound if impact is not None else None
    return Guard(name, message, count=count, address=change.address, impact=impact)


def masked(key: str, path: SpecPath) -> Diagnostic:
    """Return the warning that Graph masks a stored value, so that it can be neither compared nor sent again."""
    message = f"{key} is stored, but Graph returns it masked, so it cannot be compared with the spec"
    return Diagnostic("K404", message, path, severity="warning")


DENIED = frozenset({"K101", "K201", "K401", "K601", "K704", "K801"})
"""The codes of `denied_reads`."""


def denied_reads(snapshot: Snapshot, code: str, path: SpecPath, *documents: str) -> Iterable[Diagnostic]:
    """Yield an error for each of the documents that Graph refused to return; the plan requires them."""
    from scimconf import permissions

    for denied in (snapshot.denied[document] for document in documents if document in snapshot.denied):
        message = f"Graph denied the read of {denied.path} ({denied.status} {denied.code})"
        yield Diagnostic(code, message, path, hint=permissions.hint("GET", denied.path, snapshot.granted))
