"""The directory as the engine reads it at the start of a cycle: users, groups, members, managers and assignments.

The provisioning service has its own names of attributes; `data/source_attributes.json` maps them to paths in Graph's
documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.directory.applications import with_roles
from scimconf.sandbox.directory.assignments import DEFAULT_ROLE
from scimconf.sandbox.engine.values import SOFT_DELETED, AppRole, Json, Kind, Source, SourceObject
from scimconf.sandbox.store import Condition
from scimconf.sandbox.tenant import Tenant

ROLES = "appRoleAssignments"
REFERENCES = frozenset({"manager", "members"})
_PATHS: Mapping[str, Mapping[str, list[Any]]] = read_data("source_attributes.json")
_FLAT = {kind: [(name, path[0]) for name, path in paths.items() if len(path) == 1] for kind, paths in _PATHS.items()}
_NESTED = {kind: [(name, *path) for name, path in paths.items() if len(path) == 2] for kind, paths in _PATHS.items()}
_COMPUTED = frozenset({SOFT_DELETED, ROLES})
_EXTENSION = "extension_"
_MANAGER = "manager/"
_GUEST = "#EXT#"
_DEFAULT_ACCESS = AppRole(DEFAULT_ROLE, "", "Default Access")

Links = Mapping[str, tuple[str, ...]]
"""The members of groups by id, and the managers of users by `manager/ID`, as the sandbox stores them."""


def read_source(tenant: Tenant, principal: Json, only: Collection[str] | None = None) -> Source:
    """Return the directory as it is now, with the app roles that users have for a service principal.

    `only` are the ids of the users and groups to read, None for all. Users among them who are direct members of an
    assigned group then count as assigned, since that group is perhaps not read.
    """
    with tenant.store.transaction():
        ids = None if only is None else sorted(only)
        links = _links(tenant, ids)
        assignments = _assignments(tenant, principal["id"], ids)
        inherited = _inherited(tenant, principal["id"], ids)
        roles = _roles(tenant, with_roles(tenant, principal), [*assignments, *inherited])
        users = {user.id: user for user in _objects(tenant, "User", links, roles, ids)}
        groups = {group.id: group for group in _objects(tenant, "Group", links, {}, ids)}
        deleted = frozenset(_ids(tenant, "deletedUser", ids) + _ids(tenant, "deletedGroup", ids))
        assigned = assignments if ids is None else [*assignments, *(row for row in inherited if row[0] in users)]
        return Source(users, groups, frozenset(key for key, _ in assigned), deleted)


def members_of(tenant: Tenant, groups: Collection[str]) -> set[str]:
    """Return the ids of the direct members of groups."""
    where = _among("group_id", sorted(groups))
    return {key for (key,) in tenant.store.rows(f"SELECT member_id FROM members WHERE {where.sql}", where.values)}  # noqa: S608


def is_known(kind: Kind, name: str) -> bool:
    """Return whether the sandbox knows which property of Graph a source attribute is, or computes it."""
    return name in _PATHS[kind] or name in _COMPUTED or name.startswith(_EXTENSION)


def source_object(kind: Kind, document: Json, links: Links, roles: tuple[AppRole, ...] = ()) -> SourceObject:
    """Return a user or group of Graph's form under the service's names; attributes without a value are left out."""
    attributes = {name: document[name] for name in document if name.startswith(_EXTENSION)}
    attributes |= {name: document[key] for name, key in _FLAT[kind] if document.get(key) is not None}
    for name, key, step in _NESTED[kind]:
        value = _inner(document.get(key), step)
        if value is not None:
            attributes[name] = value
    if isinstance(attributes.get("userPrincipalName"), str):
        attributes["userPrincipalName"] = _home_name(attributes["userPrincipalName"])
    key = document["id"]
    keys = {"manager": _MANAGER + key} if kind == "User" else {"members": key}
    references = {name: links[link] for name, link in keys.items() if links.get(link)}
    name = attributes.get("userPrincipalName") or document.get("displayName") or key
    return SourceObject(kind, key, str(name), attributes, references, roles)


def _inner(value: Any, step: str | int) -> Any:
    """Return an element of a list, or a property of an object; None without it."""
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and len(value) > step else None
    return value.get(step) if isinstance(value, dict) else None


def _home_name(name: str) -> str:
    """Return the name that expressions read of a guest: `ada_fabrikam.com#EXT#@contoso.com` is `ada@fabrikam.com`."""
    if _GUEST not in name:
        return name
    alias, at, domain = name.partition(_GUEST)[0].rpartition("_")
    return f"{alias}@{domain}" if at else name


# ---- the store ------------------------------------------------------------------------------------------------------


def _among(column: str, ids: Sequence[str] | None) -> Condition:
    """Return the condition that a column is one of some ids; without ids, one that is always true."""
    return Condition() if ids is None else Condition(f"{column} IN ({', '.join('?' * len(ids))})", tuple(ids))


def _objects(
    tenant: Tenant, kind: Kind, links: Links, roles: Mapping[str, tuple[AppRole, ...]], ids: Sequence[str] | None
) -> Iterator[SourceObject]:
    for stored_kind in (kind.lower(), f"deleted{kind}"):
        for document in tenant.documents.all(stored_kind, _among("id", ids)):
            yield source_object(kind, document, links, roles.get(document["id"], ()))


def _ids(tenant: Tenant, stored_kind: str, ids: Sequence[str] | None) -> list[str]:
    where = Condition("kind = ?", (stored_kind,)) & _among("id", ids)
    return [key for (key,) in tenant.store.rows(f"SELECT id FROM objects WHERE {where.sql}", where.values)]  # noqa: S608


def _links(tenant: Tenant, ids: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    owners = None if ids is None else [*ids, *(_MANAGER + key for key in ids)]
    where = _among("group_id", owners)
    links: dict[str, list[str]] = defaultdict(list)
    sql = f"SELECT group_id, member_id FROM members WHERE {where.sql} ORDER BY seq"  # noqa: S608
    for owner, member in tenant.store.rows(sql, where.values):
        links[owner].append(member)
    return {owner: tuple(members) for owner, members in links.items()}


def _assignments(tenant: Tenant, principal_id: str, ids: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return the assigned principals with their role ids, in the order of the assignments."""
    where = Condition("resource_id = ? AND stale_reads = 0", (principal_id,)) & _among("principal_id", ids)
    sql = f"SELECT principal_id, role_id FROM assignments WHERE {where.sql} ORDER BY seq"  # noqa: S608
    return [(principal, role) for principal, role in tenant.store.rows(sql, where.values)]


