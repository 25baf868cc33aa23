"""Collections: pages, their guards, slim rows, and getByIds."""

import asyncio
import json

import httpx
import pytest

from scimconf.diagnostics import GraphError
from scimconf.documents.assignments import AssignmentRow
from scimconf.graph.client import Request
from scimconf.graph.lookup_plan import IDS_SIZE
from scimconf.graph.protocol.pages import MAX_PAGES, Pages
from scimconf.graph.protocol.request import Reply

PATH = "/servicePrincipals/{service_principal}/appRoleAssignedTo"
COLLECTION = "/servicePrincipals/1/appRoleAssignedTo"


def page(rows, link=None):
    body = {"@odata.context": "…", "value": rows, **({"@odata.nextLink": link} if link else {})}
    return lambda _request: httpx.Response(200, json=body)


def collect(fake, **options):
    return fake.run(lambda graph: graph.collect(PATH, {"service_principal": "1"}, **options))


def row(number):
    return {
        "id": f"aB_{number}",
        "principalId": f"ABCD-{number}",
        "principalType": "User",
        "principalDisplayName": None,
        "appRoleId": "EF",
        "resourceId": "left out",
    }


def test_collect_follows_next_links_past_an_empty_page(fake):
    second = f"{fake.base}{COLLECTION}?$skiptoken=a%2Bb%3D"
    third = f"{fake.base}{COLLECTION}?$skiptoken=c"
    fake.answers(page([{"id": 1}], second), page([], third), page([{"id": 2}]))
    assert collect(fake) == [{"id": 1}, {"id": 2}]
    assert fake.urls == [f"{fake.base}/servicePrincipals/1/appRoleAssignedTo?$top=999", second, third]


def test_collect_sends_the_page_size_of_the_query_or_none(fake):
    fake.answers(page([]))
    collect(fake, query={"$top": "5"})
    collect(fake, query={"$top": ""})
    assert [request.url.query for request in fake.requests] == [b"$top=5", b""]


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example/v1.0{COLLECTION}",
        f"https://127.0.0.1:8080/v1.0{COLLECTION}",
        f"http://127.0.0.1:8081/v1.0{COLLECTION}",
        f"http://user@127.0.0.1:8080/v1.0{COLLECTION}",
        f"http://127.0.0.1:80x/v1.0{COLLECTION}",
        f"//127.0.0.1:8080/v1.0{COLLECTION}",
        f"/v1.0{COLLECTION}",
    ],
)
def test_a_next_link_to_another_origin_is_refused(fake, link):
    fake.answers(page([], link))
    with pytest.raises(GraphError, match="next page link leads to another host") as caught:
        collect(fake)
    assert len(fake.requests) == 1
    assert caught.value.code == "unexpected response"


@pytest.mark.parametrize(
    "path",
    ["/servicePrincipals/2/appRoleAssignedTo", f"{COLLECTION}/x", "/users", "", f"{COLLECTION}%2Fx", "/../v1.0/x"],
)
def test_a_next_link_to_another_path_is_refused(fake, path):
    fake.answers(page([], f"{fake.base}{path}?$skiptoken=a"))
    with pytest.raises(GraphError, match="next page link leads to another path"):
        collect(fake)
    assert len(fake.requests) == 1


@pytest.mark.parametrize("path", [COLLECTION.upper(), COLLECTION.replace("1", "%31")])
def test_a_next_link_may_write_the_path_in_another_case_and_escaping(fake, path):
    fake.answers(page([1], f"{fake.base}{path}?$skiptoken=a"), page([2]))
    assert collect(fake) == [1, 2]


def test_the_default_port_is_not_another_host(fake):
    fake.base = "http://127.0.0.1/v1.0"
    fake.answers(page([1], f"http://127.0.0.1:80/v1.0{COLLECTION}"), page([2]))
    assert collect(fake) == [1, 2]


def test_a_repeated_next_link_is_refused(fake):
    fake.answers(page([], f"{fake.base}{COLLECTION}?$skiptoken=a"), page([], f"{fake.base}{COLLECTION}?$skiptoken=a"))
    with pytest.raises(GraphError, match="next page link repeats an earlier one"):
        collect(fake)


