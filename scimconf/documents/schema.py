"""Views and edits of a synchronizationSchema, as raw JSON.

Terms: a *rule* joins a source and a target directory; its *objectMappings* say which object becomes which; an
*attributeMapping* fills one target attribute. An *objectDefinition* lists the attributes that a directory knows.

Premise: the document is Graph's. An edit copies what it passes through and changes one thing; keys and values that
nobody here knows survive in their order. Names of directories, rules and mappings are for people and are never used
to find anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scimconf.documents import definitions as one_definition
from scimconf.documents import rows as one_row
from scimconf.documents.job import BASE
from scimconf.snapshot import Document, Json


def schema() -> Document:
    """The job's schema: read whole, written whole by PUT."""
    return Document("schema", f"{BASE}/jobs/{{job}}/schema", written="put")


def template_schema() -> Document:
    """What a job made from the template would start with; read only while there is no job."""
    return Document("template_schema", f"{BASE}/templates/{{new_template}}/schema")


def default_schema() -> Document:
    """What the job's template starts with, to tell what was made of it."""
    return Document("default_schema", f"{BASE}/templates/{{template}}/schema", optional=True)


def filter_operators() -> Document:
    """The operators of scope filters that the live job knows, by Graph's own spelling."""
    return Document("filter_operators", f"{BASE}/jobs/{{job}}/schema/filterOperators()", collection=True)


SOURCE_OBJECTS: Mapping[str, str] = {"users": "user", "groups": "group"}


def template_filter_operators() -> Document:
    """The same of the template, for a job that is yet to be made."""
    path = f"{BASE}/templates/{{new_template}}/schema/filterOperators()"
    return Document("template_filter_operators", path, collection=True)


def operators(documents: Mapping[str, Json]) -> Json:
    """The operators by which filters are spelt: the live job's, else those of its template."""
    return documents.get("filter_operators") or documents.get("template_filter_operators")


@dataclass(frozen=True, slots=True)
class Selector:
    """Which objectMapping is meant: `users`, `groups`, or a name of the user's own with what it must match."""

    name: str
    rule: str = ""
    source: str = ""
    target: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name, self.rule, self.source, self.target)


@dataclass(frozen=True, slots=True)
class MappingLocation:
    """Where an objectMapping stands: positions of rule and mapping in the document, and both as raw JSON."""

    rule_index: int
    mapping_index: int
    rule: Json
    mapping: Json

    def __str__(self) -> str:
        source, target = self.mapping.get("sourceObjectName"), self.mapping.get("targetObjectName")
        return f"{source or '(none)'} → {target or '(none)'} in rule {self.rule.get('name') or self.rule.get('id')}"


def places(raw: Json) -> Iterator[MappingLocation]:
    """Every objectMapping of the document, in its order; what is not an object is passed over."""
    for rule_index, rule in enumerate(_list(raw, "synchronizationRules")):
        for mapping_index, mapping in enumerate(_list(rule, "objectMappings")):
            if isinstance(mapping, Mapping):
                yield MappingLocation(rule_index, mapping_index, rule, mapping)


def _list(raw: Json, key: str) -> list[Json]:
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []


def matching(raw: Json, selector: Selector) -> list[MappingLocation]:
    """The objectMappings that a selector means: exactly one is right, none or several are the caller's problem.

    `users` and `groups` mean the one mapping of an editable, outbound rule whose source object is User or Group.
    """
    if selector.name in SOURCE_OBJECTS and not (selector.rule or selector.source or selector.target):
        wanted = SOURCE_OBJECTS[selector.name]
        people = [one for one in places(raw) if one.rule.get("editable") is not False and _source(one) == wanted]
        return [one for one in people if _is_outbound(raw, one)]
    return [place for place in places(raw) if _selected(place, selector)]


def _source(place: MappingLocation) -> str:
    return str(place.mapping.get("sourceObjectName") or "").lower()


def _is_outbound(raw: Json, found: MappingLocation) -> bool:
    """Whether the rule reads from the tenant's own directory; where no directory shows itself as that, every rule may.

    Directions are written nowhere. Only the tenant's directory knows whether somebody is assigned or soft-deleted.
    """
    own = {one.get("name") for one in _list(raw, "directories") if isinstance(one, Mapping) and _is_tenant(one)}
    return not own or found.rule.get("sourceDirectoryName") in own


_TENANT_DIRECTORY = "66e4a8cc-1b7b-435e-95f8-f06cea133828"
_TENANT_ATTRIBUTES = frozenset({"IsSoftDeleted", "appRoleAssignments"})


def _is_tenant(directory: Json) -> bool:
    """By the id that unrelated samples share, or by attributes that no application has."""
    return directory.get("id") == _TENANT_DIRECTORY or any(
        attribute.get("name") in _TENANT_ATTRIBUTES
        for one in _list(directory, "objects")
        for attribute in _list(one, "attributes")
        if isinstance(attribute, Mapping)
    )


def _selected(place: MappingLocation, selector: Selector) -> bool:
    rule_names = (place.rule.get("name"), place.rule.get("id"))
    return (
        (not selector.rule or selector.rule in rule_names)
        and (not selector.source or selector.source == place.mapping.get("sourceObjectName"))
        and (not selector.target or selector.target == place.mapping.get("targetObjectName"))
        and bool(selector.rule or selector.source or selector.target)
    )


def place(raw: Json, selector: Selector) -> MappingLocation | None:
    found = matching(raw, selector)
    return found[0] if len(found) == 1 else None


