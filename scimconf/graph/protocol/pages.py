"""Collections, page after page. The SDK's iterator is not used: it stops at an empty page that has a next link.

A page comes as bytes and is decoded at once: as raw rows, or, for bulk, straight into slim rows of a TypedDict.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any, NotRequired, cast, get_type_hints
from urllib.parse import urlsplit

from scimconf.graph.protocol.error_body import Scrub, unexpected
from scimconf.graph.protocol.request import Reply, Request

NEXT = "@odata.nextLink"
PORTS = {"http": 80, "https": 443}

Page = dict[str, Any]
Decode = Callable[[bytes], Page]
"""Raises ValueError, which says where, where the bytes are not the page that is expected."""
Fetch = Callable[[Request, str], Awaitable[Reply]]
"""Sends a request, or, where it is not empty, the link of its next page."""


class Pages:
    """Reads whole collections below one base."""

    def __init__(self, base: str, fetch: Fetch, scrub: Scrub) -> None:
        self._base = base
        self._fetch = fetch
        self._scrub = scrub
        self._decoders: dict[type, Decode] = {}

    async def all(self, request: Request, row: type | None) -> list[Any]:
        """All rows; empty pages are passed over, a link that leads elsewhere or in a circle is refused."""
        rows: list[Any] = []
        seen: set[str] = set()
        link = ""
        while True:
            reply = await self._fetch(request, link)
            page = self._decoded(request, reply, row)
            rows.extend(page["value"])
            link = page.get(NEXT) or ""
            if not link:
                return rows
            self._check(request, reply, link, seen)
            seen.add(link)
            request = replace(request, method="GET", body=None)

    def _check(self, request: Request, reply: Reply, link: Any, seen: set[str]) -> None:
        if not is_url(link):
            raise unexpected(request, reply, "it names a next page that is no URL", self._scrub)
        if origin(link) != origin(self._base):
            raise unexpected(request, reply, "it names a next page on another host", self._scrub)
        if link in seen:
            raise unexpected(request, reply, "it names the same next page again", self._scrub)

    def _decoded(self, request: Request, reply: Reply, row: type | None) -> Page:
        if row is None:
            return self._raw(request, reply)
        if row not in self._decoders:
            self._decoders[row] = decoder(row)
        try:
            return self._decoders[row](reply.content)
        except ValueError as error:
            where = str(error)
        raise unexpected(request, reply, f"not the rows that were expected, first at {where}", self._scrub)

    def _raw(self, request: Request, reply: Reply) -> Page:
        try:
            page = json.loads(reply.content)
        except (ValueError, RecursionError):
            page = None
        if isinstance(page, dict) and isinstance(page.get("value"), list):
            return page
        raise unexpected(request, reply, "not a collection", self._scrub)


def is_url(link: Any) -> bool:
    """Whether a link can be taken apart, so that one can see where it leads."""
    try:
        return isinstance(link, str) and link.isprintable() and " " not in link and bool(urlsplit(link))
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, str, int | None]:
    """Scheme, user, host and port: where a token would go."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, user, parts.hostname or "", port or PORTS.get(parts.scheme)


def decoder(row: type) -> Decode:
    """Decodes a page from bytes to rows of a TypedDict, with only its fields.

    Fields whose names end in `Id` are GUIDs and come in lower case; the opaque `id` of an assignment stays as it is.
    pydantic wants typing_extensions' TypedDict before Python 3.12, so the row is made again from its annotations.
    """
    from pydantic import StringConstraints, TypeAdapter, ValidationError
    from typing_extensions import TypedDict

    fields = {
        name: Annotated[kind, StringConstraints(to_lower=True)] if name.endswith("Id") else kind
        for name, kind in get_type_hints(row).items()
    }
    made = cast("Any", TypedDict)
    rows: Any = list[made(row.__name__, fields)]  # type: ignore[misc]
    adapter: TypeAdapter[Page] = TypeAdapter(made("Page", {"value": rows, NEXT: NotRequired[str | None]}))

    def decode(content: bytes) -> Page:
        try:
            return adapter.validate_json(content)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "its start"
        raise ValueError(place)

    return decode
