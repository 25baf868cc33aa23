"""What the service would refuse in a synchronizationSchema, as far as sources say so.

Each problem has a path of ids and names, so that the same problem in two versions of a document can be recognised.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimconf.expressions import MAX_LENGTH, ExpressionError
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.operators import operators_of
from scimconf.sandbox.synchronization.schema_filling import expression_of, unknown_properties
from scimconf.sandbox.synchronization.service_expressions import find_function, parse_service_text
from scimconf.sandbox.synchronization.templates import SCHEMA_DEFAULTS

_FLOW_TYPES = ("Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")
_FLOW_BEHAVIORS = ("FlowWhenChanged", "FlowAlways")
_OBJECT_FLOWS = ("None", "Add", "Update", "Delete")
_ATTRIBUTE_TYPES = ("String", "Integer", "Reference", "Binary", "Boolean", "DateTime", "Secret")
_MUTABILITY = ("ReadWrite", "ReadOnly", "Immutable", "WriteOnly")
_SOURCE_TYPES = ("Attribute", "Constant", "Function")
_OPTIONAL = (("FormatDateTime", "inputFormat"),)
"""Parameters that Graph's list of functions requires, and Microsoft's own default mappings omit."""


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """A reason to refuse a schema: the suffix of the error code, the message, and where it is."""

    code: str
    message: str
    path: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A part of a schema: its path, and the switches. `sources` and `targets` are the attributes of a mapping's objects.

    `sources` is None if the mapping has no source object; its sources are then not checked.
    """

    path: str
    switches: Switches
    sources: frozenset[str] | None = None
    targets: frozenset[str] = frozenset()

    def at(self, *names: object) -> _Place:
        return replace(self, path="/".join((self.path, *map(str, names))))

    def problem(self, code: str, message: str) -> SchemaProblem:
        return SchemaProblem(code, message, self.path)


def schema_problems(document: Json, known_rules: Container[str], switches: Switches) -> Iterator[SchemaProblem]:
    """Yield what is wrong with a schema whose defaults are filled in; `known_rules` are the ids of the valid rules."""
    place = _Place("", switches)
    for name in ("synchronizationRules", "directories"):
        if not isinstance(document.get(name), list):
            yield place.problem("", f"The schema has no {name}. A PUT replaces the whole schema.")
    for directory in _parts(document, "directories"):
        yield from _directory(directory, place)
    rules = _parts(document, "synchronizationRules")
    for rule in rules:
        yield from _rule(rule, document, known_rules, place)
    for _ in _repeated(rule["id"] for rule in rules if isinstance(rule, dict) and isinstance(rule.get("id"), str)):
        yield place.problem("Rule", "A synchronization rule occurs more than once.")


# ---- directories ----------------------------------------------------------------------------------------------------


def _directory(directory: Any, place: _Place) -> Iterator[SchemaProblem]:
    if not _is_named(directory):
        yield place.problem("Directory", "A directory definition has no name.")
        return
    place = place.at(directory["name"])
    yield from _list_problem(directory, "objects", place)
    for definition in _parts(directory, "objects"):
        yield from _object(definition, directory["name"], place)


def _object(definition: Any, directory: str, place: _Place) -> Iterator[SchemaProblem]:
    if not _is_named(definition):
        yield place.problem("Directory", f"An object of directory {directory!r} has no name.")
        return
    name = definition["name"]
    place = place.at(name)
    yield from _list_problem(definition, "attributes", place)
    attributes = _parts(definition, "attributes")
    for attribute in attributes:
        if not _is_named(attribute):
            yield place.problem("Directory", f"An attribute of object {name!r} has no name.")
            continue
        yield from _choice(attribute, "type", _ATTRIBUTE_TYPES, place.at(attribute["name"]))
        yield from _choice(attribute, "mutability", _MUTABILITY, place.at(attribute["name"]))
    for repeated in _repeated(attribute["name"] for attribute in attributes if _is_named(attribute)):
        yield place.problem("Directory", f"Object {name!r} defines attribute {repeated!r} more than once.")
    if not any(isinstance(attribute, dict) and attribute.get("anchor") is True for attribute in attributes):
        yield place.problem("Anchor", f"Object {name!r} has no anchor.")


# ---- rules ----------------------------------------------------------------------------------------------------------


