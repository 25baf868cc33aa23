"""Tenant files, and the file that stores a tenant."""

from __future__ import annotations

import json

import pytest

from scimconf.sandbox.tenant_file import TenantFile, TenantFileError

from .client import WRITER, Client, object_mapping


def test_a_tenant_file_describes_a_whole_tenant(sandbox):
    client = sandbox(
        {
            "base": "empty",
            "organization": {"displayName": "Fabrikam", "verifiedDomains": ["fabrikam.com"]},
            "users": [
                "joe@fabrikam.com",
                {"userPrincipalName": "eve@fabrikam.com", "department": "Sales", "id": "e" * 8},
            ],
            "groups": [
                {"displayName": "Inner", "members": ["joe@fabrikam.com"]},
                {"displayName": "Sales", "members": ["eve@fabrikam.com", "group:Inner"]},
            ],
            "applications": [
                WRITER
                | {
                    "roles": [{"value": "admin"}, {"value": "off", "isEnabled": False}],
                    "assignments": [
                        {"user": "joe@fabrikam.com", "role": "admin"},
                        {"group": "Sales", "role": "msiam_access"},
                    ],
                    "secrets": {"BaseAddress": "https://x.example", "SecretToken": "t"},
                    "jobs": [{"template": "scim", "state": "Active"}],
                    "tags": ["a"],
                    "createdDateTime": "2020-01-01T00:00:00Z",
                }
            ],
        }
    )
    (organization,) = client.value("/organization")
    assert organization["verifiedDomains"][0]["name"] == "fabrikam.com"
    assert organization["verifiedDomains"][0]["isDefault"] is True
    assert len(client.value("/users")) == 2
    (sales,) = client.value("/groups?$filter=displayName eq 'Sales'")
    assert [document["displayName"] for document in client.value(f"/groups/{sales['id']}/members")] == ["eve", "Inner"]
    principal = client.principal()
    assert (principal["tags"], principal["createdDateTime"]) == (["a"], "2020-01-01T00:00:00Z")
    assert [document["displayName"] for document in principal["appRoles"]] == ["User", "msiam_access", "admin", "off"]
    rows = client.value(f"/servicePrincipals/{principal['id']}/appRoleAssignedTo")
    assert [(document["principalType"], document["principalDisplayName"]) for document in rows] == [
        ("User", "joe"),
        ("Group", "Sales"),
    ]
    assert [client.get(client.job())["status"]["code"] for _ in range(2)][-1] == "Active"


def test_a_tenant_file_edits_or_replaces_a_schema(sandbox):
    target = "urn:ietf:params:scim:schemas:extension:acme:2.0:User:costCenter"
    scope = {"groups": [{"name": "a", "clauses": []}], "inputFilterGroups": [], "categoryFilterGroups": []}
    edits = [
        {"target": "title", "source": 'Join("-", [jobTitle], [department])', "defaultValue": "none"},
        {"attribute": {"name": target}},
        {"target": target, "source": None, "defaultValue": "0"},
        {"remove": "name.formatted"},
        {"scope": scope},
        {"object": "Group", "enabled": False},
    ]
    client = sandbox({"applications": [WRITER | {"jobs": [{"edits": edits}]}]})
    schema = client.get(f"{client.job()}/schema")
    users, groups = (object_mapping(schema, name) for name in ("User", "Group"))
    rows = {row["targetAttributeName"]: row for row in users["attributeMappings"]}
    assert rows["title"]["source"]["name"] == "Join"
    assert rows["title"]["defaultValue"] == "none"
    assert rows[target]["source"] is None
    assert "name.formatted" not in rows
    assert users["scope"] == scope
    assert groups["enabled"] is False
    document = client.get(f"{client.job()}/schema")
    whole = sandbox({"applications": [WRITER | {"jobs": [{"schema": document}]}]})
    assert whole.get(f"{whole.job()}/schema") == document


