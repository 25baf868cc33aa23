"""Requests that no client should send, to every kind of target: a response, never an exception.

Each kind gets a part of them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from scimconf.sandbox.target.catalogue import FAULTS
from scimconf.sandbox.target.messages import TargetRequest
from scimconf.sandbox.target.running import target_handler
from scimconf.sandbox.target.scim2 import ScimPeer

from .scim_client import CORE, ENTERPRISE, GROUP, WRITER

KINDS = ["strict", "tolerant", *(f"faulty:{fault.id}" for fault in FAULTS)]
VALUES: list[Any] = [
    None,
    True,
    5,
    "",
    "x",
    [],
    {},
    [None],
    ["x"],
    [{}],
    [{"value": None}],
    {"value": 5},
    {"x": {"y": []}},
]
PATHS = [
    "",
    "active",
    "members",
    'members[value eq "x"]',
    'emails[type eq "work"].value',
    "emails[primary eq true].value",
]
PATHS += [
    "roles",
    "manager",
    "manager[",
    f"{ENTERPRISE}:manager",
    f"{WRITER}:role",
    f"{WRITER}:a[b eq 1].c",
    "urn:",
    "[",
    ":",
]
FILTERS = [
    "",
    "x",
    "userName",
    'userName eq "',
    'userName eq "x"',
    "manager eq 5",
    'externalId eq "x" or',
    "[",
    "a eq b" * 99,
]
PREFIX = {"authorization": "Bearer t", "content-type": "application/scim+json"}


def bodies() -> list[Any]:
    """Return bodies of a PATCH with each path and value, then those of other forms."""
    pairs = itertools.product(PATHS, VALUES, ("add", "Remove", 5))
    patches: list[Any] = [{"Operations": [{"op": op, "path": path, "value": value}]} for path, value, op in pairs]
    patches += [{"Operations": value} for value in VALUES]
    patches += [{"Operations": [{"op": "replace", "value": {name: value}}]} for name in PATHS for value in VALUES]
    return [*patches, *VALUES]


def requests(user: str, group: str) -> list[TargetRequest]:
    attributes = [
        "userName",
        "active",
        "emails",
        "roles",
        "members",
        "manager",
        ENTERPRISE,
        WRITER,
        "schemas",
        "addresses",
    ]
    created = [
        {"schemas": [CORE], "userName": f"{name}{number}", name: value}
        for name in attributes
        for number, value in enumerate(VALUES)
    ]
    messages = [("PATCH", f"/Users/{user}", body) for body in bodies()] + [
        ("PATCH", f"/Groups/{group}", body) for body in bodies()
    ]
    messages += [("POST", "/Users", body) for body in created]
    messages += [("POST", "/Groups", {**body, "schemas": [GROUP], "displayName": "x"}) for body in created]
    messages += [
        ("PUT", path, None) for path in ("", "/", "//", "/Users", "/%ff", "/Users/a/b", "/.search", "/Bulk", "/Me")
    ]
    result = [
        TargetRequest(method, path, {}, PREFIX, json.dumps(body).encode(), "http://x/v2")
        for method, path, body in messages
    ]
    queries = [{"filter": text} for text in FILTERS] + [
        {"excludedAttributes": "members,x"},
        {"count": "x"},
        {"startIndex": "-1"},
    ]
    paths = ("/Users", "/Groups", "/Schemas", f"/Groups/{group}")
    return [
        *result,
        *(TargetRequest("GET", path, query, PREFIX, b"", "http://x/v2") for query in queries for path in paths),
    ]


async def statuses(kind: str) -> set[int]:
    peer = ScimPeer("t", tolerant=kind != "strict")

    async def create(path: str, body: Any) -> str:
        request = TargetRequest("POST", path, {}, PREFIX, json.dumps(body).encode(), "http://x/v2")
        return str((await peer.respond(request)).body["id"])

    user = await create("/Users", {"schemas": [CORE], "userName": "ada"})
    group = await create(
        "/Groups", {"schemas": [GROUP], "displayName": "Sales", "members": [{"value": user}, {"display": "x"}]}
    )
    handler = target_handler(kind, peer)
    step = 23 if kind == "tolerant" else 83
    return {(await handler(request)).status for request in requests(user, group)[KINDS.index(kind) % step :: step]}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_request_gets_a_response(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scimconf.sandbox.target.faults.common.OVERLAP_SECONDS", 0)
    expected = {"faulty:B15": {500}, "faulty:B49": {500}}.get(kind, set())
    assert {status for status in asyncio.run(statuses(kind)) if status >= 500} <= expected | {501}
