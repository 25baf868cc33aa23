"""The requests of Microsoft Entra against a strict and a tolerant target: the probe list, over a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from .scim_client import ADSCIM, CORE, ENTERPRISE, GROUP, WRITER, TargetClient, new_name, user_body

MANAGER = f"{ENTERPRISE}:manager"

# Operations on a user: the operation, what a tolerant target then stores, and the status of a strict target.
# "{boss}" is the id of another user.
USER_OPERATIONS: list[tuple[str, Any, Mapping[str, Any], int]] = [
    ("capital op", {"op": "Replace", "path": "displayName", "value": "Ada"}, {"displayName": "Ada"}, 204),
    ("disable, legacy", {"op": "Replace", "path": "active", "value": "False"}, {"active": False}, 204),
    ("disable, Add", {"op": "Add", "path": "active", "value": "False"}, {"active": False}, 204),
    ("disable, lower case", {"op": "Replace", "path": "active", "value": "false"}, {"active": False}, 204),
    ("disable, flag", {"op": "replace", "path": "active", "value": False}, {"active": False}, 204),
    ("enable, legacy", {"op": "Replace", "path": "active", "value": "True"}, {"active": True}, 204),
    (
        "dotted keys",
        {"op": "replace", "value": {"name.givenName": "Ada", f"{ENTERPRISE}:department": "R&D"}},
        {"name": {"givenName": "Ada"}, ENTERPRISE: {"department": "R&D"}},
        204,
    ),
    ("add without a path", {"op": "add", "value": {"title": "Lead"}}, {"title": "Lead"}, 204),
    (
        "path with a URN",
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "1815"},
        {ENTERPRISE: {"employeeNumber": "1815"}},
        204,
    ),
    (
        "element that exists",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ada@contoso.com"},
        {"emails": [{"primary": True, "type": "work", "value": "ada@contoso.com"}]},
        204,
    ),
    (
        "element that is absent, Add",
        {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "+1 555 0100"},
        {"phoneNumbers": [{"type": "work", "value": "+1 555 0100"}]},
        400,
    ),
    (
        "element that is absent, Replace",
        {"op": "Replace", "path": 'addresses[type eq "work"].locality', "value": "London"},
        {"addresses": [{"type": "work", "locality": "London"}]},
        400,
    ),
    (
        "primary role as text",
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "admin"},
        {"roles": [{"primary": True, "value": "admin"}]},
        400,
    ),
    (
        "primary role as a boolean",
        {"op": "replace", "path": "roles[primary eq true].value", "value": "admin"},
        {"roles": [{"primary": True, "value": "admin"}]},
        400,
    ),
    (
        "role as JSON text",
        {"op": "Add", "path": "roles", "value": [{"value": '{"id":"1","value":"Admin"}'}]},
        {"roles": [{"value": '{"id":"1","value":"Admin"}'}]},
        204,
    ),
    ("manager as text, Add", {"op": "Add", "path": MANAGER, "value": "{boss}"}, {"manager": "{boss}"}, 400),
    ("manager as text, replace", {"op": "replace", "path": MANAGER, "value": "{boss}"}, {"manager": "{boss}"}, 400),
    ("manager as an object", {"op": "add", "path": MANAGER, "value": {"value": "{boss}"}}, {"manager": "{boss}"}, 204),
    (
        "manager below a bare path",
        {"op": "Add", "path": "manager", "value": [{"value": "{boss}"}]},
        {"manager": "{boss}"},
        400,
    ),
    ("manager without a path", {"op": "add", "value": {MANAGER: "{boss}"}}, {"manager": "{boss}"}, 400),
    ("manager in an object", {"op": "add", "value": {ENTERPRISE: {"manager": "{boss}"}}}, {"manager": "{boss}"}, 400),
    ("custom attribute", {"op": "Add", "path": f"{WRITER}:role", "value": "admin"}, {WRITER: {"role": "admin"}}, 400),
    ("custom attribute without a path", {"op": "add", "value": {f"{WRITER}:team": "x"}}, {WRITER: {"team": "x"}}, 400),
    (
        "custom list",
        {"op": "Add", "path": f"{WRITER}:tags", "value": [{"value": "1"}]},
        {WRITER: {"tags": [{"value": "1"}]}},
        400,
    ),
    (
        "custom list with a filter",
        {"op": "replace", "path": f"{WRITER}:contacts[primary eq true].value", "value": "kim"},
        {WRITER: {"contacts": [{"primary": True, "value": "kim"}]}},
        400,
    ),
    ("unknown attribute", {"op": "Add", "path": "favoriteColor", "value": "green"}, {}, 400),
    ("empty text", {"op": "replace", "path": "title", "value": ""}, {}, 204),
    ("null", {"op": "replace", "path": "title", "value": None}, {}, 204),
]
MANAGER_REMOVALS = [
    {"op": "Remove", "path": MANAGER},
    {"op": "replace", "path": MANAGER, "value": ""},
    {"op": "replace", "path": MANAGER, "value": {"value": ""}},
    {"op": "remove", "path": 'manager[value eq "{boss}"]'},
    {"op": "Remove", "path": "manager", "value": [{"value": "{boss}"}]},
    {"op": "replace", "path": "manager", "value": []},
]
# The body of a creation: what is added to a user, and the status of a strict target.
USER_BODIES: list[tuple[str, Mapping[str, Any], int]] = [
    ("complete", {"roles": [{"primary": True, "type": "WindowsAzureActiveDirectoryRole", "value": "Admin"}]}, 201),
    ("primary as text", {"roles": [{"primary": "True", "display": "x", "value": "x", "type": "x"}]}, 201),
    ("null values", {"title": None, "name": {"givenName": None}}, 201),
    ("custom extension", {WRITER: {"role": "admin"}}, 400),
    ("manager as text", {ENTERPRISE: {"manager": "1815", "department": "R&D"}}, 400),
    ("unknown attribute", {"favoriteColor": "green"}, 400),
]

FAST = (
    "disable, legacy",
    "dotted keys",
    "element that is absent, Add",
    "manager as text, Add",
    "custom extension",
    "unknown attribute",
)
"""The others run in the slow suite."""


def _rows(table: list[Any]) -> list[Any]:
    return [pytest.param(row, marks=[] if row[0] in FAST else pytest.mark.slow, id=row[0]) for row in table]


def _filled(value: Any, boss: str) -> Any:
    if isinstance(value, str):
        return value.replace("{boss}", boss)
    if isinstance(value, dict):
        return {_filled(key, boss): _filled(item, boss) for key, item in value.items()}
    return [_filled(item, boss) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def bosses(tolerant: TargetClient, strict: TargetClient) -> dict[str, str]:
    """Return the ids of a user in each target that can be a manager, and of a user in the strict target to change."""
    return {"strict": strict.create_user(), "tolerant": tolerant.create_user(), "patched": strict.create_user()}


@pytest.mark.parametrize("operation", _rows(USER_OPERATIONS))
def test_a_tolerant_target_stores_what_entra_patches_and_a_strict_one_answers_by_the_rfc(
    tolerant: TargetClient, strict: TargetClient, bosses: Mapping[str, str], operation: Any
) -> None:
    _, body, expected, strict_status = operation
    user = tolerant.create_user()
    response = tolerant.patch(f"/Users/{user}", _filled(body, bosses["tolerant"]))
    assert response.status_code in (200, 204), response.text
    stored = tolerant.get(f"/Users/{user}")
    if "manager" in expected:
        assert stored[ENTERPRISE]["manager"]["value"] == bosses["tolerant"]
    else:
        assert {name: stored[name] for name in expected} == expected
    refused = strict.patch(f"/Users/{bosses['patched']}", _filled(body, bosses["strict"]))
    assert refused.status_code == strict_status, refused.text


@pytest.mark.slow
@pytest.mark.parametrize("removal", MANAGER_REMOVALS, ids=str)
def test_a_tolerant_target_removes_the_manager_in_every_form(
    tolerant: TargetClient, bosses: Mapping[str, str], removal: Any
) -> None:
    boss = bosses["tolerant"]
    user = tolerant.create_user(**{ENTERPRISE: {"manager": {"value": boss}, "department": "R&D"}})
    response = tolerant.patch(f"/Users/{user}", _filled(removal, boss))
    assert response.status_code in (200, 204), response.text
    assert tolerant.get(f"/Users/{user}")[ENTERPRISE] == {"department": "R&D"}


@pytest.mark.parametrize("body", _rows(USER_BODIES))
def test_a_tolerant_target_creates_what_entra_posts(tolerant: TargetClient, strict: TargetClient, body: Any) -> None:
    _, added, strict_status = body
    response = tolerant.send("POST", "/Users", user_body(**added))
    assert response.status_code == 201, response.text
    assert strict.send("POST", "/Users", user_body(**added)).status_code == strict_status
    if WRITER in added:
        assert tolerant.get(f"/Users/{response.json()['id']}")[WRITER] == added[WRITER]


@pytest.mark.slow
def test_a_tolerant_target_keeps_its_resources_when_an_extension_appears(tolerant: TargetClient) -> None:
    user = tolerant.create_user(title="Lead")
    before = tolerant.get(f"/Users/{user}")
    urn = "urn:ietf:params:scim:schemas:extension:Later:2.0:User"
    other = tolerant.create_user(**{urn: {"level": 3, "vip": True}})
    assert tolerant.get(f"/Users/{user}") == before
    assert tolerant.get(f"/Users/{other}")[urn] == {"level": 3, "vip": True}
    assert urn in [schema["id"] for schema in tolerant.get("/Schemas")["Resources"]]
    assert len(tolerant.find("/Users", f'userName eq "{before["userName"]}"')) == 1


def test_a_text_in_place_of_an_extension_is_stored_and_returned_so(tolerant: TargetClient) -> None:
    bare, nested = (f"urn:custom:params:scim:schemas:extension:{name}:2.0" for name in ("bare", "nested"))
    user = tolerant.create_user(**{f"{bare}:User": "admin", nested: {"User": "admin"}})
    stored = tolerant.get(f"/Users/{user}")
    assert stored[f"{bare}:User"] == "admin"
    assert bare not in stored
    assert stored[nested] == {"User": "admin"}
    operations = [{"op": "Replace", "path": f"{urn}:User", "value": "member"} for urn in (bare, nested)]
    assert tolerant.patch(f"/Users/{user}", *operations).is_success
    stored = tolerant.get(f"/Users/{user}")
    assert (stored[f"{bare}:User"], stored[nested]) == ("member", {"User": "member"})
    assert tolerant.patch(f"/Users/{user}", {"op": "replace", "value": {f"{bare}:User": "admin"}}).is_success
    assert tolerant.get(f"/Users/{user}")[f"{bare}:User"] == "admin"


@pytest.mark.parametrize(
    "values", [["admin", ["admin", "member"], True, 3, [{"value": "x"}]], [[{"value": "x"}], [{"value": "y"}]]]
)
def test_custom_attributes_are_returned_as_they_were_sent(tolerant: TargetClient, values: list[Any]) -> None:
    urn = f"urn:custom:params:scim:schemas:extension:form{len(values)}:2.0:User"
    for value in values:
        user = tolerant.create_user(**{urn: {"form": value}})
        other = tolerant.create_user()
        assert tolerant.patch(f"/Users/{other}", {"op": "Add", "path": f"{urn}:form", "value": value}).is_success
        assert [tolerant.get(f"/Users/{item}")[urn] for item in (user, other)] == [{"form": value}] * 2
    shown = [item for item in tolerant.target.users() if urn in item]
    assert [item[urn]["form"] for item in shown] == [value for value in values for _ in range(2)]


@pytest.mark.slow
def test_a_name_that_no_schema_allows_is_ignored(tolerant: TargetClient) -> None:
    urn = "urn:ietf:params:scim:schemas:extension:Odd:2.0:User"
    for name in ("model_config", "a b", "", "__class__", "class"):
        assert tolerant.send("POST", "/Users", user_body(**{urn: {name: "x"}})).status_code == 201
    assert tolerant.send("POST", "/Users", user_body(**{urn: {"schemas": "x"}})).status_code == 400


@pytest.mark.parametrize("kind", [pytest.param("strict", marks=pytest.mark.slow), "tolerant"])
def test_filters_of_entra(target: Callable[[str], TargetClient], kind: str) -> None:
    client = target(kind)
    name = new_name("O'Neil+")
    user = client.create_user(name)
    group = client.create_group(f"Sales {name}")
    assert [item["id"] for item in client.find("/Users", f'userName eq "{name.upper()}"')] == [user]
    assert [item["id"] for item in client.find("/Users", f'emails[type eq "work"].value eq "{name}"')] == [user]
    assert client.find("/Users", 'userName eq "5f2b0e6c-8a4e-4d11-9a52-1f0c7b1f2a3d"') == []
    assert [item["id"] for item in client.find("/Groups", f'displayName eq "sales {name}"')] == [group]
    assert client.patch(f"/Groups/{group}", {"op": "Add", "path": "members", "value": [{"value": user}]}).is_success
    listed = client.get("/Groups", excludedAttributes="members", filter=f'displayName eq "Sales {name}"')["Resources"]
    assert [item.get("members") for item in listed] == [None]
    assert "members" not in client.get(f"/Groups/{group}", excludedAttributes="members")
    assert [item["id"] for item in client.find("/Groups", f'id eq "{group}" and members eq "{user}"')] == [group]


def test_a_tolerant_target_filters_by_manager(tolerant: TargetClient, bosses: Mapping[str, str]) -> None:
    user = tolerant.create_user(**{ENTERPRISE: {"manager": {"value": bosses["tolerant"]}}})
    for name in ("manager", MANAGER):
        found = tolerant.find("/Users", f'id eq "{user}" and {name} eq "{bosses["tolerant"]}"')
        assert [item["id"] for item in found] == [user]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "remaining", "strict_status"),
    [
        ({"op": "Remove", "path": "members", "value": [{"value": "{0}"}]}, ["{1}"], 400),
        ({"op": "remove", "path": 'members[value eq "{0}"]'}, ["{1}"], 204),
        ({"op": "Remove", "path": "members", "value": [{"value": "absent"}]}, ["{0}", "{1}"], 400),
        ({"op": "Remove", "path": "members"}, [], 204),
        ({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "{0}"}]}, ["{0}", "{1}"], 204),
        ({"op": "Add", "path": "members", "value": "{0}"}, ["{0}", "{1}"], 400),
        ({"op": "replace", "value": {"displayName": "renamed {0}"}}, ["{0}", "{1}"], 204),
    ],
    ids=str,
)
def test_members(
    tolerant: TargetClient, strict: TargetClient, operation: Any, remaining: list[str], strict_status: int
) -> None:
    for client in (tolerant, strict):
        users = [client.create_user(), client.create_user()]
        group = client.create_group()
        client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user} for user in users]})
        text = {key: _numbered(value, users) for key, value in operation.items()}
        response = client.patch(f"/Groups/{group}", text)
        if client is strict and strict_status == 400:
            assert response.status_code == 400
            assert sorted(client.members(group)) == sorted(users)
        else:
            assert response.is_success, response.text
            assert sorted(client.members(group)) == sorted(_numbered(remaining, users))


def _numbered(value: Any, users: list[str]) -> Any:
    if isinstance(value, str):
        return value.replace("{0}", users[0]).replace("{1}", users[1])
    if isinstance(value, dict):
        return {key: _numbered(item, users) for key, item in value.items()}
    return [_numbered(item, users) for item in value] if isinstance(value, list) else value


def test_a_group_with_microsofts_urn(tolerant: TargetClient, strict: TargetClient) -> None:
    body = {"schemas": [GROUP, ADSCIM], "displayName": "With URN", "meta": {"resourceType": "Group"}}
    assert tolerant.send("POST", "/Groups", body).status_code == 201
    assert strict.send("POST", "/Groups", body).status_code == 400


@pytest.mark.parametrize("kind", [pytest.param("strict", marks=pytest.mark.slow), "tolerant"])
def test_lifecycle(target: Callable[[str], TargetClient], kind: str) -> None:
    client = target(kind)
    body = user_body()
    user = client.create_user(body["userName"])
    assert client.send("POST", "/Users", {"schemas": [CORE], "userName": body["userName"]}).status_code == 409
    assert client.send("DELETE", f"/Users/{user}").status_code == 204
    assert client.send("GET", f"/Users/{user}").status_code == 404
    assert client.send("DELETE", f"/Users/{user}").status_code == 404
    assert client.find("/Users", f'userName eq "{body["userName"]}"') == []
