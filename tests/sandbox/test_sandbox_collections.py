"""Filters, pages and what the directory refuses of them."""

from __future__ import annotations

import pytest

ADVANCED = {"headers": {"ConsistencyLevel": "eventual"}}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("userPrincipalName eq 'ADA@contoso.com'", ["ada"]),
        ("surname eq 'O''Reilly'", ["tim"]),
        ("displayName in ('Ada Lovelace', 'Grace Hopper')", ["ada", "grace"]),
        ("startswith(displayName,'a')", ["ada", "alan"]),
        ("department eq 'Finance' and jobTitle eq 'Accountant'", ["mary"]),
        ("department eq 'Finance' or mail eq 'ada@contoso.com'", ["ada", "katherine", "mary"]),
        ("(department eq 'Finance' or department eq 'Support') and startswith(surname,'J')", ["katherine", "mary"]),
        ("accountEnabled eq false", ["charles"]),
        ("country eq null", ["linus_fabrikam.com#EXT#"]),
        ("employeeType eq 'Contractor' and startswith(displayName,'100%')", []),
    ],
)
def test_filters_that_clients_send(contoso, text, names):
    found = contoso.value("/users", params={"$filter": text, "$select": "userPrincipalName"})
    assert sorted(one["userPrincipalName"].split("@")[0] for one in found) == names


def test_filters_of_an_id_and_of_a_list(writer):
    principal = writer.principal()
    assert len(writer.value(f"/servicePrincipals?$filter=id eq '{principal['id']}'")) == 1
    assert len(writer.value(f"/servicePrincipals?$filter=appId eq {principal['appId']}")) == 1
    tag = "WindowsAzureActiveDirectoryIntegratedApp"
    assert len(writer.value(f"/servicePrincipals?$filter=tags/any(t:t eq '{tag}')")) == 1
    assert writer.value("/servicePrincipals?$filter=tags/any(t:t eq 'other')") == []
    both = f"applicationTemplateId eq '{principal['applicationTemplateId']}' and displayName eq 'writer'"
    assert len(writer.value(f"/applications?$filter={both}")) == 1


def test_option_names_may_be_escaped_and_spaces_may_be_plus_signs(contoso):
    assert len(contoso.value("/users?%24filter=displayName+eq+%27Ada%20Lovelace%27")) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("otherMails eq 'x'", "Request_UnsupportedQuery"),
        ("displayName ne 'x'", "Request_UnsupportedQuery"),
        ("not startswith(displayName,'x')", "Request_UnsupportedQuery"),
        ("endswith(mail,'.com')", "Request_UnsupportedQuery"),
        ("displayName eq Ada", "Request_BadRequest"),
        ("displayName eq", "Request_BadRequest"),
        ("displayName is 'x'", "Request_BadRequest"),
        ("displayName eq 'a' displayName eq 'b'", "Request_BadRequest"),
        ("(displayName eq 'a'", "Request_BadRequest"),
        ("displayName eq 'a", "Request_BadRequest"),
        ("otherMails/any(m:m eq 'x')", "Request_UnsupportedQuery"),
    ],
)
def test_filters_that_are_refused(contoso, text, code):
    assert contoso.get("/users", expect=400, params={"$filter": text})["error"]["code"] == code


def test_advanced_filters_need_both_the_header_and_the_count(contoso):
    query = {"$filter": "endswith(mail,'@fabrikam.com')", "$count": "true"}
    contoso.get("/users", expect=400, params=query)
    body = contoso.get("/users", params=query, **ADVANCED)
    assert body["@odata.count"] == len(body["value"]) == 1
    left = contoso.value("/users", params={"$filter": "not (accountEnabled eq true)", "$count": "true"}, **ADVANCED)
    assert [one["displayName"] for one in left] == ["Charles Babbage"]
    others = contoso.value("/users", params={"$filter": "department ne 'Finance'", "$count": "true"}, **ADVANCED)
    assert len(others) == 10


def test_no_more_than_fifteen_values_or_clauses(contoso):
    def asked(count: int) -> dict:
        return {"$filter": "mail in (" + ",".join(f"'{n}@contoso.com'" for n in range(count)) + ")"}

    assert contoso.value("/users", params=asked(15)) == []
    error = contoso.get("/users", expect=400, params=asked(16))["error"]
    assert "16. Max allowed: 15." in error["message"]
    chain = " or ".join(f"mail eq '{n}@contoso.com'" for n in range(16))
    contoso.get("/users", expect=400, params={"$filter": chain})
    assert contoso.value("/users", params=asked(16) | {"$count": "true"}, **ADVANCED) == []


def test_pages_are_linked_by_absolute_addresses(contoso):
    pages = contoso.pages("/users?$top=5&$select=userPrincipalName&$filter=startswith(mail,'')")
    assert [len(page) for page in pages] == [5, 5, 2]
    assert len({one["userPrincipalName"] for page in pages for one in page}) == 12
    link = contoso.get("/users?$top=5")["@odata.nextLink"]
    assert link.startswith("http://127.0.0.1:8080/v1.0/users?$top=5&$skiptoken=")


