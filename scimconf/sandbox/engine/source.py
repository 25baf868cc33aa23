"""The directory as the engine reads it at the start of a cycle: users, groups, members, managers and assignments.

The provisioning service has its own names of attributes; `data/source_attributes.json` maps them to paths in Graph's
documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.directory.applications import with_roles
from scimconf.sandbox.directory.assignments import DEFAULT_ROLE
from scimconf.sandbox.engine.values import SOFT_DELETED, AppRole, Json, Kind, Source, SourceObject
from scimconf.sandbox.tenant import Tenant

ROLES = "appRoleAssignments"
REFERENCES = frozenset({"manager", "members"})
_PATHS: Mapping[str, Mapping[str, list[Any]]] = read_data("source_attributes.json")
_COMPUTED = frozenset({SOFT_DELETED, ROLES})
_EXTENSION = "extension_"
_MANAGER = "manager/"
_GUEST = "#EXT#"
_DEFAULT_ACCESS = AppRole(DEFAULT_ROLE, "", "Default Access")

Links = Mapping[str, tuple[str, ...]]
"""The members of groups by id, and the managers of users by `manager/ID`, as the sandbox stores them."""


def read_source(tenant: Tenant, principal: Json) -> Source:
    """Return the directory as it is now, with the app roles that users have for a service principal."""
    with tenant.store.transaction():
        links = _links(tenant)
        roles = _roles(tenant, with_roles(tenant, principal), links)
        users = {user.id: user for user in _objects(tenant, "User", links, roles)}
        groups = {group.id: group for group in _objects(tenant, "Group", links, {})}
        deleted = frozenset(_ids(tenant, "deletedUser") + _ids(tenant, "deletedGroup"))
        return Source(users, groups, frozenset(key for key, _ in _assignments(tenant, principal["id"])), deleted)


def is_known(kind: Kind, name: str) -> bool:
    """Return whether the sandbox knows which property of Graph a source attribute is, or computes it."""
    return name in _PATHS[kind] or name in _COMPUTED or name.startswith(_EXTENSION)


def source_object(kind: Kind, document: Json, links: Links, roles: tuple[AppRole, ...] = ()) -> SourceObject:
    """Return a user or group of Graph's form under the service's names; attributes without a value are left out."""
    attributes = {name: document[name] for name in document if name.startswith(_EXTENSION)}
    for name, path in _PATHS[kind].items():
        value = _value(document, path)
        if value is not None:
            attributes[name] = value
    if isinstance(attributes.get("userPrincipalName"), str):
        attributes["userPrincipalName"] = _home_name(attributes["userPrincipalName"])
    key = document["id"]
    keys = {"manager": _MANAGER + key} if kind == "User" else {"members": key}
    references = {name: links[link] for name, link in keys.items() if links.get(link)}
    name = attributes.get("userPrincipalName") or document.get("displayName") or key
    return SourceObject(kind, key, str(name), attributes, references, roles)


def _value(document: Json, path: list[Any]) -> Any:
    value: Any = document
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _home_name(name: str) -> str:
    """Return the name that expressions read of a guest: `ada_fabrikam.com#EXT#@contoso.com` is `ada@fabrikam.com`."""
    if _GUEST not in name:
        return name
    alias, at, domain = name.partition(_GUEST)[0].rpartition("_")
    return f"{alias}@{domain}" if at else name


# ---- the store ------------------------------------------------------------------------------------------------------


def _objects(
    tenant: Tenant, kind: Kind, links: Links, roles: Mapping[str, tuple[AppRole, ...]]
) -> Iterator[SourceObject]:
    for stored_kind in (kind.lower(), f"deleted{kind}"):
        for document in tenant.documents.all(stored_kind):
            yield source_object(kind, document, links, roles.get(document["id"], ()))


def _ids(tenant: Tenant, stored_kind: str) -> list[str]:
    return [key for (key,) in tenant.store.rows("SELECT id FROM objects WHERE kind = ?", (stored_kind,))]


def _links(tenant: Tenant) -> dict[str, tuple[str, ...]]:
    links: dict[str, list[str]] = defaultdict(list)
    for owner, member in tenant.store.rows("SELECT group_id, member_id FROM members ORDER BY seq"):
        links[owner].append(member)
    return {owner: tuple(members) for owner, members in links.items()}


def _assignments(tenant: Tenant, principal_id: str) -> list[tuple[str, str]]:
    """Return the assigned principals with their role ids, in the order of the assignments."""
    sql = "SELECT principal_id, role_id FROM assignments WHERE resource_id = ? AND stale_reads = 0 ORDER BY seq"
    return [(principal, role) for principal, role in tenant.store.rows(sql, (principal_id,))]


def _roles(tenant: Tenant, principal: Json, links: Links) -> dict[str, tuple[AppRole, ...]]:
    """Return the app roles by user: those of the user, then those of groups with the user as a direct member."""
    by_id = {role["id"]: _app_role(role) for role in principal["appRoles"]}
    roles: dict[str, list[AppRole]] = defaultdict(list)
    assignments = _assignments(tenant, principal["id"])
    for owner, role_id in assignments:
        roles[owner].append(by_id.get(role_id) or _app_role({"id": role_id}))
    for group, role_id in assignments:
        for member in links.get(group, ()):
            roles[member].append(by_id.get(role_id) or _app_role({"id": role_id}))
    return {user: _counted(tenant, user_roles) for user, user_roles in roles.items()}


def _app_role(role: Json) -> AppRole:
    if role["id"] == DEFAULT_ROLE:
        return _DEFAULT_ACCESS
    return AppRole(role["id"], role.get("value") or "", role.get("displayName") or "")


def _counted(tenant: Tenant, roles: list[AppRole]) -> tuple[AppRole, ...]:
    switches = tenant.switches
    counted = [role for role in roles if role.id != DEFAULT_ROLE or switches.default_access == "role"]
    return tuple(dict.fromkeys(counted) if switches.duplicate_role == "counted_once" else counted)
