"""Views and edits of a synchronizationSchema, as raw JSON.

Terms (Graph reference, synchronizationSchema): a *rule* joins a source and a target directory; its *objectMappings*
map one object to another; an *attributeMapping* sets one target attribute; an *objectDefinition* lists the attributes
of a directory's object. Nothing is identified by a label unless the spec names it. An edit preserves unknown keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from scimconf.documents import definitions as attribute_definition
from scimconf.documents import rows as mapping_row
from scimconf.documents.job import BASE
from scimconf.documents.shapes import list_in, objects_in
from scimconf.json_types import Json
from scimconf.snapshot import Document

PARSE = f"{BASE}/jobs/{{job}}/schema/parseExpression"
"""The path of the request that parses an expression."""


def schema() -> Document:
    """Return the job's schema; a PUT replaces all of it."""
    return Document("schema", f"{BASE}/jobs/{{job}}/schema", written="put")


def template_schema() -> Document:
    """Return the schema that a new job of the template gets; it is read only while there is no job."""
    return Document("template_schema", f"{BASE}/templates/{{new_template}}/schema", constant=True)


def default_schema() -> Document:
    """Return the schema of the job's template, to compare the job's schema with it."""
    return Document("default_schema", f"{BASE}/templates/{{template}}/schema", optional=True, constant=True)


def filter_operators() -> Document:
    """Return the operators of scoping filters that the job supports, in Graph's spelling."""
    return Document("filter_operators", f"{BASE}/jobs/{{job}}/schema/filterOperators()", collection=True)


def template_filter_operators() -> Document:
    """Return the filter operators of the template, for a job that does not exist yet."""
    path = f"{BASE}/templates/{{new_template}}/schema/filterOperators()"
    return Document("template_filter_operators", path, collection=True, constant=True)


def operators(documents: Mapping[str, Json]) -> Json:
    """Return the filter operators of the job, else of its template."""
    return documents.get("filter_operators") or documents.get("template_filter_operators")


SOURCE_OBJECTS: Mapping[str, str] = {"users": "user", "groups": "group"}


class Selector(NamedTuple):
    """Selects an objectMapping: the name `users` or `groups`, or a custom name with what the mapping must match."""

    name: str
    rule: str = ""
    source: str = ""
    target: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name, self.rule, self.source, self.target)


class MappingLocation(NamedTuple):
    """An objectMapping in a schema: the positions of rule and mapping, and both as raw JSON."""

    rule_index: int
    mapping_index: int
    rule: Json
    mapping: Json

    def __str__(self) -> str:
        source, target = self.mapping.get("sourceObjectName"), self.mapping.get("targetObjectName")
        return f"{source or '(none)'} → {target or '(none)'} in rule {self.rule.get('name') or self.rule.get('id')}"


def object_mappings(raw: Json) -> Iterator[MappingLocation]:
    """Yield every objectMapping of the schema, in its order."""
    for rule_index, rule in enumerate(list_in(raw, "synchronizationRules")):
        for mapping_index, mapping in enumerate(list_in(rule, "objectMappings")):
            if isinstance(mapping, Mapping):
                yield MappingLocation(rule_index, mapping_index, rule, mapping)


def matching(raw: Json, selector: Selector) -> list[MappingLocation]:
    """Return the objectMappings that match a selector; a valid selector matches one.

    `users` and `groups` match mappings of an editable, outbound rule whose source object is User or Group. If there is
    none, they match one that was switched off without a source object, whose target object is a user or a group.
    """
    if selector.name not in SOURCE_OBJECTS or selector.rule or selector.source or selector.target:
        return [location for location in object_mappings(raw) if _matches(location, selector)]
    name = SOURCE_OBJECTS[selector.name]
    outbound = [
        location
        for location in object_mappings(raw)
        if location.rule.get("editable") is not False and _is_outbound(raw, location)
    ]
    matches = [location for location in outbound if str(location.mapping.get("sourceObjectName")).lower() == name]
    return matches or [location for location in outbound if _is_switched_off(location, name)]


