"""Users, page by page and no longer kept than a page: all of the directory, some by their ids, some by their names.

Only the properties that are asked for are read. What Graph cannot answer is either an error or said to be unknown.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from scimconf.errors import GraphError, ScimconfError
from scimconf.live.graph import Graph, Request, together
from scimconf.live.observe import NAMES_A_FILTER, read
from scimconf.live.protocol.messages import chunks
from scimconf.live.protocol.pages import NEXT, PAGE_SIZE
from scimconf.wire import Document, Json, Refusal, Snapshot

Users = AsyncIterator[list[Json]]
IDS_AT_ONCE = NAMES_A_FILTER * 20
"""As many as fit in one batch of filters."""

_REFUSED = (401, 403)


async def everyone(graph: Graph, select: Sequence[str], most: int = 0) -> Users:
    """The users of the directory, a page at a time; at most so many, by their names, where `most` says."""
    query = {"$select": ",".join(select), "$top": PAGE_SIZE}
    if most:
        query |= {"$top": str(min(most, int(PAGE_SIZE))), "$orderby": "userPrincipalName"}
    left = most
    async for page in pages(graph, "/users", {}, query):
        yield page[:left] if most else page
        left -= len(page)
        if most and left <= 0:
            return
