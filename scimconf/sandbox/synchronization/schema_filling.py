"""The defaults of a synchronizationSchema that is PUT. Parts that are malformed stay as they are."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scimconf.expressions import ExpressionError, from_source, render
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.operators import operators_of
from scimconf.sandbox.synchronization.stored_form import format_flags
from scimconf.sandbox.synchronization.templates import SCHEMA_DEFAULTS, attribute_definition

_SERVER_SET = ("version", "discoveryDateTime", "discoverabilities", "readOnly")
_PROPERTIES = {
    "object_mapping": {*SCHEMA_DEFAULTS["object_mapping"], "sourceObjectName", "targetObjectName"},
    "attribute_mapping": {*SCHEMA_DEFAULTS["attribute_mapping"]},
    "source": {"expression", "name", "parameters", "type"},
}
"""The properties of a mapping in Microsoft's metadata, by the part that has them."""


@dataclass(frozen=True, slots=True)
class SchemaFilling:
    """Fills in the defaults of a schema: `rules` are the known rules by id, `directories` the present ones by name."""

    rules: dict[str, Json]
    directories: dict[str, Json]
    switches: Switches

    def document(self, sent: Json) -> Json:
        """Return the schema with defaults; the argument stays unchanged."""
        lists = (("directories", self._directory), ("synchronizationRules", self._rule))
        return sent | {name: _each(sent[name], fill) for name, fill in lists if name in sent}

    def _directory(self, directory: Json) -> Json:
        known = self.directories.get(str(directory.get("name")), {})
        filled = _filled(directory, {"id": known.get("id")}) | {key: known[key] for key in _SERVER_SET if key in known}
        return filled | {"objects": _each(filled.get("objects"), _object)}

    def _rule(self, rule: Json) -> Json:
        known = self.rules.get(str(rule.get("id")), {})
        filled = _filled(rule, known | SCHEMA_DEFAULTS["rule"] | {"editable": known.get("editable", True)})
        if not filled["editable"]:
            return rule
        return filled | {"objectMappings": _each(filled["objectMappings"], self._object_mapping)}

    def _object_mapping(self, mapping: Json) -> Json:
        filled = self._known(_filled(mapping, SCHEMA_DEFAULTS["object_mapping"]), "object_mapping")
        if isinstance(filled["flowTypes"], str):
            filled["flowTypes"] = format_flags(filled["flowTypes"], self.switches)
        filled["attributeMappings"] = _each(filled["attributeMappings"], self._attribute_mapping)
        return filled | {"scope": self._scope(filled["scope"])}

    def _attribute_mapping(self, row: Json) -> Json:
        filled = self._known(_filled(row, SCHEMA_DEFAULTS["attribute_mapping"]), "attribute_mapping")
        return filled | {"source": self._source(filled["source"])}

    def _source(self, source: Any) -> Any:
        if not isinstance(source, dict):
            return source
        filled = self._known(_filled(source, {"type": "Attribute", "parameters": []}), "source")
        filled["parameters"] = _each(filled["parameters"], self._parameter)
        is_null = filled.get("expression") is None and ("expression" not in filled or filled["type"] != "Constant")
        if is_null or self.switches.expression_kept == "rebuilt":
            filled["expression"] = expression_of(filled) or filled.get("expression")
        return filled

    def _parameter(self, parameter: Json) -> Json:
        return parameter | {"value": self._source(parameter["value"])} if "value" in parameter else parameter

    def _known(self, document: Json, part: str) -> Json:
        """Return the document without the properties that the service does not know, if it drops them."""
        if self.switches.unknown_properties != "dropped":
            return document
        return {key: value for key, value in document.items() if key in _PROPERTIES[part]}

    def _scope(self, scope: Any) -> Any:
        if not isinstance(scope, dict):
            return scope
        filled = _filled(scope, SCHEMA_DEFAULTS["scope"])
        for name in SCHEMA_DEFAULTS["scope"]:
            filled[name] = _each(filled[name], self._group)
        is_empty = not any(filled[name] for name in SCHEMA_DEFAULTS["scope"])
        return None if is_empty and self.switches.empty_scope == "null" else filled

    def _group(self, group: Json) -> Json:
        filled = _filled(group, {"name": None, "clauses": []})
        return filled | {"clauses": _each(filled["clauses"], self._clause)}

    def _clause(self, clause: Json) -> Json:
        operator = operators_of(self.switches).get(str(clause.get("operatorName")))
        if operator is None or not operator.unary:
            return clause
        return clause | {"targetOperand": None if self.switches.unary_operand == "null" else {"values": []}}


def unknown_properties(document: Json, part: str) -> list[str]:
    """Return the properties that Microsoft's metadata do not have for a part of a mapping."""
    return sorted(key for key in document if key not in _PROPERTIES[part])


def expression_of(source: Json) -> str | None:
    """Return the text of a source; None if its tree is not a valid expression."""
    try:
        return render(from_source(source))
    except ExpressionError:
        return None


def _object(definition: Json) -> Json:
    filled = _filled(definition, {"supportedApis": [], "metadata": []})
    return filled | {"attributes": _each(filled.get("attributes"), _attribute)}


def _attribute(definition: Json) -> Json:
    name = definition.get("name")
    return _filled(definition, attribute_definition(name)) if isinstance(name, str) else definition


def _filled(document: Json, defaults: Json) -> Json:
    """Return the document in its own order, followed by the defaults of its missing properties."""
    missing = {key: copy.deepcopy(value) for key, value in defaults.items() if key not in document}
    return {**document, **missing}


def _each(values: Any, fill: Callable[[Json], Json]) -> Any:
    """Return the list with its objects filled; null is an empty list, and any other value stays as it is."""
    if values is None:
        return []
    if not isinstance(values, list):
        return values
    return [fill(value) if isinstance(value, dict) else value for value in values]
