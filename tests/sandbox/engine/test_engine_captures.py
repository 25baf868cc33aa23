"""The requests of cycles over HTTP in both dialects, compared with what was captured from the service."""

from __future__ import annotations

from typing import Any

import pytest

from .flows import ENTERPRISE

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMAS = [
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
]
MANAGER, DEPARTMENT = f"{ENTERPRISE}:manager", f"{ENTERPRISE}:department"
ENVELOPE = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
FAX = 'phoneNumbers[type eq "fax"].value'
BODIES = {"POST", "PATCH"}
pytestmark = pytest.mark.parametrize("flag", [False, True], ids=["legacy", "flag"])


def op(name: str, path: str | None, value: Any = None) -> dict[str, Any]:
    fields = {"op": name, "path": path, "value": value}
    return {key: field for key, field in fields.items() if field is not None}


def writes(tenant: Any) -> list[tuple[str, Any]]:
    """Run a cycle and return its writes: the request, and the operations of a PATCH or the body of a creation."""
    tenant.endpoint.take()
    tenant.cycle()
    sent = tenant.endpoint.take()
    for request in sent:
        assert request.headers["authorization"].startswith("Bearer ") and request.headers["adscimversion"] == "6.0"
        assert ("content-type" in request.headers) is (request.method in BODIES)
        assert "user-agent" not in request.headers and "aadOptscim062020" not in request.query
        assert request.method != "PATCH" or request.body["schemas"] == ENVELOPE
    return [
        (str(request).replace("/scim", ""), (request.body or {}).get("Operations", request.body))
        for request in sent
        if request.method != "GET"
    ]


def test_user_has_the_captured_requests_from_creation_to_deletion(provisioned, flag):
    tenant = provisioned(assigned=("ada@contoso.com",), flag=flag)
    (created,) = writes(tenant)
    assert created == ("POST /Users", ADA)
    path = f"/Users/{tenant.endpoint.by_name('ada@contoso.com')['id']}"

    tenant.change("ada", displayName="Ada L", jobTitle="Lead", faxNumber="1", department="HR")
    legacy = [
        op("Replace", "displayName", "Ada L"),
        op("Add", FAX, "1"),
        op("Add", "title", "Lead"),
        op("Replace", DEPARTMENT, "HR"),
    ]
    flagged = [
        op("replace", None, {"displayName": "Ada L", DEPARTMENT: "HR"}),
        op("add", None, {"title": "Lead"}),
        op("add", FAX, "1"),
    ]
    assert writes(tenant) == [(f"PATCH {path}", flagged if flag else legacy)]

    tenant.change("ada", jobTitle=None)
    assert writes(tenant) == []

    disabled = [op("replace", "active", False)] if flag else [op("Replace", "active", "False")]
    enabled = [op("replace", "active", True)] if flag else [op("Replace", "active", "True")]
    tenant.change("ada", accountEnabled=False)
    assert writes(tenant) == [(f"PATCH {path}", disabled)]
    tenant.change("ada", accountEnabled=True)
    assert writes(tenant) == [(f"PATCH {path}", enabled)]

    key = tenant.delete_user("ada")
    assert writes(tenant) == [(f"PATCH {path}", disabled)]
    tenant.restore(key)
    assert writes(tenant) == [(f"PATCH {path}", enabled)]
    tenant.delete_user("ada")
    writes(tenant)
    tenant.purge(key)
    assert writes(tenant) == [(f"DELETE {path}", None)]


@pytest.mark.slow
def test_manager_has_the_captured_operations(provisioned, flag):
    tenant = provisioned(assigned=("ada@contoso.com", "grace@contoso.com", "joe@contoso.com"), flag=flag)
    writes(tenant)
    ids = {name: tenant.endpoint.by_name(f"{name}@contoso.com")["id"] for name in ("ada", "grace", "joe")}

    def set_manager(name: str | None) -> list[tuple[str, Any]]:
        link = f"/users/{tenant.user('ada')}/manager/$ref"
        if name is None:
            tenant.client.delete(link)
        else:
            tenant.client.put(link, {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{tenant.user(name)}"})
        return writes(tenant)

    path = f"PATCH /Users/{ids['ada']}"
    assert set_manager("grace") == [(path, [op("add" if flag else "Add", MANAGER, ids["grace"])])]
    assert set_manager("joe") == [(path, [op("replace" if flag else "Replace", MANAGER, ids["joe"])])]
    assert set_manager(None) == [(path, [op("replace", MANAGER, "") if flag else op("Remove", MANAGER)])]


def test_group_has_the_captured_requests_from_creation_to_deletion(provisioned, flag):
    groups = [{"displayName": "Sales", "members": ["ada@contoso.com"]}]
    tenant = provisioned(assigned=("Sales", "joe@contoso.com"), groups=groups, flag=flag)
    tenant.endpoint.take()
    first = writes(tenant)
    assert [text for text, _ in first[:3]] == ["POST /Users", "POST /Users", "POST /Groups"]
    assert first[2][1] == {
        "schemas": GROUP_SCHEMAS,
        "externalId": tenant.group("Sales"),
        "displayName": "Sales",
        "meta": {"resourceType": "Group"},
    }
    ids = {name: tenant.endpoint.by_name(f"{name}@contoso.com")["id"] for name in ("ada", "joe")}
    path = f"/Groups/{tenant.endpoint.by_name('Sales')['id']}"
    added = "add" if flag else "Add"
    assert first[3:] == [(f"PATCH {path}", [op(added, "members", [{"value": ids["ada"]}])])]

    group = f"/groups/{tenant.group('Sales')}"
    tenant.client.patch(group, {"displayName": "Sales EU"})
    renamed = [op("replace", None, {"displayName": "Sales EU"})] if flag else [op("Replace", "displayName", "Sales EU")]
    assert writes(tenant) == [(f"PATCH {path}", renamed)]

    link = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{tenant.user('joe')}"}
    tenant.client.post(f"{group}/members/$ref", link, expect=204)
    assert writes(tenant) == [(f"PATCH {path}", [op(added, "members", [{"value": ids["joe"]}])])]
    tenant.client.delete(f"{group}/members/{tenant.user('joe')}/$ref")
    removed = (
        op("remove", f'members[value eq "{ids["joe"]}"]') if flag else op("Remove", "members", [{"value": ids["joe"]}])
    )
    assert writes(tenant) == [(f"PATCH {path}", [removed])]

    tenant.unassign(tenant.group("Sales EU"))
    disabled = op("replace", "active", False) if flag else op("Replace", "active", "False")
    assert writes(tenant) == [(f"PATCH /Users/{ids['ada']}", [disabled]), (f"DELETE {path}", None)]


ADA = {
    "schemas": [CORE, ENTERPRISE],
    "externalId": "ada",
    "userName": "ada@contoso.com",
    "active": True,
    "displayName": "Ada",
    "emails": [{"primary": True, "type": "work", "value": "ada@contoso.com"}],
    "name": {"givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace"},
    ENTERPRISE: {"department": "Sales"},
    "meta": {"resourceType": "User"},
}
