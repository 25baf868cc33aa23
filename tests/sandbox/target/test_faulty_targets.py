"""Each faulty target shows its fault over a socket, and a tolerant target does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from scimconf.sandbox.target.catalogue import FAULTS, NOT_OF_A_SERVER
from scimconf.sandbox.target.faults.protocol import RateLimit
from scimconf.sandbox.target.messages import TargetRequest, TargetResponse

from .scim_client import ADSCIM, ENTERPRISE, GROUP, TargetClient, new_name, user_body

MANAGER = f"{ENTERPRISE}:manager"
FAST = ("B30",)
"""The others run in the slow suite."""


def add(*users: str) -> Any:
    return {"op": "Add", "path": "members", "value": [{"value": user} for user in users]}


def replace(path: str, value: Any) -> Any:
    return {"op": "replace", "path": path, "value": value}


def group_of(client: TargetClient, *users: str) -> str:
    group = client.create_group()
    assert not users or client.patch(f"/Groups/{group}", add(*users)).is_success
    return group


def refused(response: httpx.Response, status: int = 400) -> bool:
    assert response.status_code in (200, 201, 204, status), response.text
    return response.status_code == status


def disabled(client: TargetClient) -> str:
    user = client.create_user()
    assert client.patch(f"/Users/{user}", replace("active", False)).is_success
    return user


def together(client: TargetClient, requests: list[tuple[str, str, Any]]) -> list[httpx.Response]:
    """Send requests at the same time, each in a thread of its own."""
    start = threading.Barrier(len(requests))

    def send(request: tuple[str, str, Any]) -> httpx.Response:
        start.wait()
        return client.send(*request)

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


# ---- each function returns whether the fault shows --------------------------------------------------------------------


def b01(client: TargetClient) -> bool:
    group = group_of(client, client.create_user())
    return "members" in client.get(f"/Groups/{group}", excludedAttributes="members")


def b02(client: TargetClient) -> bool:
    first, second = client.create_user(), client.create_user()
    group = group_of(client, first, second)
    assert client.patch(f"/Groups/{group}", add(first) | {"op": "Remove"}).is_success
    return client.members(group) != [second]


def b03(client: TargetClient) -> bool:
    user = client.create_user()
    return refused(client.patch(f"/Groups/{group_of(client, user)}", add(user) | {"op": "Remove"}))


def b04(client: TargetClient) -> bool:
    operation = replace("title", "Lead") | {"op": "Replace"}
    return refused(client.patch(f"/Users/{client.create_user()}", operation))


def b05(client: TargetClient) -> bool:
    user = client.create_user()
    assert client.patch(f"/Users/{user}", replace("active", "False")).is_success
    other = client.create_user()
    assert client.patch(f"/Users/{other}", {"op": "replace", "value": {"active": "False", "title": "x"}}).is_success
    return [client.get(f"/Users/{item}")["active"] for item in (user, other)] == [True, True]


def b06(client: TargetClient) -> bool:
    user = client.create_user()
    hidden = "active" not in client.get(f"/Users/{user}")
    return refused(client.patch(f"/Users/{user}", replace("active", "False") | {"op": "Add"})) and hidden


def b07(client: TargetClient) -> bool:
    return refused(client.patch(f"/Groups/{client.create_group()}", replace("externalId", "x") | {"op": "Add"}))


def b08(client: TargetClient) -> bool:
    user = client.create_user()
    present = client.patch(f"/Users/{user}", replace('emails[type eq "work"].value', "new@contoso.com"))
    assert present.is_success
    absent = client.patch(
        f"/Users/{user}", replace("title", "Lead"), replace('addresses[type eq "work"].locality', "x")
    )
    return refused(absent) and "title" not in client.get(f"/Users/{user}")


def b09(client: TargetClient) -> bool:
    user = user_body(addresses=[{"type": "work", "locality": "London"}])
    created = client.send("POST", "/Users", user)
    patched = client.patch(f"/Users/{client.create_user()}", replace("preferredLanguage", "en"))
    return refused(created) and refused(patched)


def b10(client: TargetClient) -> bool:
    user = client.create_user()
    values = {"title": "Lead", "name.givenName": "Ada", f"{ENTERPRISE}:department": "R&D"}
    assert client.patch(f"/Users/{user}", {"op": "replace", "value": values}).is_success
    assert client.patch(f"/Users/{user}", {"op": "replace", "value": {"name.familyName": "L"}}).is_success
    stored = client.get(f"/Users/{user}")
    assert stored["title"] == "Lead"
    return "name" not in stored and ENTERPRISE not in stored


def b11(client: TargetClient) -> bool:
    return refused(client.patch(f"/Users/{client.create_user()}", replace(f"{ENTERPRISE}:department", "R&D")))


def b12(client: TargetClient) -> bool:
    user, boss = client.create_user(), client.create_user()
    assert client.patch(f"/Users/{user}", replace(MANAGER, {"value": boss})).is_success
    forms = [replace(MANAGER, boss), {"op": "add", "value": {MANAGER: boss}}]
    created = client.send("POST", "/Users", user_body(**{ENTERPRISE: {"manager": boss}}))
    return all(refused(client.patch(f"/Users/{user}", form)) for form in forms) and refused(created)


def b13(client: TargetClient) -> bool:
    boss = client.create_user()
    user = client.get(f"/Users/{client.create_user(**{ENTERPRISE: {'manager': {'value': boss}}})}")
    assert ENTERPRISE not in client.get(f"/Users/{boss}")
    return bool(user[ENTERPRISE]["manager"] == boss)


def b14(client: TargetClient) -> bool:
    assert client.find("/Users", f'userName eq "{new_name()}"') == []
    return refused(client.send("GET", "/Users", params={"filter": 'externalId eq "x"'}))


def b15(client: TargetClient) -> bool:
    assert client.find("/Users", f'userName eq "{new_name()}"') == []
    return refused(client.send("GET", "/Users", params={"filter": 'externalId eq "x"'}), 500)


def b16(client: TargetClient) -> bool:
    return refused(client.send("GET", "/Users", params={"filter": f'userName eq "{new_name()}"'}), 404)


def b17(client: TargetClient) -> bool:
    return refused(client.send("GET", "/Groups"), 404)


def b18(client: TargetClient) -> bool:
    name = new_name("substring")
    users = {client.create_user(name), client.create_user(f"x{name}")}
    return {item["id"] for item in client.find("/Users", f'userName eq "{name}"')} == users


def b19(client: TargetClient) -> bool:
    name = new_name()
    assert client.send("DELETE", f"/Users/{client.create_user(name)}").status_code == 204
    assert client.find("/Users", f'userName eq "{name}"') == []
    return refused(client.send("POST", "/Users", user_body(name)), 409)


def b20(client: TargetClient) -> bool:
    first = user_body()
    client.send("POST", "/Users", first)
    response = client.send("POST", "/Users", user_body(emails=first["emails"]))
    return refused(response, 409) and "scimType" not in response.json()


def b21(client: TargetClient) -> bool:
    return refused(client.patch(f"/Users/{client.create_user()}", replace("title", "Lead")), 405)


def b22(client: TargetClient) -> bool:
    response = client.send("GET", "/Users", headers={"User-Agent": ""})
    return refused(response, 403) and response.text.startswith("<html>")


def b23(client: TargetClient) -> bool:
    return refused(client.patch(f"/Users/{client.create_user()}", replace("title", "Lead")), 404)


def b24(client: TargetClient) -> bool:
    user = client.create_user()
    assert client.patch(f"/Users/{user}", replace("title", "Lead")).is_success
    return client.get(f"/Users/{user}").get("title") != "Lead"


def b25(client: TargetClient) -> bool:
    name = new_name()
    user = client.create_user(name)
    assert client.patch(f"/Users/{user}", replace("active", False)).is_success
    absent = refused(client.send("GET", f"/Users/{user}"), 404)
    absent = absent and refused(client.patch(f"/Users/{user}", replace("active", True)), 404)
    return absent and client.get("/Users", filter=f'userName eq "{name}"')["totalResults"] == 0


def b26(client: TargetClient) -> bool:
    group, user = client.create_group(), client.create_user()
    typed = client.patch(f"/Groups/{group}", add() | {"value": [{"value": user, "type": "User"}]})
    assert typed.is_success
    return refused(client.patch(f"/Groups/{group}", add(client.create_user())))


def b27(client: TargetClient) -> bool:
    group = group_of(client, client.create_user())
    assert client.patch(f"/Groups/{group}", {"op": "replace", "value": {"displayName": new_name("group")}}).is_success
    return client.members(group) == []


def b28(client: TargetClient) -> bool:
    first, second = client.create_group(), client.create_group()
    return first == second


def b29(client: TargetClient) -> bool:
    body = {"schemas": [GROUP, ADSCIM], "displayName": new_name("group")}
    assert client.send("POST", "/Groups", body | {"schemas": [GROUP]}).status_code == 201
    return refused(client.send("POST", "/Groups", body | {"displayName": new_name("group")}))


def b30(client: TargetClient) -> bool:
    users = [client.create_user() for _ in range(8)]
    group = client.create_group()
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    requests = [("PATCH", f"/Groups/{group}", body | {"Operations": [add(user)]}) for user in users]
    assert all(response.is_success for response in together(client, requests))
    return len(client.members(group)) < len(users)


def b31(client: TargetClient) -> bool:
    group = group_of(client, *(f"member{number}" for number in range(101)))
    return len(client.members(group)) == 100


def b32(client: TargetClient) -> bool:
    roles = [{"primary": "True", "value": "admin"}]
    assert client.create_user(roles=[{"primary": True, "value": "admin"}])
    created = refused(client.send("POST", "/Users", user_body(roles=roles)))
    return refused(client.patch(f"/Users/{client.create_user()}", replace("roles", roles))) and created


def b33(client: TargetClient) -> bool:
    name = new_name()
    client.create_user(name)
    assert len(client.find("/Users", f'userName eq "{name}"')) == 1
    return client.find("/Users", f'userName eq "{name.upper()}"') == []


def b34(client: TargetClient) -> bool:
    name = new_name()
    client.create_user(name)
    response = client.send("POST", "/Users", user_body(name))
    found = client.find("/Users", f'userName eq "{name}"')
    assert {user["userName"] for user in found} == {name}
    return response.status_code == 201 and len(found) == 2


def b35(client: TargetClient) -> bool:
    error = client.send("GET", "/Users/none")
    types = [response.headers["content-type"] for response in (client.send("GET", "/Users"), error)]
    return types == ["application/json", "text/plain"] and "{" not in error.text


def b36(client: TargetClient) -> bool:
    created = client.send("POST", "/Users", user_body()).json()
    later = client.find("/Users", f'userName eq "{created["userName"]}"')[0]["userName"]
    return bool(created["userName"] == f"{later}@contoso.com")


def b37(client: TargetClient) -> bool:
    return refused(client.send("GET", "/Groups", params={"filter": 'displayName eq "x"'}))


def b38(client: TargetClient) -> bool:
    body = user_body()
    del body["emails"]
    return refused(client.send("POST", "/Users", body))


def b39(client: TargetClient) -> bool:
    user = client.create_user()
    assert client.patch(f"/Users/{user}", replace("emails[primary eq true].value", "x@contoso.com")).is_success
    assert client.patch(
        f"/Users/{user}", replace("emails[primary eq true].display", "x"), replace("title", "x")
    ).is_success
    stored = client.get(f"/Users/{user}")
    assert stored["title"] == "x"
    return bool(stored["emails"][0]["value"] != "x@contoso.com")


def b40(client: TargetClient) -> bool:
    assert client.create_user(phoneNumbers=[{"type": "work", "value": "+15550100"}])
    assert client.create_user(addresses=[{"type": "work", "country": "GB"}])
    phone = client.send("POST", "/Users", user_body(phoneNumbers=[{"type": "work", "value": "555 0100"}]))
    path = 'addresses[type eq "work"].country'
    country = client.patch(f"/Users/{client.create_user()}", replace(path, "United Kingdom"))
    return refused(phone) and refused(country) and "phone" not in phone.text


def b41(client: TargetClient) -> bool:
    return refused(client.patch(f"/Users/{disabled(client)}", replace("active", "False")), 409)


def b42(client: TargetClient) -> bool:
    group = group_of(client, client.create_user())
    name = client.get(f"/Groups/{group}")["displayName"]
    assert client.members(group)
    return "members" not in client.find("/Groups", f'displayName eq "{name}"')[0]


def b43(client: TargetClient) -> bool:
    limited = [
        response for response in together(client, [("GET", "/Users/none", None)] * 64) if response.status_code == 429
    ]
    return bool(limited) and limited[0].headers["retry-after"] == "1"


def b44(client: TargetClient) -> bool:
    user = client.create_user()
    group = group_of(client, user)
    by_value = client.patch(f"/Groups/{group}", add("absent") | {"op": "Remove"})
    by_path = client.patch(f"/Groups/{group}", {"op": "remove", "path": 'members[value eq "absent"]'})
    assert client.patch(f"/Groups/{group}", add(user) | {"op": "Remove"}).is_success
    return refused(by_value, 404) and refused(by_path, 404)


def b45(client: TargetClient) -> bool:
    body = user_body()
    statuses = sorted(response.status_code for response in together(client, [("POST", "/Users", body)] * 2))
    assert statuses in ([201, 409], [201, 500], [409, 500])
    return 500 in statuses


def b46(client: TargetClient) -> bool:
    bodies = [user_body(), user_body()]
    responses = together(client, [("POST", "/Users", body) for body in bodies])
    failed = [body for body, response in zip(bodies, responses, strict=True) if response.status_code == 503]
    if not failed:
        return False
    assert client.find("/Users", f'userName eq "{failed[0]["userName"]}"') == []
    return refused(client.send("POST", "/Users", failed[0]), 409)


def b47(client: TargetClient) -> bool:
    name = new_name()
    user = client.create_user(name)
    assert client.get("/Users", filter=f'userName eq "{name}"')["totalResults"] == 1
    group_of(client, user)
    group_of(client, user)
    return bool(client.get("/Users", filter=f'userName eq "{name}"')["totalResults"] == 2)


def b48(client: TargetClient) -> bool:
    first = user_body()
    user = client.send("POST", "/Users", first).json()["id"]
    second = client.send("POST", "/Users", user_body(emails=first["emails"]))
    assert second.status_code == 201
    return bool(second.json()["id"] == user)


def b49(client: TargetClient) -> bool:
    wrong = client.send("GET", "/Users", headers={"Authorization": "Bearer wrong"}).status_code
    unknown = client.send("GET", "/Cars").status_code
    assert client.send("GET", "/Users/none").status_code == 404
    return (wrong, unknown) == (500, 500)


def b51(client: TargetClient) -> bool:
    return refused(client.patch(f"/Users/{disabled(client)}", replace("active", "True")))


def b52(client: TargetClient) -> bool:
    user = disabled(client)
    added = client.patch(f"/Users/{user}", replace("active", True) | {"op": "Add"})
    return refused(client.patch(f"/Users/{user}", replace("title", "Lead"))) and refused(added)


SHOWN: dict[str, Callable[[TargetClient], bool]] = {
    name.upper(): value for name, value in list(globals().items()) if name[0] == "b" and name[1:].isdecimal()
}
ROWS = [pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in sorted(SHOWN)]


def test_every_row_of_the_list_is_a_target_or_has_a_reason() -> None:
    ids = [fault.id for fault in FAULTS]
    assert sorted([*ids, *NOT_OF_A_SERVER]) == [f"B{number:02}" for number in range(1, 53)]
    assert sorted(SHOWN) == ids


@pytest.mark.parametrize("fault", ROWS)
def test_a_faulty_target_shows_its_fault(fault: str, tolerant: TargetClient) -> None:
    shows = SHOWN[fault]
    assert not shows(tolerant)
    with TargetClient(f"faulty:{fault}") as client:
        assert shows(client)


def test_the_rate_limit_of_a_target_recovers() -> None:
    async def forward(_: TargetRequest) -> TargetResponse:
        return TargetResponse(200)

    async def statuses(limit: RateLimit, count: int) -> list[int]:
        return [(await limit(TargetRequest("GET", "/Users"), forward)).status for _ in range(count)]

    times = iter([0.0] * 22 + [0.5] * 11 + [100.0] * 21)
    limit = RateLimit(lambda: next(times))
    assert asyncio.run(statuses(limit, 21)) == [200] * 20 + [429]
    assert asyncio.run(statuses(limit, 11)) == [200] * 10 + [429]
    assert asyncio.run(statuses(limit, 21)) == [200] * 20 + [429]
