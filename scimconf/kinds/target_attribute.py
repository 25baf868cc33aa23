"""Custom attributes of the target application; a role attribute declares its own."""

from __future__ import annotations

from collections.abc import Mapping

from scimconf.kinds import mappings
from scimconf.kinds.definitions import DefinitionKind
from scimconf.plan.impact import StatePart
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec


class TargetAttributeKind(DefinitionKind):
    """`target_attribute/SECTION/NAME`."""

    name = "target_attribute"
    labels = ("target attribute", "target attributes")
    state_part = StatePart.TARGET_ATTRIBUTES
    side = "target"

    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        if section == "users" and spec.role_attribute is not None:
            return {
                spec.role_attribute.target: mappings.role_definition(spec.role_attribute),
                **mapping.target_attributes,
            }
        return mapping.target_attributes