def test_different_next_links_without_end_are_followed_to_the_limit_only():
    requests = []

    async def fetch(_request, link):
        requests.append(link)
        assert len(requests) <= MAX_PAGES
        return Reply(
            200, content=b'{"value": [], "@odata.nextLink": "https://x/v1.0/users?$skiptoken=%d"}' % len(requests)
        )

    pages = Pages("https://x/v1.0", fetch, str)
    with pytest.raises(GraphError, match="the collection has more than 10,000 pages"):
        asyncio.run(pages.all(Request("GET", "/users"), None))
    assert len(requests) == MAX_PAGES


def test_collect_decodes_rows_with_only_their_fields_and_guids_in_lower_case(fake):
    fake.answers(page([row(1)], f"{fake.base}{COLLECTION}?$skiptoken=a"), page([row(2)]))
    rows = collect(fake, row=AssignmentRow)
    assert [one["id"] for one in rows] == ["aB_1", "aB_2"]
    assert rows[0] == {
        "id": "aB_1",
        "principalId": "abcd-1",
        "principalType": "User",
        "principalDisplayName": None,
        "appRoleId": "ef",
    }


def test_collect_reports_the_path_of_an_unexpected_row_but_no_value(fake):
    fake.answers(page([row(1), {**row(2), "principalId": 7777}]))
    with pytest.raises(GraphError, match=r"first at value\.1\.principalId") as caught:
        collect(fake, row=AssignmentRow)
    assert "7777" not in str(caught.value)


@pytest.mark.parametrize("body", [{}, {"value": {}}, []])
def test_collect_refuses_a_response_that_is_not_a_collection(fake, body):
    fake.answers(lambda _request: httpx.Response(200, json=body))
    with pytest.raises(GraphError, match="expected a collection"):
        collect(fake)


def test_collect_refuses_an_empty_response(fake):
    fake.answers(lambda _request: httpx.Response(200))
    with pytest.raises(GraphError, match="expected a collection"):
        collect(fake)
    with pytest.raises(GraphError, match="first at its start"):
        collect(fake, row=AssignmentRow)


def test_collect_retries_a_throttled_page(fake):
    fake.answers(page([1], f"{fake.base}{COLLECTION}?$skiptoken=a"), fake.error(429, retry_after="2"), page([2]))
    assert collect(fake) == [1, 2]
    assert fake.slept == [2]


def test_get_by_ids_requests_1000_ids_at_once(fake):
    def handler(request):
        body = json.loads(request.content)
        assert body["types"] == ["user", "group"]
        return httpx.Response(200, json={"value": [{"id": one} for one in body["ids"] if one != "5"]})

    fake.answers(handler)
    ids = [str(number) for number in range(2 * IDS_SIZE + 1)]
    found = fake.run(lambda graph: graph.get_by_ids(ids, ["user", "group"]))
    assert [len(body["ids"]) for body in fake.bodies] == [1000, 1000, 1]
    assert {request.url.path for request in fake.requests} == {"/v1.0/directoryObjects/getByIds"}
    assert [one["id"] for one in found] == [one for one in ids if one != "5"]


def test_get_by_ids_of_no_ids_sends_nothing(fake):
    assert fake.run(lambda graph: graph.get_by_ids([], ["user"])) == []


def test_get_by_ids_is_repeatable(fake):
    fake.answers(httpx.ReadTimeout("slow"), page([{"id": "1"}]))
    assert fake.run(lambda graph: graph.get_by_ids(["1"], ["user"])) == [{"id": "1"}]


def test_get_by_ids_raises_the_first_of_several_failures(fake):
    fake.answers(fake.error(403, "Authorization_RequestDenied"))
    ids = [str(number) for number in range(3000)]
    with pytest.raises(GraphError) as caught:
        fake.run(lambda graph: graph.get_by_ids(ids, ["user"]))
    assert "Directory.Read.All" in caught.value.hint
