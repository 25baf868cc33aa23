"""The directory under the service's names, and who is in scope."""

from __future__ import annotations

import pytest

from scimconf.impact import user_attributes
from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.engine.scope import decide, filter_gap
from scimconf.sandbox.engine.source import is_known, read_source, source_object
from scimconf.sandbox.engine.values import AppRole, ObjectFlow, Scope, Source

from .flows import ACTIONS, GROUPS, USERS, switches

WRITER = {"displayName": "Writer", "template": "custom"}
GUEST = "linus_fabrikam.com#EXT#@contoso.onmicrosoft.com"
ROLES = [{"displayName": "Editor", "value": "editor"}, {"displayName": "No value", "value": None}]


def test_table_of_user_attributes_is_that_of_the_client():
    assert read_data("source_attributes.json")["User"] == {
        name: list(path) for name, path in user_attributes._PATHS.items()
    }


def test_source_object_has_the_service_names_without_empty_attributes():
    document = {
        "id": "1",
        "userPrincipalName": GUEST,
        "businessPhones": ["+1"],
        "mobilePhone": None,
        "onPremisesExtensionAttributes": {"extensionAttribute3": "x", "extensionAttribute4": None},
        "extension_0c0a_badge": "7",
        "employeeOrgData": None,
    }
    expected = {
        "objectId": "1",
        "userPrincipalName": "linus@fabrikam.com",
        "originalUserPrincipalName": GUEST,
        "telephoneNumber": "+1",
        "extensionAttribute3": "x",
        "extension_0c0a_badge": "7",
    }
    user = source_object("User", document, {"manager/1": ("2",)})
    assert (user.name, user.attributes, user.references) == ("linus@fabrikam.com", expected, {"manager": ("2",)})


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ada@contoso.com", "ada@contoso.com"), (GUEST, "linus@fabrikam.com"), ("odd#EXT#@contoso.com", "odd#EXT#@contoso.com")],
)  # fmt: skip
def test_name_of_a_guest_is_that_of_the_home_tenant(name, expected):
    user = source_object("User", {"id": "1", "userPrincipalName": name, "businessPhones": []}, {})
    assert user.attributes["userPrincipalName"] == expected == user_attributes.home_name(name)
    assert "telephoneNumber" not in user.attributes


def test_group_is_named_by_its_display_name_and_has_its_members():
    group = source_object("Group", {"id": "g", "displayName": "Sales"}, {"g": ("1", "2")})
    assert (group.name, group.references) == ("Sales", {"members": ("1", "2")})
    assert source_object("Group", {"id": "g"}, {}).name == "g"


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("User", "mobile", True),
        ("User", "mobilePhone", False),
        ("User", "IsSoftDeleted", True),
        ("User", "extension_x_y", True),
        ("Group", "mobile", False),
        ("Group", "description", True),
    ],
)
def test_known_attributes_are_those_of_the_table(kind, name, expected):
    assert is_known(kind, name) is expected


# ---- the store ------------------------------------------------------------------------------------------------------


@pytest.fixture
def assigned(sandbox):
    """Writer with two roles: Ada has Editor directly and through Sales; Grace is a member; Alan is in a nested group."""
    client = sandbox({"applications": [WRITER | {"roles": ROLES}]})
    client.users = {name: client.get(f"/users/{name}@contoso.com")["id"] for name in ("ada", "grace", "alan")}
    groups = {name: client.post("/groups", NEW | {"displayName": name})["id"] for name in ("Sales", "Nested")}
    for group, member in (("Sales", "ada"), ("Sales", "grace"), ("Nested", "alan")):
        client.post(f"/groups/{groups[group]}/members/$ref", link(client.users[member]), expect=204)
    client.post(f"/groups/{groups['Sales']}/members/$ref", link(groups["Nested"]), expect=204)
    client.put(f"/users/{client.users['ada']}/manager/$ref", link(client.users["grace"]))
    roles = {role["displayName"]: role["id"] for role in client.principal()["appRoles"]}
    for principal in (client.users["ada"], groups["Sales"]):
        assign(client, principal, roles["Editor"])
    client.groups, client.roles = groups, roles
    return client


NEW = {"mailEnabled": False, "mailNickname": "new", "securityEnabled": True}


def link(key):
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{key}"}


def assign(client, principal, role):
    key = client.principal()["id"]
    body = {"principalId": principal, "resourceId": key, "appRoleId": role}
    client.post(f"/servicePrincipals/{key}/appRoleAssignedTo", body)


def read(client, **positions):
    client.switch(**positions)
    return read_source(
        client.service.tenant, client.service.tenant.documents.get("servicePrincipal", client.principal()["id"])
    )


