"""What stands around a row of a spec: what the spec itself says, and what the application has besides.

Offline only the former is known. What is not known is None, and whoever asks keeps quiet about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scimconf import expressions
from scimconf.diagnostics import SpecPath
from scimconf.documents import application, rows, schema, secrets
from scimconf.kinds import mappings
from scimconf.kinds.kind import find_object_mapping, live_schema
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec


class EffectiveMapping(NamedTuple):
    """A row as it will be once the plan is applied. `row` is None where the spec does not list it."""

    section: str
    target: str
    tree: expressions.Expression | None
    match: int | None
    apply: str
    path: SpecPath
    row: mappings.ListedRow | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        return () if self.tree is None else expressions.attributes(self.tree)

    @property
    def functions(self) -> frozenset[str]:
        return frozenset(() if self.tree is None else expressions.functions(self.tree))


class AttributeType(NamedTuple):
    """What is known of an attribute: its type in Graph's or the spec's word, and whether it takes several values."""

    type: str | None = None
    multivalued: bool | None = None


@dataclass(frozen=True, slots=True)
class MappingContext:
    """A spec and the tenant that it is planned against; without a snapshot, the spec alone."""

    spec: Spec
    snapshot: Snapshot | None = None

    @property
    def scope(self) -> Literal["all", "assigned"] | None:
        """Who can be in scope, as written or else as it is."""
        if self.spec.provisioning.scope is not None or self.snapshot is None:
            return self.spec.provisioning.scope
        everyone = secrets.flag(secrets.values(self.snapshot.get("secrets")).get("SyncAll"))
        return None if everyone is None else "all" if everyone else "assigned"

    def is_custom(self) -> bool:
        """Whether the application is none of the gallery."""
        create = self.spec.application.create
        if create is not None and create.from_template == "custom":
            return True
        found = self.snapshot.rows("service_principals") if self.snapshot is not None else ()
        return any(one.get("applicationTemplateId") == application.CUSTOM_TEMPLATE for one in found)

    def rows(self) -> list[EffectiveMapping]:
        """The listed rows that can be read, and the live ones that stay beside them."""
        found = [one for row in mappings.listed(self.spec) for one in _listed(row)]
        for section, mapping in mappings.sections(self.spec).items():
            found += self.kept(section, mapping)
        return found

    def kept(self, section: str, mapping: ObjectMapping) -> Iterator[EffectiveMapping]:
        """The live rows that the spec leaves as they are."""
        live = find_object_mapping(self.snapshot, section, mapping) if self.snapshot is not None else None
        if live is None or mapping.unlisted == "delete":
            return
        listed = {one.target for one in mappings.listed(self.spec) if one.section == section}
        for row in schema.rows(live):
            target, fields = str(row.get("targetAttributeName")), rows.row_fields(row)
            tree = _tree(row.get("source"))
            if target not in listed and (tree is not None or row.get("source") is None):
                yield EffectiveMapping(section, target, tree, fields["match"], fields["apply"], ("mappings", section))

    def sources(self, section: str, mapping: ObjectMapping) -> frozenset[str]:
        """The source attributes that the application's schema has; none where it is not known."""
        return frozenset(str(one.get("name")) for one in self._definitions(section, mapping, "source"))

    def source(self, section: str, mapping: ObjectMapping, name: str) -> AttributeType:
        return self._shape(mapping.source_attributes.get(name), section, mapping, "source", name)

    def target(self, section: str, mapping: ObjectMapping, name: str) -> AttributeType:
        declared, role = mapping.target_attributes.get(name), self.spec.role_attribute
        if declared is None and section == "users" and role is not None and role.target == name:
            made = mappings.role_definition(role)
            declared = made if made.multivalued else None
        return self._shape(declared, section, mapping, "target", name)

    def _shape(
        self, declared: AttributeDefinition | None, section: str, mapping: ObjectMapping, side: str, name: str
    ) -> AttributeType:
        if declared is not None:
            return AttributeType(declared.type, declared.multivalued)
        live = self._definitions(section, mapping, side)
        raw: Json = next((each for each in live if each.get("name") == name), {})
        kind, several = raw.get("type"), raw.get("multivalued")
        return AttributeType(kind if isinstance(kind, str) else None, several if isinstance(several, bool) else None)

    def _definitions(self, section: str, mapping: ObjectMapping, side: str) -> list[Json]:
        raw = live_schema(self.snapshot) if self.snapshot is not None else None
        found = find_object_mapping(self.snapshot, section, mapping) if self.snapshot is not None else None
        return [] if raw is None or found is None else list(schema.definitions(raw, found, side))


def _tree(source: Json) -> expressions.Expression | None:
    """A live source as an expression; None for no source, or one that cannot be understood."""
    try:
        return None if source is None else expressions.from_source(source)
    except expressions.ExpressionError:
        return None


def _listed(row: mappings.ListedRow) -> Iterator[EffectiveMapping]:
    """One row of the spec, if it stays and can be read."""
    try:
        tree = mappings.expression_of(row.row)
    except expressions.ExpressionError:
        return
    if not row.row.absent:
        yield EffectiveMapping(row.section, row.target, tree, row.row.match, row.row.apply, row.path, row)
