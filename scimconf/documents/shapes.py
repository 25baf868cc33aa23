"""What of Graph's documents has to be as documented, or they cannot be worked with at all.

Whatever reads a document may then rely on it. Members that nobody here reads, and those that are not there, are fine;
so is null, which Graph writes for nothing, but for what identifies a thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from scimconf.snapshot import Json


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list of things of one shape; null is an empty one."""

    of: Shape


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object with some members of which the shape matters; null is one without any, where that may be."""

    members: Mapping[str, Shape]
    needed: bool = True


Shape = ListShape | ObjectShape | Literal["id", "text", "number"]
"""An `id` is a text that is there, and not empty."""

_ROLES = ListShape(
    ObjectShape(
        {
            "id": "id",
            "value": "text",
            "displayName": "text",
            "description": "text",
            "allowedMemberTypes": ListShape("id"),
        }
    )
)
_ERROR = ObjectShape({"message": "text"}, needed=False)
_STATUS = ObjectShape(
    {
        "code": "text",
        "quarantine": ObjectShape({"reason": "text", "error": _ERROR}, needed=False),
        "steadyStateFirstAchievedTime": "text",
    },
    needed=False,
)
_JOB = ObjectShape(
    {"id": "id", "templateId": "id", "schedule": ObjectShape({"state": "text"}, needed=False), "status": _STATUS}
)
_CLAUSE = ObjectShape(
    {
        "sourceOperandName": "text",
        "operatorName": "text",
        "targetOperand": ObjectShape({"values": ListShape("text")}, needed=False),
    }
)
_SCOPE = ObjectShape({"groups": ListShape(ObjectShape({"name": "text", "clauses": ListShape(_CLAUSE)}))}, needed=False)
_ROW = ObjectShape(
    {
        "targetAttributeName": "text",
        "matchingPriority": "number",
        "defaultValue": "text",
        "flowType": "text",
        "flowBehavior": "text",
        "source": ObjectShape({}, needed=False),
    }
)
_MAPPING = ObjectShape(
    {
        "sourceObjectName": "text",
        "targetObjectName": "text",
        "flowTypes": "text",
        "scope": _SCOPE,
        "attributeMappings": ListShape(_ROW),
    }
)
_RULE = ObjectShape(
    {
        "id": "text",
        "name": "text",
        "sourceDirectoryName": "text",
        "targetDirectoryName": "text",
        "objectMappings": ListShape(_MAPPING),
    }
)
_ATTRIBUTE = ObjectShape(
    {
        "name": "text",
        "type": "text",
        "mutability": "text",
        "referencedObjects": ListShape(ObjectShape({"referencedObjectName": "text"}, needed=False)),
    }
)
_DIRECTORY = ObjectShape(
    {
        "id": "text",
        "name": "text",
        "objects": ListShape(ObjectShape({"name": "text", "attributes": ListShape(_ATTRIBUTE)})),
    }
)
_SCHEMA = ObjectShape({"synchronizationRules": ListShape(_RULE), "directories": ListShape(_DIRECTORY)})
_OPERATORS = ListShape(ObjectShape({"id": "text", "name": "text"}))
_PRINCIPAL: Mapping[str, Shape] = {
    "id": "id",
    "appId": "id",
    "displayName": "text",
    "appRoles": _ROLES,
    "tags": ListShape("text"),
    "preferredSingleSignOnMode": "text",
    "applicationTemplateId": "text",
    "appOwnerOrganizationId": "text",
}

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "organization": ListShape(
            ObjectShape({"id": "id", "verifiedDomains": ListShape(ObjectShape({"name": "text"}))})
        ),
        "service_principals": ListShape(ObjectShape(_PRINCIPAL)),
        "service_principal": ObjectShape({"id": "id", "tags": ListShape("text")}),
        "applications": ListShape(ObjectShape({"id": "id", "createdDateTime": "text", "appRoles": _ROLES})),
        "application": ObjectShape({"id": "id", "appRoles": _ROLES}),
        "application_templates": ListShape(ObjectShape({"id": "id", "displayName": "text"})),
        "templates": ListShape(ObjectShape({"id": "id"})),
        "jobs": ListShape(_JOB),
        "job": _JOB,
        "schema": _SCHEMA,
        "template_schema": _SCHEMA,
        "default_schema": _SCHEMA,
        "filter_operators": _OPERATORS,
        "template_filter_operators": _OPERATORS,
        "secrets": ListShape(ObjectShape({"key": "id", "value": "text"})),
    }
)
"""By the document's name; one that is not here is judged by whoever reads it."""


def first_shape_error(name: str, raw: Json) -> str:
    """In what a document is not as documented, the first such place; empty where it can be worked with."""
    shape = SHAPES.get(name)
    return "" if shape is None else next(_odd(shape, raw, ""), "")


def _odd(shape: Shape, value: Json, place: str) -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from _odd_rows(shape, value, place)
    elif isinstance(shape, ObjectShape):
        yield from _odd_thing(shape, value, place)
    elif shape == "number":
        if value is not None and not isinstance(value, int | float):
            yield f"{place} is no number"
    elif not isinstance(value, str) and (value is not None or shape == "id"):
        yield f"{place} is no text"
    elif shape == "id" and not value:
        yield f"{place} is empty"


def _odd_rows(shape: ListShape, value: Json, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _odd(shape.of, item, f"{place}[{index}]")
    elif value is not None:
        yield f"{place or 'it'} is no list"


def _odd_thing(shape: ObjectShape, value: Json, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in shape.members.items():
            yield from _odd(part, value.get(name), f"{place}.{name}" if place else name)
    elif value is not None or shape.needed:
        yield f"{place or 'it'} is no object"
