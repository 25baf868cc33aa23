"""The shapes of Graph's documents: the types of the members that are read. A document of another shape is refused.

Unknown members are not checked. Every member may be missing or null, except ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat
from types import MappingProxyType
from typing import Literal, NamedTuple

from scimconf.json_types import Json


class ListShape(NamedTuple):
    """A list whose items have one shape."""

    of: Shape


class ObjectShape(NamedTuple):
    """An object and the shapes of its members; `needed`: it must not be null."""

    members: Mapping[str, Shape]
    needed: bool = True


Shape = ListShape | ObjectShape | Literal["id", "string", "number", "boolean"]
"""An `id` is a string that is neither missing nor empty."""


def _object(
    ids: str = "", strings: str = "", booleans: str = "", *, needed: bool = True, **members: Shape
) -> ObjectShape:
    """Return an object shape; `ids`, `strings` and `booleans` are names of members, separated by spaces."""
    scalars: dict[str, Shape] = dict.fromkeys(ids.split(), "id")
    scalars |= dict.fromkeys(strings.split(), "string")
    scalars |= dict.fromkeys(booleans.split(), "boolean")
    return ObjectShape({**scalars, **members}, needed)


_ROLES = ListShape(_object("id", "value displayName description", "isEnabled", allowedMemberTypes=ListShape("id")))
_ERROR = _object(strings="message", needed=False)
_QUARANTINE = _object(strings="reason", needed=False, error=_ERROR)
_STATUS = _object(strings="code steadyStateFirstAchievedTime", needed=False, quarantine=_QUARANTINE)
_JOB = _object("id templateId", schedule=_object(strings="state", needed=False), status=_STATUS)
_OPERAND = _object(needed=False, values=ListShape("string"))
_CLAUSE = _object(strings="sourceOperandName operatorName", targetOperand=_OPERAND)
_SCOPE = _object(needed=False, groups=ListShape(_object(strings="name", clauses=ListShape(_CLAUSE))))
_ROW = _object(
    strings="targetAttributeName defaultValue flowType flowBehavior",
    booleans="exportMissingReferences",
    matchingPriority="number",
    source=_object(needed=False),
)
_MAPPING = _object(
    strings="sourceObjectName targetObjectName flowTypes",
    booleans="enabled",
    scope=_SCOPE,
    attributeMappings=ListShape(_ROW),
)
_RULE = _object(
    strings="id name sourceDirectoryName targetDirectoryName", booleans="editable", objectMappings=ListShape(_MAPPING)
)
_REFERENCE = _object(strings="referencedObjectName", needed=False)
_ATTRIBUTE = _object(
    strings="name type mutability", booleans="multivalued required caseExact", referencedObjects=ListShape(_REFERENCE)
)
_DIRECTORY = _object(strings="id name", objects=ListShape(_object(strings="name", attributes=ListShape(_ATTRIBUTE))))
_SCHEMA = _object(synchronizationRules=ListShape(_RULE), directories=ListShape(_DIRECTORY))
_OPERATORS = ListShape(_object(strings="id name"))
_TAGS = ListShape("string")
PRINCIPAL_SETTINGS = _object(booleans="appRoleAssignmentRequired").members
"""The properties of a service principal that a spec sets."""
PRINCIPAL: Mapping[str, Shape] = {
    **_object(
        "id appId",
        "displayName preferredSingleSignOnMode applicationTemplateId appOwnerOrganizationId",
        appRoles=_ROLES,
        tags=_TAGS,
    ).members,
    **PRINCIPAL_SETTINGS,
}
"""The properties of a service principal that are read."""

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "organization": ListShape(
            _object("id", verifiedDomains=ListShape(_object(strings="name", booleans="isDefault")))
        ),
        "service_principals": ListShape(ObjectShape(PRINCIPAL)),
        "similar_applications": ListShape(_object("id appId", "displayName")),
        "service_principal": _object("id", tags=_TAGS),
        "sent_secrets": _object("id", tags=_TAGS),
        "service_principal_settings": ObjectShape({"id": "id", **PRINCIPAL_SETTINGS}),
        "applications": ListShape(_object("id", "createdDateTime", appRoles=_ROLES)),
        "registrations": ListShape(_object("id appId", "createdDateTime")),
        "application": _object("id", appRoles=_ROLES),
        "application_templates": ListShape(_object("id", "displayName")),
        "templates": ListShape(_object("id", booleans="default")),
        "jobs": ListShape(_JOB),
        "job": _JOB,
        "schema": _SCHEMA,
        "template_schema": _SCHEMA,
        "default_schema": _SCHEMA,
        "filter_operators": _OPERATORS,
        "template_filter_operators": _OPERATORS,
        "secrets": ListShape(_object("key", "value")),
    }
)
"""Shape by the document's name; a document that is not listed is not checked."""


