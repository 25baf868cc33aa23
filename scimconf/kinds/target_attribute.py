"""Custom attributes of the target application; a role attribute declares its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scimconf.kinds import mappings
from scimconf.kinds.definitions import DefinitionKind
from scimconf.kinds.provisioning import SECTION, ProvisioningState
from scimconf.plan import Change
from scimconf.snapshot import Snapshot
from scimconf.spec.model import AttributeDefinition, ObjectMapping, Spec


class TargetAttributeKind(DefinitionKind):
    """`target_attribute/SECTION/NAME`."""

    name = "target_attribute"
    labels = ("target attribute", "target attributes")
    side = "target"

    def project(
        self, state: ProvisioningState, changes: Sequence[Change], spec: Spec, snapshot: Snapshot
    ) -> ProvisioningState:
        targets = set(state.boolean_targets)
        for change in changes:
            section, _, target = change.address.rest.partition("/")
            is_boolean = change.after is not None and str(change.after.fields.get("type")).lower() == "boolean"
            if section == SECTION and is_boolean:
                targets.add(target)
        return replace(state, boolean_targets=frozenset(targets))

    def declared(self, spec: Spec, section: str, mapping: ObjectMapping) -> Mapping[str, AttributeDefinition]:
        if section == "users" and spec.role_attribute is not None:
            return {
                spec.role_attribute.target: mappings.role_definition(spec.role_attribute),
                **mapping.target_attributes,
            }
        return mapping.target_attributes
