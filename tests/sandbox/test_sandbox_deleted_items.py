"""Managers, and the restoration and permanent deletion of users and groups."""

from __future__ import annotations

import pytest

from .client import HOST

DELETED = "/directory/deletedItems"


def key_of(client, name):
    return client.get(f"/users/{name}@contoso.com?$select=id")["id"]


def link(client, name):
    return {"@odata.id": f"{HOST}/v1.0/users/{key_of(client, name)}"}


def set_manager(client, name, manager, expect=204):
    client.put(f"/users/{name}@contoso.com/manager/$ref", link(client, manager), expect=expect)


def manager_name(client, name, expect=200):
    body = client.get(f"/users/{name}@contoso.com/manager", expect=expect)
    return body.get("displayName") or body["error"]["code"]


def test_a_manager_is_set_changed_and_deleted(contoso):
    assert manager_name(contoso, "ada", 404) == "Request_ResourceNotFound"
    set_manager(contoso, "ada", "grace")
    set_manager(contoso, "ada", "alan")
    body = contoso.get("/users/ada@contoso.com/manager?$select=displayName,department")
    del body["@odata.context"]
    assert body == {
        "@odata.type": "#microsoft.graph.user",
        "displayName": "Alan Turing",
        "department": "Engineering",
    }
    contoso.delete("/users/ada@contoso.com/manager/$ref")
    assert manager_name(contoso, "ada", 404) == "Request_ResourceNotFound"
    contoso.delete("/users/ada@contoso.com/manager/$ref", expect=404)


@pytest.mark.parametrize("body", [{"@odata.id": f"{HOST}/v1.0/users/nobody"}, {}])
def test_an_unknown_manager_is_refused(contoso, body):
    contoso.put("/users/ada@contoso.com/manager/$ref", body, expect=404)


def test_the_state_contains_managers_and_deleted_users(contoso):
    set_manager(contoso, "ada", "grace")
    contoso.delete("/users/alan@contoso.com")
    state = contoso.get("/_sandbox/state")
    managers = {user["userPrincipalName"]: user["manager"] for user in state["users"]}
    assert managers["ada@contoso.com"] == key_of(contoso, "grace")
    assert managers["grace@contoso.com"] is None
    assert [user["displayName"] for user in state["deletedUsers"]] == ["Alan Turing"]


@pytest.fixture
def assigned(writer):
    """Writer with Ada assigned, whose manager is Grace and who is the manager of Alan."""
    principal = writer.principal()
    set_manager(writer, "ada", "grace")
    set_manager(writer, "alan", "ada")
    row = {"principalId": key_of(writer, "ada"), "resourceId": principal["id"]}
    writer.post(f"{_assigned(writer)}", row | {"appRoleId": principal["appRoles"][0]["id"]})
    return writer


def _assigned(client):
    return f"/servicePrincipals/{client.principal()['id']}/appRoleAssignedTo"


def _links(client):
    (admins,) = client.value("/groups?$filter=displayName eq 'Writer admins'")
    members = [row["displayName"] for row in client.value(f"/groups/{admins['id']}/members")]
    return sorted(members), [row["principalDisplayName"] for row in client.value(_assigned(client))]


def test_a_restored_user_has_its_name_and_its_links(assigned):
    before, ada = _links(assigned), key_of(assigned, "ada")
    assigned.delete(f"/users/{ada}")
    assert _links(assigned) == (["Grace Hopper"], [])
    assert manager_name(assigned, "alan", 404) == "Request_ResourceNotFound"
    restored = assigned.post(f"{DELETED}/{ada}/restore", expect=200)
    assert (restored["id"], restored["userPrincipalName"]) == (ada, "ada@contoso.com")
    assert _links(assigned) == before
    assert (manager_name(assigned, "ada"), manager_name(assigned, "alan")) == ("Grace Hopper", "Ada Lovelace")
    assigned.get(f"{DELETED}/{ada}", expect=404)
    assigned.post(f"{DELETED}/{ada}/restore", expect=404)


def test_restored_links_can_be_lost(assigned):
    assigned.switch(restored_links="lost")
    ada = key_of(assigned, "ada")
    assigned.delete(f"/users/{ada}")
    assigned.post(f"{DELETED}/{ada}/restore", expect=200)
    assert _links(assigned) == (["Grace Hopper"], [])
    assert manager_name(assigned, "ada", 404) == "Request_ResourceNotFound"


def test_links_to_objects_that_no_longer_exist_are_not_restored(assigned):
    ada = key_of(assigned, "ada")
    assigned.delete(f"/users/{ada}")
    assigned.delete("/users/grace@contoso.com")
    assigned.delete(f"/servicePrincipals/{assigned.principal()['id']}")
    assigned.post(f"{DELETED}/{ada}/restore", expect=200)
    assert manager_name(assigned, "ada", 404) == "Request_ResourceNotFound"
    assert assigned.value(f"/users/{ada}/appRoleAssignments") == []


def test_a_user_is_not_restored_while_another_user_has_the_name(contoso):
    ada = key_of(contoso, "ada")
    contoso.delete(f"/users/{ada}")
    contoso.post("/users", {"displayName": "Ada", "userPrincipalName": "ada@contoso.com"})
    contoso.post(f"{DELETED}/{ada}/restore", expect=400)
    contoso.get(f"{DELETED}/{ada}")


def test_a_group_is_restored_with_its_members(contoso):
    (group,) = contoso.value("/groups?$filter=displayName eq 'Writer admins'")
    members = contoso.value(f"/groups/{group['id']}/members")
    contoso.delete(f"/groups/{group['id']}")
    assert contoso.post(f"{DELETED}/{group['id']}/restore", expect=200)["displayName"] == "Writer admins"
    assert contoso.value(f"/groups/{group['id']}/members") == members


def test_a_purged_user_cannot_be_restored(contoso):
    ada = key_of(contoso, "ada")
    contoso.delete(f"{DELETED}/{ada}", expect=404)
    contoso.delete(f"/users/{ada}")
    contoso.delete(f"{DELETED}/{ada}")
    contoso.delete(f"{DELETED}/{ada}", expect=404)
    contoso.post(f"{DELETED}/{ada}/restore", expect=404)


@pytest.mark.parametrize(
    ("granted", "status"),
    [("User.Read.All", 403), ("User.ReadWrite.All", 403), ("User.DeleteRestore.All Group.ReadWrite.All", 404)],
)
def test_restore_needs_permissions(sandbox, granted, status):
    client = sandbox({}, permissions=frozenset(granted.split()))
    client.post(f"{DELETED}/nobody/restore", expect=status)
    client.delete(f"{DELETED}/nobody", expect=status)
