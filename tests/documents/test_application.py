"""Documents of the application: bound names, tenant, roles, tags and properties."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from scimconf.documents import OPERATIONS, application
from scimconf.plan import Tenant
from scimconf.steps import OperationName

ID = "2000000A-0000-4000-8000-000000000001"
ROLE = {
    "id": ID,
    "value": "",
    "isEnabled": True,
    "allowedMemberTypes": ["User", "Application"],
    "origin": "Application",
}
RAW = {"id": "app", "appRoles": [ROLE, {"id": "other", "value": "x", "isEnabled": False}], "ours": 1}


def test_quoted_doubles_quotes():
    assert application.quoted("O'Neil's") == "'O''Neil''s'"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ([], None),
        (["x"], None),
        ([{"id": "t"}], Tenant("t")),
        ([{"id": "t", "verifiedDomains": None}], Tenant("t")),
        (
            [{"id": "t", "verifiedDomains": [{"name": "b.c"}, {}, {"name": "a.c", "isDefault": True}]}],
            Tenant("t", "a.c", ("b.c", "a.c")),
        ),
    ],
)
def test_tenant_has_its_domains(raw, expected):
    assert application.tenant(raw) == expected


@pytest.mark.parametrize("rows", [None, [], [{"id": "1", "appId": "2"}] * 2])
@pytest.mark.parametrize(
    "document",
    [application.service_principals("id", "x"), application.applications(), application.application_templates("x")],
    ids=lambda document: document.name,
)
def test_binds_gives_no_id_for_no_row_or_for_several_rows(document, rows):
    assert document.binds is not None
    bound = document.binds({document.name: rows} if rows is not None else {})
    assert bound == ({"name_prefix": "x"} if document.name == "service_principals" and rows == [] else {})


def test_similar_applications_are_read_only_if_the_application_is_missing():
    binds = application.service_principals("displayName", "O'Neil").binds
    assert binds is not None
    names = binds({"service_principals": []})
    assert names == {"name_prefix": "O''"}
    assert application.similar_applications().required_names == names.keys()
    assert "name_prefix" not in binds({"service_principals": [{"id": "1", "appId": "2"}]})


@pytest.mark.parametrize(
    ("document", "names"),
    [
        (application.service_principals("id", "x"), {"service_principal": "1", "app_id": "2"}),
        (application.applications(), {"app": "1"}),
        (application.application_templates("it's"), {"gallery": "1"}),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_binds_of_a_single_row_gives_its_names(document, names):
    assert document.binds is not None
    assert document.binds({document.name: [{"id": "1", "appId": "2"}]}) == names


@pytest.mark.parametrize(
    ("created", "seconds"),
    [("1970-01-01T00:01:00Z", 60), ("1970-01-01T00:01:00", 60), ("1970-01-01T00:01:00.5Z", 60.5), (None, 0), ("?", 0)],
)
def test_age_orders_registrations_by_date_then_by_id(created, seconds):
    assert application.age({"id": "A", "createdDateTime": created}) == (seconds, "a")


def test_patched_documents_name_their_properties():
    assert application.application().properties == ("appRoles",)
    assert application.service_principal().properties == ("tags",)
    assert application.service_principal_settings().properties == ("appRoleAssignmentRequired",)
    assert application.organization().written == "never"


@pytest.mark.parametrize(
    ("documents", "ids"),
    [
        ({}, []),
        ({"applications": [{"appRoles": None}], "service_principals": [RAW]}, []),
        ({"applications": [], "service_principals": [RAW]}, [ID.lower(), "other"]),
        ({"applications": [RAW], "service_principals": []}, [ID.lower(), "other"]),
    ],
)
def test_roles_are_those_of_the_application_if_it_was_read(documents, ids):
    assert [role["id"] for role in application.roles(documents)] == ids


def test_new_role_id_is_stable_and_not_taken():
    first = application.new_role_id("APP", "admin")
    assert first == application.new_role_id("app", "admin") != application.new_role_id("app", "member")
    second = application.new_role_id("app", "admin", {first})
    assert second not in {first, application.new_role_id("app", "admin", {first, second})}


KEY = (ID.lower(),)


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        ("set_role", {"value": None, "allowedMemberTypes": ["Application"]}),
        ("disable_role", None),
        ("remove_role", None),
    ],
)
def test_role_edits_ignore_the_case_of_ids(operation, value):
    one = OPERATIONS[operation]
    assert one.change is not None
    changed = one.change(RAW, KEY, value)
    assert not one.holds(RAW, KEY, value)
    assert one.holds(changed, KEY, value)
    assert changed["ours"] == 1
    assert changed["appRoles"][-1] == RAW["appRoles"][-1]


@pytest.mark.parametrize("raw", [{}, {"appRoles": None}])
def test_role_operations_accept_an_application_without_roles(raw):
    """A missing role counts as disabled and as removed; `set_role` creates it with its id."""
    assert application.role_disabled(raw, KEY, None)
    assert OPERATIONS["remove_role"].holds(raw, KEY, None)
    assert application.role_view(raw, KEY) is None
    assert application.remove_role(raw, KEY, None) == {"appRoles": []}
    assert application.disable_role(raw, KEY, None) == {"appRoles": []}
    assert application.set_role(raw, KEY, {"value": "x"}) == {"appRoles": [{"id": KEY[0], "value": "x"}]}


def test_role_view_ignores_whether_the_role_is_enabled():
    view = application.role_view(RAW, KEY)
    assert view == application.role_view(application.disable_role(RAW, KEY, None), KEY)
    assert (view["value"], view["allowedMemberTypes"]) == (None, ["Application", "User"])
    assert application.role_holds(RAW, KEY, {"value": None, "allowedMemberTypes": ["Application", "User"]})


def test_set_tag_preserves_other_tags():
    raw: dict[str, Any] = {"tags": ["HideApp", "scimconf:A=1", "scimconf:AB=2", "scimconf:A"]}
    assert application.rotations(raw["tags"]) == {"A": "1", "AB": "2"}
    changed = application.set_tag(raw, ("A",), "x=y")
    assert changed["tags"] == ["HideApp", "scimconf:AB=2", "scimconf:A", "scimconf:A=x=y"]
    assert application.tag_holds(changed, ("A",), "x=y")
    assert not application.tag_holds({"tags": None}, ("A",), "x")
    assert application.set_tag({}, ("A",), "1") == {"tags": ["scimconf:A=1"]}


def test_set_property_changes_nothing_else():
    raw, key = {"id": "1", "tags": ["x"], "appRoleAssignmentRequired": True}, ("appRoleAssignmentRequired",)
    operation = OPERATIONS["set_property"]
    assert operation.change is not None
    changed = operation.change(raw, key, False)
    assert changed == {**raw, "appRoleAssignmentRequired": False}
    assert operation.holds(changed, key, False)
    assert not operation.holds(raw, key, False)
    assert not operation.holds({}, key, False)
    assert not operation.holds({**raw, "appRoleAssignmentRequired": 0}, key, False)
    assert (operation.view or (lambda *_: None))(raw, key) is True


@pytest.mark.parametrize(
    ("documents", "owned"),
    [
        ({}, False),
        ({"service_principals": [{"appOwnerOrganizationId": "t"}], "organization": []}, False),
        ({"service_principals": [{"appOwnerOrganizationId": "t"}], "organization": [{"id": "u"}]}, False),
        ({"service_principals": [{"appOwnerOrganizationId": None}], "organization": [{}]}, False),
        ({"service_principals": [{"appOwnerOrganizationId": "t"}], "organization": [{"id": "t"}]}, True),
    ],
)
def test_applications_must_have_rows_if_the_tenant_owns_the_application(documents, owned):
    must_have_rows = application.applications().consistency.must_have_rows
    assert must_have_rows is not None
    assert must_have_rows(documents) is owned


@pytest.mark.parametrize(("rows", "created"), [([], None), ([{}], None), ([{"createdDateTime": "now"}], "now")])
def test_applications_show_when_the_application_was_created(rows, created):
    read_created = application.applications().consistency.created
    assert read_created is not None
    assert read_created(rows) == created


def test_every_operation_name_has_an_operation():
    assert set(OPERATIONS) == set(get_args(OperationName))
