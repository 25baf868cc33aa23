"""The Graph permissions that requests need: one table for hints, for checks before an apply, and for `docs/permissions.md`.

Source: permissions.json of microsoftgraph/microsoft-graph-devx-content, August 2026. The remarks "in some tenants" come
from issue reports: there Graph refuses a read without the write permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Need = tuple[str, ...]
"""Permissions of which one is sufficient: first the one to grant, then those that include it for these requests."""

APPLICATION_ONLY = "OwnedBy"
"""The end of the names of permissions that a signed-in user cannot have."""
UNLIMITED = frozenset({"Directory.AccessAsUser.All"})
"""Permissions that may include any other: with it, a user's roles decide."""


@dataclass(frozen=True, slots=True)
class Permission:
    """The permissions for requests whose method and path match: each of `needs` must be met.

    `methods` and `path` are regular expressions; the path is below Graph's base, without a query. `disputed` are
    permissions that some sources call sufficient and Microsoft's table or its pages do not.
    """

    methods: str
    path: str
    needs: tuple[Need, ...]
    remark: str = ""
    disputed: frozenset[str] = frozenset()

    def matches(self, method: str, path: str) -> bool:
        return re.fullmatch(self.methods, method) is not None and re.search(self.path, path) is not None

    @property
    def least(self) -> str:
        """The least privileged application permissions, without the remark."""
        return " and ".join(need[0] for need in self.needs)

    def __str__(self) -> str:
        application, delegated = (
            " and ".join(_to_grant(need, is_delegated=is_delegated) for need in self.needs)
            for is_delegated in (False, True)
        )
        difference = f" (delegated: {delegated})" if delegated != application else ""
        return f"{application}{difference}{self.remark and f' ({self.remark})'}"


def _to_grant(need: Need, *, is_delegated: bool) -> str:
    """Return the permission of a need to grant to an application or to a signed-in user."""
    return next(name for name in need if not is_delegated or not name.endswith(APPLICATION_ONLY))


