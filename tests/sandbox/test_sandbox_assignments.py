"""Assignments of people and groups to roles."""

from __future__ import annotations

import re

import pytest

from .client import WRITER

DEFAULT = "00000000-0000-0000-0000-000000000000"
NOBODY = "99999999-9999-9999-9999-999999999999"


class Assigned:
    """The Writer application with what an assignment is made of."""

    def __init__(self, client):
        self.client = client
        self.principal = client.principal()
        self.path = f"/servicePrincipals/{self.principal['id']}/appRoleAssignedTo"
        self.ada = client.get("/users/ada@contoso.com")["id"]
        self.roles = [one["id"] for one in self.principal["appRoles"]]

    def body(self, **given):
        return {"principalId": self.ada, "resourceId": self.principal["id"], "appRoleId": self.roles[0]} | given

    def post(self, expect=201, **given):
        return self.client.post(self.path, self.body(**given), expect=expect)

    def refusal(self, **given):
        return self.post(expect=400, **given)["error"]["message"]


@pytest.fixture
def assigned(writer):
    return Assigned(writer)


def test_an_assignment_is_whole_and_its_id_opaque(assigned):
    made = assigned.post(**{"@odata.type": "#microsoft.graph.appRoleAssignment"})
    assert re.fullmatch(r"[\w-]{43}", made["id"])
    made.pop("@odata.context")
    assert made == {
        "id": made["id"],
        "deletedDateTime": None,
        "appRoleId": assigned.roles[0],
        "createdDateTime": "2030-01-02T12:00:00Z",
        "principalDisplayName": "Ada Lovelace",
        "principalId": assigned.ada,
        "principalType": "User",
        "resourceDisplayName": "Writer",
        "resourceId": assigned.principal["id"],
    }
    assert assigned.client.value(assigned.path) == [made]
    assert assigned.client.get(f"{assigned.path}/{made['id']}")["id"] == made["id"]


def test_it_is_seen_from_both_sides_and_goes_for_good(assigned):
    made = assigned.post()
    other = assigned.client.value(
        f"/users/{assigned.ada}/appRoleAssignments?$filter=resourceId eq {made['resourceId']}"
    )
    assert [one["id"] for one in other] == [made["id"]]
    assigned.client.delete(f"{assigned.path}/{made['id']}")
    assigned.client.delete(f"{assigned.path}/{made['id']}", expect=404)
    assigned.client.get(f"{assigned.path}/{made['id']}", expect=404)
    assert assigned.client.value(f"/users/{assigned.ada}/appRoleAssignments") == []


def test_a_group_is_assigned_on_its_own_side(assigned):
    (group,) = assigned.client.value("/groups?$filter=displayName eq 'Writer editors'")
    path = f"/groups/{group['id']}/appRoleAssignments"
    made = assigned.client.post(path, assigned.body(principalId=group["id"]))
    assert (made["principalType"], made["principalDisplayName"]) == ("Group", "Writer editors")
    assert [one["id"] for one in assigned.client.value(path)] == [made["id"]]
    assigned.client.post(path, assigned.body(), expect=400)
    assigned.client.post(f"/users/{assigned.ada}/appRoleAssignments", assigned.body())


def test_one_principal_may_hold_several_roles_but_each_once(assigned):
    assigned.post()
    assigned.post(appRoleId=assigned.roles[1])
    assert len(assigned.client.value(assigned.path)) == 2
    assert assigned.refusal() == "Permission being assigned already exists on the object"
    assigned.client.switch(duplicate_assignment="conflict")
    assert "already exists" in assigned.post(expect=409)["error"]["message"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"principalId": NOBODY}, "Not a valid reference update."),
        ({"resourceId": NOBODY}, "Not a valid reference update."),
        ({"appRoleId": NOBODY}, "Permission being assigned was not found on application"),
        ({"appRoleId": DEFAULT}, "Permission being assigned was not found on application"),
        ({"principalId": "ada"}, "Invalid GUID:ada specified for property 'principalId'."),
    ],
)
def test_unknown_ids_are_refused(assigned, given, message):
    assert assigned.refusal(**given) == message


def test_a_role_for_applications_is_not_for_people(sandbox):
    one = Assigned(
        sandbox({"applications": [WRITER | {"roles": [{"value": "a", "allowedMemberTypes": ["Application"]}]}]})
    )
    assert "cannot be assigned to a User" in one.refusal(appRoleId=one.roles[-1])


def test_a_disabled_role_keeps_its_people_and_takes_no_more(sandbox):
    roles = [{"value": "off", "isEnabled": False}]
    rows = [{"user": "grace@contoso.com", "role": "off"}]
    one = Assigned(sandbox({"applications": [WRITER | {"roles": roles, "assignments": rows}]}))
    assert "disabled" in one.refusal(appRoleId=one.roles[-1])
    assert len(one.client.value(one.path)) == 1


def test_default_access_is_for_applications_without_roles(sandbox):
    client = sandbox({"applications": [WRITER | {"roles_only": True}]})
    principal, ada = client.principal()["id"], client.get("/users/ada@contoso.com")["id"]
    body = {"principalId": ada, "resourceId": principal, "appRoleId": DEFAULT}
    assert client.post(f"/servicePrincipals/{principal}/appRoleAssignedTo", body)["appRoleId"] == DEFAULT


def test_only_security_groups_are_assigned(assigned):
    group = assigned.client.post("/groups", {"displayName": "Mail only", "securityEnabled": False})
    assert "security groups" in assigned.refusal(principalId=group["id"])


def test_an_assignment_is_never_changed(assigned):
    made = assigned.post()
    response = assigned.client.send("PATCH", f"{assigned.path}/{made['id']}", {"appRoleId": assigned.roles[1]})
    assert response.status_code == 405
    assert response.json()["error"]["message"] == "Specified HTTP method is not allowed for the request target."


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("principalDisplayName eq 'ada lovelace'", 1),
        ("startswith(principalDisplayName,'Grace')", 0),
        ("resourceId eq {resource}", 1),
    ],
)
def test_assignments_filter_by_little(assigned, text, count):
    assigned.post()
    text = text.format(resource=assigned.principal["id"])
    assert len(assigned.client.value(assigned.path, params={"$filter": text})) == count


@pytest.mark.parametrize("text", ["appRoleId eq {id}", "principalId eq {id}", "startswith(resourceId,'x')"])
def test_and_by_nothing_else(assigned, text):
    error = assigned.client.get(assigned.path, expect=400, params={"$filter": text.format(id=NOBODY)})["error"]
    assert error["code"] == "Request_UnsupportedQuery"


def test_a_renamed_person_is_renamed_in_the_list(assigned):
    assigned.post()
    assigned.client.patch(f"/users/{assigned.ada}", {"displayName": "Ada King"})
    assert assigned.client.value(assigned.path)[0]["principalDisplayName"] == "Ada King"


def test_thousands_are_read_in_pages(sandbox):
    tenant = {
        "base": "empty",
        "applications": [WRITER],
        "generate": {"users": 2500, "assign": {"application": "Writer", "role": "User"}},
    }
    client = sandbox(tenant)
    pages = client.pages(f"/servicePrincipals/{client.principal()['id']}/appRoleAssignedTo?$top=999")
    assert [len(page) for page in pages] == [999, 999, 502]
    assert len({one["id"] for page in pages for one in page}) == 2500
