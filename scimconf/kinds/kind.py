"""What a kind is: a translator between the spec, Graph's documents, resources and steps. Pure, like all kinds.

A kind says which documents it reads and whom it looks up; what is wanted and what is seen, as resources; the steps for
the changes that the differ found; and what those changes do to people. Kinds know nothing of each other; what they
share is here. A new kind is one file and one line in `kinds.KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import ClassVar, Protocol

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.documents import schema
from scimconf.plan import Address, Change, DesiredItem, Effect, Resource, Traits
from scimconf.snapshot import Document, Json, Lookup, Snapshot
from scimconf.spec.model import ObjectMapping, Spec
from scimconf.steps import Step

Effects = Mapping[Address, frozenset[Effect]]


class Kind(Protocol):
    """One type of resource. Every method is pure and may be called with a snapshot that lacks any document."""

    @property
    def name(self) -> str:
        """The kind's part of an address."""

    @property
    def after(self) -> tuple[str, ...]:
        """Kinds whose things must exist first; never one that edits the same document."""

    @property
    def traits(self) -> Traits:
        """Facts about the fields, for the differ."""

    def reads(self, spec: Spec) -> Iterable[Document]:
        """The documents that the spec's own words need."""

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        """Principals to be found; asked again whenever something arrived."""

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        """What is wrong, by spec paths; without a snapshot only what can be known offline."""

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        """What the spec wants, in the normal form."""

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        """What is seen, in the normal form."""

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        """How this kind's changes are made; it sees the whole plan of the application."""

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        """What this kind's changes do to people; it is given only its own."""


class Base:
    """The answers of a kind that has nothing to say."""

    name: ClassVar[str]
    after: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[Traits] = Traits()

    def reads(self, spec: Spec) -> Iterable[Document]:
        return ()

    def lookups(self, spec: Spec, snapshot: Snapshot) -> Iterable[Lookup]:
        return ()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        return ()

    def mine(self, changes: Sequence[Change]) -> list[Change]:
        """The plan's changes of this kind."""
        return [change for change in changes if change.kind == self.name]

    def address(self, spec: Spec, *rest: str) -> Address:
        return Address(spec.name, self.name, "/".join(rest))


def suggest(name: str, known: Iterable[str], write: str = "") -> str:
    """`Did you mean "title"?`, or what to write instead when nothing is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f'Did you mean "{near[0]}"?' if near else write


def selector(name: str, mapping: ObjectMapping) -> schema.Selector:
    return schema.Selector(name, mapping.rule or "", mapping.source or "", mapping.target or "")


def live_schema(snapshot: Snapshot) -> Json | None:
    """The job's schema; while there is no job, what a job of the template would start with."""
    found = snapshot.get("schema")
    return snapshot.get("template_schema") if found is None else found


def find_object_mapping(snapshot: Snapshot, name: str, mapping: ObjectMapping) -> schema.MappingLocation | None:
    """The objectMapping that a section of the spec means, where exactly one is."""
    raw = live_schema(snapshot)
    return None if raw is None else schema.find_object_mapping(raw, selector(name, mapping))


def schema_reads() -> tuple[Document, ...]:
    return (schema.schema(), schema.template_schema())


def masked(key: str, path: SpecPath) -> Diagnostic:
    """Said of a value that is stored and not shown: it can be neither compared nor sent along."""
    said = f"{key} is stored and reads back masked, so it is not compared"
    return Diagnostic("K404", said, path, severity="warning")


def refused(snapshot: Snapshot, document: str, code: str, path: SpecPath, permission: str) -> Iterable[Diagnostic]:
    """A problem where a document that the plan cannot do without was refused."""
    refusal = snapshot.denied.get(document)
    if refusal is not None:
        yield Diagnostic(
            code,
            f"Graph refused to show {refusal.path} ({refusal.status} {refusal.code})",
            path,
            hint=f"The identity needs {permission}.",
        )
