"""Edits in the portal: the plan shows drift of managed resources only, and apply fixes it."""

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


def edit_in_portal(tenant: Rehearsal) -> None:
    """Change a managed and an unmanaged mapping, swap roles, add an assignment, and rename the directory."""
    schema = copy.deepcopy(tenant.schema())
    row(schema, "externalId")["source"] = {"type": "Attribute", "name": "objectId", "expression": "[objectId]"}
    row(schema, "title")["source"] = {"type": "Attribute", "name": "department", "expression": "[department]"}
    mapping(schema)["name"] = "Another name for people"
    tenant.put_schema(schema)
    tenant.switch(directory_name="Azure Active Directory")
    principal, roles = tenant.principal(), tenant.roles()
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    ids = {one["userPrincipalName"]: one["id"] for one in tenant.request("GET", "/users?$top=999")["value"]}

    def assign(user: str, role: str) -> None:
        body = {"principalId": ids[user], "resourceId": principal["id"], "appRoleId": roles[role]["id"]}
        tenant.request("POST", path, body)

    assign("ada@contoso.com", "member")
    (old_assignment,) = [
        one
        for one in tenant.request("GET", path)["value"]
        if one["principalId"] == ids["ada@contoso.com"] and one["appRoleId"] == roles["admin"]["id"]
    ]
    tenant.request("DELETE", f"{path}/{old_assignment['id']}")
    assign(next(one for one in sorted(ids) if one not in NAMED), "admin")


NAMED = ("ada@contoso.com", "alan@contoso.com", "grace@contoso.com", "katherine@contoso.com", "radia@contoso.com")


def test_plan_shows_drift_of_managed_resources_only(tenant):
    """The unmanaged mapping, the unlisted assignment and the names do not appear in the plan."""
    edit_in_portal(tenant)
    assert changes(tenant.plan(WRITER)) == [
        "~ attribute_mapping/users/externalId",
        "+ assignment/user:ada@contoso.com/admin",
        "- assignment/user:ada@contoso.com/member",
    ]


def test_apply_fixes_drift_and_keeps_unmanaged_resources(tenant):
    """Managed resources match the spec again; edits of unmanaged resources remain."""
    edit_in_portal(tenant)
    before = tenant.assigned()
    planned = tenant.plan(WRITER)
    assert exit_code(tenant.apply(planned, everything_open(planned))) == 0
    assert changes(tenant.plan(WRITER)) == []
    schema = tenant.schema()
    assert row(schema, "externalId")["source"]["name"] == "mailNickname"
    assert row(schema, "title")["source"]["name"] == "department"
    assert mapping(schema)["name"] == "Another name for people"
    assert tenant.assigned() == {**before, "Ada Lovelace": {"admin"}}
