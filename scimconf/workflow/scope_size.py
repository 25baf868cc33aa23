"""How many users an application can have in scope, without a spec. Reads only.

Counted are the users who are assigned directly, and those among the direct members of assigned groups; with the scope
`all` every user of the tenant. Scoping filters and disabled accounts are not regarded, so that it is an upper bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents.assignments import AssignmentSet, assignments
from scimconf.documents.secrets import secrets, settings

if TYPE_CHECKING:
    from scimconf.graph.client import Graph


async def users_in_scope(graph: Graph, names: Mapping[str, str]) -> int | None:
    """Return the most users that are in scope, None if it cannot be known.

    `names` has `service_principal`. Raise TransportError.
    """
    from scimconf.graph import impact_data
    from scimconf.graph.reading import read

    try:
        if settings(await read(graph, secrets(None), names)).scope == "all":
            return await impact_data.count_users(graph) or None
        assigned = await read(graph, assignments(), names)
        return await _assigned_users(graph, assigned)
    except GraphError as error:
        if error.status == 0:
            raise
    except ScimconfError:
        return None
    return None


async def _assigned_users(graph: Graph, assigned: AssignmentSet) -> int | None:
    from scimconf.graph import impact_data

    users = {key for key, assignee in assigned.assignees.items() if assignee.type == "User"}
    groups = [key for key, assignee in assigned.assignees.items() if assignee.type == "Group"]
    members, _ = await impact_data.read_members(graph, groups)
    unread = [members.unread(group) for group in groups]
    if None in unread:
        return None
    users |= {user for ids in members.ids.values() for user in ids}
    return len(users) + sum(number or 0 for number in unread)