def described(**application):
    return {"applications": [{"displayName": "x"} | application]}


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        ({"user": []}, r"tenant: unknown key 'user'\. Valid keys: applications, base, endpoints, "),
        ({"users": "x"}, r"tenant: users: expected a list, got a string \('x'\)"),
        ({"users": None}, "tenant: users: expected a list, got null"),
        ({"users": [{"displayName": "x"}]}, r"tenant: users\[0\]: missing key 'userPrincipalName'"),
        ({"users": [{"userPrincipalName": ["a"]}]}, r"users\[0\]: a value has the wrong type"),
        ({"users": ["\ud800"]}, r"users\[0\]: a value has the wrong type"),
        ({"users": 10**400}, r"users: expected a list, got an integer \(1(0){59}…\)"),
        ({"users": {"a": 1}}, r"users: expected a list, got an object \(…\)"),
        ({"generate": {"users": 10**30}}, "generate: users: at most 1,000,000 can be generated"),
        ({"generate": {"groups": 1_000_001}}, "generate: groups: at most 1,000,000 can be generated"),
        (
            {"switches": {"late_reads": "9" * 5000}},
            "switch late_reads: expected an integer of at least 0, got '9{60}…'",
        ),
        (
            {"switches": {"secrets_put": [[1]]}},
            "switch secrets_put: expected 'merge' or 'replace', got 'a list or an object'",
        ),
        ({"generate": {"users": True}}, r"tenant: generate: users: expected an integer, got a boolean \(True\)"),
        ({"applications": ["x"]}, r"tenant: applications\[0\]: expected an object, got a string"),
        (described(role=[]), r"tenant: applications\[0\]: unknown key 'role'"),
        (described(appRoleAssignmentRequired="yes"), "appRoleAssignmentRequired: expected a boolean, got a string"),
        (described(template="none"), r"template: the gallery has no application 'none'\. It has: .*custom, "),
        (
            described(jobs=[{}, {"template": "none"}]),
            r"jobs\[1\]: .* has no provisioning template 'none'\. It has: scim",
        ),
        (described(jobs=[{"edits": [{"object": "Device"}]}]), r"edits\[0\]: object: .* no object mapping of 'Device'"),
        (described(jobs=[{"edits": [{"target": "title", "source": "Join("}]}]), r"jobs\[0\]: edits\[0\]: "),
        (described(secrets={"Token": "x"}), "secrets: 'Token' is not a value of enumeration"),
        (described(assignments=[{"user": "nobody"}]), r"assignments\[0\]: there is no user with the userPrincipalName"),
        (described(assignments=[{"group": "Marketing"}]), "2 groups have the displayName 'Marketing'"),
        (described(assignments=[{}]), r"assignments\[0\]: missing key 'group'"),
        (described(assignments=[{"user": "ada@contoso.com", "role": "none"}]), "has no role 'none'. It has: User, "),
        ({"groups": [{"displayName": "x", "members": [3]}]}, r"groups\[0\]: members\[0\]: a value has the wrong type"),
    ],
)
def test_an_invalid_tenant_file_is_refused_with_the_location(sandbox, tenant, message):
    with pytest.raises(TenantFileError, match=message):
        sandbox(tenant)


def test_a_tenant_file_is_read_or_refused(tmp_path, sandbox):
    path = tmp_path / "tenant.json"
    path.write_text(json.dumps({"applications": [WRITER]}), encoding="utf-8")
    assert sandbox(TenantFile.read(path)).principal()["displayName"] == "Writer"
    for text in ("{", "[]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(TenantFileError, match=r"tenant\.json"):
            TenantFile.read(path)


def test_a_tenant_file_names_managers_in_any_order(sandbox):
    users = [{"userPrincipalName": "a@contoso.com", "manager": "b@contoso.com"}, "b@contoso.com"]
    client = sandbox({"users": users})
    assert client.get("/users/a@contoso.com/manager")["userPrincipalName"] == "b@contoso.com"
    assert client.get("/users/a@contoso.com?$select=manager")["manager"] is None
    with pytest.raises(TenantFileError, match=r"users\[0\]: there is no user with the userPrincipalName 'c'"):
        sandbox({"users": [{"userPrincipalName": "a@contoso.com", "manager": "c"}]})


def test_a_tenant_file_has_deterministic_ids(sandbox):
    first, second = (sandbox({"applications": [WRITER | {"jobs": [{}]}]}).get("/_sandbox/state") for _ in range(2))
    assert first == second


def test_a_state_file_restores_the_tenant(tmp_path):
    path = str(tmp_path / "tenant.db")
    with Client({"applications": [WRITER]}, state=path) as client:
        client.post("/users", {"displayName": "Joe", "userPrincipalName": "joe@contoso.com"})
        joe = client.get("/users/joe@contoso.com")["id"]
    with Client({"users": ["other@contoso.com"]}, state=path) as client:
        assert client.get("/users/joe@contoso.com")["id"] == joe
        client.get("/users/other@contoso.com", expect=404)
        eve = client.post("/users", {"displayName": "Eve", "userPrincipalName": "eve@contoso.com"})
        assert eve["id"] != joe
