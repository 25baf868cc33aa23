"""Users, a page at a time and no longer kept than that: all of the directory, some by their ids, some by their names.

Only the properties that are asked for are read. What Graph refuses is an error, or said to be unknown where a preview
can go on without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.client import PAGE, Graph, Request
from scimconf.graph.principals import NAMES_A_FILTER, counted, identified, member_users
from scimconf.graph.protocol.pages import NEXT, next_link_error
from scimconf.graph.protocol.request import chunks
from scimconf.graph.reading import read
from scimconf.graph.task_group import gather_all
from scimconf.snapshot import DeniedRead, Document, Json, Snapshot

Users = AsyncGenerator[list[Json], None]
IDS_AT_ONCE = NAMES_A_FILTER * 20
"""As many as fit in one batch of filters."""

_REFUSED = (401, 403)


async def pages(graph: Graph, first: Request) -> Users:
    """A collection page by page; the next one is asked for while this one is looked at.

    A link that leads to another place, or in a circle, is an error.
    """
    request: Request | None = first
    links: set[str] = set()
    coming = _begun(graph, first)
    try:
        while request is not None:
            body = await coming
            request = _following(graph, request, body.get(NEXT), links)
            if request is not None:
                coming = _begun(graph, request)
            yield body["value"]
    finally:
        coming.cancel()


def _begun(graph: Graph, request: Request) -> asyncio.Task[Json]:
    """A page on its way; if nobody waits for it any more, nobody hears that it failed."""
    task = asyncio.ensure_future(_page(graph, request))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def _page(graph: Graph, request: Request) -> Json:
    body = (await graph.send(request)).body
    if not isinstance(body, dict) or not isinstance(body.get("value"), list):
        raise ScimconfError(f"GET {request.resolved_path()} did not answer with a collection")
    identified("GET", request.resolved_path(), body["value"])
    return body


def _following(graph: Graph, request: Request, link: Any, links: set[str]) -> Request | None:
    """The request of the next page; None after the last one."""
    if not link:
        return None
    error = next_link_error(link, graph.base, request, links)
    if error:
        raise ScimconfError(f"GET {request.resolved_path()}: {error}")
    links.add(link)
    return replace(request, query=dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)))


async def everyone(graph: Graph, select: Sequence[str], most: int = 0) -> Users:
    """The users of the directory; where `most` is given, only so many, the first by their names."""
    query = {"$select": ",".join(select), "$top": str(min(most, int(PAGE))) if most else PAGE}
    if most:
        query["$orderby"] = "userPrincipalName"
    left = most
    async with aclosing(pages(graph, Request("GET", "/users", query=query))) as listed:
        async for page in listed:
            yield page[:left] if most else page
            left -= len(page)
            if most and left <= 0:
                return


async def by_ids(graph: Graph, ids: Iterable[str], select: Sequence[str]) -> Users:
    """The users with these ids, some hundreds at a time, by their names; those that are no longer there are left out."""
    for part in chunks(list(ids), IDS_AT_ONCE):
        requests = [_filtered(few, select) for few in chunks(part, NAMES_A_FILTER)]
        found: list[Json] = []
        for answer in await graph.batch(requests):
            if isinstance(answer, GraphError):
                raise answer
            rows = answer.body.get("value") if isinstance(answer.body, dict) else None
            found += identified("GET", "/users", rows if isinstance(rows, list) else [rows])
        yield sorted(found, key=lambda user: str(user.get("userPrincipalName")).casefold())


def _filtered(ids: Sequence[str], select: Sequence[str]) -> Request:
    quoted = ",".join(f"'{one}'" for one in ids)
    condition = f"id in ({quoted})" if len(ids) > 1 else f"id eq {quoted}"
    return Request("GET", "/users", query={"$filter": condition, "$select": ",".join(select), "$top": PAGE})


async def by_names(graph: Graph, names: Sequence[str], select: Sequence[str]) -> list[Json | None]:
    """The users of these principal names or ids, in this order; None for one that is not there."""
    query = {"$select": ",".join(select)}
    answers = await graph.batch([Request("GET", "/users/{user}", {"user": name}, query) for name in names])
    found: list[Json | None] = []
    for answer in answers:
        if isinstance(answer, GraphError) and answer.status != 404:
            raise answer
        found.append(None if isinstance(answer, GraphError) else identified("GET", "/users", [answer.body])[0])
    return found


async def members(graph: Graph, groups: Collection[str]) -> dict[str, frozenset[str] | None]:
    """The ids of the users among each group's direct members; None where they may not be read, or it is gone.

    Groups in groups, devices and service principals are members too, but nobody who is provisioned.
    """
    listed = sorted(groups)
    found = await gather_all([_members(graph, group) for group in listed])
    return dict(zip(listed, found, strict=True))


async def _members(graph: Graph, group: str) -> frozenset[str] | None:
    ids: set[str] = set()
    try:
        async for page in pages(graph, member_users(group, PAGE)):
            ids.update(str(one["id"]).lower() for one in page)
    except GraphError as error:
        if error.status not in (*_REFUSED, 404):
            raise
        return None
    return frozenset(ids)


async def some(graph: Graph, select: Sequence[str], most: int) -> tuple[Json, ...]:
    """The first users of the directory by their names; raises GraphError where they cannot be read."""
    found: list[Json] = []
    async for page in everyone(graph, select, most):
        found += page
    return tuple(found)


async def some_of(
    graph: Graph, select: Sequence[str], most: int, users: Sequence[str], groups: Sequence[str]
) -> tuple[tuple[Json, ...], bool]:
    """The first of these users and of the direct members of these groups, and whether they are all of them.

    Of a group's members one page is enough for a sample. Raises GraphError where nobody can be read.
    """
    ids, whole, refused = dict.fromkeys(users), True, None
    for group in groups:
        if len(ids) > most:
            break
        try:
            body = await _page(graph, member_users(group, PAGE))
        except GraphError as error:
            whole, refused = False, error
        else:
            ids |= dict.fromkeys(str(one["id"]).lower() for one in body["value"])
            whole = whole and NEXT not in body
    if refused is not None and not ids:
        raise refused
    found: list[Json] = []
    async with aclosing(by_ids(graph, list(ids)[:most], select)) as listed:
        async for page in listed:
            found += page
    found.sort(key=lambda user: str(user.get("userPrincipalName")).casefold())
    return tuple(found), whole and len(ids) <= most


async def count(graph: Graph) -> int:
    """How many users the directory has; 0 where that cannot be had."""
    query = {"$count": "true", "$top": "1", "$select": "id"}
    try:
        answer = await graph.send(Request("GET", "/users", query=query, headers={"ConsistencyLevel": "eventual"}))
    except GraphError:
        return 0
    return counted(answer.body) or 0


async def filled(graph: Graph, snapshot: Snapshot, documents: Iterable[Document]) -> Snapshot:
    """The snapshot with those of these documents that can be read and that nobody has read yet."""
    known = snapshot.documents.keys() | snapshot.denied.keys()
    wanted = [one for one in documents if one.name not in known and one.required_names <= snapshot.names.keys()]
    found, refused = dict(snapshot.documents), dict(snapshot.denied)
    for document in wanted:
        try:
            found[document.name] = await read(graph, document, snapshot.names)
        except GraphError as error:
            if error.status not in _REFUSED:
                raise
            refused[document.name] = DeniedRead(error.status, error.code, error.path, error.message)
    return replace(snapshot, documents=found, denied=refused)
