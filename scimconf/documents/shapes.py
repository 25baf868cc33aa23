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
class Rows:
    """A list of things of one shape; null is an empty one."""

    of: Shape


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with some members of which the shape matters; null is one without any, where that may be."""

    members: Mapping[str, Shape]
    needed: bool = True


Shape = Rows | Thing | Literal["id", "text", "number"]
"""An `id` is a text that is there, and not empty."""

_ROLES = Rows(
    Thing({"id": "id", "value": "text", "displayName": "text", "description": "text", "allowedMemberTypes": Rows("id")})
)
_ERROR = Thing({"message": "text"}, needed=False)
_STATUS = Thing(
    {
        "code": "text",
        "quarantine": Thing({"reason": "text", "error": _ERROR}, needed=False),
        "steadyStateFirstAchievedTime": "text",
    },
    needed=False,
)
_JOB = Thing({"id": "id", "templateId": "id", "schedule": Thing({"state": "text"}, needed=False), "status": _STATUS})
_CLAUSE = Thing(
    {
        "sourceOperandName": "text",
        "operatorName": "text",
        "targetOperand": Thing({"values": Rows("text")}, needed=False),
    }
)
_SCOPE = Thing({"groups": Rows(Thing({"name": "text", "clauses": Rows(_CLAUSE)}))}, needed=False)
_ROW = Thing(
    {
        "targetAttributeName": "text",
        "matchingPriority": "number",
        "defaultValue": "text",
        "flowType": "text",
        "flowBehavior": "text",
        "source": Thing({}, needed=False),
    }
)
_MAPPING = Thing(
    {
        "sourceObjectName": "text",
        "targetObjectName": "text",
        "flowTypes": "text",
        "scope": _SCOPE,
        "attributeMappings": Rows(_ROW),
    }
)
_RULE = Thing(
    {
        "id": "text",
        "name": "text",
        "sourceDirectoryName": "text",
        "targetDirectoryName": "text",
        "objectMappings": Rows(_MAPPING),
    }
)
_ATTRIBUTE = Thing(
    {
        "name": "text",
        "type": "text",
        "mutability": "text",
        "referencedObjects": Rows(Thing({"referencedObjectName": "text"}, needed=False)),
    }
)
_DIRECTORY = Thing(
    {"id": "text", "name": "text", "objects": Rows(Thing({"name": "text", "attributes": Rows(_ATTRIBUTE)}))}
)
_SCHEMA = Thing({"synchronizationRules": Rows(_RULE), "directories": Rows(_DIRECTORY)})
_OPERATORS = Rows(Thing({"id": "text", "name": "text"}))
_PRINCIPAL: Mapping[str, Shape] = {
    "id": "id",
    "appId": "id",
    "displayName": "text",
    "appRoles": _ROLES,
    "tags": Rows("text"),
    "preferredSingleSignOnMode": "text",
    "applicationTemplateId": "text",
    "appOwnerOrganizationId": "text",
}

SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "organization": Rows(Thing({"id": "id", "verifiedDomains": Rows(Thing({"name": "text"}))})),
        "service_principals": Rows(Thing(_PRINCIPAL)),
        "service_principal": Thing({"id": "id", "tags": Rows("text")}),
        "applications": Rows(Thing({"id": "id", "createdDateTime": "text", "appRoles": _ROLES})),
        "application": Thing({"id": "id", "appRoles": _ROLES}),
        "application_templates": Rows(Thing({"id": "id", "displayName": "text"})),
        "templates": Rows(Thing({"id": "id"})),
        "jobs": Rows(_JOB),
        "job": _JOB,
        "schema": _SCHEMA,
        "template_schema": _SCHEMA,
        "default_schema": _SCHEMA,
        "filter_operators": _OPERATORS,
        "template_filter_operators": _OPERATORS,
        "secrets": Rows(Thing({"key": "id", "value": "text"})),
    }
)
"""By the document's name; one that is not here is judged by whoever reads it."""


def odd(name: str, raw: Json) -> str:
    """In what a document is not as documented, the first such place; empty where it can be worked with."""
    shape = SHAPES.get(name)
    return "" if shape is None else next(_odd(shape, raw, ""), "")


def _odd(shape: Shape, value: Json, place: str) -> Iterator[str]:
    if isinstance(shape, Rows):
        yield from _odd_rows(shape, value, place)
    elif isinstance(shape, Thing):
        yield from _odd_thing(shape, value, place)
    elif shape == "number":
        if value is not None and not isinstance(value, int | float):
            yield f"{place} is no number"
    elif not isinstance(value, str) and (value is not None or shape == "id"):
        yield f"{place} is no text"
    elif shape == "id" and not value:
        yield f"{place} is empty"


def _odd_rows(shape: Rows, value: Json, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _odd(shape.of, item, f"{place}[{index}]")
    elif value is not None:
        yield f"{place or 'it'} is no list"


def _odd_thing(shape: Thing, value: Json, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in shape.members.items():
            yield from _odd(part, value.get(name), f"{place}.{name}" if place else name)
    elif value is not None or shape.needed:
        yield f"{place or 'it'} is no object"