def _rule(rule: Any, document: Json, known: Container[str], place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(rule, dict) or not _is_member(rule.get("id"), known):
        name = rule.get("id") if isinstance(rule, dict) else rule
        yield place.problem("Rule", f"There is no synchronization rule {name!r}.")
        return
    if not rule.get("editable", True):
        return
    place = place.at(rule["id"])
    sides = [_directory_named(document, rule.get(f"{side}DirectoryName")) for side in ("source", "target")]
    for side, directory in zip(("source", "target"), sides, strict=True):
        if directory is None:
            yield place.problem("Directory", f"There is no directory {rule.get(f'{side}DirectoryName')!r}.")
    yield from _list_problem(rule, "objectMappings", place)
    for mapping in _parts(rule, "objectMappings"):
        yield from _object_mapping(mapping, sides[0], sides[1], place)


def _directory_named(document: Json, name: Any) -> Json | None:
    directories = (directory for directory in _parts(document, "directories") if _is_named(directory))
    return next((directory for directory in directories if directory["name"] == name), None)


def _attributes_of(directory: Json | None, name: Any) -> frozenset[str] | None:
    """Return the attributes of all objects of this name; None if the directory has none."""
    objects = [entry for entry in _parts(directory or {}, "objects") if _is_named(entry) and entry["name"] == name]
    attributes = (attribute for entry in objects for attribute in _parts(entry, "attributes"))
    return frozenset(attribute["name"] for attribute in attributes if _is_named(attribute)) if objects else None


# ---- mappings -------------------------------------------------------------------------------------------------------


def _object_mapping(mapping: Any, source: Json | None, target: Json | None, place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(mapping, dict):
        yield place.problem("Mapping", "An object mapping is not an object.")
        return
    names = (mapping.get("sourceObjectName"), mapping.get("targetObjectName"))
    place = place.at(*names)
    yield from _unknown(mapping, "object_mapping", place)
    yield from _flags(mapping.get("flowTypes"), place)
    attributes = [_attributes_of(directory, name) for directory, name in zip((source, target), names, strict=True)]
    for directory, name, defined in zip((source, target), names, attributes, strict=True):
        is_optional = directory is source and not name
        if directory is not None and defined is None and not is_optional:
            yield place.problem("Object", f"Directory {directory['name']!r} has no object {name!r}.")
    yield from _list_problem(mapping, "attributeMappings", place)
    place = replace(place, sources=attributes[0] if names[0] else None, targets=attributes[1] or frozenset())
    rows = _parts(mapping, "attributeMappings")
    for row in rows:
        yield from _attribute_mapping(row, place)
    yield from _all_rows(mapping, [row for row in rows if isinstance(row, dict)], place)
    yield from _scope(mapping.get("scope"), place)


def _all_rows(mapping: Json, rows: Sequence[Json], place: _Place) -> Iterator[SchemaProblem]:
    names = [row["targetAttributeName"] for row in rows if isinstance(row.get("targetAttributeName"), str)]
    for repeated in _repeated(names) if place.switches.duplicate_targets == "refused" else ():
        yield place.problem("Duplicate", f"Target attribute {repeated!r} is mapped more than once.")
    is_matching = any(_is_count(row.get("matchingPriority")) and row["matchingPriority"] > 0 for row in rows)
    if mapping.get("enabled") and not is_matching:
        yield place.problem("Matching", f"Object mapping {mapping.get('name')!r} has no matching attribute.")


def _attribute_mapping(row: Any, place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(row, dict) or not row.get("targetAttributeName"):
        yield place.problem("Mapping", "An attribute mapping has no targetAttributeName.")
        return
    name = row["targetAttributeName"]
    place = place.at(name)
    if not _is_member(name, place.targets):
        yield place.problem("Target", f"Target attribute {name!r} is not in the directory.")
    yield from _unknown(row, "attribute_mapping", place)
    yield from _choice(row, "flowType", _FLOW_TYPES, place)
    yield from _choice(row, "flowBehavior", _FLOW_BEHAVIORS, place)
    if not _is_count(row.get("matchingPriority")):
        yield place.problem("Mapping", f"matchingPriority of {name!r} is not an integer of at least 0.")
    if row.get("source") is not None:
        yield from _source(row["source"], place)
        if row.get("matchingPriority") and len(set(_source_attributes(row["source"]))) > 1:
            yield place.problem("Matching", f"Joining property {name} has more than one source attribute.")


# ---- sources --------------------------------------------------------------------------------------------------------


def _source(source: Any, place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(source, dict) or source.get("type") not in _SOURCE_TYPES:
        yield place.problem("Source", f"Not a valid source of a mapping: {source!r}.")
        return
    yield from _unknown(source, "source", place)
    yield from _list_problem(source, "parameters", place)
    for parameter in _parts(source, "parameters"):
        if not isinstance(parameter, dict) or not isinstance(parameter.get("key"), str):
            yield place.problem("Source", "A parameter of a function has no key.")
            continue
        yield from _source(parameter.get("value"), place)
    name = source.get("name")
    if source["type"] == "Attribute" and place.sources is not None and not _is_member(name, place.sources):
        yield place.problem("Source", f"Source attribute {name!r} is not in the directory.")
    if source["type"] == "Constant" and not isinstance(name, str):
        yield place.problem("Source", "The name of a constant is not a string.")
    if source["type"] == "Function":
        yield from _function(source, place)
    yield from _expression(source, place)


def _function(source: Json, place: _Place) -> Iterator[SchemaProblem]:
    function = find_function(str(source.get("name")), place.switches)
    if function is None:
        yield place.problem("Function", f"There is no function {source.get('name')!r}.")
        return
    keys = [parameter.get("key") for parameter in _parts(source, "parameters") if isinstance(parameter, dict)]
    required = [
        parameter.key
        for parameter in function.parameters
        if parameter.required and (function.name, parameter.key) not in _OPTIONAL
    ]
    missing = [key for key in required if key not in keys]
    if missing and (function.keys_seen or len(keys) < len(required)):
        yield place.problem("Function", f"Function {function.name} has no parameter {missing[0]!r}.")


def _expression(source: Json, place: _Place) -> Iterator[SchemaProblem]:
    text = source.get("expression")
    if text is None:
        if expression_of(source) is None:
            yield place.problem("Source", f"The source {source.get('name')!r} is not a valid expression.")
    elif not isinstance(text, str) or len(text) > MAX_LENGTH:
        yield place.problem("Expression", f"An expression must be a string of at most {MAX_LENGTH} characters.")
    elif source["type"] == "Function":
        try:
            parse_service_text(text)
        except ExpressionError as error:
            yield place.problem("Expression", f"The expression {text!r} is not valid: {error.message}.")


def _source_attributes(source: Any) -> Iterator[str]:
    if not isinstance(source, dict):
        return
    if source.get("type") == "Attribute":
        yield str(source.get("name"))
    for parameter in _parts(source, "parameters"):
        yield from _source_attributes(parameter.get("value") if isinstance(parameter, dict) else None)


# ---- scope ----------------------------------------------------------------------------------------------------------


def _scope(scope: Any, place: _Place) -> Iterator[SchemaProblem]:
    if scope is None:
        return
    if not isinstance(scope, dict):
        yield place.problem("Scope", "The scope is not an object.")
        return
    for name in SCHEMA_DEFAULTS["scope"]:
        yield from _list_problem(scope, name, place)
        for group in _parts(scope, name):
            yield from _group(group, place.at(name))


def _group(group: Any, place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(group, dict):
        yield place.problem("Scope", "A group of clauses is not an object.")
        return
    yield from _list_problem(group, "clauses", place)
    for clause in _parts(group, "clauses"):
        yield from _clause(clause, place)


def _clause(clause: Any, place: _Place) -> Iterator[SchemaProblem]:
    name = clause.get("operatorName") if isinstance(clause, dict) else None
    operator = operators_of(place.switches).get(str(name))
    if operator is None:
        yield place.problem("Operator", f"There is no operator {name!r}.")
        return
    source = clause.get("sourceOperandName")
    if not _is_member(source, place.sources or frozenset()):
        yield place.problem("Scope", f"Source attribute {source!r} is not in the directory.")
    operand = clause.get("targetOperand")
    values = operand.get("values") if isinstance(operand, dict) else None
    is_list = isinstance(values, list) and values and all(isinstance(value, str) for value in values)
    if not operator.unary and not is_list:
        yield place.problem("Scope", f"Operator {operator.name} needs a list of strings as values.")


# ---- helpers --------------------------------------------------------------------------------------------------------


def _unknown(document: Json, part: str, place: _Place) -> Iterator[SchemaProblem]:
    names = unknown_properties(document, part) if place.switches.unknown_properties == "refused" else ()
    for name in names:
        yield place.problem("Property", f"The property {name!r} is not defined.")


def _flags(text: Any, place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(text, str) or not all(part.strip() in _OBJECT_FLOWS for part in text.split(",")):
        yield place.problem("Mapping", f"{text!r} is not a set of {', '.join(_OBJECT_FLOWS)}.")


def _choice(document: Json, name: str, values: Sequence[str], place: _Place) -> Iterator[SchemaProblem]:
    if not _is_member(document.get(name), values):
        yield place.problem("Mapping", f"{name} {document.get(name)!r} is not one of {', '.join(values)}.")


def _list_problem(document: Json, name: str, place: _Place) -> Iterator[SchemaProblem]:
    if not isinstance(document.get(name), list):
        yield place.problem("", f"{name} is not a list.")


def _parts(document: Json, name: str) -> list[Any]:
    """Return the elements of a list; none if it is not a list."""
    parts = document.get(name)
    return parts if isinstance(parts, list) else []


def _repeated(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str) and bool(value["name"])


def _is_member(value: Any, names: Container[str]) -> bool:
    return isinstance(value, str) and value in names


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
