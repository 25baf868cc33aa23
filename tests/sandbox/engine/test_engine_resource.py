"""The exact bodies of creations, and reading of returned resources."""

from __future__ import annotations

import pytest

from scimconf.sandbox.engine.resource import creation_body, current_manager, current_value, deserialization_problem
from scimconf.sandbox.engine.values import Desired

from .flows import ENTERPRISE, attribute_flow, object_flow, switches

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ACME = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
MANAGER = f"{ENTERPRISE}:manager"
SCHEMAS = [CORE, ENTERPRISE]
WORK = 'emails[type eq "work"].value'
ROLE = 'roles[primary eq "True"].value'
ADMIN_ROLE = {"type": "WindowsAzureActiveDirectoryRole", "value": "Admin"}


def created(values, *flows, kind="User", references=None, **positions):
    types = {"active": "Boolean"}
    rows = flows or [attribute_flow(name, data_type=types.get(name, "String")) for name in values]
    body = creation_body(object_flow(*rows, kind=kind), Desired(values), switches(**positions), references)
    assert body.pop("meta") == {"resourceType": kind}
    return body


def test_created_user_has_the_documented_form():
    values = {
        "userName": "kim@contoso.com",
        "active": "True",
        "externalId": "kim",
        "displayName": "Kim",
        WORK: "kim@contoso.com",
        'emails[type eq "home"].value': "k@home",
        "name.givenName": "Kim",
        "name.familyName": "A",
        'addresses[type eq "work"].locality': "Oslo",
        'addresses[type eq "work"].country': "NO",
        'phoneNumbers[type eq "mobile"].value': "+47",
        f"{ENTERPRISE}:department": "Retail",
        f"{ACME}:grade.level": "7",
        f"{CORE}:nickName": "K",
        ROLE: "Admin",
    }
    body = created(values)
    assert list(body)[:5] == ["schemas", "externalId", "userName", "active", "displayName"]
    assert body == {
        "schemas": SCHEMAS,
        "externalId": "kim",
        "userName": "kim@contoso.com",
        "active": True,
        "displayName": "Kim",
        "nickName": "K",
        "emails": [{"primary": True, "type": "home", "value": "k@home"}, {"type": "work", "value": "kim@contoso.com"}],
        "name": {"givenName": "Kim", "familyName": "A"},
        "addresses": [{"type": "work", "locality": "Oslo", "country": "NO"}],
        "phoneNumbers": [{"type": "mobile", "value": "+47"}],
        "roles": [{"primary": True, **ADMIN_ROLE}],
        ENTERPRISE: {"department": "Retail"},
        ACME: {"grade": {"level": "7"}},
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"active": "perhaps"}, {"active": "perhaps"}),
        ({"été": "x"}, {"été": "x"}),
        ({'emails[type eq "work"]': "x"}, {'emails[type eq "work"]': "x"}),
        ({ACME: "x"}, {ACME: "x"}),
        ({"name": "x", "name.givenName": "y"}, {"name": "x", "name.givenName": "y"}),
        ({"emails": "x", WORK: "y"}, {"emails": "x", WORK: "y"}),
        ({"a": "x", "a.b.c": "y"}, {"a": "x", "a.b.c": "y"}),
        ({'roles[primary eq "True"].type': "own", ROLE: "Admin"}, {"roles": [{"primary": True, **ADMIN_ROLE}]}),
    ],
)
def test_target_that_is_no_path_or_in_use_is_a_key_of_its_own(values, expected):
    assert created(values) == {"schemas": SCHEMAS, **expected}


@pytest.mark.parametrize(("position", "expected"), [("boolean", True), ("text", "True")])
def test_primary_of_a_role_is_a_boolean_or_text(position, expected):
    assert created({ROLE: "Admin"}, role_primary=position)["roles"] == [{"primary": expected, **ADMIN_ROLE}]


