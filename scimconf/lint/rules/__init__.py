"""The lint rules about a whole spec, which no single expression shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scimconf.lint.rule import SpecRule
from scimconf.lint.rules import assignments, connection, filters, roles, targets

__all__ = ["RULES"]

RULES: Mapping[str, SpecRule] = MappingProxyType(
    {
        "L501": SpecRule("Roles are mapped twice", "warning", roles.mapped_twice),
        "L502": SpecRule("A role with different value and display name", "warning", roles.two_names),
        "L503": SpecRule("Users are never disabled", "warning", assignments.never_disabled),
        "L504": SpecRule("A multivalued extension attribute", "warning", targets.unsupported_extension),
        "L505": SpecRule("A filter on an unsupported attribute", "warning", filters.unsupported_attribute),
        "L506": SpecRule("A flag that provision on demand ignores", "warning", connection.ignored_flag),
        "L507": SpecRule("Matching by a value that all users share", "warning", assignments.shared_match),
        "L508": SpecRule("A query parameter in the tenant URL", "warning", connection.query_parameter),
        "L509": SpecRule("A tenant URL that ends in a resource type", "warning", connection.resource_path),
        "L510": SpecRule("An undefined target attribute", "warning", targets.undefined),
        "L601": SpecRule("A filter value that the operator cannot read", "error", filters.unreadable_value),
        "L602": SpecRule("A filter on an attribute that Entra does not offer", "warning", filters.not_offered),
        "L603": SpecRule("A filter pattern without anchors", "warning", filters.unanchored),
        "L604": SpecRule("A filter operator for another type", "warning", filters.other_type),
    }
)
