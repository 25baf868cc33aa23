"""Bodies, operations and filters of the checks. Pure; shapes by captured requests of Entra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from scimconf.json_types import Json

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADSCIM_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MANAGER = f"{ENTERPRISE}:manager"


def operation(op: str, path: str | None, value: Json = None, *, has_value: bool = True) -> dict[str, Json]:
    """Return an operation in the order of Entra's keys; without a path for None."""
    parts: dict[str, Json] = {"op": op}
    if path is not None:
        parts["path"] = path
    return {**parts, "value": value} if has_value else parts


def patch_body(operations: Sequence[Mapping[str, Json]]) -> Json:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def equals(attribute: str, value: str) -> str:
    """Return the query of a filter as Entra encodes it: spaces as `+`, quotes as %22."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    text = f'{attribute} eq "{escaped}"'
    return f"filter={quote_plus(text)}"


def user_body(user_name: str, external_id: str) -> dict[str, Any]:
    """Return the smallest user that the default mapping of Entra creates."""
    return {
        "schemas": [CORE_USER, ENTERPRISE],
        "externalId": external_id,
        "userName": user_name,
        "active": True,
        "displayName": "Ada Lovelace",
        "emails": [{"primary": True, "type": "work", "value": user_name}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"},
    }


def full_user_body(user_name: str, external_id: str) -> dict[str, Any]:
    """Return a user with every attribute of the default mapping of Entra, without a manager and roles."""
    address = {
        "type": "work",
        "formatted": "Building 1",
        "streetAddress": "1 Market Street",
        "locality": "Springfield",
        "region": "OR",
        "postalCode": "97477",
        "country": "US",
    }
    return {
        **user_body(user_name, external_id),
        "title": "Engineer",
        "preferredLanguage": "en-US",
        "addresses": [address],
        "phoneNumbers": [
            {"type": "work", "value": "+15415550100"},
            {"type": "mobile", "value": "+15415550101"},
            {"type": "fax", "value": "+15415550102"},
        ],
        ENTERPRISE: {"employeeNumber": "1815", "department": "Analysis"},
    }


def group_body(name: str, external_id: str, *, adscim: bool = False) -> dict[str, Any]:
    """Return a group as Entra creates it, without members; `adscim` adds the second schema that Entra names."""
    return {
        "schemas": [CORE_GROUP, *([ADSCIM_GROUP] if adscim else [])],
        "externalId": external_id,
        "displayName": name,
        "meta": {"resourceType": "Group"},
    }


def member_values(*ids: str) -> list[dict[str, str]]:
    return [{"value": member} for member in ids]


def value_at(resource: Mapping[str, Any], path: str) -> Any:
    """Return the value at `name`, `name.givenName`, `emails[type eq "work"].value` or `urn:…:User:department`.

    None if it is missing. The keys of a resource are compared without case.
    """
    if path.lower().startswith(f"{ENTERPRISE.lower()}:"):
        return value_at(_mapping(_member(resource, ENTERPRISE)), path[len(ENTERPRISE) + 1 :])
    name, bracket, rest = path.partition("[")
    if bracket:
        condition, _, sub = rest.partition("].")
        return _filtered(_member(resource, name), condition, sub)
    first, _, sub = path.partition(".")
    value = _member(resource, first)
    return value_at(_mapping(value), sub) if sub else value


def _filtered(elements: Any, condition: str, sub: str) -> Any:
    name, _, literal = condition.partition(" eq ")
    matching = [
        element
        for element in (elements if isinstance(elements, list) else [])
        if isinstance(element, dict) and str(_member(element, name)).lower() == literal.strip('"').lower()
    ]
    return _member(matching[0], sub) if matching else None


def _member(resource: Mapping[str, Any], name: str) -> Any:
    if name in resource:
        return resource[name]
    return next((value for key, value in resource.items() if str(key).lower() == name.lower()), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
