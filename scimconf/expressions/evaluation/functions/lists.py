"""Functions of lists, and of the app roles of a user."""

from __future__ import annotations

import json

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour, UndocumentedCase
from scimconf.expressions.evaluation.values import ListElement


def item(values: tuple[str, ...], index: int) -> str:
    """Return the value at a position, from 1."""
    if index < 1:
        raise UndocumentedCase("with an index below 1")
    if index > len(values):
        raise ServiceFailure(f"index {index} is outside a list of {len(values)}")
    return values[index - 1]


def remove_duplicates(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the list with the first of each value."""
    unique = tuple(dict.fromkeys(values))
    if len(unique) != len({value.casefold() for value in unique}):
        raise UndocumentedCase("with values that differ only in case")
    return unique


def single_role(roles: tuple[ListElement, ...]) -> str | None:
    """Return the name of the only role of a user.

    With several, the service fails with MultipleGrantsNotSupported and this text (azure-docs#42487, Figma, LayerX).
    """
    if len(roles) > 1:
        raise ServiceFailure(f"no more than one app role assignment was expected, but {len(roles)} were found")
    return _name(roles[0]) if roles else None


def role_objects(roles: tuple[ListElement, ...], *, name_key: str) -> tuple[str, ...] | None:
    """Return each role as the JSON that is sent when a user is created; `name_key` is the key of its display name."""
    return tuple(_object(role, name_key) for role in roles) or None


def _name(role: ListElement) -> str:
    if isinstance(role, str):
        return role
    display_name, value = role.get("displayName"), role.get("value")
    if isinstance(display_name, str) and display_name == value:
        return display_name
    message = f"Microsoft does not document whether the role's display name ({display_name}) or value ({value}) is sent"
    raise UndocumentedBehaviour(message)


def _object(role: ListElement, name_key: str) -> str:
    if isinstance(role, str) or not all(isinstance(role.get(key), str) for key in ("value", "displayName")):
        raise UndocumentedBehaviour("the value and display name of a role must be known")
    kind = "WindowsAzureActiveDirectoryRole"
    value = {"primary": False, "type": kind, "value": role["value"], name_key: role["displayName"]}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
