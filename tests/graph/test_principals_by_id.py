"""Principals by id: getByIds where it is allowed, else the collections of users and groups."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from scimconf.diagnostics import GraphError
from scimconf.graph.principals import find_principals
from scimconf.snapshot import BY_ID, Lookup, Principal

ADA, EDITORS, GONE = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000B", "no"
IDS = (ADA, EDITORS, GONE)
ROWS = {
    "/users": {"id": ADA, "userPrincipalName": "ada@contoso.com", "displayName": "Ada"},
    "/groups": {"id": EDITORS, "displayName": "Editors", "securityEnabled": True},
}
PRINCIPALS = {
    "/users": (Principal(ADA, "user", "ada@contoso.com", "Ada"),),
    "/groups": (Principal(EDITORS.lower(), "group", "Editors", "Editors"),),
}
FORBIDDEN = {"error": {"code": "Authorization_RequestDenied", "message": "no"}}
LIMITED = [
    {"@odata.type": "#microsoft.graph.user", "id": ADA},
    {"@odata.type": "#microsoft.graph.group", "id": EDITORS},
]


def directory(by_ids, denied=(), status=403):
    """Return a Graph that answers getByIds with `by_ids`, and with `status` for the collections in `denied`."""

    def step(request):
        url = urlsplit(request["url"])
        path = "/" + url.path.rpartition("/")[2]
        if path in denied:
            return {"id": request["id"], "status": status, "body": FORBIDDEN}
        row = ROWS[path]
        is_listed = f"'{row['id'].lower()}'" in parse_qs(url.query)["$filter"][0]
        return {"id": request["id"], "status": 200, "body": {"value": [row] if is_listed else []}}

    def handler(request):
        if request.url.path.endswith("/getByIds"):
            return by_ids
        steps = json.loads(request.content)["requests"]
        return httpx.Response(200, json={"responses": [step(one) for one in steps]})

    return handler


def look_up(fake, handler):
    fake.answers(handler)
    return fake.run(lambda graph: find_principals(graph, [Lookup("id", id_.lower()) for id_ in IDS]))


@pytest.mark.parametrize(
    "by_ids",
    [
        pytest.param(httpx.Response(403, json=FORBIDDEN), id="denied"),
        pytest.param(httpx.Response(200, json={"value": LIMITED}), id="without properties"),
    ],
)
@pytest.mark.parametrize("denied", [(), ("/users",), ("/groups",), ("/users", "/groups")], ids=str)
def test_ids_are_read_from_the_collections(fake, by_ids, denied):
    results = look_up(fake, directory(by_ids, denied))
    readable = [path for path in ROWS if path not in denied]
    matches = [row for row in results.principals.values() if row]
    assert matches == [PRINCIPALS[path] for path in readable]
    assert {name: read.path for name, read in results.denied.items()} == {BY_ID[path[1:-1]]: path for path in denied}


def test_ids_that_are_returned_with_a_name_are_not_read_again(fake):
    rows = [{"@odata.type": f"#microsoft.graph.{path[1:-1]}", **row} for path, row in ROWS.items()]
    results = look_up(fake, directory(httpx.Response(200, json={"value": rows})))
    assert [row for row in results.principals.values() if row] == list(PRINCIPALS.values())
    assert len(fake.requests) == 1


def test_a_collection_that_fails_otherwise_is_an_error(fake):
    with pytest.raises(GraphError) as caught:
        look_up(fake, directory(httpx.Response(403, json=FORBIDDEN), ("/groups",), 400))
    assert caught.value.status == 400
