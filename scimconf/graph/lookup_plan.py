"""How principals are read with the fewest requests: a table of costs and a pure choice.

One request is one HTTP exchange: a batch counts once, since its steps run in Graph. Pages cost a request each and follow one
another, and the size of the directory must be asked for first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from scimconf.graph.protocol.batches import BATCH_SIZE

PAGE_SIZE = 999
"""Maximum objects of a page of users or groups (Graph: paging)."""
IDS_SIZE = 1000
"""Maximum ids in one `directoryObjects/getByIds` (Graph reference)."""
VALUES_A_FILTER = 15
"""Maximum values in one `in (…)` of a filter (Graph: `$filter`)."""


class Method(StrEnum):
    """How objects are read: with a filter, with filters in batches, by id, or as all pages of the collection."""

    FILTER = "filter"
    FILTERS_IN_BATCHES = "filters in batches"
    BY_IDS = "getByIds"
    PAGES = "pages"


By = Literal["id", "property"]
"""Whether only the default properties of objects with known ids are read, or whatever a filter finds."""


def _requests(number: int, size: int) -> int:
    return -(-number // size)


COSTS: Mapping[Method, Callable[[int, int], int]] = MappingProxyType(
    {
        Method.FILTER: lambda number, _total: _requests(number, VALUES_A_FILTER),
        Method.BY_IDS: lambda number, _total: _requests(number, IDS_SIZE),
        Method.FILTERS_IN_BATCHES: lambda number, _total: _requests(number, VALUES_A_FILTER * BATCH_SIZE),
        Method.PAGES: lambda _number, total: _requests(total, PAGE_SIZE) + 1,
    }
)
"""The requests of each method for a number of objects in a collection of `total`. The first of equals is chosen."""
METHODS: Mapping[By, frozenset[Method]] = MappingProxyType(
    {
        "id": frozenset({Method.BY_IDS}),
        "property": frozenset({Method.FILTER, Method.FILTERS_IN_BATCHES, Method.PAGES}),
    }
)
"""The methods that find objects by what is known of them. A key, as in `/users/{name}`, is a filter with one value."""


def requests_of(method: Method, number: int, total: int) -> int:
    """Return how many requests a method sends for `number` of `total` objects."""
    return COSTS[method](number, total)


def cheapest(by: By, number: int, total: int | None = None) -> Method:
    """Return the method with the fewest requests for `number` of `total` objects; without `total` none that needs it."""
    methods = [method for method in COSTS if method in METHODS[by] and (total is not None or method != Method.PAGES)]
    return min(methods, key=lambda method: requests_of(method, number, total or 0))


def needs_total(by: By, number: int) -> bool:
    """Return whether pages may be cheapest, so that the size of the collection is worth a request: at least `number`."""
    return cheapest(by, number, number) == Method.PAGES
