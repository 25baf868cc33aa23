"""The organization, users, groups and members."""

from __future__ import annotations

import pytest

from .client import NEW_GROUP


def test_organization_has_verified_domains(contoso):
    (organization,) = contoso.value("/organization")
    assert organization["displayName"] == "Contoso"
    assert [domain["name"] for domain in organization["verifiedDomains"]] == ["contoso.com", "contoso.onmicrosoft.com"]
    assert contoso.get(f"/organization/{organization['id']}?$select=id")["id"] == organization["id"]
    assert contoso.get("/organization/nobody", expect=404)["error"]["code"] == "Request_ResourceNotFound"


def test_contoso_has_12_users_and_no_application(contoso):
    assert len(contoso.value("/users")) == 12
    assert contoso.value("/applications") == contoso.value("/servicePrincipals") == []
    names = [group["displayName"] for group in contoso.value("/groups")]
    assert {"Writer editors", "Writer admins", "AP-Finance", "AP-Support"} <= set(names)
    assert names.count("Marketing") == 2


def test_a_user_is_read_by_id_and_by_name_in_any_case(contoso):
    ada = contoso.get("/users/ADA@contoso.com")
    assert contoso.get(f"/users/{ada['id']}")["displayName"] == "Ada Lovelace"
    assert contoso.get("/users('ada@contoso.com')")["id"] == ada["id"]
    guest = contoso.get("/users/linus_fabrikam.com%23EXT%23@contoso.onmicrosoft.com")
    assert guest["displayName"] == "Linus Torvalds"


def test_a_user_has_default_properties_without_select(contoso):
    assert "department" not in contoso.get("/users/ada@contoso.com")
    body = contoso.get("/users/ada@contoso.com?$select=department,employeeType,aboutMe")
    body.pop("@odata.context")
    assert body == {"department": "Engineering", "employeeType": "Employee", "aboutMe": None}


def test_an_unknown_user_is_a_404(contoso):
    error = contoso.get("/users/nobody@contoso.com", expect=404)["error"]
    assert error["code"] == "Request_ResourceNotFound"
    assert "nobody@contoso.com" in error["message"]


def test_users_are_created_changed_and_deleted(contoso):
    user = contoso.post("/users", {"displayName": "Joe", "userPrincipalName": "joe@contoso.com", "passwordProfile": {}})
    assert user["mailNickname"] == "joe"
    assert "passwordProfile" not in user
    contoso.patch("/users/joe@contoso.com", {"displayName": "Joseph", "accountEnabled": False})
    assert contoso.get(f"/users/{user['id']}")["displayName"] == "Joseph"
    contoso.delete("/users/joe@contoso.com")
    contoso.get(f"/users/{user['id']}", expect=404)


def test_a_deleted_user_is_in_the_deleted_items_under_a_prefixed_name(contoso):
    user = contoso.post("/users", {"displayName": "Joe", "userPrincipalName": "joe@contoso.com"})
    contoso.delete("/users/joe@contoso.com")
    path = "/directory/deletedItems/microsoft.graph.user"
    (deleted,) = contoso.value(f"{path}?$select=id,userPrincipalName,deletedDateTime&$top=999")
    assert (deleted["id"], deleted["userPrincipalName"]) == (
        user["id"],
        user["id"].replace("-", "") + "joe@contoso.com",
    )
    assert deleted["deletedDateTime"].endswith("Z")
    assert "deletedDateTime" not in contoso.value(path)[0]
    contoso.post("/users", {"displayName": "Joe", "userPrincipalName": "joe@contoso.com"})
    item = contoso.get(f"/directory/deletedItems/{user['id']}?$select=deletedDateTime")
    assert (item["@odata.type"], item["deletedDateTime"]) == ("#microsoft.graph.user", deleted["deletedDateTime"])
    contoso.get("/directory/deletedItems/nobody", expect=404)


@pytest.mark.parametrize(
    ("position", "types", "recycled"),
    [("recycled", [], True), ("permanent", [], False), ("permanent", ["Unified"], True)],
)
def test_a_deleted_group_can_be_in_the_deleted_items(contoso, position, types, recycled):
    contoso.switch(deleted_security_groups=position)
    properties = {"displayName": "Old", "securityEnabled": True, "groupTypes": types}
    group = contoso.post("/groups", {**properties, "mailNickname": "old", "mailEnabled": False})
    contoso.delete(f"/groups/{group['id']}")
    names = [row["displayName"] for row in contoso.value("/directory/deletedItems/microsoft.graph.group")]
    assert names == (["Old"] if recycled else [])
    contoso.get(f"/directory/deletedItems/{group['id']}", expect=200 if recycled else 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users", {"displayName": "Ada"}),
        ("/users", {"displayName": "Ada", "userPrincipalName": "Ada@contoso.com"}),
        *(("/groups", {key: value for key, value in NEW_GROUP.items() if key != name}) for name in NEW_GROUP),
        ("/groups", NEW_GROUP | {"mailNickname": ""}),
    ],
)
def test_incomplete_or_duplicate_users_and_groups_are_refused(contoso, path, body):
    assert contoso.post(path, body, expect=400)["error"]["code"] == "Request_BadRequest"


