"""What custom attributes of the source and of the target have in common: made when missing, in the mapping's own write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from scimconf.documents import definitions, schema
from scimconf.kinds import mappings
from scimconf.kinds.kind import Base, Effects, find_object_mapping, live_schema, schema_reads, selector
from scimconf.plan import Action, Change, DesiredItem, Effect, Resource, Traits
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec
from scimconf.steps import Edit, Phase, Step


class DefinitionKind(Base, ABC):
    """`source_attribute/SECTION/NAME` or `target_attribute/SECTION/NAME`; only written fields are managed."""

    side: ClassVar[str]
    after = ("job",)
    traits = Traits()

    @abstractmethod
    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        """The definitions that a section of the spec writes, by name."""

    def reads(self, spec: Spec) -> Iterable[Document]:
        return schema_reads() if self._any(spec) else ()

    def _any(self, spec: Spec) -> bool:
        return any(self.declared(spec, section, mapping) for section, mapping in mappings.sections(spec).items())

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        for section, mapping in mappings.sections(spec).items():
            for name, one in self.declared(spec, section, mapping).items():
                yield Resource(self.address(spec, section, name), _written(one))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        raw = live_schema(snapshot)
        for section, mapping in mappings.sections(spec).items():
            found, wanted = find_object_mapping(snapshot, section, mapping), self.declared(spec, section, mapping)
            live = schema.definitions(raw, found, self.side) if found is not None else []
            for name, one in {one.get("name"): one for one in reversed(live)}.items():
                if name in wanted:
                    yield Resource(self.address(spec, section, name), definitions.definition_fields(one))

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            section, _, name = change.address.rest.partition("/")
            key = (*selector(section, mappings.sections(spec)[section]).key, self.side, name)
            fields = dict(change.after.fields) if change.after is not None else {}
            says = f"define the {self.side} attribute {name}"
            yield Edit(Phase.BUILD, (change.address,), says, schema.schema(), "define_attribute", key, fields)

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: frozenset({Effect.RESYNC}) for change in changes if change.action is Action.UPDATE}


def _written(one: AttributeDefinition) -> Mapping[str, Any]:
    fields = {
        name: getattr(one, name) for name in AttributeDefinition.model_fields if one.wrote(name) and name != "raw"
    }
    if "references" in fields:
        fields["references"] = sorted(fields["references"])
    return {**fields, **one.raw}
