"""Looks up users and groups by id or name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.graph.client import PAGE, Answer, Graph, Request
from scimconf.graph.protocol.error_body import undocumented
from scimconf.graph.protocol.pages import NEXT
from scimconf.graph.protocol.request import chunks
from scimconf.graph.task_group import task_group
from scimconf.json_types import Json
from scimconf.snapshot import Lookup, Principal

NAMES_A_FILTER = 15
"""Maximum values in one `in (…)` of a filter (Graph: `$filter`)."""
_NAMES = {
    "user": ("/users", "userPrincipalName", ("id", "userPrincipalName", "displayName")),
    "group": ("/groups", "displayName", ("id", "displayName", "securityEnabled")),
}
"""Collection, the property that is the name, and the properties that are read."""


async def find_principals(graph: Graph, lookups: Sequence[Lookup]) -> dict[Lookup, tuple[Principal, ...]]:
    """Return the principals of each lookup; none for an id whose read is denied. Raises GraphError."""
    async with task_group() as group:
        by_id = group.create_task(_find_ids(graph, [lookup.value for lookup in lookups if lookup.by == "id"]))
        by_name = group.create_task(_find_names(graph, lookups))
    principals = {Lookup("id", principal.id): (principal,) for principal in by_id.result()}
    return {lookup: row for lookup, row in principals.items() if lookup in lookups} | by_name.result()


async def _find_ids(graph: Graph, ids: Sequence[str]) -> list[Principal]:
    """Return principals by id; none without the permission, since assignments have display names of their own."""
    if not ids:
        return []
    try:
        rows = await graph.get_by_ids(ids, ["user", "group"])
    except GraphError as error:
        if error.status not in (401, 403):
            raise
        return []
    return [_principal(row) for row in identified("POST", "/directoryObjects/getByIds", rows)]


def _principal(row: Mapping[str, Any]) -> Principal:
    is_group = str(row.get("@odata.type", "")).endswith(".group") or "securityEnabled" in row
    display = str(row.get("displayName") or "")
    name = display if is_group else str(row.get("userPrincipalName") or display)
    enabled = row.get("securityEnabled") is not False
    return Principal(str(row["id"]).lower(), "group" if is_group else "user", name, display, enabled)


async def _find_names(graph: Graph, lookups: Sequence[Lookup]) -> dict[Lookup, tuple[Principal, ...]]:
    """Return users by UPN and groups by display name, with several names in a filter and 20 filters in a batch."""
    requests: list[tuple[Sequence[Lookup], Request]] = []
    for by, (path, prop, properties) in _NAMES.items():
        parts = chunks([lookup for lookup in lookups if lookup.by == by], NAMES_A_FILTER)
        requests += [(part, filtered(path, prop, [lookup.value for lookup in part], properties)) for part in parts]
    queries = [request for _, request in requests]
    answers = [await graph.send(queries[0])] if len(queries) == 1 else await graph.batch(queries)
    principals: dict[Lookup, tuple[Principal, ...]] = {}
    for (part, request), answer in zip(requests, answers, strict=True):
        if isinstance(answer, GraphError):
            raise answer
        rows = identified("GET", request.path, await _all_rows(graph, request, answer))
        matches = [_principal(row) for row in rows]
        for lookup in part:
            name = lookup.value.casefold()
            principals[lookup] = tuple(principal for principal in matches if principal.name.casefold() == name)
    return principals


def filtered(path: str, prop: str, values: Sequence[str], properties: Sequence[str]) -> Request:
    """Return a request for the objects of a collection whose property `prop` has one of these values."""
    quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
    condition = f"{prop} eq {quoted}" if len(values) == 1 else f"{prop} in ({quoted})"
    return Request("GET", path, query={"$filter": condition, "$select": ",".join(properties), "$top": PAGE})


async def _all_rows(graph: Graph, request: Request, answer: Answer) -> list[Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    if NEXT in body:
        return await graph.collect(request.path, request.names, request.query)
    rows = body.get("value")
    if not isinstance(rows, list):
        raise undocumented(request.method, request.path, "expected a collection")
    return rows


def identified(method: str, path: str, rows: Sequence[Any]) -> Sequence[Any]:
    """Return directory objects; raise GraphError if one of them has no id."""
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
            raise undocumented(method, path, f"[{index}]: expected an object with an id")
    return rows


def member_users(group: str, top: str) -> Request:
    """Return a request for a group's direct members that are users; it needs the header (Graph: advanced queries)."""
    path, query = "/groups/{group}/members/microsoft.graph.user", {"$count": "true", "$top": top, "$select": "id"}
    return Request("GET", path, {"group": group}, query, headers={"ConsistencyLevel": "eventual"})


def counted(body: Json) -> int | None:
    """Return the `@odata.count` of a collection, or None."""
    number = body.get("@odata.count") if isinstance(body, dict) else None
    return number if isinstance(number, int) else None