_READ_APPLICATIONS = (
    "Application.Read.All",
    "Application.ReadWrite.OwnedBy",
    "Application.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
_WRITE_APPLICATIONS = ("Application.ReadWrite.OwnedBy", "Application.ReadWrite.All")
_READ_SYNCHRONIZATION = (
    "Synchronization.Read.All",
    "Synchronization.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
)
_WRITE_SYNCHRONIZATION = ("Synchronization.ReadWrite.All", "Application.ReadWrite.OwnedBy")
_READ_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
_READ_ORGANIZATION = ("Organization.Read.All", "Organization.ReadWrite.All", *_READ_DIRECTORY)
_READ_USERS = ("User.Read.All", "User.ReadWrite.All", *_READ_DIRECTORY)
_READ_GROUPS = ("Group.Read.All", "Group.ReadWrite.All", *_READ_DIRECTORY)
_READ_MEMBERSHIPS = ("User.Read.All", "GroupMember.Read.All", "Group.Read.All", *_READ_DIRECTORY)
_READ_LOG = ("ProvisioningLog.Read.All", "AuditLog.Read.All", "Directory.Read.All")
_ASSIGN = ("AppRoleAssignment.ReadWrite.All",)
_READ_FOR_ASSIGNMENTS = ("Application.Read.All", "Directory.Read.All")

_APPLICATIONS = "(applications|servicePrincipals)"
_SECRETS = "in some tenants Synchronization.ReadWrite.All"
_DISPUTED = frozenset({"Application.ReadWrite.All", "Directory.ReadWrite.All"})
"""For synchronization: the page of Terraform's resource. For assignments: the first in Microsoft's table, not its pages."""
PERMISSIONS = (
    Permission("GET", r"^/organization\b", (_READ_ORGANIZATION,)),
    Permission("GET", r"^/applicationTemplates$", (_READ_APPLICATIONS,)),
    Permission("POST", r"^/applicationTemplates/", ((*_WRITE_APPLICATIONS, "Directory.ReadWrite.All"),)),
    Permission("POST", r"/appRoleAssign", (_ASSIGN, _READ_FOR_ASSIGNMENTS), disputed=_DISPUTED),
    Permission("DELETE", r"/appRoleAssign", (_ASSIGN,), disputed=_DISPUTED),
    Permission("GET", r"/appRoleAssign", (_READ_APPLICATIONS,)),
    Permission(
        "GET|POST",
        r"/synchronization/.*(filterOperators|parseExpression)",
        (_WRITE_SYNCHRONIZATION,),
        disputed=_DISPUTED,
    ),
    Permission("GET", r"/synchronization/secrets$", (_READ_SYNCHRONIZATION,), _SECRETS, _DISPUTED),
    Permission("GET", r"/synchronization/", (_READ_SYNCHRONIZATION,), disputed=_DISPUTED),
    Permission(".*", r"/synchronization/", (_WRITE_SYNCHRONIZATION,), disputed=_DISPUTED),
    Permission("GET", rf"^/{_APPLICATIONS}\b", (_READ_APPLICATIONS,)),
    Permission(".*", rf"^/{_APPLICATIONS}\b", (_WRITE_APPLICATIONS,), disputed=_DISPUTED),
    Permission("GET", r"^/auditLogs/provisioning$", (_READ_LOG,)),
    Permission("GET", r"^/auditLogs/directoryAudits$", (("AuditLog.Read.All",),)),
    Permission("POST", r"^/directoryObjects/getByIds$", (_READ_DIRECTORY,)),
    Permission("GET", r"^/directory/deletedItems/microsoft\.graph\.user$", (_READ_USERS,)),
    Permission("GET", r"^/directory/deletedItems/microsoft\.graph\.group$", (_READ_GROUPS,)),
    Permission("GET", r"^/directory/deletedItems/", (_READ_USERS, _READ_GROUPS)),
    Permission("GET", r"^/users/[^/]+/(memberOf|transitiveMemberOf)\b", (_READ_MEMBERSHIPS,)),
    Permission("GET", r"^/users\b", (("User.ReadBasic.All", *_READ_USERS),), "for a preview User.Read.All"),
    Permission("GET", r"^/groups/[^/]+/(members|transitiveMembers)\b", (("GroupMember.Read.All", *_READ_GROUPS),)),
    Permission("GET", r"^/groups\b", (("Group.ReadBasic.All", "GroupMember.Read.All", *_READ_GROUPS),)),
)
"""The first that matches applies."""

_ROLE = " A signed-in user also needs the role Application Administrator or Cloud Application Administrator."


def required(method: str, path: str) -> Permission | None:
    """Return the permission that a request needs, or None if it is not in the table."""
    return next((permission for permission in PERMISSIONS if permission.matches(method, path)), None)


# ---- the permissions of a token --------------------------------------------------------------------------------------

ADMINISTRATORS = frozenset(
    {
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
        "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
        "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",  # Hybrid Identity Administrator
    }
)
"""Template ids of roles in Entra that let an application do what its permissions do not (Graph: permissions overview)."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The permissions in an access token: of an application, or (`is_delegated`) of an application for a user.

    A permission that is missing is certain to be missing for a user; an application may have its rights as an owner or
    by a role in Entra instead. One that is present is no proof: a user also needs a role, an owner must be one.
    """

    names: frozenset[str]
    is_delegated: bool = False

    def unmet(self, permission: Permission) -> tuple[Need, ...]:
        """Return the needs that no permission of the token meets according to the table."""
        return tuple(need for need in permission.needs if self.names.isdisjoint(need))

    def lacking(self, permission: Permission) -> tuple[Need, ...]:
        """Return the needs that certainly no permission of the token meets: none if a disputed one may."""
        return () if self.names & (permission.disputed | UNLIMITED) else self.unmet(permission)

    def to_grant(self, need: Need) -> str:
        """Return the permission of a need to grant to the identity of the token."""
        return _to_grant(need, is_delegated=self.is_delegated)

    def can_have(self, name: str) -> bool:
        """Return whether the permission exists for the identity of the token."""
        return not (self.is_delegated and name.endswith(APPLICATION_ONLY))


def granted_by(claims: Mapping[str, object]) -> Granted | None:
    """Return the permissions in the claims of an access token, or None if they are unknown.

    `scp` has those of a signed-in user, separated by spaces; `roles` those of an application, and `wids` the roles in
    Entra. No claim is certain to be present (Microsoft identity platform: access token claims).
    """
    scopes, roles, role_ids = claims.get("scp"), claims.get("roles"), claims.get("wids")
    if isinstance(scopes, str) and scopes.split():
        return Granted(frozenset(scopes.split()), is_delegated=True)
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
        return None
    if isinstance(role_ids, list) and any(str(role_id).lower() in ADMINISTRATORS for role_id in role_ids):
        return None
    return Granted(frozenset(roles))


# ---- reads that were denied ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MissingReads:
    """The permissions that the reads of a plan need: those that the identity lacks, and those that were not tested."""

    lacking: tuple[str, ...]
    untested: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.lacking) + len(self.untested)