def first_shape_error(name: str, raw: Json) -> str:
    """Return the first difference from the document's shape, or "": its path and the types, never a value."""
    shape = SHAPES.get(name)
    return "" if shape is None or _fits(shape, raw) else next(_errors(shape, raw, ""))


def list_in(raw: Json, key: str) -> list[Json]:
    """Return a list of a JSON object, empty if the value is of another type."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, list) else []


def objects_in(raw: Json, key: str) -> Iterator[Json]:
    """Yield the JSON objects in a list of a JSON object."""
    return (item for item in list_in(raw, key) if isinstance(item, Mapping))


def _fits(shape: Shape, value: Json) -> bool:
    """Return whether `_errors` yields nothing, without making the paths of the members."""
    if value is None:
        return not _must_exist(shape)
    if isinstance(shape, ListShape):
        return isinstance(value, list) and all(map(_fits, repeat(shape.of), value))
    if isinstance(shape, ObjectShape):
        return isinstance(value, Mapping) and _members_fit(shape.members, value)
    return type(value) in _CLASSES[shape] and (value != "" or shape != "id")


def _members_fit(members: Mapping[str, Shape], value: Mapping[str, Json]) -> bool:
    for name, member in members.items():
        item = value.get(name)
        if isinstance(member, str) and member != "id":
            if item is not None and type(item) not in _CLASSES[member]:
                return False
        elif not _fits(member, item):
            return False
    return True


def _must_exist(shape: Shape) -> bool:
    return shape.needed if isinstance(shape, ObjectShape) else shape == "id"


def _errors(shape: Shape, value: Json, path: str) -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from _list_errors(shape, value, path)
    elif isinstance(shape, ObjectShape):
        yield from _object_errors(shape, value, path)
    elif shape == "id" and value == "":
        yield f"{path}: expected an id, got an empty string"
    elif (value is not None or shape == "id") and _TYPES.get(type(value)) != _EXPECTED[shape]:
        yield _difference(path, _EXPECTED[shape], value)


def _list_errors(shape: ListShape, value: Json, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _errors(shape.of, item, f"{path}[{index}]")
    elif value is not None:
        yield _difference(path, "a list", value)


def _object_errors(shape: ObjectShape, value: Json, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _errors(member, value.get(name), f"{path}.{name}" if path else name)
    elif value is not None or shape.needed:
        yield _difference(path, "an object", value)


_CLASSES: Mapping[str, frozenset[type]] = MappingProxyType(
    {
        "id": frozenset({str}),
        "string": frozenset({str}),
        "number": frozenset({int, float}),
        "boolean": frozenset({bool}),
    }
)
_EXPECTED = {"id": "a string", "string": "a string", "number": "a number", "boolean": "a boolean"}
_TYPES: Mapping[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def _difference(path: str, expected: str, value: Json) -> str:
    """Return the path and both types; the path of the whole document is empty."""
    return f"{path}: expected {expected}, got {_TYPES.get(type(value), 'null')}".removeprefix(": ")
