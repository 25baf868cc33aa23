"""The Graph permissions that requests need: one table for hints and for `docs/permissions.md`.

Source: permissions.json of microsoftgraph/microsoft-graph-devx-content, August 2026, least privileged first. The
remarks "in some tenants" come from issue reports: there Graph refuses a read without the write permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permission:
    """The permissions for requests whose method and path match; `delegated` only where it differs from `application`.

    `methods` and `path` are regular expressions; the path is below Graph's base, without a query.
    """

    methods: str
    path: str
    application: str
    delegated: str = ""

    def matches(self, method: str, path: str) -> bool:
        return re.fullmatch(self.methods, method) is not None and re.search(self.path, path) is not None

    def __str__(self) -> str:
        return f"{self.application} (delegated: {self.delegated})" if self.delegated else self.application


_APPLICATIONS = "(applications|servicePrincipals)"
_IN_SOME_TENANTS = "(in some tenants Synchronization.ReadWrite.All)"
PERMISSIONS = (
    Permission("GET", r"^/organization\b", "Organization.Read.All"),
    Permission("GET", r"^/applicationTemplates$", "Application.Read.All"),
    Permission("POST", r"^/applicationTemplates/", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"),
    Permission("POST|DELETE", r"/appRoleAssign", "AppRoleAssignment.ReadWrite.All and Application.Read.All"),
    Permission("GET", r"/appRoleAssign", "Application.Read.All"),
    Permission("GET|POST", r"/synchronization/.*(filterOperators|parseExpression)", "Synchronization.ReadWrite.All"),
    Permission("GET", r"/synchronization/secrets$", f"Synchronization.Read.All {_IN_SOME_TENANTS}"),
    Permission("GET", r"/synchronization/", "Synchronization.Read.All"),
    Permission(".*", r"/synchronization/", "Synchronization.ReadWrite.All"),
    Permission("GET", rf"^/{_APPLICATIONS}\b", "Application.Read.All"),
    Permission(".*", rf"^/{_APPLICATIONS}\b", "Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"),
    Permission("POST", r"^/directoryObjects/getByIds$", "Directory.Read.All"),
    Permission("GET", r"^/directory/deletedItems/microsoft\.graph\.user$", "User.Read.All"),
    Permission("GET", r"^/directory/deletedItems/microsoft\.graph\.group$", "Group.Read.All"),
    Permission("GET", r"^/directory/deletedItems/", "User.Read.All and Group.Read.All"),
    Permission("GET", r"^/users\b", "User.ReadBasic.All (for a preview User.Read.All)"),
    Permission("GET", r"^/groups/[^/]+/(members|transitiveMembers)\b", "GroupMember.Read.All"),
    Permission("GET", r"^/groups\b", "Group.ReadBasic.All"),
)
"""The first that matches applies."""

_ROLE = " A signed-in user also needs the role Application Administrator or Cloud Application Administrator."


def required(method: str, path: str) -> Permission | None:
    """Return the permission that a request needs, or None if it is not in the table."""
    return next((permission for permission in PERMISSIONS if permission.matches(method, path)), None)


def missing(denied: Iterable[str], untried: Iterable[str], read: Iterable[str]) -> tuple[str, ...]:
    """Return the permissions of denied reads, and of untried ones unless a read shows that they are granted, each once.

    The arguments are paths. A permission that another one repeats with a remark is left out.
    """
    granted = _texts(read)
    texts = dict.fromkeys([*_texts(denied), *(text for text in _texts(untried) if text not in granted)])
    return tuple(text for text in texts if not any(other != text and other.startswith(text) for other in texts))


def _texts(paths: Iterable[str]) -> list[str]:
    return [str(permission) for path in paths if (permission := required("GET", path))]


def grant(permissions: Sequence[str]) -> str:
    """Return the sentence that asks for all of these permissions at once, "" if there is none."""
    if not permissions:
        return ""
    *others, last = permissions
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"Grant the identity {listed} with admin consent, then sign in again."


def hint(method: str, path: str) -> str:
    """Return what to do about a request that Graph refused with 401 or 403, or ""."""
    permission, role = required(method, path), _ROLE if "/synchronization/" in path else ""
    return f"{grant([str(permission)])}{role}" if permission else ""
