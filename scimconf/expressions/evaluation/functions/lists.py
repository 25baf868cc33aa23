"""Lists, and the roles that somebody has."""

from __future__ import annotations

import json

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.evaluation.values import ListElement

_TYPE = "WindowsAzureActiveDirectoryRole"


def count(values: tuple[ListElement, ...]) -> int:
    return len(values)


def item(values: tuple[str, ...], index: int) -> str:
    """The value with that number, from 1."""
    if index < 1:
        raise UndocumentedBehaviour("an index below 1 is not documented, but for the advice not to use it")
    if index > len(values):
        raise ServiceFailure(f"there is no value {index} in a list of {len(values)}")
    return values[index - 1]


def remove_duplicates(values: tuple[str, ...]) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(values))
    if len(kept) != len({value.casefold() for value in kept}):
        raise UndocumentedBehaviour("whether values that differ by case only are duplicates is not documented")
    return kept


def single_role(roles: tuple[ListElement, ...]) -> str | None:
    """The name of the one role that somebody has."""
    if len(roles) > 1:
        raise UndocumentedBehaviour(
            f"there are {len(roles)} roles; which one is sent, or whether it fails, is not documented"
        )
    return _name(roles[0]) if roles else None


def all_roles(roles: tuple[ListElement, ...]) -> tuple[str, ...] | None:
    """Each role as AppRoleAssignmentsComplex sends it for a new user."""
    return tuple(_object(role, "displayName") for role in roles) or None


def asserted_roles(roles: tuple[ListElement, ...]) -> tuple[str, ...] | None:
    """Each role as AssertiveAppRoleAssignmentsComplex sends it."""
    return tuple(_object(role, "display") for role in roles) or None


def _name(role: ListElement) -> str:
    if isinstance(role, str):
        return role
    shown, value = role.get("displayName"), role.get("value")
    if isinstance(shown, str) and shown == value:
        return shown
    raise UndocumentedBehaviour(
        f"whether the role's display name ({shown}) or its value ({value}) is sent is not documented"
    )


def _object(role: ListElement, shown: str) -> str:
    """A role as JSON, as it is on the wire when a user is created; `shown` is the key of its display name."""
    if isinstance(role, str) or not all(isinstance(role.get(key), str) for key in ("value", "displayName")):
        raise UndocumentedBehaviour("of a role, its value and display name must be known")
    sent = {"primary": False, "type": _TYPE, "value": role["value"], shown: role["displayName"]}
    return json.dumps(sent, ensure_ascii=False, separators=(",", ":"))