def test_a_user_cannot_be_renamed_to_an_existing_name(contoso):
    body = {"userPrincipalName": "grace@contoso.com"}
    assert contoso.send("PATCH", "/users/ada@contoso.com", body).status_code == 400
    assert contoso.send("PATCH", "/users/ada@contoso.com", {"userPrincipalName": "ADA@contoso.com"}).status_code == 204


def test_groups_and_members_are_created_changed_and_deleted(contoso):
    group = contoso.post("/groups", NEW_GROUP)
    path = f"/groups/{group['id']}"
    ada = contoso.get("/users/ada@contoso.com")["id"]
    link = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{ada}"}
    contoso.post(f"{path}/members/$ref", link, expect=204)
    assert contoso.post(f"{path}/members/$ref", link, expect=400)["error"]["message"].startswith("One or more added")
    (member,) = contoso.value(f"{path}/members")
    assert (member["@odata.type"], member["displayName"]) == ("#microsoft.graph.user", "Ada Lovelace")
    assert contoso.get(f"{path}/members/$count", headers={"ConsistencyLevel": "eventual"}) == "1"
    contoso.delete(f"{path}/members/{ada}/$ref")
    contoso.delete(f"{path}/members/{ada}/$ref", expect=404)
    contoso.patch(path, {"displayName": "Newer"})
    assert contoso.get(path)["displayName"] == "Newer"
    contoso.delete(path)
    contoso.get(path, expect=404)


def test_count_of_members_needs_the_consistency_header(contoso):
    (group,) = contoso.value("/groups?$filter=displayName eq 'AP-Finance'")
    contoso.get(f"/groups/{group['id']}/members/$count", expect=400)


def test_members_cast_to_users_are_users_only(sandbox):
    groups = [
        {"displayName": "Inner", "members": ["ada@contoso.com"]},
        {"displayName": "Outer", "members": ["grace@contoso.com", "group:Inner", "hedy@contoso.com"]},
    ]
    client = sandbox({"groups": groups})
    (outer,) = client.value("/groups?$filter=displayName eq 'Outer'")
    cast = f"/groups/{outer['id']}/members/microsoft.graph.user"
    assert len(client.value(f"/groups/{outer['id']}/members")) == 3
    body = client.get(f"{cast}?$count=true&$top=1&$select=id", headers={"ConsistencyLevel": "eventual"})
    assert body["@odata.count"] == 2
    assert [document["displayName"] for document in client.value(cast)] == ["Grace Hopper", "Hedy Lamarr"]
    assert [len(page) for page in client.pages(f"{cast}?$top=1")] == [1, 1]


@pytest.mark.parametrize(
    ("granted", "title", "phones"),
    [
        ("User.ReadBasic.All", None, []),
        ("User.ReadBasic.All User.Read.All", "Principal Analyst", None),
        ("Directory.Read.All", "Principal Analyst", None),
    ],
)
def test_user_read_basic_returns_basic_properties_only(sandbox, granted, title, phones):
    client = sandbox({}, permissions=frozenset(granted.split()))
    select = "$select=id,displayName,jobTitle,accountEnabled,businessPhones"
    (listed,) = client.value(f"/users?$filter=userPrincipalName eq 'ada@contoso.com'&{select}")
    for ada in (listed, client.get(f"/users/ada@contoso.com?{select}")):
        assert (ada["displayName"], ada["jobTitle"]) == ("Ada Lovelace", title)
        assert ada["accountEnabled"] is (True if title else None)
        assert phones is None or ada["businessPhones"] == phones


def test_a_deleted_user_loses_memberships_and_assignments(writer):
    principal = writer.principal()
    ada = writer.get("/users/ada@contoso.com")["id"]
    role = principal["appRoles"][0]["id"]
    path = f"/servicePrincipals/{principal['id']}/appRoleAssignedTo"
    writer.post(path, {"principalId": ada, "resourceId": principal["id"], "appRoleId": role})
    writer.delete(f"/users/{ada}")
    assert writer.value(path) == []
    (admins,) = writer.value("/groups?$filter=displayName eq 'Writer admins'")
    assert [document["displayName"] for document in writer.value(f"/groups/{admins['id']}/members")] == ["Grace Hopper"]


def test_get_by_ids_omits_unknown_ids(writer):
    ada, grace = (writer.get(f"/users/{name}@contoso.com")["id"] for name in ("ada", "grace"))
    (group,) = writer.value("/groups?$filter=displayName eq 'AP-Finance'")
    ids = [ada, group["id"], "00000000-0000-0000-0000-00000000dead", writer.principal()["id"], grace]
    objects = writer.post("/directoryObjects/getByIds", {"ids": ids}, expect=200)["value"]
    assert [document["@odata.type"].rsplit(".")[-1] for document in objects] == [
        "user",
        "group",
        "servicePrincipal",
        "user",
    ]
    only = writer.post("/directoryObjects/getByIds", {"ids": ids, "types": ["group"]}, expect=200)["value"]
    assert [document["displayName"] for document in only] == ["AP-Finance"]


@pytest.mark.parametrize("ids", [[], None, ["x"] * 1001])
def test_get_by_ids_accepts_1_to_1000_ids(contoso, ids):
    contoso.post("/directoryObjects/getByIds", {"ids": ids}, expect=400)
