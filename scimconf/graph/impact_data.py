"""Read users and group members: for the impact estimates of a plan, and page by page for a preview.

Only the properties that the caller selects are read, and no page is kept. A denied read (401, 403) raises GraphError,
except where a function documents a value for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.graph.client import PAGE, Answer, Graph, Request
from scimconf.graph.lookup_plan import VALUES_A_FILTER
from scimconf.graph.principals import count_objects, counted, filtered, identified, member_users
from scimconf.graph.protocol.pages import NEXT, next_link_error
from scimconf.graph.protocol.request import chunks
from scimconf.graph.reading import read
from scimconf.graph.shared_reads import SharedReads
from scimconf.graph.task_group import gather_all
from scimconf.json_types import Json
from scimconf.plan.impact import MAX_USERS, Members, UserQuery, UserSample
from scimconf.snapshot import DeniedRead, Document, Snapshot

UserPages = AsyncGenerator[list[Json], None]
SendBatch = Callable[[Sequence[Request]], Awaitable[list[Answer | GraphError]]]
"""Sends independent requests, as `Graph.batch` does."""
IDS_AT_ONCE = VALUES_A_FILTER * 20
"""User ids that one batch of filters can hold."""

_DENIED = (401, 403)


async def read_optional_documents(graph: Graph, snapshot: Snapshot, documents: Iterable[Document]) -> Snapshot:
    """Return the snapshot extended with those of these documents that it does not hold; denied reads are recorded in it."""
    known = snapshot.documents.keys() | snapshot.denied.keys()
    contents, denied = dict(snapshot.documents), dict(snapshot.denied)

    async def add(document: Document) -> None:
        try:
            contents[document.name] = await read(graph, document, snapshot.names)
        except GraphError as error:
            if error.status not in _DENIED:
                raise
            denied[document.name] = DeniedRead(error.status, error.code, error.path, error.message)

    readable = (document for document in documents if document.required_names <= snapshot.names.keys())
    missing = [document for document in readable if document.name not in known]
    if not missing:
        return snapshot
    await gather_all([add(document) for document in missing])
    return replace(snapshot, documents=contents, denied=denied)


async def read_members(
    graph: Graph, groups: Collection[str], batch: SendBatch | None = None
) -> tuple[Members, GraphError | None]:
    """Return the members of each group, all ids only of groups with up to MAX_USERS members; and the first error, if any.

    A group that cannot be read is missing. `batch` sends the requests, by default that of the client.
    """
    if not groups:
        return Members(), None
    group_ids, error = sorted(groups), None
    ids: dict[str, Collection[str]] = {}
    counts: dict[str, int | None] = {}
    requests = [member_users(group, PAGE) for group in group_ids]
    for group, request, answer in zip(group_ids, requests, await (batch or graph.batch)(requests), strict=True):
        if isinstance(answer, GraphError):
            error = error or answer
            continue
        body = _checked(request, answer.body)
        ids[group], counts[group] = _ids(body["value"]), counted(body)
        if NEXT in body and (counts[group] or 0) <= MAX_USERS:
            ids |= (await group_members(graph, [group])).ids
        if NEXT not in body or (counts[group] or 0) <= MAX_USERS:
            counts[group] = len(ids[group])
    return Members(ids, counts), error


def read_members_ahead(reads: SharedReads, groups: Collection[str]) -> None:
    """Begin to read the members of groups for which `read_members` will be called."""
    reads.start([member_users(group, PAGE) for group in sorted(groups)])


async def read_users(graph: Graph, query: UserQuery, batch: SendBatch | None = None) -> UserSample:
    """Return the users of a query, of more than MAX_USERS the first ones; of the directory by name. Raise GraphError.

    `batch` sends the requests for known ids, by default that of the client.
    """
    if query.ids is not None:
        ids = query.ids[:MAX_USERS]
        users = [user async for page in users_by_id(graph, ids, query.properties, batch) for user in page]
        return UserSample(tuple(sorted(users, key=_principal_name)), complete=len(ids) == len(query.ids))
    users = [user async for page in directory_users(graph, query.properties, MAX_USERS + 1) for user in page]
    if len(users) <= MAX_USERS:
        return UserSample(tuple(users), complete=True, directory_size=len(users))
    return UserSample(tuple(users[:MAX_USERS]), directory_size=await count_users(graph) or None)


async def count_users(graph: Graph) -> int:
    """Return the number of users in the directory; 0 if it cannot be read."""
    return await count_objects(graph, "/users")


async def directory_users(graph: Graph, properties: Sequence[str], limit: int = 0) -> UserPages:
    """Yield pages of the directory's users; with a `limit` only the first ones by user principal name."""
    query = {"$select": ",".join(properties), "$top": str(min(limit, int(PAGE))) if limit else PAGE}
    if limit:
        query["$orderby"] = "userPrincipalName"
    remaining = limit
    async with aclosing(pages(graph, Request("GET", "/users", query=query))) as listed:
        async for page in listed:
            yield page[:remaining] if limit else page
            remaining -= len(page)
            if limit and remaining <= 0:
                return


