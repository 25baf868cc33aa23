"""SCIMMY, a SCIM server that is not written in Python, with the requests of the dialect aadOptscim062020."""

from __future__ import annotations

from typing import Any

import pytest

from .scim_client import ENTERPRISE, ScimClient, new_name, user_body

pytestmark = pytest.mark.slow
MANAGER = f"{ENTERPRISE}:manager"
OPERATIONS: list[tuple[str, Any, dict[str, Any] | None]] = [
    ("disable", {"op": "replace", "path": "active", "value": False}, {"active": False}),
    ("enable", {"op": "replace", "path": "active", "value": True}, {"active": True}),
    (
        "rename",
        {"op": "replace", "value": {"displayName": "Ada", "title": "Lead"}},
        {"displayName": "Ada", "title": "Lead"},
    ),
    ("dotted keys", {"op": "replace", "value": {"name.givenName": "Ada"}}, {"name": {"givenName": "Ada"}}),
    ("add", {"op": "add", "value": {f"{ENTERPRISE}:department": "R&D"}}, {ENTERPRISE: {"department": "R&D"}}),
    ("path with a URN", {"op": "add", "path": f"{ENTERPRISE}:division", "value": "x"}, {ENTERPRISE: {"division": "x"}}),
    (
        "element that exists",
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ada@contoso.com"},
        {"emails": [{"value": "ada@contoso.com", "type": "work", "primary": True}]},
    ),
    ("element that is absent", {"op": "add", "path": 'addresses[type eq "work"].locality', "value": "London"}, None),
    ("manager as text", {"op": "add", "path": MANAGER, "value": "1815"}, None),
    ("manager as an object", {"op": "add", "path": MANAGER, "value": {"value": "1815"}}, {"manager": "1815"}),
    ("disable, legacy", {"op": "Replace", "path": "active", "value": "False"}, None),
]


@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row[0])
def test_operations_on_a_user(scimmy: ScimClient, row: Any) -> None:
    _, operation, expected = row
    user = scimmy.create_user()
    response = scimmy.patch(f"/Users/{user}", operation)
    stored = scimmy.get(f"/Users/{user}")
    if expected is None:
        assert response.status_code == 400, response.text
    elif "manager" in expected:
        assert stored[ENTERPRISE]["manager"]["value"] == expected["manager"]
    else:
        assert {name: stored[name] for name in expected} == expected


def test_lifecycle(scimmy: ScimClient) -> None:
    name = new_name()
    user, other, group = scimmy.create_user(name), scimmy.create_user(), scimmy.create_group()
    assert [item["id"] for item in scimmy.find("/Users", f'userName eq "{name}"')] == [user]
    assert scimmy.send("POST", "/Users", user_body(name)).status_code == 409
    for member in (user, other):
        assert scimmy.patch(
            f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": member}]}
        ).is_success
    assert sorted(scimmy.members(group)) == sorted([user, other])
    assert "members" not in scimmy.get(f"/Groups/{group}", excludedAttributes="members")
    assert scimmy.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'}).is_success
    assert scimmy.members(group) == [other]
    assert scimmy.patch(f"/Groups/{group}", {"op": "replace", "value": {"displayName": new_name("group")}}).is_success
    assert scimmy.members(group) == [other]
    assert scimmy.send("DELETE", f"/Users/{user}").status_code == 204
    assert scimmy.send("GET", f"/Users/{user}").status_code == 404
    assert scimmy.find("/Users", f'userName eq "{name}"') == []
