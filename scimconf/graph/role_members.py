"""Read the members of assigned groups, and the names of users, for the warnings about roles. No error is raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.graph.client import PAGE, Graph, Request
from scimconf.graph.impact_data import SendBatch, users_by_name
from scimconf.graph.principals import counted, member_users
from scimconf.plan.impact import Members
from scimconf.plan.role_members import RoleMembers, RoleQueries


async def read_role_members(batch: SendBatch, queries: RoleQueries, known: Members) -> RoleMembers:
    """Return the first page of direct members of each group that is not known, and the users of nested groups."""
    groups = [group for group in queries.groups if group not in known.ids]
    requests = [member_users(group, PAGE) for group in groups]
    requests += [transitive_users(group) for group in queries.nested]
    answers = await batch(requests) if requests else []
    bodies = [None if isinstance(answer, GraphError) else answer.body for answer in answers]
    direct = {group: body for group, body in zip(groups, bodies, strict=False) if isinstance(body, dict)}
    known_counts = {group: known.counts.get(group, len(ids)) for group, ids in known.ids.items()}
    return RoleMembers(
        {**known.ids, **{group: _ids(body) for group, body in direct.items()}},
        {group: count for group, count in known_counts.items() if count is not None} | _counts(direct),
        _counts(dict(zip(queries.nested, bodies[len(groups) :], strict=True))),
    )


def transitive_users(group: str) -> Request:
    """Return a request for the number of users in a group and its inner groups (Graph: list transitive members)."""
    path, query = "/groups/{group}/transitiveMembers/microsoft.graph.user", {"$count": "true", "$top": "1"}
    return Request("GET", path, {"group": group}, {**query, "$select": "id"}, headers={"ConsistencyLevel": "eventual"})


async def read_user_names(graph: Graph, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the user principal names of these users; none if they cannot be read."""
    try:
        users = await users_by_name(graph, ids, ("id", "userPrincipalName"))
    except GraphError:
        return ()
    return tuple(str(user["userPrincipalName"]) for user in users if user and user.get("userPrincipalName"))


def _ids(body: Mapping[str, Any]) -> frozenset[str]:
    rows = body.get("value")
    members = rows if isinstance(rows, list) else []
    return frozenset(str(row["id"]).lower() for row in members if isinstance(row, dict) and row.get("id"))


def _counts(bodies: Mapping[str, Any]) -> dict[str, int]:
    counts = {group: counted(body) for group, body in bodies.items()}
    return {group: count for group, count in counts.items() if count is not None}
