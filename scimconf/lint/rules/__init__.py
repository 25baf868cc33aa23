"""The lint rules about a whole spec, which no single expression shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from scimconf.diagnostics import Diagnostic, Severity
from scimconf.lint.mapping_context import MappingContext
from scimconf.lint.rules import assignments, connection, filters, roles, targets, vendor


class SpecRule(NamedTuple):
    """A rule: its title, its severity, and the function that yields its diagnostics.

    `lint` gives a diagnostic the severity of its rule; one that the function yields as a warning stays a warning.
    """

    title: str
    severity: Severity
    check: Callable[[MappingContext], Iterator[Diagnostic]]


RULES: Mapping[str, SpecRule] = MappingProxyType(
    {
        "L501": SpecRule("Roles mapped twice", "warning", roles.mapped_twice),
        "L502": SpecRule("Role with different value and display name", "warning", roles.two_names),
        "L503": SpecRule("Users are never disabled", "warning", assignments.never_disabled),
        "L504": SpecRule("Multivalued extension attribute", "warning", targets.unsupported_extension),
        "L505": SpecRule("Filter on an unsupported attribute", "warning", filters.unsupported_attribute),
        "L506": SpecRule("Flag that provision on demand ignores", "warning", connection.ignored_flag),
        "L507": SpecRule("Matching by a value that all users share", "warning", assignments.shared_match),
        "L508": SpecRule("Query parameter in the tenant URL", "warning", connection.query_parameter),
        "L509": SpecRule("Tenant URL with a resource type", "warning", connection.resource_path),
        "L510": SpecRule("Undefined target attribute", "warning", targets.undefined),
        "L511": SpecRule("Several roles where one is sent", "warning", roles.several_roles),
        "L512": SpecRule("Complex extension attribute", "warning", targets.complex_extension),
        "L513": SpecRule("Attribute that is left out of a creation", "warning", targets.left_out_of_creation),
        "L514": SpecRule("Long role value", "warning", roles.long_value),
        "L515": SpecRule("Mapping to id", "error", targets.issued_identifier),
        "L516": SpecRule("Tenant URL of this machine", "warning", connection.local_address),
        "L601": SpecRule("Invalid filter value", "error", filters.unreadable_value),
        "L602": SpecRule("Filter on an attribute that Entra does not offer", "warning", filters.not_offered),
        "L603": SpecRule("Filter pattern without anchors", "warning", filters.unanchored),
        "L604": SpecRule("Filter operator for another type", "warning", filters.other_type),
        "L700": SpecRule("Unknown preset", "error", vendor.unknown_preset),
        "L702": SpecRule("Value that the vendor refuses", "warning", vendor.refused_values),
        "L703": SpecRule("Mapping that the vendor needs", "warning", vendor.missing_rows),
        "L704": SpecRule("Mapping that the vendor does not support", "warning", vendor.unsupported_rows),
        "L705": SpecRule("Matching that the vendor does not support", "warning", vendor.unsupported_matching),
        "L706": SpecRule("Groups that the vendor does not accept", "warning", vendor.unsupported_groups),
    }
)