def _inherited(tenant: Tenant, principal_id: str, ids: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return the direct members of assigned groups with the roles of the groups, in the order of the assignments."""
    where = Condition("resource_id = ? AND stale_reads = 0", (principal_id,)) & _among("member_id", ids)
    sql = (
        "SELECT member_id, role_id FROM assignments JOIN members ON group_id = principal_id"  # noqa: S608
        f" WHERE {where.sql} ORDER BY assignments.seq, members.seq"
    )
    return [(member, role) for member, role in tenant.store.rows(sql, where.values)]


def _roles(tenant: Tenant, principal: Json, assignments: Iterable[tuple[str, str]]) -> dict[str, tuple[AppRole, ...]]:
    """Return the app roles by user: those of the user, then those of groups with the user as a direct member."""
    by_id = {role["id"]: _app_role(role) for role in principal["appRoles"]}
    roles: dict[str, list[AppRole]] = defaultdict(list)
    for owner, role_id in assignments:
        roles[owner].append(by_id.get(role_id) or _app_role({"id": role_id}))
    return {user: _counted(tenant, user_roles) for user, user_roles in roles.items()}


def _app_role(role: Json) -> AppRole:
    if role["id"] == DEFAULT_ROLE:
        return _DEFAULT_ACCESS
    return AppRole(role["id"], role.get("value") or "", role.get("displayName") or "")


def _counted(tenant: Tenant, roles: list[AppRole]) -> tuple[AppRole, ...]:
    switches = tenant.switches
    counted = [role for role in roles if role.id != DEFAULT_ROLE or switches.default_access == "role"]
    return tuple(dict.fromkeys(counted) if switches.duplicate_role == "counted_once" else counted)