def test_a_page_of_members_has_a_link_too(contoso):
    (staff,) = contoso.value("/groups?$filter=displayName eq 'All staff'")
    assert [len(page) for page in contoso.pages(f"/groups/{staff['id']}/members?$top=3")] == [3, 3, 2]


def test_a_hundred_a_page_unless_asked_and_never_a_thousand(sandbox):
    client = sandbox({"base": "empty", "generate": {"users": 250}})
    assert [len(page) for page in client.pages("/users")] == [100, 100, 50]
    assert [len(page) for page in client.pages("/users?$top=999")] == [250]
    assert client.get("/users?$top=1000", expect=400)["error"]["code"] == "Request_UnsupportedQuery"
    client.get("/users?$top=0", expect=400)
    client.get("/users?$top=many", expect=400)
    client.switch(oversized_top="clamped")
    assert len(client.value("/users?$top=1000")) == 250


def test_the_size_of_a_page_and_the_length_of_a_filter_are_switches(contoso):
    contoso.switch(page_size=5, filter_clauses=1)
    assert [len(page) for page in contoso.pages("/users")] == [5, 5, 2]
    contoso.get("/users?$filter=mail eq 'a' or mail eq 'b'", expect=400)


def test_an_empty_page_may_stand_in_the_middle(contoso):
    contoso.switch(empty_pages="yes")
    assert [len(page) for page in contoso.pages("/users?$top=5")] == [5, 0, 5, 0, 2]


def test_a_page_survives_what_goes_between_the_reads(contoso):
    first = contoso.get("/groups?$top=3")
    contoso.delete(f"/groups/{first['value'][0]['id']}")
    assert len(contoso.pages(first["@odata.nextLink"])[0]) == 3


@pytest.mark.parametrize("token", ["x", "bm90aGluZw=="])
def test_a_made_up_skip_token_is_refused(contoso, token):
    assert contoso.get(f"/users?$skiptoken={token}", expect=400)["error"]["code"] == "Directory_ExpiredPageToken"


@pytest.mark.parametrize("path", ["/users", "/users/ada@contoso.com", "/groups"])
def test_an_expansion_that_is_not_emulated_is_loud(contoso, path):
    error = contoso.get(f"{path}?$expand=memberOf($levels=max)", expect=501)["error"]
    assert error["code"] == "SandboxNotImplemented"


@pytest.mark.parametrize(
    "option",
    [
        "$skip=3",
        "$expand=nothing",
        "$search=ada",
        '$search="displayName:ada"',
        "$orderby=mail",
        "$orderby=displayName up",
        "$orderby=displayName,",
        "$orderby=displayName&$filter=mail eq 'x'",
    ],
)
def test_options_that_the_directory_does_not_take(contoso, option):
    contoso.get(f"/users?{option}", expect=400)


EVENTUAL = {"ConsistencyLevel": "eventual"}


def found(client, path):
    return [one["displayName"] for one in client.value(path, headers=EVENTUAL)]


def test_search(contoso):
    assert found(contoso, '/users?$search="displayName:hop"') == ["Grace Hopper"]
    both = '/users?$search="displayName:ada" OR "mail:grace"'
    assert found(contoso, both) == ["Ada Lovelace", "Grace Hopper"]
    assert found(contoso, '/users?$search="displayName:a" AND "mail:grace@"') == ["Grace Hopper"]
    assert found(contoso, '/users?$search="mail:race"') == []
    for wrong in ("x", '"displayName:a" "mail:b"', '"displayName:a" OR', '"other:a"', ""):
        contoso.get(f"/users?$search={wrong}", expect=400, headers=EVENTUAL)


def test_order(contoso):
    names = [one for page in contoso.pages("/users?$orderby=displayName desc&$top=5") for one in page]
    shown = [one["displayName"] for one in names]
    assert shown == sorted(shown, reverse=True) and len(shown) == 12
    by_two = found(contoso, "/users?$orderby=displayName,userPrincipalName desc&$filter=accountEnabled eq true")
    assert by_two == sorted(by_two)


def test_a_count_without_the_header_is_a_switch(contoso):
    assert "@odata.count" not in contoso.get("/users?$count=true")
    contoso.switch(count_without_header="refused")
    contoso.get("/users?$count=true", expect=400)
    assert contoso.get("/users?$count=true", headers=EVENTUAL)["@odata.count"] == 12


@pytest.mark.parametrize("path", ["/groups/{group}/members", "{sp}/appRoleAssignedTo"])
@pytest.mark.parametrize("option", ["$orderby=displayName", '$search="displayName:a"', "$skip=1"])
def test_other_collections_take_neither(writer, path, option):
    group = writer.value("/groups")[0]["id"]
    path = path.format(group=group, sp=f"/servicePrincipals/{writer.principal()['id']}")
    writer.get(f"{path}?{option}", expect=400)


def test_the_provisioning_log_is_empty(contoso):
    assert contoso.value("/auditLogs/provisioning?$filter=jobId eq 'x'&$orderby=activityDateTime desc&$top=5") == []