def test_source_has_assignments_members_and_managers(assigned):
    source = read(assigned)
    ada, grace, sales = assigned.users["ada"], assigned.users["grace"], assigned.groups["Sales"]
    assert source.assigned == {ada, sales}
    assert source.users[ada].references == {"manager": (grace,)}
    assert source.groups[sales].references["members"] == (ada, grace, assigned.groups["Nested"])
    editor = AppRole(assigned.roles["Editor"], "editor", "Editor")
    assert source.users[ada].roles == (editor, editor)
    assert source.users[grace].roles == (editor,)
    assert source.users[assigned.users["alan"]].roles == ()


def test_role_that_a_user_has_twice_can_count_once(assigned):
    assert len(read(assigned, duplicate_role="counted_once").users[assigned.users["ada"]].roles) == 1


def test_scope_of_members_of_nested_groups_is_not_assigned(assigned):
    scopes = decide(read(assigned), USERS, switches(), sync_all=False)
    names = {name: scopes[key] for name, key in assigned.users.items()}
    assert names == {"ada": Scope.IN, "grace": Scope.IN, "alan": Scope.NOT_ASSIGNED}
    groups = decide(read(assigned), GROUPS, switches(), sync_all=False)
    assert [groups[assigned.groups[name]] for name in ("Sales", "Nested")] == [Scope.IN, Scope.NOT_ASSIGNED]
    everyone = decide(read(assigned), USERS, switches(), sync_all=True)
    assert set(everyone.values()) == {Scope.IN, Scope.ACCOUNT_DISABLED}


def test_deleted_user_is_soft_deleted_and_a_purged_one_is_unknown(assigned):
    ada = assigned.users["ada"]
    assigned.delete(f"/users/{ada}")
    assert decide(read(assigned), USERS, switches(), sync_all=True)[ada] is Scope.SOFT_DELETED
    assigned.delete(f"/directory/deletedItems/{ada}")
    assert ada not in decide(read(assigned), USERS, switches(), sync_all=True)


@pytest.mark.parametrize(("position", "expected"), [("no_role", ()), ("role", ("Default Access",))])
def test_default_access_is_a_role_only_by_its_switch(sandbox, position, expected):
    client = sandbox({"applications": [WRITER | {"roles": []}]})
    user = client.get("/users/ada@contoso.com")["id"]
    tenant, principal = client.service.tenant, client.principal()["id"]
    row = ("a", principal, "00000000-0000-0000-0000-000000000000", user, "User", "Ada", "2030-01-01")
    tenant.store.run(
        "INSERT INTO assignments (id, resource_id, role_id, principal_id, principal_type, principal_name, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    roles = read(client, default_access=position).users[user].roles
    assert tuple(role.display_name for role in roles) == expected


# ---- filters and accounts -------------------------------------------------------------------------------------------


def scope_of(filters, *, positions=None, kind="User", **properties):
    item = source_object(kind, {"id": "1", **properties}, {})
    objects = {"1": item}
    source = Source(objects if kind == "User" else {}, objects if kind == "Group" else {}, frozenset({"1"}))
    flow = ObjectFlow(kind, "Users", kind, ACTIONS, (), tuple(filters))
    return decide(source, flow, switches(**positions or {}), sync_all=False)["1"], filter_gap(flow, item)


def clause(attribute, operator, value=None):
    return {"name": "a", "all": [{"attribute": attribute, "operator": operator, "value": value}]}


RETAIL = clause("department", "equals", "Retail")


@pytest.mark.parametrize(
    ("filters", "properties", "expected"),
    [
        ([], {}, Scope.IN),
        ([], {"accountEnabled": False}, Scope.ACCOUNT_DISABLED),
        ([], {"kind": "Group", "accountEnabled": False}, Scope.IN),
        ([RETAIL], {"department": "Retail"}, Scope.IN),
        ([RETAIL], {"department": "retail"}, Scope.FILTERED),
        ([RETAIL], {}, Scope.FILTERED),
        ([RETAIL, clause("city", "is_null")], {}, Scope.IN),
        ([RETAIL], {"accountEnabled": False}, Scope.FILTERED),
    ],
)
def test_scope_follows_filters_then_the_account(filters, properties, expected):
    assert scope_of(filters, **properties) == (expected, "")


@pytest.mark.parametrize(
    "attribute", ["IsSoftDeleted", "userType", "netId", "manager"]
)  # fmt: skip
def test_undetermined_filter_excludes_or_includes_by_its_switch(attribute):
    filters = [clause(attribute, "equals", "x")]
    scope, gap = scope_of(filters, userType="x")
    assert (scope, attribute in gap) == (Scope.FILTERED, True)
    assert scope_of(filters, positions={"undetermined_filter": "includes"}, userType="x")[0] is Scope.IN
