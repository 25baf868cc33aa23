"""Somebody works in the portal behind our back: the plan shows exactly what of it is managed, and an apply mends it."""

from __future__ import annotations

import copy

import pytest
from tenant_fixture import WRITER, Rehearsal, all_allowed, changes, everything_open, exit_code, mapping, row


@pytest.fixture
def tenant():
    found = Rehearsal()
    assert exit_code(found.apply(WRITER, all_allowed())) == 0
    found.forget()
    return found


def the_portal(tenant: Rehearsal) -> None:
    """A managed mapping and an unmanaged one are changed, roles swapped, somebody assigned, the directory renamed."""
    schema = copy.deepcopy(tenant.schema())
    row(schema, "externalId")["source"] = {"type": "Attribute", "name": "objectId", "expression": "[objectId]"}
    row(schema, "title")["source"] = {"type": "Attribute", "name": "department", "expression": "[department]"}
    mapping(schema)["name"] = "Another name for people"
    tenant.put_schema(schema)
    tenant.switch(directory_name="Azure Active Directory")
    principal, roles = tenant.principal(), tenant.roles()
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    ids = {one["userPrincipalName"]: one["id"] for one in tenant.request("GET", "/users?$top=999")["value"]}

    def assign(who: str, role: str) -> None:
        body = {"principalId": ids[who], "resourceId": principal["id"], "appRoleId": roles[role]["id"]}
        tenant.request("POST", path, body)

    assign("ada@contoso.com", "member")
    (held,) = [
        one
        for one in tenant.request("GET", path)["value"]
        if one["principalId"] == ids["ada@contoso.com"] and one["appRoleId"] == roles["admin"]["id"]
    ]
    tenant.request("DELETE", f"{path}/{held['id']}")
    assign(next(one for one in sorted(ids) if one not in NAMED), "admin")


NAMED = ("ada@contoso.com", "alan@contoso.com", "grace@contoso.com", "katherine@contoso.com", "radia@contoso.com")


def test_the_plan_shows_the_drift_of_what_is_managed_and_nothing_else(tenant):
    """The unmanaged mapping, the assignment of somebody unlisted and every name are nobody's business here."""
    the_portal(tenant)
    assert changes(tenant.plan(WRITER)) == [
        "~ attribute_mapping/users/externalId",
        "+ assignment/user:ada@contoso.com/admin",
        "- assignment/user:ada@contoso.com/member",
    ]


def test_an_apply_mends_it_and_leaves_the_rest(tenant):
    """What the spec says is so again; what it does not speak of is as somebody else left it."""
    the_portal(tenant)
    before = tenant.assigned()
    planned = tenant.plan(WRITER)
    assert exit_code(tenant.apply(planned, everything_open(planned))) == 0
    assert changes(tenant.plan(WRITER)) == []
    schema = tenant.schema()
    assert row(schema, "externalId")["source"]["name"] == "mailNickname"
    assert row(schema, "title")["source"]["name"] == "department"
    assert mapping(schema)["name"] == "Another name for people"
    assert tenant.assigned() == {**before, "Ada Lovelace": {"admin"}}
