"""The context of lint rules: the spec and, when planning, the live application.

A value that is not known offline is None; rules that depend on it are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from scimconf import expressions
from scimconf.diagnostics import SpecPath
from scimconf.documents import application, rows, schema, secrets
from scimconf.kinds import mappings
from scimconf.kinds.mappings import find_object_mapping, live_schema
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec

if TYPE_CHECKING:
    from scimconf.presets.catalogue import CatalogueEntry


class EffectiveMapping(NamedTuple):
    """An attribute mapping as it will be after the plan is applied. `row` is None if the spec does not list it."""

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
    """The type of an attribute, by Graph's or the spec's name, and whether it is multivalued; None if unknown."""

    type: str | None = None
    multivalued: bool | None = None


@dataclass(frozen=True, slots=True)
class MappingContext:
    """A spec, when planning the snapshot of the tenant, and the facts of the vendor that the spec names with `preset`."""

    spec: Spec
    snapshot: Snapshot | None = None
    vendor: CatalogueEntry | None = None

    @property
    def scope(self) -> Literal["all", "assigned"] | None:
        """The scope in the spec, or else the live one."""
        if self.spec.provisioning.scope is not None or self.snapshot is None:
            return self.spec.provisioning.scope
        return secrets.settings(self.snapshot.get("secrets")).scope

    @property
    def creates_application(self) -> bool:
        """Whether the spec may create the application, and the schema of the new application is not known."""
        is_known = self.snapshot is not None and live_schema(self.snapshot) is not None
        return self.spec.application.create is not None and not is_known

    def is_custom(self) -> bool:
        """Return whether the application is known to be a non-gallery application."""
        create = self.spec.application.create
        if create is not None and create.from_template == "custom":
            return True
        return application.CUSTOM_TEMPLATE in self._templates()

    def is_gallery(self) -> bool:
        """Return whether the application is known to be a gallery application."""
        create = self.spec.application.create
        return not self.is_custom() and (create is not None or any(self._templates()))

    def _templates(self) -> set[Json]:
        """Return the id of the live application's template; none if it was not created from one, or is not known."""
        principals = self.snapshot.rows("service_principals") if self.snapshot is not None else ()
        return {principal.get("applicationTemplateId") for principal in principals} - {None}

    def matches_by(self, section: str, target: str) -> bool:
        """Return whether the schema of a live gallery application, or of its template, matches by a target attribute."""
        mapping = mappings.sections(self.spec)[section]
        live = find_object_mapping(self.snapshot, section, mapping) if self.snapshot is not None else None
        live_rows = schema.rows(live) if live is not None else ()
        return self.is_gallery() and any(
            row.get("targetAttributeName") == target and row.get("matchingPriority") for row in live_rows
        )

    def rows(self) -> list[EffectiveMapping]:
        """Return the listed attribute mappings whose expressions can be parsed, and the unmanaged live ones."""
        effective = [
            EffectiveMapping(row.section, row.target, tree, row.row.match, row.row.apply, row.path, row)
            for row in mappings.listed(self.spec)
            if not row.row.absent and ((tree := expression_of(row)) is not None or row.row.expression is None)
        ]
        for section, mapping in mappings.sections(self.spec).items():
            effective += self.unmanaged_rows(section, mapping)
        return effective

    def unmanaged_rows(self, section: str, mapping: ObjectMapping) -> Iterator[EffectiveMapping]:
        """Yield the live attribute mappings that the plan leaves unchanged."""
        live = find_object_mapping(self.snapshot, section, mapping) if self.snapshot is not None else None
        if live is None or mapping.unlisted == "delete":
            return
        listed = {row.target for row in mappings.listed(self.spec) if row.section == section}
        for row in schema.rows(live):
            target, fields = str(row.get("targetAttributeName")), rows.row_fields(row)
            tree = _tree(row.get("source"))
            if target not in listed and (tree is not None or row.get("source") is None):
                yield EffectiveMapping(section, target, tree, fields["match"], fields["apply"], ("mappings", section))

    def sources(self, section: str, mapping: ObjectMapping) -> frozenset[str]:
        """Return the names of the source attributes in the live schema; empty if it is not known."""
        return frozenset(str(attribute.get("name")) for attribute in self._definitions(section, mapping, "source"))

    def source(self, section: str, mapping: ObjectMapping, name: str) -> AttributeType:
        return self._type(mapping.source_attributes.get(name), section, mapping, "source", name)

    def target(self, section: str, mapping: ObjectMapping, name: str) -> AttributeType:
        declared: AttributeDefinition | None = mapping.target_attributes.get(name)
        role = self.spec.role_attribute
        if declared is None and section == "users" and role is not None and role.target == name:
            definition = mappings.role_definition(role)
            is_live = mappings.redefines_built_in(name, self._definitions(section, mapping, "target"))
            declared = definition if definition.multivalued and not is_live else None
        return self._type(declared, section, mapping, "target", name)

    def _type(
        self, declared: AttributeDefinition | None, section: str, mapping: ObjectMapping, side: str, name: str
    ) -> AttributeType:
        if declared is not None:
            return AttributeType(declared.type, declared.multivalued)
        live = self._definitions(section, mapping, side)
        raw: Json = next((attribute for attribute in live if attribute.get("name") == name), {})
        kind, multivalued = raw.get("type"), raw.get("multivalued")
        is_known = isinstance(multivalued, bool)
        return AttributeType(kind if isinstance(kind, str) else None, multivalued if is_known else None)

    def _definitions(self, section: str, mapping: ObjectMapping, side: str) -> list[Json]:
        raw = live_schema(self.snapshot) if self.snapshot is not None else None
        live = find_object_mapping(self.snapshot, section, mapping) if self.snapshot is not None else None
        return [] if raw is None or live is None else list(schema.definitions(raw, live, side))


def _tree(source: Json) -> expressions.Expression | None:
    """Return a live source as an expression; None if there is none, or it cannot be parsed."""
    try:
        return None if source is None else expressions.from_source(source)
    except expressions.ExpressionError:
        return None


def expression_of(row: mappings.ListedRow) -> expressions.Expression | None:
    """Return the expression of a listed attribute mapping; None if there is none, or it cannot be parsed."""
    try:
        return mappings.expression_of(row.row)
    except expressions.ExpressionError:
        return None