def _is_switched_off(location: MappingLocation, name: str) -> bool:
    """Return whether the portal switched the mapping off in the form of a published schema of 2020.

    It is disabled, its source object is empty, and its rows still have sources. Mappings that the service hides have the
    same form, but no row with a source.
    """
    mapping = location.mapping
    target = str(mapping.get("targetObjectName")).rpartition(":")[2].lower()
    is_off = mapping.get("enabled") is False and not mapping.get("sourceObjectName")
    return is_off and target == name and any(row.get("source") is not None for row in rows(location))


def _is_outbound(raw: Json, location: MappingLocation) -> bool:
    """Return whether the rule may read from the tenant's own directory: a schema has no field for the direction."""
    own = {directory.get("name") for directory in objects_in(raw, "directories") if _is_tenant(directory)}
    return not own or location.rule.get("sourceDirectoryName") in own


_TENANT_DIRECTORY = "66e4a8cc-1b7b-435e-95f8-f06cea133828"
_TENANT_ATTRIBUTES = frozenset({"IsSoftDeleted", "appRoleAssignments"})


def _is_tenant(directory: Json) -> bool:
    """Recognise Entra's directory by its id (the same in unrelated published schemas) or by attributes only it has."""
    return directory.get("id") == _TENANT_DIRECTORY or any(
        attribute.get("name") in _TENANT_ATTRIBUTES
        for directory_object in list_in(directory, "objects")
        for attribute in objects_in(directory_object, "attributes")
    )


def _matches(location: MappingLocation, selector: Selector) -> bool:
    rule_names = (location.rule.get("name"), location.rule.get("id"))
    return (
        (not selector.rule or selector.rule in rule_names)
        and (not selector.source or selector.source == location.mapping.get("sourceObjectName"))
        and (not selector.target or selector.target == location.mapping.get("targetObjectName"))
        and bool(selector.rule or selector.source or selector.target)
    )


def find_object_mapping(raw: Json, selector: Selector) -> MappingLocation | None:
    """Return the objectMapping that matches a selector, or None unless it is the only one."""
    matches = matching(raw, selector)
    return matches[0] if len(matches) == 1 else None


def rows(location: MappingLocation) -> list[Json]:
    """Return the attributeMappings of an objectMapping that name a target attribute."""
    return [row for row in objects_in(location.mapping, "attributeMappings") if row.get("targetAttributeName")]


def definitions(raw: Json, location: MappingLocation, side: str) -> list[Json]:
    """Return the attributeDefinitions of the mapping's "source" or "target" object, of both if two have its name."""
    return [
        attribute
        for directory_object in _objects(raw, location, side)
        for attribute in objects_in(directory_object, "attributes")
    ]


def _objects(raw: Json, location: MappingLocation, side: str) -> list[Json]:
    directory_name, name = location.rule.get(f"{side}DirectoryName"), location.mapping.get(f"{side}ObjectName")
    return [
        directory_object
        for directory in objects_in(raw, "directories")
        if directory.get("name") == directory_name
        for directory_object in objects_in(directory, "objects")
        if directory_object.get("name") == name
    ]


# --- edits ---------------------------------------------------------------------------------------------------------


def _location(raw: Json, key: tuple[str, ...]) -> MappingLocation:
    """Return the objectMapping of a key, whose first four items are those of a selector; raise LookupError."""
    location = find_object_mapping(raw, Selector(*key[:4]))
    if location is None:
        raise LookupError(f"the schema no longer has exactly one object mapping for {key[0]}")
    return location


def _with_mapping(raw: Json, location: MappingLocation, mapping: Json) -> Json:
    mappings = list(location.rule["objectMappings"])
    mappings[location.mapping_index] = mapping
    rules = list(raw["synchronizationRules"])
    rules[location.rule_index] = {**location.rule, "objectMappings": mappings}
    return {**raw, "synchronizationRules": rules}


def _row(location: MappingLocation, target: str) -> Json | None:
    return next((row for row in rows(location) if row.get("targetAttributeName") == target), None)


def mapping_view(raw: Json, key: tuple[str, ...]) -> Json:
    """Return the attributeMapping of the target attribute `key[4]` in normal form, or None."""
    row = _row(_location(raw, key), key[4])
    return None if row is None else mapping_row.row_fields(row)


