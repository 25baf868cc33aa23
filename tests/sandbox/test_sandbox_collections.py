"""Query options and paging of directory collections."""

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
def test_filter_returns_matching_users(contoso, text, names):
    users = contoso.value("/users", params={"$filter": text, "$select": "userPrincipalName"})
    assert sorted(document["userPrincipalName"].split("@")[0] for document in users) == names


def test_filter_matches_ids_and_lists(writer):
    principal = writer.principal()
    assert len(writer.value(f"/servicePrincipals?$filter=id eq '{principal['id']}'")) == 1
    assert len(writer.value(f"/servicePrincipals?$filter=appId eq {principal['appId']}")) == 1
    tag = "WindowsAzureActiveDirectoryIntegratedApp"
    assert len(writer.value(f"/servicePrincipals?$filter=tags/any(t:t eq '{tag}')")) == 1
    assert writer.value("/servicePrincipals?$filter=tags/any(t:t eq 'other')") == []
    both = f"applicationTemplateId eq '{principal['applicationTemplateId']}' and displayName eq 'writer'"
    assert len(writer.value(f"/applications?$filter={both}")) == 1


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
def test_filter_refuses_unsupported_properties_and_syntax_errors(contoso, text, code):
    assert contoso.get("/users", expect=400, params={"$filter": text})["error"]["code"] == code


def test_filter_operators_of_advanced_queries_need_header_and_count(contoso):
    query = {"$filter": "endswith(mail,'@fabrikam.com')", "$count": "true"}
    contoso.get("/users", expect=400, params=query)
    body = contoso.get("/users", params=query, **ADVANCED)
    assert body["@odata.count"] == len(body["value"]) == 1
    left = contoso.value("/users", params={"$filter": "not (accountEnabled eq true)", "$count": "true"}, **ADVANCED)
    assert [document["displayName"] for document in left] == ["Charles Babbage"]
    others = contoso.value("/users", params={"$filter": "department ne 'Finance'", "$count": "true"}, **ADVANCED)
    assert len(others) == 10


def test_filter_has_at_most_15_clauses(contoso):
    def filter_of(count: int) -> dict:
        return {"$filter": "mail in (" + ",".join(f"'{n}@contoso.com'" for n in range(count)) + ")"}

    assert contoso.value("/users", params=filter_of(15)) == []
    error = contoso.get("/users", expect=400, params=filter_of(16))["error"]
    assert "16. Max allowed: 15." in error["message"]
    chain = " or ".join(f"mail eq '{n}@contoso.com'" for n in range(16))
    contoso.get("/users", expect=400, params={"$filter": chain})
    assert contoso.value("/users", params=filter_of(16) | {"$count": "true"}, **ADVANCED) == []


def test_pages_have_absolute_next_links(contoso):
    pages = contoso.pages("/users?$top=5&$select=userPrincipalName&$filter=startswith(mail,'')")
    assert [len(page) for page in pages] == [5, 5, 2]
    assert len({document["userPrincipalName"] for page in pages for document in page}) == 12
    link = contoso.get("/users?$top=5")["@odata.nextLink"]
    assert link.startswith("http://127.0.0.1:8080/v1.0/users?$top=5&$skiptoken=")


def test_page_size_is_100_by_default_and_at_most_999(sandbox):
    client = sandbox({"base": "empty", "generate": {"users": 250}})
    assert [len(page) for page in client.pages("/users")] == [100, 100, 50]
    assert [len(page) for page in client.pages("/users?$top=999")] == [250]
    assert client.get("/users?$top=1000", expect=400)["error"]["code"] == "Request_UnsupportedQuery"
    client.get("/users?$top=0", expect=400)
    client.get("/users?$top=many", expect=400)
    client.switch(oversized_top="clamped")
    assert len(client.value("/users?$top=1000")) == 250


def test_page_size_and_filter_clauses_are_switches(contoso):
    contoso.switch(page_size=5, filter_clauses=1)
    assert [len(page) for page in contoso.pages("/users")] == [5, 5, 2]
    contoso.get("/users?$filter=mail eq 'a' or mail eq 'b'", expect=400)


def test_empty_pages_precede_the_last_page(contoso):
    contoso.switch(empty_pages="yes")
    assert [len(page) for page in contoso.pages("/users?$top=5")] == [5, 0, 5, 0, 2]


def test_next_link_is_stable_after_a_deletion(contoso):
    first = contoso.get("/groups?$top=3")
    contoso.delete(f"/groups/{first['value'][0]['id']}")
    assert len(contoso.pages(first["@odata.nextLink"])[0]) == 3


@pytest.mark.parametrize("token", ["x", "bm90aGluZw=="])
def test_an_invalid_skip_token_is_refused(contoso, token):
    assert contoso.get(f"/users?$skiptoken={token}", expect=400)["error"]["code"] == "Directory_ExpiredPageToken"


@pytest.mark.parametrize("path", ["/users", "/users/ada@contoso.com", "/groups"])
def test_expand_is_not_implemented(contoso, path):
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
def test_unsupported_query_options_are_refused(contoso, option):
    contoso.get(f"/users?{option}", expect=400)


EVENTUAL = {"ConsistencyLevel": "eventual"}


def display_names(client, path):
    return [document["displayName"] for document in client.value(path, headers=EVENTUAL)]


def test_search_matches_words_of_names_and_beginnings_of_addresses(contoso):
    assert display_names(contoso, '/users?$search="displayName:hop"') == ["Grace Hopper"]
    both = '/users?$search="displayName:ada" OR "mail:grace"'
    assert display_names(contoso, both) == ["Ada Lovelace", "Grace Hopper"]
    assert display_names(contoso, '/users?$search="displayName:a" AND "mail:grace@"') == ["Grace Hopper"]
    assert display_names(contoso, '/users?$search="mail:race"') == []
    for wrong in ("x", '"displayName:a" "mail:b"', '"displayName:a" OR', '"other:a"', ""):
        contoso.get(f"/users?$search={wrong}", expect=400, headers=EVENTUAL)


def test_orderby_sorts_and_pages(contoso):
    documents = [document for page in contoso.pages("/users?$orderby=displayName desc&$top=5") for document in page]
    names = [document["displayName"] for document in documents]
    assert names == sorted(names, reverse=True) and len(names) == 12
    by_two = display_names(contoso, "/users?$orderby=displayName,userPrincipalName desc&$filter=accountEnabled eq true")
    assert by_two == sorted(by_two)


def test_count_without_header_is_a_switch(contoso):
    assert "@odata.count" not in contoso.get("/users?$count=true")
    contoso.switch(count_without_header="refused")
    contoso.get("/users?$count=true", expect=400)
    assert contoso.get("/users?$count=true", headers=EVENTUAL)["@odata.count"] == 12


@pytest.mark.parametrize("path", ["/groups/{group}/members", "{sp}/appRoleAssignedTo"])
@pytest.mark.parametrize("option", ["$orderby=displayName", '$search="displayName:a"', "$skip=1"])
def test_members_and_assignments_refuse_orderby_search_and_skip(writer, path, option):
    group = writer.value("/groups")[0]["id"]
    path = path.format(group=group, sp=f"/servicePrincipals/{writer.principal()['id']}")
    writer.get(f"{path}?{option}", expect=400)


def test_the_provisioning_log_is_empty(contoso):
    assert contoso.value("/auditLogs/provisioning?$filter=jobId eq 'x'&$orderby=activityDateTime desc&$top=5") == []
