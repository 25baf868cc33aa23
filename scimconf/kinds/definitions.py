"""Custom attributes of the directory (source) and of the application (target), such as directory extensions.

A missing one is created in the same write as the mappings; a role attribute declares its own target attribute, but never
redefines one of SCIM's that the application has.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from scimconf.diagnostics import Diagnostic
from scimconf.documents import definitions, schema
from scimconf.kinds import mappings
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.kind import Changes, Effects, Kind
from scimconf.kinds.patterns import pattern_error
from scimconf.kinds.provisioning import SECTION, Affected, CheckedValues, ProvisioningState
from scimconf.plan import Action, Change, DesiredItem, Effect, Resource
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec
from scimconf.steps import Edit, Phase, Step


class _DefinitionKind(Kind, ABC):
    """What both kinds share; only written fields are managed."""

    side: ClassVar[Literal["source", "target"]]
    after = ("job",)
    only_written = True
    defaults = MappingProxyType(
        {"multivalued": False, "required": False, "case_exact": False, "mutability": "read_write"}
    )

    @abstractmethod
    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        """Return the definitions that a section of the spec writes, by name."""

    def built_in(self, spec: Spec, snapshot: Snapshot, section: str, mapping: ObjectMapping) -> str | None:
        """Return the name of a role attribute that the application has already: its definition is not managed."""
        return None

    def reads(self, spec: Spec) -> Iterable[Document]:
        declared = (self.declared(spec, section, mapping) for section, mapping in mappings.sections(spec).items())
        return mappings.schema_reads() if any(declared) else ()

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        for section, mapping in mappings.sections(spec).items():
            built_in = self.built_in(spec, snapshot, section, mapping)
            for name, definition in self.declared(spec, section, mapping).items():
                fields = {} if name == built_in else _written(definition)
                yield Resource(self.address(spec, section, name), fields)

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        raw = mappings.live_schema(snapshot)
        for section, mapping in mappings.sections(spec).items():
            location = mappings.find_object_mapping(snapshot, section, mapping)
            live = schema.definitions(raw, location, self.side) if location is not None else []
            by_name = {definition.get("name"): definition for definition in reversed(live)}
            declared = self.declared(spec, section, mapping)
            for name, definition in by_name.items():
                if name in declared:
                    yield Resource(self.address(spec, section, name), definitions.definition_fields(definition))

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            section, _, name = change.address.rest.partition("/")
            key = (*mappings.selector(section, mappings.sections(spec)[section]).key, self.side, name)
            fields = dict(change.after.fields) if change.after is not None else {}
            text = f"define the {self.side} attribute {name}"
            yield Edit(Phase.BUILD, (change.address,), text, schema.schema(), "define_attribute", key, fields)

    def effects(self, changes: Changes, snapshot: Snapshot) -> Effects:
        return {change.address: frozenset({Effect.RESYNC}) for change in changes if change.action is Action.UPDATE}

    def effect_text(self, effect: Effect, change: Change) -> str:
        return "the attribute definition is deleted" if effect is Effect.DATA_LOSS else ""

    def export(self, request: ExportRequest) -> ExportedSpec:
        from scimconf.kinds.exported_mappings import export_definitions

        return export_definitions(request, self.side)


class SourceAttributeKind(_DefinitionKind):
    """`source_attribute/SECTION/NAME`."""

    name = "source_attribute"
    labels = ("source attribute", "source attributes")
    side = "source"

    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        return mapping.source_attributes


class TargetAttributeKind(_DefinitionKind):
    """`target_attribute/SECTION/NAME`."""

    name = "target_attribute"
    labels = ("target attribute", "target attributes")
    side = "target"

    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        attribute = spec.role_attribute
        if section != "users" or attribute is None:
            return mapping.target_attributes
        return {attribute.target: mappings.role_definition(attribute), **mapping.target_attributes}

    def built_in(self, spec: Spec, snapshot: Snapshot, section: str, mapping: ObjectMapping) -> str | None:
        attribute, location = spec.role_attribute, mappings.find_object_mapping(snapshot, section, mapping)
        if section != "users" or attribute is None or location is None:
            return None
        live = schema.definitions(mappings.live_schema(snapshot), location, self.side)
        is_built_in = mappings.redefines_built_in(attribute.target, live)
        return attribute.target if is_built_in and attribute.target not in mapping.target_attributes else None

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        booleans, required = set(state.boolean_targets), set(state.required_targets)
        for change in changes:
            section, _, target = change.address.rest.partition("/")
            if section == SECTION and change.after is not None:
                fields = change.after.fields
                booleans |= {target} if str(fields.get("type")).lower() == "boolean" else set()
                required = required - {target} | ({target} if fields.get("required") else set())
        return replace(state, boolean_targets=frozenset(booleans), required_targets=frozenset(required))

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        return {Effect.RESYNC: CheckedValues()} if change.address.rest.startswith(f"{SECTION}/") else {}

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        for section, mapping in mappings.sections(spec).items():
            for target, definition in mapping.target_attributes.items():
                reason = pattern_error(definition.pattern) if definition.pattern is not None else ""
                if reason:
                    message = f"the pattern of {target} cannot be evaluated: {reason}"
                    path = ("mappings", section, "target_attributes", target, "pattern")
                    yield Diagnostic("K513", message, path, hint="Write a regular expression such as `[^@]+`.")


def _written(definition: AttributeDefinition) -> Mapping[str, Any]:
    names = [name for name in AttributeDefinition.model_fields if definition.wrote(name) and name != "raw"]
    fields = {name: getattr(definition, name) for name in names}
    if "references" in fields:
        fields["references"] = sorted(fields["references"])
    return {**fields, **definition.raw}