def object_view(raw: Json, key: tuple[str, ...]) -> Json:
    return mapping_row.object_fields(_location(raw, key).mapping)


def definition_view(raw: Json, key: tuple[str, ...]) -> Json:
    """Return the definitions of the attribute `key[5]` on the side `key[4]` ("source" or "target"), in normal form."""
    return [
        attribute_definition.definition_fields(definition)
        for definition in definitions(raw, _location(raw, key), key[4])
        if definition.get("name") == key[5]
    ]


def mapping_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    """Return whether the attributeMapping exists with these `value["fields"]`."""
    return bool(mapping_view(raw, key) == value["fields"])


def set_mapping(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    location = _location(raw, key)
    current = _row(location, key[4])
    mappings = list_in(location.mapping, "attributeMappings")
    if current is None:
        current = {**mapping_row.NEW_ROW, "targetAttributeName": key[4]}
        mappings = [*mappings, current]
    changed = [mapping_row.changed_row(row, value) if row is current else row for row in mappings]
    return _with_mapping(raw, location, {**location.mapping, "attributeMappings": changed})


def remove_mapping(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    location = _location(raw, key)
    others = [
        row
        for row in list_in(location.mapping, "attributeMappings")
        if not (isinstance(row, Mapping) and row.get("targetAttributeName") == key[4])
    ]
    return _with_mapping(raw, location, {**location.mapping, "attributeMappings": others})


def object_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    current = object_view(raw, key)
    return all(current[field] == expected for field, expected in value["fields"].items())


def set_object(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    location = _location(raw, key)
    mapping = mapping_row.changed_object(location.mapping, value)
    if mapping.get("enabled") is True and not mapping.get("sourceObjectName") and key[0] in SOURCE_OBJECTS:
        mapping = _with_source_object(raw, location, mapping, SOURCE_OBJECTS[key[0]])
    return _with_mapping(raw, location, mapping)


def _with_source_object(raw: Json, location: MappingLocation, mapping: Json, name: str) -> Json:
    """Return a mapping that was switched off without a source object in the form of one that is on."""
    directory_name = location.rule.get("sourceDirectoryName")
    names = (
        str(directory_object.get("name"))
        for directory in objects_in(raw, "directories")
        if directory.get("name") == directory_name
        for directory_object in objects_in(directory, "objects")
    )
    source = next((each for each in names if each.lower() == name), name.capitalize())
    metadata = [
        {**entry, "value": "false"} if isinstance(entry, Mapping) and entry.get("key") == "Unsynchronized" else entry
        for entry in list_in(mapping, "metadata")
    ]
    return {**mapping, "sourceObjectName": source, **({"metadata": metadata} if metadata else {})}


def definition_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    """Return whether every object of that name has the attribute with these fields; see `definition_view` for the key."""
    views = definition_view(raw, key)
    return bool(views) and all(view.get(field) == expected for view in views for field, expected in value.items())


def define_attribute(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """Add the attribute to every object of that name that lacks it, and change it in the others."""
    location = _location(raw, key)
    objects = _objects(raw, location, key[4])
    if not objects:
        raise LookupError(f"the {key[4]} directory has no object {location.mapping.get(key[4] + 'ObjectName')}")
    for current in objects:
        raw = _with_object(raw, current, {**current, "attributes": _with_definition(current, key[5], value)})
    return raw


def _with_definition(directory_object: Json, name: str, value: Json) -> list[Json]:
    attributes = list_in(directory_object, "attributes")
    changed = [
        attribute_definition.changed(attribute, value)
        if isinstance(attribute, Mapping) and attribute.get("name") == name
        else attribute
        for attribute in attributes
    ]
    exists = any(attribute.get("name") == name for attribute in objects_in(directory_object, "attributes"))
    return changed if exists else [*attributes, attribute_definition.definition_raw(name, value)]


def _with_object(raw: Json, current: Json, new: Json) -> Json:
    directories = [
        {**directory, "objects": [new if item is current else item for item in list_in(directory, "objects")]}
        if any(item is current for item in list_in(directory, "objects"))
        else directory
        for directory in list_in(raw, "directories")
    ]
    return {**raw, "directories": directories}
