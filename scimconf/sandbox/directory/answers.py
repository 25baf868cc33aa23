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

from scimconf.sandbox.directory.filters import Column, filter_of
from scimconf.sandbox.directory.options import order_of, refuse_others, search_of
from scimconf.sandbox.tenant import VISIBLE, Tenant
from scimconf.sandbox.wire import Answer, Call, Json, bad_request, unsupported_query

MAX_TOP = 999


def select(call: Call, row: Json, default: Sequence[str] = ()) -> Json:
    """The asked-for properties of a document, null where it has none; without `$select` the default ones, or all."""
    asked = call.query.get("select")
    names: Sequence[str] = [name.strip() for name in asked.split(",")] if asked else default
    if not names:
        return row
    kept = {name: row.get(name) for name in names if name}
    return {key: value for key, value in row.items() if key.startswith("@odata.")} | kept


# A source of rows: so many after a number, each with its own number.
Rows = Callable[[int, int], Sequence[tuple[int, Json]]]


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection to be answered: its name in the metadata, its rows, how many there are, whether it can be sorted."""

    context: str
    rows: Rows
    count: Callable[[], int]
    sorts: bool = False


def page(tenant: Tenant, call: Call, listing: Listing) -> Answer:
    """One page of a collection, with an absolute link to the next one where there is more."""
    refuse_others(call, plain=not listing.sorts)
    size = _size(tenant, call)
    after, blank = _position(call)
    body: Json = {"@odata.context": f"{call.base_url}/$metadata#{listing.context}"}
    if _counts(tenant, call) and not after:
        body["@odata.count"] = listing.count()
    found = [] if blank else listing.rows(after, size + 1)
    last = after if blank else (found[size - 1][0] if len(found) > size else 0)
    if last:
        empty_next = not blank and tenant.switches.empty_pages == "yes"
        body["@odata.nextLink"] = _next_link(call, last, blank=empty_next)
    body["value"] = [row for _, row in found[:size]]
    return Answer(200, body)


def _counts(tenant: Tenant, call: Call) -> bool:
    asked = call.query.get("count", "").lower() == "true"
    if asked and not call.advanced and tenant.switches.count_without_header == "refused":
        raise unsupported_query("$count is not supported because the required parameters are not set.")
    return asked and call.advanced


def is_first_page(call: Call) -> bool:
    return "skiptoken" not in call.query


def _size(tenant: Tenant, call: Call) -> int:
    text = call.query.get("top")
    if text is None:
        return max(1, tenant.switches.page_size)
    if not text.isdecimal() or int(text) < 1:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {MAX_TOP} inclusive.")
    if int(text) > MAX_TOP and tenant.switches.large_top == "refused":
        raise unsupported_query(f"Invalid page size specified: '{text}'. Must be between 1 and {MAX_TOP} inclusive.")
    return min(int(text), MAX_TOP)


def _position(call: Call) -> tuple[int, bool]:
    token = call.query.get("skiptoken")
    if token is None:
        return 0, False
    try:
        after, blank = json.loads(base64.urlsafe_b64decode(token.encode()))
        return int(after), bool(blank)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_request("The specified skip token is not valid.", code="Directory_ExpiredPageToken") from error


def _next_link(call: Call, after: int, *, blank: bool) -> str:
    token = base64.urlsafe_b64encode(json.dumps([after, int(blank)]).encode()).decode()
    kept = {f"${name}": value for name, value in call.query.items() if name != "skiptoken"}
    return f"{call.base_url}{call.path}?{urlencode({**kept, '$skiptoken': token}, safe='$')}"


def rows_of(shape: Callable[[Json], Any], found: Iterable[tuple[int, Json]]) -> list[tuple[int, Json]]:
    return [(number, shape(document)) for number, document in found]


def context(call: Call, name: str) -> Json:
    return {"@odata.context": f"{call.base_url}/$metadata#{name}"}


def entity(call: Call, name: str, document: Json, default: tuple[str, ...] = ()) -> Answer:
    refuse_others(call, plain=True)
    return Answer(200, context(call, f"{name}/$entity") | select(call, document, default))


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection of documents: their kind, its name in the metadata, what it filters by and shows unasked."""

    kind: str
    name: str
    columns: Mapping[str, Column]
    default: tuple[str, ...] = ()
    sortable: tuple[str, ...] = ("displayName",)


def collection(tenant: Tenant, call: Call, of: Collection, shape: Callable[[Json], Json] = dict) -> Answer:
    """A page of documents of one kind; what has not arrived yet is missing, and comes one read nearer."""
    where = filter_of(tenant, call, of.columns) & search_of(call, of.columns) & VISIBLE
    order = order_of(call, of.columns, of.sortable)
    listing = Listing(
        of.name,
        lambda after, limit: rows_of(
            lambda document: select(call, shape(document), of.default),
            tenant.documents.find(of.kind, where, after=after, limit=limit, order=order),
        ),
        lambda: len(tenant.documents.find(of.kind, where)),
        sorts=True,
    )
    answer = page(tenant, call, listing)
    if is_first_page(call):
        tenant.listed(of.kind)
    return answer


def without_annotations(document: Json) -> Json:
    """A body as it is stored: neither `@odata` annotations nor an id that the caller repeats."""
    return {key: value for key, value in document.items() if "@odata." not in key and key != "id"}