def rows(found: MappingLocation) -> list[Json]:
    """The attributeMappings of a place; one that names no target is nobody's."""
    return [
        row
        for row in _list(found.mapping, "attributeMappings")
        if isinstance(row, Mapping) and row.get("targetAttributeName")
    ]


def definitions(raw: Json, found: MappingLocation, side: str) -> list[Json]:
    """The attributeDefinitions of a place's source or target object; of two objects with one name, both."""
    return [
        attribute
        for one in _objects(raw, found, side)
        for attribute in _list(one, "attributes")
        if isinstance(attribute, Mapping)
    ]


def _objects(raw: Json, found: MappingLocation, side: str) -> list[Json]:
    directory, name = found.rule.get(f"{side}DirectoryName"), found.mapping.get(f"{side}ObjectName")
    return [
        one
        for candidate in _list(raw, "directories")
        if isinstance(candidate, Mapping) and candidate.get("name") == directory
        for one in _list(candidate, "objects")
        if isinstance(one, Mapping) and one.get("name") == name
    ]


# --- edits ---------------------------------------------------------------------------------------------------------


def _selector(key: tuple[str, ...]) -> Selector:
    return Selector(*key[:4])


def _with_mapping(raw: Json, found: MappingLocation, mapping: Json) -> Json:
    mappings = list(found.rule["objectMappings"])
    mappings[found.mapping_index] = mapping
    rules = list(raw["synchronizationRules"])
    rules[found.rule_index] = {**found.rule, "objectMappings": mappings}
    return {**raw, "synchronizationRules": rules}


def _found(raw: Json, key: tuple[str, ...]) -> MappingLocation:
    found = place(raw, _selector(key))
    if found is None:
        raise LookupError(f"the schema has no single mapping for {key[0]} any more")
    return found


def _row(found: MappingLocation, target: str) -> Json | None:
    return next((row for row in rows(found) if row.get("targetAttributeName") == target), None)


def mapping_view(raw: Json, key: tuple[str, ...]) -> Json:
    """The row in normal form; None where there is none."""
    row = _row(_found(raw, key), key[4])
    return None if row is None else one_row.row_fields(row)


def object_view(raw: Json, key: tuple[str, ...]) -> Json:
    return one_row.object_fields(_found(raw, key).mapping)


def definition_view(raw: Json, key: tuple[str, ...]) -> Json:
    """The definitions of that name in normal form; a directory may hold an object of one name twice."""
    return [one_definition.definition_fields(one) for one in _defined(raw, key)]


def _defined(raw: Json, key: tuple[str, ...]) -> list[Json]:
    return [one for one in definitions(raw, _found(raw, key), key[4]) if one.get("name") == key[5]]


def mapping_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    """`key` is the selector and the target attribute; `value["fields"]` the row in normal form."""
    row = _row(_found(raw, key), key[4])
    return row is not None and one_row.row_fields(row) == value["fields"]


def set_mapping(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """The row made or changed; the source tree of an unchanged source is never rewritten."""
    found = _found(raw, key)
    row = _row(found, key[4])
    mappings = _list(found.mapping, "attributeMappings")
    if row is None:
        wanted = [*mappings, one_row.written({**one_row.NEW_ROW, "targetAttributeName": key[4]}, value)]
    else:
        wanted = [one_row.written(one, value) if one is row else one for one in mappings]
    return _with_mapping(raw, found, {**found.mapping, "attributeMappings": wanted})


def mapping_gone(raw: Json, key: tuple[str, ...], _value: Json) -> bool:
    return _row(_found(raw, key), key[4]) is None


def remove_mapping(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    found = _found(raw, key)
    kept = [
        row
        for row in _list(found.mapping, "attributeMappings")
        if not (isinstance(row, Mapping) and row.get("targetAttributeName") == key[4])
    ]
    return _with_mapping(raw, found, {**found.mapping, "attributeMappings": kept})


def object_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    now = one_row.object_fields(_found(raw, key).mapping)
    return all(now[word] == wanted for word, wanted in value["fields"].items())


def set_object(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """Some of enabled, actions and filters; what is not named stays. `value["operators"]` are the live job's."""
    found = _found(raw, key)
    return _with_mapping(raw, found, one_row.changed_object(found.mapping, value))


def definition_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    """`key` is the selector, the side (`source` or `target`) and the attribute's name."""
    views = definition_view(raw, key)
    return bool(views) and all(now.get(word) == wanted for now in views for word, wanted in value.items())


def define_attribute(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    """The definition made in every object of that name that lacks it, and changed where it stands."""
    found = _found(raw, key)
    objects = _objects(raw, found, key[4])
    if not objects:
        raise LookupError(f"the {key[4]} directory has no object {found.mapping.get(key[4] + 'ObjectName')}")
    for one in objects:
        raw = _with_object(raw, one, {**one, "attributes": _with_definition(one, key[5], value)})
    return raw


def _with_definition(one: Json, name: str, value: Json) -> list[Json]:
    attributes = _list(one, "attributes")
    if not any(_named(attribute, name) for attribute in attributes):
        return [*attributes, one_definition.definition_raw(name, value)]
    return [one_definition.changed(item, value) if _named(item, name) else item for item in attributes]


def _named(attribute: Json, name: str) -> bool:
    return isinstance(attribute, Mapping) and attribute.get("name") == name


def _with_object(raw: Json, old: Json, new: Json) -> Json:
    directories = [
        {**directory, "objects": [new if one is old else one for one in _list(directory, "objects")]}
        if any(one is old for one in _list(directory, "objects"))
        else directory
        for directory in _list(raw, "directories")
    ]
    return {**raw, "directories": directories}
