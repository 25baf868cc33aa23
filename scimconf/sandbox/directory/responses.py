"""Entities and collections as the directory answers them: `$select`, `$top`, `$count` and pages.

What the directory does not take is refused, and what only the sandbox does not know is a loud 501.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from scimconf.sandbox.directory.filters import FilterColumn, filter_condition
from scimconf.sandbox.directory.query_options import order_clause, refuse_unsupported_options, search_condition
from scimconf.sandbox.http_types import GraphRequest, GraphResponse, Json, bad_request, unsupported_query
from scimconf.sandbox.tenant import VISIBLE, Tenant

MAX_TOP = 999


def select(request: GraphRequest, row: Json, default: Sequence[str] = ()) -> Json:
    """The asked-for properties of a document, null where it has none; without `$select` the default ones, or all."""
    asked = request.query.get("select")
    names: Sequence[str] = [name.strip() for name in asked.split(",")] if asked else default
    if not names:
        return row
    kept = {name: row.get(name) for name in names if name}
    return {key: value for key, value in row.items() if key.startswith("@odata.")} | kept


# A source of rows: so many after a number, each with its own number.
Rows = Callable[[int, int], Sequence[tuple[int, Json]]]


@dataclass(frozen=True, slots=True)
class PagedRows:
    """A collection to be answered: its name in the metadata, its rows, how many there are, whether it can be sorted."""

    context_annotation: str
    rows: Rows
    count: Callable[[], int]
    sorts: bool = False


def page(tenant: Tenant, request: GraphRequest, listing: PagedRows) -> GraphResponse:
    """One page of a collection, with an absolute link to the next one where there is more."""
    refuse_unsupported_options(request, plain=not listing.sorts)
    size = _size(tenant, request)
    after, blank = _position(request)
    body: Json = {"@odata.context": f"{request.base_url}/$metadata#{listing.context_annotation}"}
    if _counts(tenant, request) and not after:
        body["@odata.count"] = listing.count()
    found = [] if blank else listing.rows(after, size + 1)
    last = after if blank else (found[size - 1][0] if len(found) > size else 0)
    if last:
        empty_next = not blank and tenant.switches.empty_pages == "yes"
        body["@odata.nextLink"] = _next_link(request, last, blank=empty_next)
    body["value"] = [row for _, row in found[:size]]
    return GraphResponse(200, body)


def _counts(tenant: Tenant, request: GraphRequest) -> bool:
    asked = request.query.get("count", "").lower() == "true"
    if asked and not request.is_advanced and tenant.switches.count_without_header == "refused":
        raise unsupported_query("$count is not supported because the required parameters are not set.")
    return asked and request.is_advanced


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
    kept = {f"${name}": value for name, value in request.query.items() if name != "skiptoken"}
    return f"{request.base_url}{request.path}?{urlencode({**kept, '$skiptoken': token}, safe='$')}"


def convert_rows(shape: Callable[[Json], Any], found: Iterable[tuple[int, Json]]) -> list[tuple[int, Json]]:
    return [(number, shape(document)) for number, document in found]


def context_annotation(request: GraphRequest, name: str) -> Json:
    return {"@odata.context": f"{request.base_url}/$metadata#{name}"}


def entity_response(request: GraphRequest, name: str, document: Json, default: tuple[str, ...] = ()) -> GraphResponse:
    refuse_unsupported_options(request, plain=True)
    return GraphResponse(200, context_annotation(request, f"{name}/$entity") | select(request, document, default))


@dataclass(frozen=True, slots=True)
class CollectionType:
    """A collection of documents: their kind, its name in the metadata, what it filters by and shows unasked."""

    kind: str
    name: str
    columns: Mapping[str, FilterColumn]
    default: tuple[str, ...] = ()
    sortable: tuple[str, ...] = ("displayName",)


def collection_response(
    tenant: Tenant, request: GraphRequest, of: CollectionType, shape: Callable[[Json], Json] = dict
) -> GraphResponse:
    """A page of documents of one kind; what has not arrived yet is missing, and comes one read nearer."""
    where = filter_condition(tenant, request, of.columns) & search_condition(request, of.columns) & VISIBLE
    order = order_clause(request, of.columns, of.sortable)
    listing = PagedRows(
        of.name,
        lambda after, limit: convert_rows(
            lambda document: select(request, shape(document), of.default),
            tenant.documents.find(of.kind, where, after=after, limit=limit, order=order),
        ),
        lambda: len(tenant.documents.find(of.kind, where)),
        sorts=True,
    )
    answer = page(tenant, request, listing)
    if is_first_page(request):
        tenant.count_list_read(of.kind)
    return answer


def without_annotations(document: Json) -> Json:
    """A body as it is stored: neither `@odata` annotations nor an id that the caller repeats."""
    return {key: value for key, value in document.items() if "@odata." not in key and key != "id"}
