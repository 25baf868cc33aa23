"""Responses of the directory with entities and collections: `$select`, `$top`, `$count` and paging.

Options that the directory does not support are refused. What Graph supports and the sandbox does not is a 501.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode

from scimconf.sandbox.directory.filters import FilterColumn, filter_condition
from scimconf.sandbox.directory.query_options import order_clause, refuse_unsupported_options, search_condition
from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, bad_request, unsupported_query
from scimconf.sandbox.tenant import VISIBLE, Tenant

MAX_TOP = 999


def select_properties(request: GraphRequest, row: Json, default: Sequence[str] = ()) -> Json:
    """Return the properties of `$select`, null if absent; without `$select` the default properties, or all."""
    option = request.query.get("select")
    names: Sequence[str] = [name.strip() for name in option.split(",")] if option else default
    if not names:
        return row
    annotations = {key: value for key, value in row.items() if key.startswith("@odata.")}
    return annotations | {name: row.get(name) for name in names if name}


ReadRows: TypeAlias = Callable[[int, int], Sequence[tuple[int, Json]]]
"""Reads rows: (sequence number to start after, maximum count) → rows with their sequence numbers."""


@dataclass(frozen=True, slots=True)
class PagedRows:
    """A collection to return in pages: name in the metadata, rows, total count, whether `$orderby` is supported."""

    context_annotation: str
    rows: ReadRows
    count: Callable[[], int]
    sortable: bool = False


def page_response(tenant: Tenant, request: GraphRequest, listing: PagedRows) -> GraphResponse:
    """Return one page of a collection, with an absolute link to the next page if there is one."""
    refuse_unsupported_options(request, plain=not listing.sortable)
    size = _size(tenant, request)
    after, blank = _position(request)
    body: Json = {"@odata.context": f"{request.base_url}/$metadata#{listing.context_annotation}"}
    if _counts(tenant, request) and not after:
        body["@odata.count"] = listing.count()
    rows = [] if blank else listing.rows(after, size + 1)
    last = after if blank else (rows[size - 1][0] if len(rows) > size else 0)
    if last:
        empty_next = not blank and tenant.switches.empty_pages == "yes"
        body["@odata.nextLink"] = _next_link(request, last, blank=empty_next)
    body["value"] = [row for _, row in rows[:size]]
    return GraphResponse(200, body)


def _counts(tenant: Tenant, request: GraphRequest) -> bool:
    requested = request.query.get("count", "").lower() == "true"
    if requested and not request.is_advanced and tenant.switches.count_without_header == "refused":
        raise unsupported_query("$count is not supported because the required parameters are not set.")
    return requested and request.is_advanced


def is_first_page(request: GraphRequest) -> bool:
    return "skiptoken" not in request.query


def _size(tenant: Tenant, request: GraphRequest) -> int:
    text = request.query.get("top")
    if text is None:
        return max(1, tenant.switches.page_size)
    if not text.isdecimal() or int(text) < 1:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {MAX_TOP} inclusive.")
    if int(text) > MAX_TOP and tenant.switches.oversized_top == "refused":
        raise unsupported_query(f"Invalid page size specified: '{text}'. Must be between 1 and {MAX_TOP} inclusive.")
    return min(int(text), MAX_TOP)


def _position(request: GraphRequest) -> tuple[int, bool]:
    token = request.query.get("skiptoken")
    if token is None:
        return 0, False
    try:
        after, blank = json.loads(base64.urlsafe_b64decode(token.encode()))
        return int(after), bool(blank)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_request("The specified skip token is not valid.", code="Directory_ExpiredPageToken") from error


def _next_link(request: GraphRequest, after: int, *, blank: bool) -> str:
    token = base64.urlsafe_b64encode(json.dumps([after, int(blank)]).encode()).decode()
    options = {f"${name}": value for name, value in request.query.items() if name != "skiptoken"}
    return f"{request.base_url}{request.path}?{urlencode({**options, '$skiptoken': token}, safe='$')}"


def convert_rows(to_body: Callable[[Json], Any], rows: Iterable[tuple[int, Json]]) -> list[tuple[int, Json]]:
    """Convert the documents of numbered rows to response bodies."""
    return [(number, to_body(document)) for number, document in rows]


def context_annotation(request: GraphRequest, name: str) -> Json:
    return {"@odata.context": f"{request.base_url}/$metadata#{name}"}


def entity_response(request: GraphRequest, name: str, document: Json, default: tuple[str, ...] = ()) -> GraphResponse:
    refuse_unsupported_options(request, plain=True)
    return GraphResponse(
        200, context_annotation(request, f"{name}/$entity") | select_properties(request, document, default)
    )


@dataclass(frozen=True, slots=True)
class CollectionType:
    """A collection of documents: kind, name in the metadata, filterable columns, default and sortable properties."""

    kind: str
    name: str
    columns: Mapping[str, FilterColumn]
    default: tuple[str, ...] = ()
    sortable: tuple[str, ...] = ("displayName",)


def collection_response(
    tenant: Tenant, request: GraphRequest, collection: CollectionType, to_body: Callable[[Json], Json] = dict
) -> GraphResponse:
    """Return a page of documents of one kind, without hidden ones; the first page counts as a read of the list."""
    where = (
        filter_condition(tenant, request, collection.columns) & search_condition(request, collection.columns) & VISIBLE
    )
    order = order_clause(request, collection.columns, collection.sortable)
    listing = PagedRows(
        collection.name,
        lambda after, limit: convert_rows(
            lambda document: select_properties(request, to_body(document), collection.default),
            tenant.documents.find(collection.kind, where, after=after, limit=limit, order=order),
        ),
        lambda: len(tenant.documents.find(collection.kind, where)),
        sortable=True,
    )
    response = page_response(tenant, request, listing)
    if is_first_page(request):
        tenant.count_list_read(collection.kind)
    return response


def writable_properties(document: Json) -> Json:
    """Return a request body without `@odata` annotations and without an id, which cannot be written."""
    return {key: value for key, value in document.items() if "@odata." not in key and key != "id"}
