"""Collections, page by page. The SDK's iterator is not used: it stops at an empty page that has a next link.

A page arrives as bytes and is decoded at once: as raw rows, or, for large collections, as rows of a TypedDict.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, NotRequired, cast, get_type_hints
from urllib.parse import unquote, urlsplit

from scimconf.graph.protocol.error_body import MaskText, unexpected
from scimconf.graph.protocol.request import Reply, Request
from scimconf.json_types import UnusableJsonError, parse_json

NEXT = "@odata.nextLink"
MAX_PAGES = 10_000
"""Pages of one collection: ten million rows. A service that never ends a collection is not followed further."""
PORTS = {"http": 80, "https": 443}

Page = dict[str, Any]
Decode = Callable[[bytes], Page]
"""Decodes a page; raises ValueError with a message that contains no value."""
Fetch = Callable[[Request, str], Awaitable[Reply]]
"""Sends a request, or, if it is not empty, the link of its next page."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Reads whole collections below one base URL."""

    base: str
    fetch: Fetch
    mask_text: MaskText
    _decoders: dict[type, Decode] = field(default_factory=dict)

    async def all(self, request: Request, row: type | None) -> list[Any]:
        """Return all rows; raise GraphError as `each` does."""
        return [item async for page in self.each(request, row) for item in page]

    async def each(self, request: Request, row: type | None) -> AsyncGenerator[list[Any], None]:
        """Yield the rows of each page; raise GraphError for a link that `next_link_error` refuses, beyond MAX_PAGES."""
        links: set[str] = set()
        link = ""
        while True:
            reply = await self.fetch(request, link)
            page = self._decoded(request, reply, row)
            link = page.get(NEXT) or ""
            yield page["value"]
            if not link:
                return
            error = next_link_error(link, self.base, request, links)
            if len(links) + 1 >= MAX_PAGES:
                error = f"the collection has more than {MAX_PAGES:,} pages"
            if error:
                raise unexpected(request, reply, error, self.mask_text)
            links.add(link)
            request = replace(request, method="GET", body=None)

    def _decoded(self, request: Request, reply: Reply, row: type | None) -> Page:
        if row is not None and row not in self._decoders:
            self._decoders[row] = decoder(row)
        try:
            return raw_page(reply.content) if row is None else self._decoders[row](reply.content)
        except ValueError as error:
            message = str(error)
        raise unexpected(request, reply, message, self.mask_text)


# --- next links: a token is sent to the origin and path of the first request only -----------------------------------


def next_link_error(link: Any, base: str, request: Request, followed: Collection[str]) -> str:
    """Return why the link of a next page must not be followed, or ""; the path may be in any case and escaping."""
    if not _is_url(link):
        return "the next page link is not a URL"
    if origin(link) != origin(base):
        return "the next page link leads to another host"
    if _path(link) != _path(base + request.resolved_path()):
        return "the next page link leads to another path"
    return "the next page link repeats an earlier one" if link in followed else ""


def _is_url(link: Any) -> bool:
    try:
        return isinstance(link, str) and link.isprintable() and " " not in link and bool(urlsplit(link))
    except ValueError:
        return False


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).lower()


def origin(url: str) -> tuple[str, str, str, int | None]:
    """Return scheme, user, host and port of a URL."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, user, parts.hostname or "", port or PORTS.get(parts.scheme)


def raw_page(content: bytes) -> Page:
    try:
        page = parse_json(content)
    except UnusableJsonError:
        raise
    except ValueError:
        page = None
    if isinstance(page, dict) and isinstance(page.get("value"), list):
        return page
    raise ValueError("expected a collection")


def decoder(row: type) -> Decode:
    """Return a function that decodes a page to rows of a TypedDict, with GUIDs (fields named `...Id`) in lower case.

    The `id` of an assignment is opaque and stays as it is. Before Python 3.12, pydantic requires the TypedDict of
    typing_extensions, so the row type is built again from its annotations.
    """
    from pydantic import StringConstraints, TypeAdapter, ValidationError
    from typing_extensions import TypedDict

    fields = {
        name: Annotated[annotation, StringConstraints(to_lower=True)] if name.endswith("Id") else annotation
        for name, annotation in get_type_hints(row, include_extras=True).items()
    }
    typed_dict = cast("Any", TypedDict)
    rows: Any = list[typed_dict(row.__name__, fields)]  # type: ignore[misc]
    adapter: TypeAdapter[Page] = TypeAdapter(typed_dict("Page", {"value": rows, NEXT: NotRequired[str | None]}))

    def decode(content: bytes) -> Page:
        try:
            return adapter.validate_json(content)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            path = ".".join(str(part) for part in first["loc"]) or "its start"
        raise ValueError(f"unexpected items, first at {path}")

    return decode