@pytest.mark.parametrize(
    ("position", "expected"), [("values", ["1", "2"]), ("objects", [{"value": "1"}, {"value": "2"}])]
)
def test_multi_valued_attribute_has_values_or_objects(position, expected):
    flow = attribute_flow("tags", multivalued=True)
    assert created({"tags": ("1", "2")}, flow, multivalued_in_post=position)["tags"] == expected


@pytest.mark.parametrize("function", ["AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"])
def test_complex_roles_are_objects(function):
    flow = attribute_flow("roles", roles=function, multivalued=True)
    text = '{"primary":false,"type":"WindowsAzureActiveDirectoryRole","value":"Admin","displayName":"Admins"}'
    assert created({"roles": (text,)}, flow)["roles"] == [{"primary": False, **ADMIN_ROLE, "displayName": "Admins"}]


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ({}, {"schemas": [GROUP_SCHEMA, ADSCIM]}),
        ({"group_schema_adscim": "no"}, {"schemas": [GROUP_SCHEMA]}),
        ({"group_post_members_empty": "yes"}, {"schemas": [GROUP_SCHEMA, ADSCIM], "members": []}),
    ],
)
def test_created_group_has_no_members(positions, expected):
    values = {"displayName": "Sales", "externalId": "7"}
    assert created(values, kind="Group", **positions) == {"displayName": "Sales", "externalId": "7", **expected}


@pytest.mark.parametrize(
    ("position", "expected"),
    [("no", None), ("string", {"manager": "271"}), ("object", {"manager": {"value": "271"}})],
)
def test_created_user_has_a_manager_only_by_its_switch(position, expected):
    assert created({}, references={MANAGER: "271"}, manager_in_post=position).get(ENTERPRISE) == expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [("key", {ACME: "admin"}), ("attribute", {ACME.removesuffix(":User"): {"User": "admin"}})],
)
def test_extension_as_a_target_is_a_key_or_an_attribute(position, expected):
    body = created({ACME: "admin"}, bare_extension=position)
    assert body == {"schemas": SCHEMAS, **expected}
    assert current_value(body, ACME) == "admin"


# ---- a returned resource --------------------------------------------------------------------------------------------

RETURNED = {
    "username": "kim",
    "title": "",
    "tags": [],
    "emails": [{"type": "WORK", "value": "a@b"}, "odd"],
    "roles": [{"primary": "true", "value": "Admin"}],
    "name": "odd",
    ENTERPRISE.lower(): {"department": "Retail", "manager": {"value": "1"}},
    "été": "x",
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("userName", "kim"),
        ("title", None),
        ("tags", None),
        (WORK, "a@b"),
        ('emails[type eq "home"].value', None),
        (ROLE, "Admin"),
        ("name.givenName", None),
        (f"{ENTERPRISE}:department", "Retail"),
        (f"{ACME}:badge", None),
        (f"{CORE}:userName", "kim"),
        ("roles[primary eq true].value", "Admin"),
        ("roles[primary eq false].value", None),
        ("été", "x"),
    ],
)
def test_current_value_follows_the_path(target, expected):
    assert current_value(RETURNED, target) == expected


@pytest.mark.parametrize(
    ("manager", "key", "problem"),
    [
        ({"value": "1"}, "1", ""),
        (None, "", ""),
        ({"value": ""}, "", ""),
        ("1", "1", f'{MANAGER} is "1", not an object with `value`'),
        ([{"value": "1"}], "", f'{MANAGER} is [{{"value": "1"}}], not an object with `value`'),
        ({"displayName": "G"}, "", f'{MANAGER} is {{"displayName": "G"}}, not an object with `value`'),
    ],
)
def test_manager_must_be_an_object_with_a_value(manager, key, problem):
    flow = object_flow(attribute_flow(MANAGER, "[manager]", reference="manager"))
    resource = {ENTERPRISE: {"manager": manager}}
    assert (current_manager(resource, MANAGER), deserialization_problem(flow, resource)) == (key, problem)


def test_resource_that_is_no_object_cannot_be_read():
    assert deserialization_problem(object_flow(kind="Group"), []) == "the resource is not a JSON object"
    assert deserialization_problem(object_flow(kind="Group"), {}) == ""
