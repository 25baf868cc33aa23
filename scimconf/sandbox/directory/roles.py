"""Validation of a collection of app roles. Pure."""

from __future__ import annotations

import re
from typing import Any

from scimconf.sandbox.http_types import Json, bad_request
from scimconf.sandbox.switches import Switches

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_ROLE_VALUE = re.compile(r"(?!\.)[A-Za-z0-9!#$%&'()*+,\-./:;<=>?@\[\]^_`{|}~]+\Z")
_ROLE_FIELDS = ("allowedMemberTypes", "description", "displayName")
MAX_ROLES = 1200


def validate_roles(sent: Any, before: list[Json], replicated: list[Json], switches: Switches) -> list[Json]:
    """Return the roles as they are stored; raise a 400 if Graph refuses them.

    `before` are the present roles of the application, `replicated` those that other replicas still see. The value of a
    present role is accepted as it is.
    """
    if not isinstance(sent, list):
        raise bad_request("Property 'appRoles' must be a collection.")
    if len(sent) > MAX_ROLES:
        raise bad_request("The manifest contains too many entries.", code="Directory_QuotaExceeded")
    if switches.role_origin == "refused" and any("origin" in role for role in sent if isinstance(role, dict)):
        raise bad_request("Property 'origin' is read-only and cannot be set.")
    present = {role["value"] for role in before}
    roles = [_validate_role(role, present, int(switches.role_value_length)) for role in sent]
    _refuse_duplicates(roles)
    after = {role["id"]: role for role in roles}
    still_enabled = {role["id"] for role in replicated if role["isEnabled"]}
    for role in before:
        if (role["isEnabled"] or role["id"] in still_enabled) and _differs(role, after.get(role["id"])):
            raise bad_request(
                "Permission (scope or role) cannot be deleted or updated unless disabled first.",
                code="CannotDeleteOrUpdateEnabledEntitlement",
            )
    return roles


def _validate_role(role: Any, present: set[str | None], max_length: int) -> Json:
    if not isinstance(role, dict):
        raise bad_request("Property 'appRoles' must contain objects.")
    value = role.get("value")
    types = role.get("allowedMemberTypes")
    valid = {
        "id": isinstance(role.get("id"), str) and bool(_GUID.match(role["id"])),
        "displayName": isinstance(role.get("displayName"), str) and bool(role["displayName"]),
        "description": isinstance(role.get("description"), str) and bool(role["description"]),
        "value": value in (None, "") or (isinstance(value, str) and (value in present or _is_valid(value, max_length))),
        "allowedMemberTypes": isinstance(types, list)
        and bool(types)
        and all(member_type in ("User", "Application") for member_type in types),
        "isEnabled": isinstance(role.get("isEnabled", True), bool),
    }
    for name, is_valid in valid.items():
        if not is_valid:
            raise bad_request(f"Invalid value specified for property '{name}' of resource 'AppRole'.")
    return {
        "allowedMemberTypes": types,
        "description": role["description"],
        "displayName": role["displayName"],
        "id": role["id"].lower(),
        "isEnabled": role.get("isEnabled", True),
        "origin": "Application",
        "value": value or None,
    }


def _is_valid(value: str, max_length: int) -> bool:
    """Return whether Graph documents the characters of the value (reference of appRole), and accepts its length."""
    return len(value) <= max_length and _ROLE_VALUE.match(value) is not None


def _refuse_duplicates(roles: list[Json]) -> None:
    for name in ("id", "value"):
        values = [role[name] for role in roles if role[name] is not None]
        if len(values) != len(set(values)):
            message = "Request contains a property with duplicate values."
            raise bad_request(
                message,
                code="DuplicateValue",
                details=({"code": "ConflictingObjects", "message": message, "target": "appRoles"},),
            )


def _differs(before: Json, after: Json | None) -> bool:
    if after is None:
        return True
    same = all(before[name] == after[name] for name in _ROLE_FIELDS)
    return not same or (before["value"] or None) != (after["value"] or None)
