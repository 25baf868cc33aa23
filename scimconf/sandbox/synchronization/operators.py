"""The operators of scoping filters. The names of most are not confirmed; they are the labels of the portal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches


@dataclass(frozen=True, slots=True)
class FilterOperator:
    """An operator: name, whether it has no operand, and the attribute types that it supports."""

    name: str
    unary: bool
    types: tuple[str, ...]

    def document(self, name_key: str) -> Json:
        return {
            name_key: self.name,
            "arity": "Unary" if self.unary else "Binary",
            "multivaluedComparisonType": "All",
            "supportedAttributeTypes": list(self.types),
        }


_TEXT = ("Integer", "String")
_ANY = ("Integer", "String", "Binary", "Boolean")
_ROWS = (
    FilterOperator("EQUALS", False, _TEXT),
    FilterOperator("NOT EQUALS", False, _TEXT),
    FilterOperator("IS TRUE", True, ("Boolean",)),
    FilterOperator("IS FALSE", True, ("Boolean",)),
    FilterOperator("IS NULL", True, _ANY),
    FilterOperator("IS NOT NULL", True, _ANY),
    FilterOperator("REGEX MATCH", False, _TEXT),
    FilterOperator("NOT REGEX MATCH", False, _TEXT),
    FilterOperator("Greater_Than", False, ("Integer",)),
    FilterOperator("Greater_Than_OR_EQUALS", False, ("Integer",)),
    FilterOperator("Includes", False, ("String",)),
    FilterOperator("ENDS_WITH", False, ("String",)),
    FilterOperator("&", False, ("Integer",)),
    FilterOperator("!&", False, ("Integer",)),
)
_CONFIRMED = ("EQUALS", "IS FALSE", "REGEX MATCH", "NOT REGEX MATCH")


def operators_of(switches: Switches) -> dict[str, FilterOperator]:
    """Return the operators by name; the switch `operator_names` selects the names that are not confirmed."""
    if switches.operator_names == "portal":
        return {row.name: row for row in _ROWS}
    names = (row.name if row.name in _CONFIRMED else row.name.replace(" ", "_").upper() for row in _ROWS)
    return {name: replace(row, name=name) for name, row in zip(names, _ROWS, strict=True)}
