"""How many requests each way to read principals takes, and which one is chosen, as a table."""

import json

import httpx
import pytest

from scimconf.graph.lookup_plan import Method, cheapest, needs_total, requests_of
from scimconf.graph.principals import find_principals
from scimconf.snapshot import Lookup, Principal


@pytest.mark.parametrize(
    ("number", "total", "requests", "method"),
    [
        (1, 100_000, 1, Method.FILTER),
        (15, 100_000, 1, Method.FILTER),
        (16, 100_000, 1, Method.FILTERS_IN_BATCHES),
        (300, 300, 1, Method.FILTERS_IN_BATCHES),
        (301, 301, 2, Method.FILTERS_IN_BATCHES),
        (600, 600, 2, Method.FILTERS_IN_BATCHES),
        (601, 601, 2, Method.PAGES),
        (601, 999, 2, Method.PAGES),
        (601, 1_000, 3, Method.FILTERS_IN_BATCHES),
        (1_000, 100_000, 4, Method.FILTERS_IN_BATCHES),
        (30_000, 100_000, 100, Method.FILTERS_IN_BATCHES),
        (31_000, 100_000, 102, Method.PAGES),
        (100_000, 100_000, 102, Method.PAGES),
        (100_000, 1_000_000, 334, Method.FILTERS_IN_BATCHES),
        (100_000, None, 334, Method.FILTERS_IN_BATCHES),
    ],
)
def test_objects_are_found_by_a_property_with_the_fewest_requests(number, total, requests, method):
    assert cheapest("property", number, total) == method
    assert requests_of(method, number, total or 0) == requests


@pytest.mark.parametrize(("number", "requests"), [(1, 1), (1_000, 1), (1_001, 2), (100_000, 100)])
def test_objects_with_known_ids_are_read_by_their_ids(number, requests):
    assert cheapest("id", number, 1) == Method.BY_IDS
    assert requests_of(Method.BY_IDS, number, 1) == requests


@pytest.mark.parametrize(("number", "expected"), [(1, False), (600, False), (601, True), (100_000, True)])
def test_the_size_of_the_directory_is_read_if_pages_may_be_cheapest(number, expected):
    assert needs_total("property", number) is expected
    assert needs_total("id", number) is False


def directory(size, *, counted=True):
    """Return a handler that answers as a directory of this many users, whose first page is all of them."""

    def handler(request):
        if "count" in str(request.url.query):
            return httpx.Response(200, json={"@odata.count": size, "value": []} if counted else {"value": []})
        if request.url.path.endswith("$batch"):
            steps = json.loads(request.content)["requests"]
            return httpx.Response(
                200, json={"responses": [{"id": step["id"], "status": 200, "body": {"value": []}} for step in steps]}
            )
        users = [{"id": f"ID{number}", "userPrincipalName": f"U{number}@x.y"} for number in range(size)]
        return httpx.Response(200, json={"value": users})

    return handler


def find(fake, number):
    lookups = [Lookup("user", f"u{index}@x.y") for index in range(number)]
    results = fake.run(lambda graph: find_principals(graph, lookups))
    return results.principals, [request.url.path.rpartition("/")[2] for request in fake.requests]


def test_many_users_are_found_by_reading_all(fake):
    fake.answers(directory(700))
    principals, paths = find(fake, 701)
    assert paths == ["users", "users"]
    assert len(principals) == 701
    assert principals[Lookup("user", "u1@x.y")] == (Principal("id1", "user", "U1@x.y"),)
    assert principals[Lookup("user", "u700@x.y")] == ()


@pytest.mark.parametrize("counted", [True, False])
def test_many_users_of_a_large_or_uncounted_directory_are_found_by_filters(fake, counted):
    fake.answers(directory(100_000, counted=counted))
    principals, paths = find(fake, 700)
    assert paths == ["users", "$batch", "$batch", "$batch"]
    assert set(principals.values()) == {()}


def test_few_users_are_found_without_counting_all(fake):
    fake.answers(directory(20))
    principals, paths = find(fake, 15)
    assert (len(principals), paths) == (15, ["users"])
