"""The operators of scoping filters. The names of most are not confirmed; they are the labels of the portal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches


@dataclass(frozen=True, slots=True)
class FilterOperator:
    """An operator: name, whether it has no operand, and the attribute types that it supports."""

    name: str
    unary: bool
    types: list[str]

    def document(self, name_key: str) -> Json:
        return {
            name_key: self.name,
            "arity": "Unary" if self.unary else "Binary",
            "multivaluedComparisonType": "All",
            "supportedAttributeTypes": self.types,
        }


_OPERATORS = {row["name"]: FilterOperator(**row) for row in read_data("filter_operators.json")}
_CONFIRMED = ("EQUALS", "IS FALSE", "REGEX MATCH", "NOT REGEX MATCH")


def operators_of(switches: Switches) -> dict[str, FilterOperator]:
    """Return the operators by name; the switch `operator_names` selects the names that are not confirmed."""
    if switches.operator_names == "portal":
        return _OPERATORS
    names = {name: name if name in _CONFIRMED else name.replace(" ", "_").upper() for name in _OPERATORS}
    return {names[name]: replace(operator, name=names[name]) for name, operator in _OPERATORS.items()}