def missing_reads(
    denied: Iterable[str], untried: Iterable[str], read: Iterable[str], granted: Granted | None = None
) -> MissingReads:
    """Return which permissions denied reads show to be missing, and those of untried reads, each once.

    The arguments are paths. What the token shows or a read needed as well is tested. A permission that another one
    repeats with a remark is left out.
    """
    tested = {str(row) for row in _rows(read)}
    lacking = [row for row in _rows(denied) if granted is None or granted.unmet(row)]
    open_ = [row for row in _rows(untried) if str(row) not in tested and (granted is None or granted.unmet(row))]
    lacking += [row for row in open_ if granted is not None and granted.lacking(row)]
    certain = tuple(str(row) for row in lacking)
    texts = _distinct([*certain, *(str(row) for row in open_)])
    return MissingReads(
        tuple(text for text in texts if text.startswith(certain)),
        tuple(text for text in texts if not text.startswith(certain)),
    )


def _rows(paths: Iterable[str]) -> list[Permission]:
    return [permission for path in paths if (permission := required("GET", path))]


def _distinct(texts: Iterable[str]) -> list[str]:
    unique = list(dict.fromkeys(texts))
    return [text for text in unique if not any(other != text and other.startswith(text) for other in unique)]


# ---- what to do ------------------------------------------------------------------------------------------------------


def listed(names: Sequence[str]) -> str:
    """Return the names as a part of a sentence: `A, B and C`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def grant(permissions: Sequence[str]) -> str:
    """Return the sentence that asks for all of these permissions at once, "" if there is none."""
    if not permissions:
        return ""
    return f"Grant the identity {listed(permissions)} with admin consent, then sign in again."


def grant_reads(missing: MissingReads) -> str:
    """Return the sentences that ask for the permissions which reads need, "" if there is none."""
    if not missing.lacking:
        return grant(missing.untested)
    untested = f" Not tested yet: {listed(missing.untested)}." if missing.untested else ""
    return f"{grant(missing.lacking)}{untested}"


def hint(method: str, path: str, granted: Granted | None = None) -> str:
    """Return what to do about a request that Graph refused with 401 or 403, or ""."""
    permission = required(method, path)
    if permission is None:
        return ""
    if granted is None or granted.unmet(permission):
        needs_role = "/synchronization/" in path and (granted is None or granted.is_delegated)
        return f"{grant([str(permission)])}{_ROLE if needs_role else ''}"
    if granted.is_delegated:
        return f"The access token has the permission.{_ROLE}"
    if any(name.endswith(APPLICATION_ONLY) for name in granted.names):
        return "The access token has a permission for owned applications: make the identity an owner of this one."
    return "The access token has the permission. If it was granted a short time ago, try again in a few minutes."


# ---- profiles --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """A smallest set of application permissions, and what an identity with it can do."""

    name: str
    purpose: str
    permissions: tuple[str, ...]


_TENANT = "Organization.Read.All"
_PRINCIPALS = ("User.ReadBasic.All", "GroupMember.Read.All")
_LOG = ("ProvisioningLog.Read.All",)
_DETAILS = ("User.Read.All", "GroupMember.Read.All")
_PLAN = ("Application.Read.All", "Synchronization.Read.All", _TENANT)
_APPLY = ("Application.Read.All", "Synchronization.ReadWrite.All", _TENANT)
_OWNED = ("Application.ReadWrite.OwnedBy", _TENANT)
PROFILES = (
    Profile("plan", "`plan` and `drift` of specs without `assignments`", _PLAN),
    Profile("plan-assignments", "`plan` and `drift` of specs with `assignments`; `export`", (*_PLAN, *_PRINCIPALS)),
    Profile("preview", "the same, with the effects on users, and `preview`", (*_PLAN, *_DETAILS)),
    Profile("operate", "`status`, `logs`, `why` and `doctor`", (*_PLAN, *_DETAILS, *_LOG)),
    Profile("apply", "mappings and provisioning status of existing applications", _APPLY),
    Profile("apply-assignments", "the same, and assignments", (*_APPLY, *_PRINCIPALS, *_ASSIGN)),
    Profile("owned", "all of applications that the identity owns, and new ones, without `assignments`", _OWNED),
    Profile(
        "owned-assignments",
        "the same, and assignments",
        (*_OWNED, "Application.Read.All", *_PRINCIPALS, *_ASSIGN),
    ),
)
"""Each is tested in a sandbox that grants exactly these permissions, and with one permission less."""
