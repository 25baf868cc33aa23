"""Custom attributes of the directory, such as directory extensions."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.kinds.definitions import DefinitionKind
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec


class SourceAttributeKind(DefinitionKind):
    """`source_attribute/SECTION/NAME`."""

    name = "source_attribute"
    labels = ("source attribute", "source attributes")
    side = "source"

    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        return mapping.source_attributes
