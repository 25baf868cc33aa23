"""The shapes of Graph's documents: the types of the members that are read.

A document of another shape is refused, so the code that reads a document can rely on the types. Unknown members are
not checked. Every member may be missing or null, except ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from scimconf.json_types import Json


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list whose items have one shape."""

    of: Shape


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object and the shapes of its members; `needed`: it must not be null."""

    members: Mapping[str, Shape]
    needed: bool = True


Shape = ListShape | ObjectShape | Literal["id", "string", "number", "boolean"]
"""An `id` is a string that is neither missing nor empty."""

_ROLES = ListShape(
    ObjectShape(
        {
            "id": "id",
            "value": "string",
            "displayName": "string",
            "description": "string",
            "allowedMemberTypes": ListShape("id"),
            "isEnabled": "boolean",
        }
    )
)
_ERROR = ObjectShape({"message": "string"}, needed=False)
_STATUS = ObjectShape(
    {
        "code": "string",
        "quarantine": ObjectShape({"reason": "string", "error": _ERROR}, needed=False),
        "steadyStateFirstAchievedTime": "string",
    },
    needed=False,
)
_JOB = ObjectShape(
    {"id": "id", "templateId": "id", "schedule": ObjectShape({"state": "string"}, needed=False), "status": _STATUS}
)
_CLAUSE = ObjectShape(
    {
        "sourceOperandName": "string",
        "operatorName": "string",
        "targetOperand": ObjectShape({"values": ListShape("string")}, needed=False),
    }
)
_SCOPE = ObjectShape(
    {"groups": ListShape(ObjectShape({"name": "string", "clauses": ListShape(_CLAUSE)}))}, needed=False
)
_ROW = ObjectShape(
    {
        "targetAttributeName": "string",
        "matchingPriority": "number",
        "defaultValue": "string",
        "flowType": "string",
        "flowBehavior": "string",
        "exportMissingReferences": "boolean",
        "source": ObjectShape({}, needed=False),
    }
)
_MAPPING = ObjectShape(
    {
        "sourceObjectName": "string",
        "targetObjectName": "string",
        "flowTypes": "string",
        "enabled": "boolean",
        "scope": _SCOPE,
        "attributeMappings": ListShape(_ROW),
    }
)
_RULE = ObjectShape(
    {
        "id": "string",
        "name": "string",
        "editable": "boolean",
        "sourceDirectoryName": "string",
        "targetDirectoryName": "string",
        "objectMappings": ListShape(_MAPPING),
    }
)
_ATTRIBUTE = ObjectShape(
    {
        "name": "string",
        "type": "string",
        "mutability": "string",
        "multivalued": "boolean",
        "required": "boolean",
        "caseExact": "boolean",
        "referencedObjects": ListShape(ObjectShape({"referencedObjectName": "string"}, needed=False)),
    }
)
_DIRECTORY = ObjectShape(
    {
        "id": "string",
        "name": "string",
        "objects": ListShape(ObjectShape({"name": "string", "attributes": ListShape(_ATTRIBUTE)})),
    }
)
_SCHEMA = ObjectShape({"synchronizationRules": ListShape(_RULE), "directories": ListShape(_DIRECTORY)})
_OPERATORS = ListShape(ObjectShape({"id": "string", "name": "string"}))
PRINCIPAL_SETTINGS: Mapping[str, Shape] = MappingProxyType({"appRoleAssignmentRequired": "boolean"})
"""The properties of a service principal that a spec sets."""
PRINCIPAL: Mapping[str, Shape] = MappingProxyType(
    {
        "id": "id",
        "appId": "id",
        "displayName": "string",
        "appRoles": _ROLES,
        "tags": ListShape("string"),
        **PRINCIPAL_SETTINGS,
        "preferredSingleSignOnMode": "string",
        "applicationTemplateId": "string",
        "appOwnerOrganizationId": "string",
    }
)
"""The properties of a service principal that are read."""

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "organization": ListShape(
            ObjectShape(
                {"id": "id", "verifiedDomains": ListShape(ObjectShape({"name": "string", "isDefault": "boolean"}))}
            )
        ),
        "service_principals": ListShape(ObjectShape(PRINCIPAL)),
        "service_principal": ObjectShape({"id": "id", "tags": ListShape("string")}),
        "service_principal_settings": ObjectShape({"id": "id", **PRINCIPAL_SETTINGS}),
        "applications": ListShape(ObjectShape({"id": "id", "createdDateTime": "string", "appRoles": _ROLES})),
        "application": ObjectShape({"id": "id", "appRoles": _ROLES}),
        "application_templates": ListShape(ObjectShape({"id": "id", "displayName": "string"})),
        "templates": ListShape(ObjectShape({"id": "id", "default": "boolean"})),
        "jobs": ListShape(_JOB),
        "job": _JOB,
        "schema": _SCHEMA,
        "template_schema": _SCHEMA,
        "default_schema": _SCHEMA,
        "filter_operators": _OPERATORS,
        "template_filter_operators": _OPERATORS,
        "secrets": ListShape(ObjectShape({"key": "id", "value": "string"})),
    }
)
"""Shape by the document's name; a document that is not listed is not checked."""


def first_shape_error(name: str, raw: Json) -> str:
    """Return the first difference from the document's shape, or "": its path and the types, never a value."""
    shape = SHAPES.get(name)
    return "" if shape is None else next(_errors(shape, raw, ""), "")


def _errors(shape: Shape, value: Json, path: str) -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from _list_errors(shape, value, path)
    elif isinstance(shape, ObjectShape):
        yield from _object_errors(shape, value, path)
    elif shape == "id" and value == "":
        yield f"{path}: expected an id, got an empty string"
    elif (value is not None or shape == "id") and _type(value) != _EXPECTED[shape]:
        yield f"{path}: expected {_EXPECTED[shape]}, got {_type(value)}"


def _list_errors(shape: ListShape, value: Json, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _errors(shape.of, item, f"{path}[{index}]")
    elif value is not None:
        yield f"{_prefix(path)}expected a list, got {_type(value)}"


def _object_errors(shape: ObjectShape, value: Json, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in shape.members.items():
            yield from _errors(member, value.get(name), f"{path}.{name}" if path else name)
    elif value is not None or shape.needed:
        yield f"{_prefix(path)}expected an object, got {_type(value)}"


def _prefix(path: str) -> str:
    return f"{path}: " if path else ""


_EXPECTED = {"id": "a string", "string": "a string", "number": "a number", "boolean": "a boolean"}
_TYPES: Mapping[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def _type(value: Json) -> str:
    """Return the name of a value's JSON type."""
    return _TYPES.get(type(value), "null")
