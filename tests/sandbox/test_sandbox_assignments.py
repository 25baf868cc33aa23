"""Assignments of users and groups to app roles."""

from __future__ import annotations

import re

import pytest

from .client import NEW_GROUP, WRITER

DEFAULT = "00000000-0000-0000-0000-000000000000"
NOBODY = "99999999-9999-9999-9999-999999999999"


class Assigned:
    """The Writer application with the ids that an assignment needs."""

    def __init__(self, client):
        self.client = client
        self.principal = client.principal()
        self.path = f"/servicePrincipals/{self.principal['id']}/appRoleAssignedTo"
        self.ada = client.get("/users/ada@contoso.com")["id"]
        self.roles = [row["id"] for row in self.principal["appRoles"]]

    def body(self, **properties):
        return {"principalId": self.ada, "resourceId": self.principal["id"], "appRoleId": self.roles[0]} | properties

    def post(self, expect=201, **properties):
        return self.client.post(self.path, self.body(**properties), expect=expect)

    def refusal(self, **properties):
        return self.post(expect=400, **properties)["error"]["message"]


@pytest.fixture
def assigned(writer):
    return Assigned(writer)


def test_an_assignment_has_all_properties_and_an_opaque_id(assigned):
    assignment = assigned.post(**{"@odata.type": "#microsoft.graph.appRoleAssignment"})
    assert re.fullmatch(r"[\w-]{43}", assignment["id"])
    assignment.pop("@odata.context")
    assert assignment == {
        "id": assignment["id"],
        "deletedDateTime": None,
        "appRoleId": assigned.roles[0],
        "createdDateTime": "2030-01-02T12:00:00Z",
        "principalDisplayName": "Ada Lovelace",
        "principalId": assigned.ada,
        "principalType": "User",
        "resourceDisplayName": "Writer",
        "resourceId": assigned.principal["id"],
    }
    assert assigned.client.value(assigned.path) == [assignment]
    assert assigned.client.get(f"{assigned.path}/{assignment['id']}")["id"] == assignment["id"]


def test_an_assignment_is_listed_by_application_and_user_until_deleted(assigned):
    assignment = assigned.post()
    other = assigned.client.value(
        f"/users/{assigned.ada}/appRoleAssignments?$filter=resourceId eq {assignment['resourceId']}"
    )
    assert [row["id"] for row in other] == [assignment["id"]]
    assigned.client.delete(f"{assigned.path}/{assignment['id']}")
    assigned.client.delete(f"{assigned.path}/{assignment['id']}", expect=404)
    assigned.client.get(f"{assigned.path}/{assignment['id']}", expect=404)
    assert assigned.client.value(f"/users/{assigned.ada}/appRoleAssignments") == []


def test_an_assignment_is_created_below_the_group(assigned):
    (group,) = assigned.client.value("/groups?$filter=displayName eq 'Writer editors'")
    path = f"/groups/{group['id']}/appRoleAssignments"
    assignment = assigned.client.post(path, assigned.body(principalId=group["id"]))
    assert (assignment["principalType"], assignment["principalDisplayName"]) == ("Group", "Writer editors")
    assert [row["id"] for row in assigned.client.value(path)] == [assignment["id"]]
    assigned.client.post(path, assigned.body(), expect=400)
    assigned.client.post(f"/users/{assigned.ada}/appRoleAssignments", assigned.body())


def test_assignments_of_a_principal_have_different_roles(assigned):
    assigned.post()
    assigned.post(appRoleId=assigned.roles[1])
    assert len(assigned.client.value(assigned.path)) == 2
    assert assigned.refusal() == "Permission being assigned already exists on the object"
    assigned.client.switch(duplicate_assignment="conflict")
    assert "already exists" in assigned.post(expect=409)["error"]["message"]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"principalId": NOBODY}, "Not a valid reference update."),
        ({"resourceId": NOBODY}, "Not a valid reference update."),
        ({"appRoleId": NOBODY}, "Permission being assigned was not found on application"),
        ({"appRoleId": DEFAULT}, "Permission being assigned was not found on application"),
        ({"principalId": "ada"}, "Invalid GUID:ada specified for property 'principalId'."),
    ],
)
def test_an_assignment_with_unknown_ids_is_refused(assigned, properties, message):
    assert assigned.refusal(**properties) == message


def test_an_assignment_of_a_user_to_a_role_for_applications_is_refused(sandbox):
    assigned = Assigned(
        sandbox({"applications": [WRITER | {"roles": [{"value": "a", "allowedMemberTypes": ["Application"]}]}]})
    )
    assert "cannot be assigned to a User" in assigned.refusal(appRoleId=assigned.roles[-1])


def test_an_assignment_to_a_disabled_role_is_refused_and_existing_ones_stay(sandbox):
    roles = [{"value": "off", "isEnabled": False}]
    rows = [{"user": "grace@contoso.com", "role": "off"}]
    assigned = Assigned(sandbox({"applications": [WRITER | {"roles": roles, "assignments": rows}]}))
    assert "disabled" in assigned.refusal(appRoleId=assigned.roles[-1])
    assert len(assigned.client.value(assigned.path)) == 1


def test_an_assignment_to_the_default_role_needs_an_application_without_roles(sandbox):
    client = sandbox({"applications": [WRITER | {"roles_only": True}]})
    principal, ada = client.principal()["id"], client.get("/users/ada@contoso.com")["id"]
    body = {"principalId": ada, "resourceId": principal, "appRoleId": DEFAULT}
    assert client.post(f"/servicePrincipals/{principal}/appRoleAssignedTo", body)["appRoleId"] == DEFAULT


def test_an_assignment_of_a_group_without_security_is_refused(assigned):
    group = assigned.client.post("/groups", NEW_GROUP | {"securityEnabled": False})
    assert "security groups" in assigned.refusal(principalId=group["id"])


def test_an_assignment_cannot_be_patched(assigned):
    assignment = assigned.post()
    response = assigned.client.send("PATCH", f"{assigned.path}/{assignment['id']}", {"appRoleId": assigned.roles[1]})
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
def test_assignments_are_filtered_by_display_name_and_resource(assigned, text, count):
    assigned.post()
    text = text.format(resource=assigned.principal["id"])
    assert len(assigned.client.value(assigned.path, params={"$filter": text})) == count


@pytest.mark.parametrize("text", ["appRoleId eq {id}", "principalId eq {id}", "startswith(resourceId,'x')"])
def test_assignments_are_not_filtered_by_other_properties(assigned, text):
    error = assigned.client.get(assigned.path, expect=400, params={"$filter": text.format(id=NOBODY)})["error"]
    assert error["code"] == "Request_UnsupportedQuery"


def test_assignments_of_a_renamed_user_have_the_new_name(assigned):
    assigned.post()
    assigned.client.patch(f"/users/{assigned.ada}", {"displayName": "Ada King"})
    assert assigned.client.value(assigned.path)[0]["principalDisplayName"] == "Ada King"


def test_assignments_of_2500_generated_users_are_read_in_pages(sandbox):
    tenant = {
        "base": "empty",
        "applications": [WRITER],
        "generate": {"users": 2500, "assign": {"application": "Writer", "role": "User"}},
    }
    client = sandbox(tenant)
    assert client.get("/users/user02500@contoso.com")["displayName"] == "User 02500"
    pages = client.pages(f"/servicePrincipals/{client.principal()['id']}/appRoleAssignedTo?$top=999")
    assert [len(page) for page in pages] == [999, 999, 502]
    assert len({row["id"] for page in pages for row in page}) == 2500
