"""What the service does with a synchronizationSchema that is PUT: judges it, and brings it into its own form.

Pure: documents in, a document out or a SchemaRefused. The real service's codes for refusals are not known; these all
begin with `Emulated`, so that nobody writes code against them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.expressions import FUNCTIONS, MAX_LENGTH, ExpressionError, from_source, parse, render
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.operators import operators_of
from scimconf.sandbox.synchronization.stored_form import to_stored_form, without_annotations
from scimconf.sandbox.synchronization.templates import attribute_definition

_FLOW_TYPES = ("Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")
_FLOW_BEHAVIORS = ("FlowWhenChanged", "FlowAlways")
_OBJECT_FLOWS = ("None", "Add", "Update", "Delete")
_ATTRIBUTE_TYPES = ("String", "Integer", "Reference", "Binary", "Boolean", "DateTime", "Secret")
_MUTABILITY = ("ReadWrite", "ReadOnly", "Immutable", "WriteOnly")
_SOURCE_TYPES = ("Attribute", "Constant", "Function")
_SERVER_SET = ("version", "discoveryDateTime", "discoverabilities", "readOnly")
_RULE_DEFAULTS: Json = {
    "name": None,
    "editable": True,
    "priority": 0,
    "containerFilter": None,
    "groupFilter": None,
    "metadata": [],
    "objectMappings": [],
}
_OBJECT_MAPPING_DEFAULTS: Json = {
    "name": None,
    "enabled": True,
    "flowTypes": "Add,Update,Delete",
    "scope": None,
    "metadata": [],
    "attributeMappings": [],
}
_MAPPING_DEFAULTS: Json = {
    "defaultValue": None,
    "exportMissingReferences": False,
    "flowBehavior": "FlowWhenChanged",
    "flowType": "Always",
    "matchingPriority": 0,
    "source": None,
}
_FILTER_DEFAULTS: Json = {"groups": [], "inputFilterGroups": [], "categoryFilterGroups": []}


class SchemaError(Exception):
    """Why a schema is not taken; the code's first part is common to all of them."""

    def __init__(self, code: str, message: str) -> None:
        self.code = f"EmulatedSchemaError{code}"
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What a PUT is judged against: the template's schema, the job's present one, and the switches."""

    template: Json
    before: Json
    switches: Switches


def accept_schema(sent: Any, given: ValidationContext, *, schema_id: str, version: str) -> Json:
    """The schema that the service has from now on."""
    if not isinstance(sent, dict):
        raise SchemaError("", "The body is not a synchronizationSchema.")
    for name in ("synchronizationRules", "directories"):
        if not isinstance(sent.get(name), list):
            raise SchemaError("", f"The schema has no {name}; a PUT replaces the whole of it.")
    _check_size(sent, given.switches)
    plain = without_annotations(sent)
    document = copy.deepcopy(plain)
    document["id"] = schema_id
    document["version"] = version
    document["directories"] = [_directory(one, given.before) for one in document["directories"]]
    document["synchronizationRules"] = [_rule(one, given, document) for one in document["synchronizationRules"]]
    _keep_locked_rules(document, given)
    return to_stored_form(document, plain, given.template, given.switches)


def _check_size(sent: Json, switches: Switches) -> None:
    limit = switches.schema_limit_kb
    if limit and len(json.dumps(sent)) > limit * 1024:
        raise SchemaError("Size", f"The schema is larger than {limit} KB.")


# ---- directories ----------------------------------------------------------------------------------------------------


def _directory(directory: Any, before: Json) -> Json:
    if not _is_named(directory):
        raise SchemaError("Directory", "A directory definition has no name.")
    known: Json = next((one for one in before["directories"] if one["name"] == directory["name"]), {})
    filled = _filled(directory, {"id": known.get("id")}) | {key: known[key] for key in _SERVER_SET if key in known}
    filled["objects"] = [_object(one, directory["name"]) for one in _items(directory, "objects")]
    return filled


def _object(definition: Any, directory: str) -> Json:
    if not _is_named(definition):
        raise SchemaError("Directory", f"An object of directory {directory!r} has no name.")
    name = definition["name"]
    attributes = [_attribute(one, name) for one in _items(definition, "attributes")]
    names = [one["name"] for one in attributes]
    for repeated in sorted({one for one in names if names.count(one) > 1}):
        raise SchemaError("Directory", f"Object {name!r} defines attribute {repeated!r} more than once.")
    anchors = sum(1 for one in attributes if one["anchor"] is True)
    if anchors != 1:
        raise SchemaError("Anchor", f"Object {name!r} must have exactly one anchor, it has {anchors}.")
    return _filled(definition, {"supportedApis": [], "metadata": []}) | {"attributes": attributes}


def _attribute(definition: Any, owner: str) -> Json:
    if not _is_named(definition):
        raise SchemaError("Directory", f"An attribute of object {owner!r} has no name.")
    filled = _filled(definition, attribute_definition(definition["name"]))
    _one_of(filled, "type", _ATTRIBUTE_TYPES)
    _one_of(filled, "mutability", _MUTABILITY)
    return filled


# ---- rules ----------------------------------------------------------------------------------------------------------


def _rules_of(document: Json) -> list[Json]:
    """The rules that a job has already: the engine knows them, also where a tenant file gave them."""
    rules = document.get("synchronizationRules")
    return [one for one in rules if isinstance(one, dict) and one.get("id")] if isinstance(rules, list) else []


def _rule(rule: Any, given: ValidationContext, document: Json) -> Json:
    known = {one["id"]: one for one in [*given.template["synchronizationRules"], *_rules_of(given.before)]}
    if not isinstance(rule, dict) or not _is_one_of(rule.get("id"), known):
        name = rule.get("id") if isinstance(rule, dict) else rule
        raise SchemaError("Rule", f"There is no synchronization rule {name!r}.")
    filled = _filled(rule, known[rule["id"]] | _RULE_DEFAULTS | {"editable": known[rule["id"]]["editable"]})
    if not filled["editable"]:
        return rule
    source = _directory_named(document, filled["sourceDirectoryName"])
    target = _directory_named(document, filled["targetDirectoryName"])
    filled["objectMappings"] = [
        _object_mapping(one, given.switches, source, target) for one in _items(filled, "objectMappings")
    ]
    return filled


def _keep_locked_rules(document: Json, given: ValidationContext) -> None:
    now = {rule["id"]: rule for rule in document["synchronizationRules"]}
    for rule in given.before["synchronizationRules"]:
        if not rule.get("editable", True) and now.get(rule["id"]) != without_annotations(rule):
            raise SchemaError("ReadOnly", f"Rule {rule['name']!r} is not editable.")
    if len(now) != len(document["synchronizationRules"]):
        raise SchemaError("Rule", "A synchronization rule occurs more than once.")


def _directory_named(document: Json, name: Any) -> Json:
    found: Json | None = next((one for one in document["directories"] if one["name"] == name), None)
    if found is None:
        raise SchemaError("Directory", f"There is no directory {name!r}.")
    return found


def _attributes_of(directory: Json, name: Any) -> frozenset[str] | None:
    names = [
        frozenset(one["name"] for one in definition["attributes"])
        for definition in directory["objects"]
        if definition["name"] == name
    ]
    return frozenset().union(*names) if names else None


# ---- mappings -------------------------------------------------------------------------------------------------------


def _object_mapping(mapping: Any, switches: Switches, source: Json, target: Json) -> Json:
    if not isinstance(mapping, dict):
        raise SchemaError("Mapping", "An object mapping is not an object.")
    filled = _filled(mapping, _OBJECT_MAPPING_DEFAULTS)
    filled["flowTypes"] = _flags(filled["flowTypes"], _OBJECT_FLOWS, switches)
    targets = _attributes_of(target, filled.get("targetObjectName"))
    if targets is None:
        raise SchemaError("Object", f"Directory {target['name']!r} has no object {filled.get('targetObjectName')!r}.")
    sources = _attributes_of(source, filled.get("sourceObjectName"))
    if sources is None and filled.get("sourceObjectName"):
        raise SchemaError("Object", f"Directory {source['name']!r} has no object {filled['sourceObjectName']!r}.")
    rows = [
        _attribute_mapping(one, switches, sources or frozenset(), targets)
        for one in _items(filled, "attributeMappings")
    ]
    _check_rows(filled, rows, switches)
    filled["attributeMappings"] = rows
    filled["scope"] = _scope(filled["scope"], switches, sources or frozenset())
    return filled


def _check_rows(mapping: Json, rows: Sequence[Json], switches: Switches) -> None:
    names = [row["targetAttributeName"] for row in rows if switches.duplicate_targets == "refused"]
    for repeated in sorted({name for name in names if names.count(name) > 1}):
        raise SchemaError("Duplicate", f"Target attribute {repeated!r} is mapped more than once.")
    if mapping["enabled"] and not any(row["matchingPriority"] > 0 for row in rows):
        raise SchemaError("Matching", f"Object mapping {mapping['name']!r} has no matching attribute.")


def _attribute_mapping(row: Any, switches: Switches, sources: frozenset[str], targets: frozenset[str]) -> Json:
    if not isinstance(row, dict) or not row.get("targetAttributeName"):
        raise SchemaError("Mapping", "An attribute mapping has no targetAttributeName.")
    name = row["targetAttributeName"]
    if not _is_one_of(name, targets):
        raise SchemaError("Target", f"Target attribute {name!r} is not in the directory.")
    filled = _filled(row, _MAPPING_DEFAULTS)
    _one_of(filled, "flowType", _FLOW_TYPES)
    _one_of(filled, "flowBehavior", _FLOW_BEHAVIORS)
    if not _is_count(filled["matchingPriority"]):
        raise SchemaError("Mapping", f"matchingPriority of {name!r} is not a whole number from 0.")
    if filled["source"] is not None:
        filled["source"] = _source(filled["source"], switches, sources)
        used = set(_used(filled["source"]))
        if filled["matchingPriority"] and len(used) > 1:
            raise SchemaError("Matching", f"Joining property {name} has more than one source attribute.")
    return filled


def _source(source: Any, switches: Switches, sources: frozenset[str]) -> Json:
    if not isinstance(source, dict) or source.get("type", "Attribute") not in _SOURCE_TYPES:
        raise SchemaError("Source", f"This is no source of a mapping: {source!r}.")
    filled = _filled(source, {"type": "Attribute"})
    filled["parameters"] = [_parameter(one, switches, sources) for one in _items(source, "parameters")]
    _check_source(filled, sources)
    expression = filled.get("expression")
    if expression is None or switches.expression_kept == "rebuilt":
        filled["expression"] = _spelled(filled)
    else:
        _check_text(filled["type"], expression)
    return filled


def _parameter(parameter: Any, switches: Switches, sources: frozenset[str]) -> Json:
    if not isinstance(parameter, dict) or not isinstance(parameter.get("key"), str):
        raise SchemaError("Source", "A parameter of a function has no key.")
    return {**parameter, "value": _source(parameter.get("value"), switches, sources)}


def _check_source(source: Json, sources: frozenset[str]) -> None:
    name = source.get("name")
    if source["type"] == "Attribute" and not _is_one_of(name, sources):
        raise SchemaError("Source", f"Source attribute {name!r} is not in the directory.")
    if source["type"] == "Constant" and not isinstance(name, str):
        raise SchemaError("Source", "A constant has no text.")
    if source["type"] == "Function":
        _check_function(source)


def _check_function(source: Json) -> None:
    function = FUNCTIONS.get(str(source.get("name")))
    if function is None:
        raise SchemaError("Function", f"There is no function {source.get('name')!r}.")
    keys = [one.get("key") for one in source["parameters"]]
    required = [one.key for one in function.parameters if one.required]
    missing = [key for key in required if key not in keys]
    if missing and (function.keys_seen or len(keys) < len(required)):
        raise SchemaError("Function", f"Function {function.name} lacks its parameter {missing[0]!r}.")


def _check_text(kind: str, text: Any) -> None:
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise SchemaError("Expression", f"An expression is a text of at most {MAX_LENGTH} characters.")
    if kind != "Function":
        return
    try:
        parse(text)
    except ExpressionError as error:
        raise SchemaError("Expression", f"The expression {text!r} is not valid: {error.message}.") from error


def _spelled(source: Json) -> str:
    try:
        return render(from_source(source))
    except ExpressionError as error:
        raise SchemaError("Source", f"The source is no expression: {error.message}.") from error


def _used(source: Json) -> Iterator[str]:
    if source["type"] == "Attribute":
        yield source["name"]
    for parameter in source["parameters"]:
        yield from _used(parameter["value"])


# ---- scope ----------------------------------------------------------------------------------------------------------


def _scope(scope: Any, switches: Switches, sources: frozenset[str]) -> Json | None:
    if scope is None:
        return None
    if not isinstance(scope, dict):
        raise SchemaError("Scope", "A scope is a filter.")
    filled = _filled(scope, _FILTER_DEFAULTS)
    for name in _FILTER_DEFAULTS:
        filled[name] = [_group(one, switches, sources) for one in _items(filled, name)]
    if switches.empty_scope == "null" and not any(filled[name] for name in _FILTER_DEFAULTS):
        return None
    return filled


def _group(group: Any, switches: Switches, sources: frozenset[str]) -> Json:
    if not isinstance(group, dict):
        raise SchemaError("Scope", "A group of clauses is an object.")
    filled = _filled(group, {"name": None, "clauses": []})
    filled["clauses"] = [_clause(one, switches, sources) for one in _items(filled, "clauses")]
    return filled


def _clause(clause: Any, switches: Switches, sources: frozenset[str]) -> Json:
    name = clause.get("operatorName") if isinstance(clause, dict) else None
    operator = operators_of(switches).get(str(name))
    if operator is None:
        raise SchemaError("Operator", f"There is no operator {name!r}.")
    if not _is_one_of(clause.get("sourceOperandName"), sources):
        raise SchemaError("Scope", f"Source attribute {clause.get('sourceOperandName')!r} is not in the directory.")
    operand = clause.get("targetOperand")
    values = operand.get("values") if isinstance(operand, dict) else None
    if operator.unary:
        return {**clause, "targetOperand": None if switches.unary_operand == "null" else {"values": []}}
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise SchemaError("Scope", f"Operator {operator.name} needs values, which are texts.")
    return dict(clause)


# ---- small things ---------------------------------------------------------------------------------------------------


def format_flags(text: str, switches: Switches) -> str:
    separator = "," if switches.flags_spaces == "stripped" else ", "
    return separator.join(part.strip() for part in text.split(","))


def _flags(text: Any, names: Sequence[str], switches: Switches) -> str:
    if not isinstance(text, str) or not all(part.strip() in names for part in text.split(",")):
        raise SchemaError("Mapping", f"{text!r} is not a set of {', '.join(names)}.")
    return format_flags(text, switches)


def _filled(document: Json, defaults: Json) -> Json:
    """The document in its own order, what it lacks added behind."""
    missing = {key: copy.deepcopy(value) for key, value in defaults.items() if key not in document}
    return {**document, **missing}


def _items(document: Json, name: str) -> list[Any]:
    items = document.get(name)
    if items is not None and not isinstance(items, list):
        raise SchemaError("", f"{name} is not a list.")
    return items or []


def _one_of(document: Json, name: str, values: Sequence[str]) -> None:
    if not _is_one_of(document[name], values):
        raise SchemaError("Mapping", f"{name} {document[name]!r} is none of {', '.join(values)}.")


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str) and bool(value["name"])


def _is_one_of(value: Any, names: Container[str]) -> bool:
    return isinstance(value, str) and value in names


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
