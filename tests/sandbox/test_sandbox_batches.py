"""`$batch`."""

from __future__ import annotations

import pytest

from .client import NEW_GROUP


def get(key, url, **properties):
    return {"id": key, "method": "GET", "url": url} | properties


def batch(client, *requests, expect=200):
    body = client.post("/$batch", {"requests": list(requests)}, expect=expect)
    return body if expect != 200 else {response["id"]: response for response in body["responses"]}


def test_each_request_of_a_batch_has_its_own_response(contoso):
    make = {"id": "3", "method": "POST", "url": "groups", "body": NEW_GROUP}
    responses = batch(
        contoso,
        get("1", "/users?$filter=displayName eq 'Ada Lovelace'&$select=id"),
        get("2", "/users/nobody"),
        make | {"headers": {"Content-Type": "application/json"}},
        {"id": "4", "method": "DELETE", "url": "/users/ada@contoso.com"},
        get("5", "/devices"),
    )
    assert {key: response["status"] for key, response in responses.items()} == {
        "1": 200,
        "2": 404,
        "3": 201,
        "4": 204,
        "5": 501,
    }
    assert list(responses["1"]["body"]["value"][0]) == ["id"]
    assert responses["2"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert "body" not in responses["4"]


@pytest.mark.parametrize(("order", "ids"), [("shuffled", ["b", "a", "c"]), ("kept", ["a", "b", "c"])])
def test_batch_responses_are_shuffled_by_a_switch(contoso, order, ids):
    contoso.switch(batch_order=order)
    assert list(batch(contoso, *(get(key, "/users/ada@contoso.com") for key in "abc"))) == ids


def test_a_batch_request_fails_with_its_dependency(contoso):
    responses = batch(
        contoso,
        get("a", "/users/nobody"),
        get("b", "/users/ada@contoso.com", dependsOn=["A"]),
        get("c", "/users/ada@contoso.com", dependsOn=["b"]),
        get("d", "/users/ada@contoso.com"),
        get("e", "/users/ada@contoso.com", dependsOn=["D"]),
    )
    assert [responses[key]["status"] for key in "abcde"] == [404, 424, 424, 200, 200]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [get(str(n), "/users") for n in range(21)],
        [get("a", "/users"), get("A", "/users")],
        [get("a", "https://graph.microsoft.com/v1.0/users")],
        [get("a", "/users", dependsOn=["b"]), get("b", "/users")],
        [{"id": "a", "method": "GET"}],
        [{"id": "a", "method": "POST", "url": "/groups", "body": NEW_GROUP}],
        ["a"],
    ],
)
def test_an_invalid_batch_is_refused(contoso, requests):
    assert batch(contoso, *requests, expect=400)["error"]["code"] == "BadRequest"


def test_a_page_in_a_batch_links_to_a_plain_request(contoso):
    responses = batch(contoso, get("a", "/users?$top=5"))
    assert len(contoso.get(responses["a"]["body"]["@odata.nextLink"])["value"]) == 5


def test_a_batch_in_a_batch_is_not_implemented(contoso):
    inner = {"id": "a", "method": "POST", "url": "/$batch", "body": {"requests": []}}
    responses = batch(contoso, inner | {"headers": {"Content-Type": "application/json"}})
    assert responses["a"]["status"] == 501
