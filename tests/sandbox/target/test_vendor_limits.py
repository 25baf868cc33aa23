"""The limits of a vendor in front of a target: which values it refuses, and what a disabled user is to it."""

from __future__ import annotations

import asyncio
import itertools
import json
from functools import cache

import pytest

from scimconf.sandbox.target.messages import TargetRequest
from scimconf.sandbox.target.running import target_handler
from scimconf.sandbox.target.scim2 import ScimPeer

from .scim_client import ENTERPRISE, PATCH, group_body, user_body

HEADERS = {"authorization": "Bearer t", "content-type": "application/scim+json"}
URN = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"


@cache
def peer():
    """Return the server of all tests, which takes long to make; each test creates users of its own."""
    return ScimPeer("t", tolerant=True)


class Vendor:
    """A target with limits, without a socket."""

    def __init__(self, **limits):
        self._handler = target_handler("tolerant", peer(), limits)

    def send(self, method, path, body=None, **query):
        content = b"" if body is None else json.dumps(body).encode()
        request = TargetRequest(method, path, query, HEADERS, content, "http://127.0.0.1/v2")
        response = asyncio.run(self._handler(request))
        return response.status, response.body

    def create(self, **more):
        status, body = self.send("POST", "/Users", user_body(**more))
        assert status == 201, body
        return body["id"]

    def patch(self, key, *operations):
        return self.send("PATCH", f"/Users/{key}", {"schemas": [PATCH], "Operations": list(operations)})


def refused(limit, **more):
    """Return the text with which a creation is refused, empty if it is not."""
    vendor = Vendor(users={"limits": [limit]})
    status, body = vendor.send("POST", "/Users", user_body("ada", **more))
    if status == 201:
        vendor.send("DELETE", f"/Users/{body['id']}")
    return body["detail"] if status == 400 and body["scimType"] == "invalidValue" else str(status)


@pytest.mark.parametrize(
    ("limit", "more", "answer"),
    [
        ({"attribute": "userName", "max_length": 3}, {}, "201"),
        ({"attribute": "userName", "max_length": 2}, {}, "userName has 3 characters; at most 2 are allowed"),
        ({"attribute": "title", "pattern": "[A-Z]+"}, {"title": "boss"}, "title has a form that is not allowed"),
        ({"attribute": "title", "pattern": "[a-z]+"}, {"title": "boss"}, "201"),
        ({"attribute": "title", "forbidden_characters": "<>"}, {"title": "a>"}, "title contains '>', which is not allowed"),
        ({"attribute": "title", "required": True}, {}, "title is required"),
        ({"attribute": "title", "required": True}, {"title": ""}, "title is required"),
        ({"attribute": "title", "required": True}, {"title": "boss"}, "201"),
        ({"attribute": "name.familyName", "max_length": 2}, {"name": {"familyName": "Abc"}}, "name.familyName has 3 characters; at most 2 are allowed"),
        ({"attribute": 'emails[type eq "work"].value', "max_length": 2}, {}, 'emails[type eq "work"].value has 3 characters; at most 2 are allowed'),
        ({"attribute": 'emails[type eq "home"].value', "max_length": 2}, {}, "201"),
        ({"attribute": f"{ENTERPRISE}:department", "max_length": 2}, {ENTERPRISE: {"department": "IT1"}}, f"{ENTERPRISE}:department has 3 characters; at most 2 are allowed"),
        ({"attribute": "displayName", "unique": True}, {}, "201"),
    ],
)  # fmt: skip
def test_creation_is_refused_with_a_value_that_the_vendor_does_not_take(limit, more, answer):
    assert refused(limit, **more) == answer


def test_attribute_that_the_vendor_does_not_support_is_refused():
    vendor = Vendor(users={"refused": ["title"]})
    assert vendor.send("POST", "/Users", user_body(title="x"))[0] == 400
    key = vendor.create()
    assert vendor.patch(key, {"op": "Add", "path": "title", "value": "x"})[0] == 400
    assert vendor.patch(key, {"op": "Remove", "path": "title"})[0] < 300


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"op": "Replace", "path": "title", "value": "long"}, 400),
        ({"op": "Replace", "path": "title", "value": "abc"}, 200),
        ({"op": "replace", "value": {"title": "long"}}, 400),
        ({"op": "replace", "value": {"displayName": "long"}}, 200),
        ({"op": "replace", "value": {"name.familyName": "long"}}, 400),
        ({"op": "replace", "path": "name", "value": {"familyName": "long"}}, 400),
    ],
)
def test_change_is_refused_with_a_value_that_the_vendor_does_not_take(operation, status):
    limits = [{"attribute": name, "max_length": 3} for name in ("title", "name.familyName")]
    vendor = Vendor(users={"limits": limits})
    assert vendor.patch(vendor.create(), operation)[0] in (status, 204 if status == 200 else status)


def test_unique_value_is_refused_for_another_user_and_not_for_the_same():
    vendor = Vendor(
        users={"limits": [{"attribute": "displayName", "unique": True}, {"attribute": "userName", "unique": True}]}
    )
    first, second = vendor.create(displayName="Ada"), vendor.create(displayName="Grace")
    replace = {"op": "Replace", "path": "displayName", "value": "Ada"}
    assert vendor.patch(first, replace)[0] < 300
    assert vendor.patch(second, replace)[1]["detail"] == "displayName is taken"


@pytest.mark.parametrize(("disabling", "status"), [("deletes", 404), ("disables", 200), (None, 200)])
@pytest.mark.parametrize("value", [False, "False"])
def test_disabled_user_is_deleted_if_the_vendor_deletes(disabling, status, value):
    vendor = Vendor(users={"disabling": disabling})
    key = vendor.create()
    assert vendor.patch(key, {"op": "Replace", "path": "active", "value": value})[0] < 300
    assert vendor.send("GET", f"/Users/{key}")[0] == status


@pytest.mark.parametrize(
    ("support", "statuses"),
    [("none", [404, 200, 404, 404]), ("update_only", [403, 200, 404, 403]), ("full", [201, 200, 404, 404])],
)
def test_groups_are_refused_as_far_as_the_vendor_does_not_take_them(support, statuses):
    vendor = Vendor(groups={"support": support})
    change = {"schemas": [PATCH], "Operations": [{"op": "Replace", "path": "displayName", "value": "x"}]}
    requests = [
        ("POST", "/Groups", group_body()),
        ("GET", "/Groups", None),
        ("PATCH", "/Groups/1", change),
        ("DELETE", "/Groups/1", None),
    ]
    assert [vendor.send(*request)[0] for request in requests] == statuses


BODIES = [
    None,
    [],
    "x",
    {"Operations": [None, {}, {"op": "add", "path": 5}]},
    {"emails": ["x", {}]},
    {"name": "x", "emails": {}},
]


@pytest.mark.parametrize(("method", "body"), list(itertools.product(["POST", "PUT", "PATCH"], BODIES)))
def test_odd_bodies_get_a_response(method, body):
    limits = [
        {"attribute": name, "max_length": 1, "unique": True}
        for name in ("name.familyName", 'emails[type eq "x"].value', f"{URN}:a")
    ]
    vendor = Vendor(users={"limits": limits, "refused": ["title"], "disabling": "deletes"})
    assert vendor.send(method, "/Users/1" if method != "POST" else "/Users", body)[0] >= 400 or method == "POST"
