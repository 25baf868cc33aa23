"""Each principal is looked up once, whatever the order in which documents and pages arrive."""

from __future__ import annotations

import asyncio
import json
from random import Random

import httpx
import pytest
from tenant_fixture import Rehearsal

from scimconf.graph.lookup_plan import IDS_SIZE, PAGE_SIZE

USERS = 2_100
PAGES, ID_REQUESTS, OTHERS = -(-USERS // PAGE_SIZE), -(-USERS // IDS_SIZE), 12
TURNS = 400
"""Turns of the event loop that a late response waits: longer than everything else takes."""
SELDOM_LATE = ("organization", "servicePrincipals", "applications", "jobs")
LATE = [
    *("templates", "schema", "appRoleAssignedTo", "getByIds"),
    *(pytest.param(path, marks=pytest.mark.slow) for path in SELDOM_LATE),
]
SPEC = """
version: 1
name: large
tenant: contoso.com
application: {display_name: Large}
provisioning: {enabled: false}
assignments: {unlisted: delete, users_from: [people.csv]}
"""


class Recording(httpx.AsyncBaseTransport):
    """Records the responses of a tenant and answers with them later, each after a number of turns of the event loop."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.responses: dict[str, bytes] = {}
        self.objects: dict[str, object] = {}
        self.requests: list[tuple[str, list[str]]] = []
        self.events: list[str] = []
        self.delay = lambda _path: 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rpartition("/")[2]
        ids = json.loads(request.content)["ids"] if path == "getByIds" else []
        self.requests.append((path, ids))
        self.events.append(f"{path} sent")
        for _ in range(self.delay(path)):
            await asyncio.sleep(0)
        self.events.append(f"{path} answered")
        if not ids and str(request.url) in self.responses:
            return httpx.Response(200, content=self.responses[str(request.url)])
        if ids and ids[0] in self.objects:
            return httpx.Response(200, json={"value": [self.objects[id_] for id_ in ids if id_ in self.objects]})
        response = await self.inner.handle_async_request(request)
        content = await response.aread()
        self.responses[str(request.url)] = content
        self.objects |= {row["id"]: row for row in json.loads(content)["value"]} if ids else {}
        return httpx.Response(200, content=content)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return a function that plans USERS unchanged assignments and returns the plan and the requests."""
    folder = tmp_path_factory.mktemp("large")
    large = {"displayName": "Large", "template": "Custom", "roles": [{"value": "r"}], "jobs": [{"template": "scim"}]}
    generate = {"users": USERS, "assign": {"application": "Large", "role": "r"}}
    tenant = Rehearsal({"base": "empty", "applications": [large], "generate": generate})
    tenant.wire = recording = Recording(tenant.wire)
    names = [f"user{number:05}@contoso.com,r" for number in range(1, USERS + 1)]
    (folder / "people.csv").write_text("\n".join(["user,role", *names]), "utf-8")
    (folder / "scimconf.yaml").write_text(SPEC, "utf-8")
    loaded = tenant.load(folder / "scimconf.yaml")

    def run(delay):
        recording.requests, recording.events, recording.delay = [], [], delay
        return tenant.plan(loaded).plan, recording.requests

    run(lambda _path: 0)
    run.recording = recording
    return run


def check(plan, requests):
    paths = [path for path, _ in requests]
    assert (plan.changes, plan.warnings, len(plan.unmanaged)) == ((), (), 0)
    assert (paths.count("appRoleAssignedTo"), paths.count("getByIds")) == (PAGES, ID_REQUESTS)
    asked = [id_ for _, ids in requests for id_ in ids]
    assert len(asked) == len(set(asked)) == USERS
    assert not {"users", "groups", "$batch"} & set(paths)
    assert len(requests) <= PAGES + ID_REQUESTS + OTHERS


@pytest.mark.parametrize("late", LATE)
def test_no_lookup_is_sent_twice_if_a_document_is_late(planned, late):
    check(*planned(lambda path: TURNS if path == late else 0))


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 20))])
def test_no_lookup_is_sent_twice_in_a_random_order_of_arrival(planned, seed):
    random = Random(seed)
    check(*planned(lambda _path: random.randrange(TURNS)))


def test_principals_are_looked_up_while_pages_are_read(planned):
    """The first request for names is sent, and answered, before the last page arrives."""
    planned(lambda path: TURNS if path == "appRoleAssignedTo" else 0)
    events = planned.recording.events
    last_page = max(index for index, event in enumerate(events) if event == "appRoleAssignedTo answered")
    assert events.index("getByIds answered") < last_page