async def users_by_id(
    graph: Graph, ids: Iterable[str], properties: Sequence[str], batch: SendBatch | None = None
) -> UserPages:
    """Yield the users with these ids in pages of some hundreds, each sorted by name; deleted users are left out."""
    for page_ids in chunks(list(ids), IDS_AT_ONCE):
        requests = [
            filtered("/users", "id", filter_ids, properties) for filter_ids in chunks(page_ids, VALUES_A_FILTER)
        ]
        users: list[Json] = []
        for answer in await (batch or graph.batch)(requests):
            if isinstance(answer, GraphError):
                raise answer
            rows = answer.body.get("value") if isinstance(answer.body, dict) else None
            users += identified("GET", "/users", rows if isinstance(rows, list) else [rows])
        yield sorted(users, key=_principal_name)


async def users_by_name(graph: Graph, names: Sequence[str], properties: Sequence[str]) -> list[Json | None]:
    """Return the user for each principal name or id, in this order; None for a user that does not exist."""
    query = {"$select": ",".join(properties)}
    answers = await graph.batch([Request("GET", "/users/{user}", {"user": name}, query) for name in names])
    users: list[Json | None] = []
    for answer in answers:
        if isinstance(answer, GraphError) and answer.status != 404:
            raise answer
        users.append(None if isinstance(answer, GraphError) else identified("GET", "/users", [answer.body])[0])
    return users


async def group_members(graph: Graph, groups: Collection[str]) -> Members:
    """Return all users among each group's direct members; a group that is denied or deleted is missing."""
    group_ids = sorted(groups)
    members = await gather_all([_member_ids(graph, group) for group in group_ids])
    return Members({group: ids for group, ids in zip(group_ids, members, strict=True) if ids is not None})


def _ids(rows: Iterable[Json]) -> frozenset[str]:
    return frozenset(str(row["id"]).lower() for row in rows)


async def _member_ids(graph: Graph, group: str) -> frozenset[str] | None:
    ids: set[str] = set()
    try:
        async for page in pages(graph, member_users(group, PAGE)):
            ids |= _ids(page)
    except GraphError as error:
        if error.status not in (*_DENIED, 404):
            raise
        return None
    return frozenset(ids)


async def pages(graph: Graph, request: Request) -> UserPages:
    """Yield the pages of a collection; the next page is requested while the caller works on the current one."""
    link, followed = "", set[str]()
    pending = _start(graph, request, link)
    try:
        while True:
            body = await pending
            link = _next_link(graph, request, body.get(NEXT), followed)
            if link:
                pending = _start(graph, request, link)
            yield body["value"]
            if not link:
                break
    finally:
        pending.cancel()


def _start(graph: Graph, request: Request, link: str) -> asyncio.Task[Json]:
    """Request a page in a task whose error is not reported as unhandled when nobody awaits it."""
    task = asyncio.ensure_future(_page(graph, request, link))
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


async def _page(graph: Graph, request: Request, link: str) -> Json:
    return _checked(request, (await graph.send(request, link)).body)


def _checked(request: Request, body: Json) -> Json:
    """Return the body of a collection of objects with ids; raise ScimconfError or GraphError if it is none."""
    if not isinstance(body, dict) or not isinstance(body.get("value"), list):
        raise ScimconfError(f"GET {request.resolved_path()} did not answer with a collection")
    identified("GET", request.resolved_path(), body["value"])
    return body


def _next_link(graph: Graph, request: Request, link: Any, followed: set[str]) -> str:
    """Return the link of the next page, or "" after the last one. `followed` holds the earlier links."""
    if not link:
        return ""
    error = next_link_error(link, graph.base, request, followed)
    if error:
        raise ScimconfError(f"GET {request.resolved_path()}: {error}")
    followed.add(link)
    return str(link)


def _principal_name(user: Json) -> str:
    return str(user.get("userPrincipalName")).casefold()
