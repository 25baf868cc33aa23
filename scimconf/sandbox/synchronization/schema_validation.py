"""Validation of a synchronizationSchema that is PUT. Pure: returns the stored document or raises SchemaError.

The error codes of the real service are not known. Those of the sandbox begin with `Emulated`, so that no client depends
on them.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.expressions import FUNCTIONS, MAX_LENGTH, ExpressionError, from_source, parse, render
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.operators import operators_of
from scimconf.sandbox.synchronization.stored_form import strip_annotations, to_stored_form
from scimconf.sandbox.synchronization.templates import SCHEMA_DEFAULTS, attribute_definition

_FLOW_TYPES = ("Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")
_FLOW_BEHAVIORS = ("FlowWhenChanged", "FlowAlways")
_OBJECT_FLOWS = ("None", "Add", "Update", "Delete")
_ATTRIBUTE_TYPES = ("String", "Integer", "Reference", "Binary", "Boolean", "DateTime", "Secret")
_MUTABILITY = ("ReadWrite", "ReadOnly", "Immutable", "WriteOnly")
_SOURCE_TYPES = ("Attribute", "Constant", "Function")
_SERVER_SET = ("version", "discoveryDateTime", "discoverabilities", "readOnly")


class SchemaError(Exception):
    """A schema is refused; the code is `EmulatedSchemaError` and a suffix for the kind of error."""

    def __init__(self, code: str, message: str) -> None:
        self.code = f"EmulatedSchemaError{code}"
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """The schema of the template, the present schema of the job, and the switches."""

    template: Json
    before: Json
    switches: Switches


def accept_schema(sent: Any, context: ValidationContext, *, schema_id: str, version: str) -> Json:
    """Return the schema as the service stores it; raise SchemaError if the service refuses it."""
    if not isinstance(sent, dict):
        raise SchemaError("", "The body is not a synchronizationSchema.")
    for name in ("synchronizationRules", "directories"):
        if not isinstance(sent.get(name), list):
            raise SchemaError("", f"The schema has no {name}. A PUT replaces the whole schema.")
    _check_size(sent, context.switches)
    plain = strip_annotations(sent)
    document = strip_annotations(sent)  # a second copy, since the stored form depends on what was sent
    document["id"] = schema_id
    document["version"] = version
    document["directories"] = [_directory(directory, context.before) for directory in document["directories"]]
    document["synchronizationRules"] = [_rule(rule, context, document) for rule in document["synchronizationRules"]]
    _check_read_only_rules(document, context)
    return to_stored_form(document, plain, context.template, context.switches)


def _check_size(sent: Json, switches: Switches) -> None:
    limit = switches.schema_limit_kb
    if limit and len(json.dumps(sent)) > limit * 1024:
        raise SchemaError("Size", f"The schema is larger than {limit} KB.")


# ---- directories ----------------------------------------------------------------------------------------------------


def _directory(directory: Any, before: Json) -> Json:
    if not _is_named(directory):
        raise SchemaError("Directory", "A directory definition has no name.")
    known: Json = _find_by_name(before["directories"], directory["name"]) or {}
    filled = _filled(directory, {"id": known.get("id")}) | {key: known[key] for key in _SERVER_SET if key in known}
    filled["objects"] = [_object(definition, directory["name"]) for definition in _list_of(directory, "objects")]
    return filled


def _object(definition: Any, directory: str) -> Json:
    if not _is_named(definition):
        raise SchemaError("Directory", f"An object of directory {directory!r} has no name.")
    name = definition["name"]
    attributes = [_attribute(attribute, name) for attribute in _list_of(definition, "attributes")]
    for repeated in _repeated(attribute["name"] for attribute in attributes):
        raise SchemaError("Directory", f"Object {name!r} defines attribute {repeated!r} more than once.")
    anchors = sum(1 for attribute in attributes if attribute["anchor"] is True)
    if anchors != 1:
        raise SchemaError("Anchor", f"Object {name!r} must have exactly one anchor, it has {anchors}.")
    return _filled(definition, {"supportedApis": [], "metadata": []}) | {"attributes": attributes}


def _attribute(definition: Any, owner: str) -> Json:
    if not _is_named(definition):
        raise SchemaError("Directory", f"An attribute of object {owner!r} has no name.")
    filled = _filled(definition, attribute_definition(definition["name"]))
    _check_choice(filled, "type", _ATTRIBUTE_TYPES)
    _check_choice(filled, "mutability", _MUTABILITY)
    return filled


# ---- rules ----------------------------------------------------------------------------------------------------------


def _rules_of(document: Json) -> list[Json]:
    """Return the rules of the present schema, which can differ from the template if a tenant file described them."""
    rules = document.get("synchronizationRules")
    return [rule for rule in rules if isinstance(rule, dict) and rule.get("id")] if isinstance(rules, list) else []


def _rule(rule: Any, context: ValidationContext, document: Json) -> Json:
    known = {
        known_rule["id"]: known_rule
        for known_rule in [*context.template["synchronizationRules"], *_rules_of(context.before)]
    }
    if not isinstance(rule, dict) or not _is_member(rule.get("id"), known):
        name = rule.get("id") if isinstance(rule, dict) else rule
        raise SchemaError("Rule", f"There is no synchronization rule {name!r}.")
    filled = _filled(rule, known[rule["id"]] | SCHEMA_DEFAULTS["rule"] | {"editable": known[rule["id"]]["editable"]})
    if not filled["editable"]:
        return rule
    source = _directory_named(document, filled["sourceDirectoryName"])
    target = _directory_named(document, filled["targetDirectoryName"])
    filled["objectMappings"] = [
        _object_mapping(mapping, context.switches, source, target) for mapping in _list_of(filled, "objectMappings")
    ]
    return filled


def _check_read_only_rules(document: Json, context: ValidationContext) -> None:
    rules = {rule["id"]: rule for rule in document["synchronizationRules"]}
    for rule in context.before["synchronizationRules"]:
        if not rule.get("editable", True) and rules.get(rule["id"]) != strip_annotations(rule):
            raise SchemaError("ReadOnly", f"Rule {rule['name']!r} is not editable.")
    if len(rules) != len(document["synchronizationRules"]):
        raise SchemaError("Rule", "A synchronization rule occurs more than once.")


def _directory_named(document: Json, name: Any) -> Json:
    directory = _find_by_name(document["directories"], name)
    if directory is None:
        raise SchemaError("Directory", f"There is no directory {name!r}.")
    return directory


def _attributes_of(directory: Json, name: Any) -> frozenset[str] | None:
    names = [
        frozenset(attribute["name"] for attribute in definition["attributes"])
        for definition in directory["objects"]
        if definition["name"] == name
    ]
    return frozenset().union(*names) if names else None


# ---- mappings -------------------------------------------------------------------------------------------------------


def _object_mapping(mapping: Any, switches: Switches, source: Json, target: Json) -> Json:
    if not isinstance(mapping, dict):
        raise SchemaError("Mapping", "An object mapping is not an object.")
    filled = _filled(mapping, SCHEMA_DEFAULTS["object_mapping"])
    filled["flowTypes"] = _flags(filled["flowTypes"], _OBJECT_FLOWS, switches)
    targets = _attributes_of(target, filled.get("targetObjectName"))
    if targets is None:
        raise SchemaError("Object", f"Directory {target['name']!r} has no object {filled.get('targetObjectName')!r}.")
    sources = _attributes_of(source, filled.get("sourceObjectName"))
    if sources is None and filled.get("sourceObjectName"):
        raise SchemaError("Object", f"Directory {source['name']!r} has no object {filled['sourceObjectName']!r}.")
    rows = [
        _attribute_mapping(row, switches, sources or frozenset(), targets)
        for row in _list_of(filled, "attributeMappings")
    ]
    _check_mappings(filled, rows, switches)
    filled["attributeMappings"] = rows
    filled["scope"] = _scope(filled["scope"], switches, sources or frozenset())
    return filled


def _check_mappings(mapping: Json, rows: Sequence[Json], switches: Switches) -> None:
    names = [row["targetAttributeName"] for row in rows if switches.duplicate_targets == "refused"]
    for repeated in _repeated(names):
        raise SchemaError("Duplicate", f"Target attribute {repeated!r} is mapped more than once.")
    if mapping["enabled"] and not any(row["matchingPriority"] > 0 for row in rows):
        raise SchemaError("Matching", f"Object mapping {mapping['name']!r} has no matching attribute.")


def _attribute_mapping(row: Any, switches: Switches, sources: frozenset[str], targets: frozenset[str]) -> Json:
    if not isinstance(row, dict) or not row.get("targetAttributeName"):
        raise SchemaError("Mapping", "An attribute mapping has no targetAttributeName.")
    name = row["targetAttributeName"]
    if not _is_member(name, targets):
        raise SchemaError("Target", f"Target attribute {name!r} is not in the directory.")
    filled = _filled(row, SCHEMA_DEFAULTS["attribute_mapping"])
    _check_choice(filled, "flowType", _FLOW_TYPES)
    _check_choice(filled, "flowBehavior", _FLOW_BEHAVIORS)
    if not _is_count(filled["matchingPriority"]):
        raise SchemaError("Mapping", f"matchingPriority of {name!r} is not an integer of at least 0.")
    if filled["source"] is not None:
        filled["source"] = _source(filled["source"], switches, sources)
        attributes = set(_source_attributes(filled["source"]))
        if filled["matchingPriority"] and len(attributes) > 1:
            raise SchemaError("Matching", f"Joining property {name} has more than one source attribute.")
    return filled


def _source(source: Any, switches: Switches, sources: frozenset[str]) -> Json:
    if not isinstance(source, dict) or source.get("type", "Attribute") not in _SOURCE_TYPES:
        raise SchemaError("Source", f"Not a valid source of a mapping: {source!r}.")
    filled = _filled(source, {"type": "Attribute"})
    filled["parameters"] = [_parameter(parameter, switches, sources) for parameter in _list_of(source, "parameters")]
    _check_source(filled, sources)
    expression = filled.get("expression")
    if expression is None or switches.expression_kept == "rebuilt":
        filled["expression"] = _expression_of(filled)
    else:
        _check_expression(filled["type"], expression)
    return filled


def _parameter(parameter: Any, switches: Switches, sources: frozenset[str]) -> Json:
    if not isinstance(parameter, dict) or not isinstance(parameter.get("key"), str):
        raise SchemaError("Source", "A parameter of a function has no key.")
    return {**parameter, "value": _source(parameter.get("value"), switches, sources)}


def _check_source(source: Json, sources: frozenset[str]) -> None:
    name = source.get("name")
    if source["type"] == "Attribute" and not _is_member(name, sources):
        raise SchemaError("Source", f"Source attribute {name!r} is not in the directory.")
    if source["type"] == "Constant" and not isinstance(name, str):
        raise SchemaError("Source", "The name of a constant is not a string.")
    if source["type"] == "Function":
        _check_function(source)


def _check_function(source: Json) -> None:
    function = FUNCTIONS.get(str(source.get("name")))
    if function is None:
        raise SchemaError("Function", f"There is no function {source.get('name')!r}.")
    keys = [parameter.get("key") for parameter in source["parameters"]]
    required = [parameter.key for parameter in function.parameters if parameter.required]
    missing = [key for key in required if key not in keys]
    if missing and (function.keys_seen or len(keys) < len(required)):
        raise SchemaError("Function", f"Function {function.name} has no parameter {missing[0]!r}.")


def _check_expression(kind: str, text: Any) -> None:
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        raise SchemaError("Expression", f"An expression must be a string of at most {MAX_LENGTH} characters.")
    if kind != "Function":
        return
    try:
        parse(text)
    except ExpressionError as error:
        raise SchemaError("Expression", f"The expression {text!r} is not valid: {error.message}.") from error


def _expression_of(source: Json) -> str:
    try:
        return render(from_source(source))
    except ExpressionError as error:
        raise SchemaError("Source", f"The source is not a valid expression: {error.message}.") from error


def _source_attributes(source: Json) -> Iterator[str]:
    if source["type"] == "Attribute":
        yield source["name"]
    for parameter in source["parameters"]:
        yield from _source_attributes(parameter["value"])


# ---- scope ----------------------------------------------------------------------------------------------------------


def _scope(scope: Any, switches: Switches, sources: frozenset[str]) -> Json | None:
    if scope is None:
        return None
    if not isinstance(scope, dict):
        raise SchemaError("Scope", "The scope is not an object.")
    filled = _filled(scope, SCHEMA_DEFAULTS["scope"])
    for name in SCHEMA_DEFAULTS["scope"]:
        filled[name] = [_group(group, switches, sources) for group in _list_of(filled, name)]
    if switches.empty_scope == "null" and not any(filled[name] for name in SCHEMA_DEFAULTS["scope"]):
        return None
    return filled


def _group(group: Any, switches: Switches, sources: frozenset[str]) -> Json:
    if not isinstance(group, dict):
        raise SchemaError("Scope", "A group of clauses is not an object.")
    filled = _filled(group, {"name": None, "clauses": []})
    filled["clauses"] = [_clause(clause, switches, sources) for clause in _list_of(filled, "clauses")]
    return filled


def _clause(clause: Any, switches: Switches, sources: frozenset[str]) -> Json:
    name = clause.get("operatorName") if isinstance(clause, dict) else None
    operator = operators_of(switches).get(str(name))
    if operator is None:
        raise SchemaError("Operator", f"There is no operator {name!r}.")
    if not _is_member(clause.get("sourceOperandName"), sources):
        raise SchemaError("Scope", f"Source attribute {clause.get('sourceOperandName')!r} is not in the directory.")
    operand = clause.get("targetOperand")
    values = operand.get("values") if isinstance(operand, dict) else None
    if operator.unary:
        return {**clause, "targetOperand": None if switches.unary_operand == "null" else {"values": []}}
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise SchemaError("Scope", f"Operator {operator.name} needs a list of strings as values.")
    return dict(clause)


# ---- helpers --------------------------------------------------------------------------------------------------------


def format_flags(text: str, switches: Switches) -> str:
    """Return a comma-separated set of flags with the separator of the switch `flags_spaces`."""
    separator = "," if switches.flags_spaces == "stripped" else ", "
    return separator.join(part.strip() for part in text.split(","))


def _flags(text: Any, names: Sequence[str], switches: Switches) -> str:
    if not isinstance(text, str) or not all(part.strip() in names for part in text.split(",")):
        raise SchemaError("Mapping", f"{text!r} is not a set of {', '.join(names)}.")
    return format_flags(text, switches)


def _filled(document: Json, defaults: Json) -> Json:
    """Return the document in its own order, followed by the defaults of its missing properties."""
    missing = {key: copy.deepcopy(value) for key, value in defaults.items() if key not in document}
    return {**document, **missing}


def _list_of(document: Json, name: str) -> list[Any]:
    items = document.get(name)
    if items is not None and not isinstance(items, list):
        raise SchemaError("", f"{name} is not a list.")
    return items or []


def _check_choice(document: Json, name: str, values: Sequence[str]) -> None:
    if not _is_member(document[name], values):
        raise SchemaError("Mapping", f"{name} {document[name]!r} is not one of {', '.join(values)}.")


def _find_by_name(documents: list[Json], name: Any) -> Json | None:
    return next((document for document in documents if document["name"] == name), None)


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str) and bool(value["name"])


def _is_member(value: Any, names: Container[str]) -> bool:
    return isinstance(value, str) and value in names


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
