"""Find the user whom a person means: by id, user principal name, e-mail address, or display name; also deleted users.

A guest is also found by the address at home: `ada@fabrikam.com` is `ada_fabrikam.com#EXT#@contoso.com` in the tenant.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scimconf.diagnostics import GraphError
from scimconf.graph.client import PAGE, Graph, Request
from scimconf.graph.impact_data import pages
from scimconf.graph.principals import identified, name_before_deletion
from scimconf.graph.task_group import gather_all
from scimconf.json_types import Json
from scimconf.spec.patterns import GUID

_PROPERTIES = ("id", "userPrincipalName", "mail", "displayName", "accountEnabled", "createdDateTime", "userType")
_DELETED_PROPERTIES = ("id", "userPrincipalName", "mail", "displayName", "deletedDateTime")
_GROUP_PROPERTIES = "id,displayName,groupTypes,securityEnabled"
_KEYS = ("userPrincipalName", "mail", "displayName")
"""What identifies a user, the most precise first."""
_USERS, _GROUPS = "/users", "/groups"
_DELETED_USERS = "/directory/deletedItems/microsoft.graph.user"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The users that a name can mean; if there are none, the deleted users and the groups. `denied` reads are unknown."""

    users: tuple[Json, ...] = ()
    deleted: tuple[Json, ...] = ()
    groups: tuple[Json, ...] = ()
    denied: tuple[GraphError, ...] = ()


async def find_users(graph: Graph, name: str) -> SearchResult:
    """Return the users with this id or name. Raise GraphError if users cannot be read."""
    users = _best(name, await _filtered(graph, _USERS, _user_filter(name), _PROPERTIES))
    if users:
        return SearchResult(users=users)
    deleted, groups = await gather_all([_optional(_deleted(graph, name)), _optional(_groups(graph, name))])
    denied = tuple(error for error in (deleted, groups) if isinstance(error, GraphError))
    return SearchResult(
        deleted=() if isinstance(deleted, GraphError) else deleted,
        groups=() if isinstance(groups, GraphError) else groups,
        denied=denied,
    )


def _user_filter(name: str) -> str:
    if re.fullmatch(GUID, name):
        return f"id eq '{name}'"
    conditions = [f"{key} eq {_quoted(name)}" for key in _KEYS]
    alias, at, domain = name.rpartition("@")
    if at and alias:
        guest = _quoted(f"{alias}_{domain}#EXT#")
        conditions.append(f"startswith(userPrincipalName,{guest})")
    return " or ".join(conditions)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _best(name: str, users: Sequence[Json]) -> tuple[Json, ...]:
    """Return the users that the most precise key finds; those that no key finds are guests, or found by id."""
    folded = name.casefold()
    for key in _KEYS:
        matches = tuple(user for user in users if str(user.get(key) or "").casefold() == folded)
        if matches:
            return matches
    return tuple(users)


async def _filtered(graph: Graph, path: str, condition: str, properties: Sequence[str]) -> Sequence[Json]:
    query = {"$filter": condition, "$select": ",".join(properties)}
    return identified("GET", path, await graph.collect(path, query=query))


async def _optional(read: Awaitable[tuple[Json, ...]]) -> tuple[Json, ...] | GraphError:
    try:
        return await read
    except GraphError as error:
        return error


async def _deleted(graph: Graph, name: str) -> tuple[Json, ...]:
    """Return the deleted users of a name, the last deletion first; of an id its only one."""
    if re.fullmatch(GUID, name):
        return await _deleted_by_id(graph, name)
    query = {"$select": ",".join(_DELETED_PROPERTIES)}
    rows = identified("GET", _DELETED_USERS, await graph.collect(_DELETED_USERS, query=query))
    named = [row | {"userPrincipalName": _name(row)} for row in rows]
    return tuple(sorted(_best_deleted(name, named), key=lambda row: str(row.get("deletedDateTime")), reverse=True))


async def _deleted_by_id(graph: Graph, key: str) -> tuple[Json, ...]:
    """Return the deleted user with an id; its time of deletion is only in a selection of its own."""
    path, names = "/directory/deletedItems/{item}", {"item": key}
    requests = [Request("GET", path, names), Request("GET", path, names, {"$select": "id,deletedDateTime"})]
    rows: dict[str, Json] = {}
    for answer in await graph.batch(requests):
        if not isinstance(answer, GraphError):
            rows |= identified("GET", path, [answer.body])[0]
        elif answer.status != 404:
            raise answer
    if not rows or str(rows.get("@odata.type")).endswith(".group"):
        return ()
    return (rows | {"userPrincipalName": _name(rows)},)


def _name(row: Mapping[str, Json]) -> str:
    return name_before_deletion(str(row["id"]), str(row.get("userPrincipalName") or ""))


def _best_deleted(name: str, rows: Iterable[Json]) -> tuple[Json, ...]:
    folded = name.casefold()
    return _best(name, [row for row in rows if folded in {str(row.get(key) or "").casefold() for key in _KEYS}])


async def _groups(graph: Graph, name: str) -> tuple[Json, ...]:
    condition = f"id eq '{name}'" if re.fullmatch(GUID, name) else f"displayName eq {_quoted(name)}"
    return tuple(await _filtered(graph, _GROUPS, condition, _GROUP_PROPERTIES.split(",")))


# ---- groups of a user ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserGroups:
    """The groups that a user is in by id: `direct` as a direct member, `around` also in inner groups."""

    direct: Mapping[str, Json]
    around: Mapping[str, Json]


async def groups_of_user(graph: Graph, user: str) -> UserGroups:
    """Return the groups of a user; raise GraphError."""
    paths = ("/users/{user}/memberOf/microsoft.graph.group", "/users/{user}/transitiveMemberOf/microsoft.graph.group")
    direct, around = await gather_all([_cast(graph, path, {"user": user}) for path in paths])
    return UserGroups(direct, {**around, **direct})


async def _cast(graph: Graph, path: str, names: Mapping[str, str]) -> dict[str, Json]:
    """Return groups by id in lower case; the cast needs `$count` and the header (Graph: advanced queries)."""
    query = {"$count": "true", "$top": PAGE, "$select": _GROUP_PROPERTIES}
    request = Request("GET", path, names, query, headers={"ConsistencyLevel": "eventual"})
    return {str(row["id"]).lower(): row async for page in pages(graph, request) for row in page}


async def nesting_path(graph: Graph, groups: UserGroups, outer: str) -> tuple[str, ...]:
    """Return the ids of the groups from `outer` to one that has the user as a direct member; only `outer` if it is unknown.

    Only groups that the user is in are followed, so that the number of requests is at most that of these groups.
    """
    paths: list[tuple[str, ...]] = [(outer,)]
    known = {outer}
    while paths:
        path = paths.pop(0)
        if path[-1] in groups.direct:
            return path
        try:
            inner = await _cast(graph, "/groups/{group}/members/microsoft.graph.group", {"group": path[-1]})
        except GraphError:
            break
        following = [group for group in sorted(inner) if group in groups.around and group not in known]
        known.update(following)
        paths += [(*path, group) for group in following]
    return (outer,)


async def assignment_times(graph: Graph, user: str) -> tuple[Json, ...]:
    """Return the assignments of a user to applications, with `principalId`, `resourceId` and `createdDateTime`.

    Graph also returns those of the user's groups; raise GraphError.
    """
    return tuple(await graph.collect("/users/{user}/appRoleAssignments", {"user": user}))
