"""The application's documents: names that they give, the tenant, roles and tags."""

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


def test_a_literal_of_a_filter_doubles_its_quotes():
    """OData's own escape."""
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
def test_the_tenant_tells_its_domains(raw, expected):
    """Its default domain where it says one; nothing where it says nothing."""
    assert application.tenant(raw) == expected


@pytest.mark.parametrize("rows", [None, [], [{"id": "1", "appId": "2"}] * 2])
@pytest.mark.parametrize(
    "document",
    [application.service_principals("id", "x"), application.applications(), application.application_templates("x")],
    ids=lambda document: document.name,
)
def test_only_one_row_gives_names(document, rows):
    """None and several bind nothing."""
    assert document.binds is not None
    assert document.binds({document.name: rows} if rows is not None else {}) == {}


@pytest.mark.parametrize(
    ("document", "names"),
    [
        (application.service_principals("id", "x"), {"service_principal": "1", "app_id": "2"}),
        (application.applications(), {"app": "1"}),
        (application.application_templates("it's"), {"gallery": "1"}),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_one_row_gives_its_names(document, names):
    """By which the other documents are read."""
    assert document.binds is not None
    assert document.binds({document.name: [{"id": "1", "appId": "2"}]}) == names


def test_only_named_properties_are_written():
    """Roles of the application, tags of the service principal."""
    assert application.application().properties == ("appRoles",)
    assert application.service_principal().properties == ("tags", "appRoleAssignmentRequired")
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
def test_roles_are_the_applications_own_where_it_shows(documents, ids):
    """Else the copy of the service principal; ids in small letters."""
    assert [role["id"] for role in application.roles(documents)] == ids


def test_a_new_role_gets_the_same_id_in_every_run_and_nobody_elses():
    """Whatever the case of the application's id; one that is taken already is passed over."""
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
def test_an_edit_of_a_role_finds_it_in_any_case(operation, value):
    """Ids are the same in any case; the other role and other properties stay."""
    one = OPERATIONS[operation]
    assert one.change is not None
    changed = one.change(RAW, KEY, value)
    assert not one.holds(RAW, KEY, value)
    assert one.holds(changed, KEY, value)
    assert changed["ours"] == 1
    assert changed["appRoles"][-1] == RAW["appRoles"][-1]


@pytest.mark.parametrize("raw", [{}, {"appRoles": None}])
def test_an_application_without_roles(raw):
    """A role that is not there is disabled and gone; set, it is made with its id."""
    assert application.role_disabled(raw, KEY, None)
    assert application.role_gone(raw, KEY, None)
    assert application.role_view(raw, KEY) is None
    assert application.remove_role(raw, KEY, None) == {"appRoles": []}
    assert application.disable_role(raw, KEY, None) == {"appRoles": []}
    assert application.set_role(raw, KEY, {"value": "x"}) == {"appRoles": [{"id": KEY[0], "value": "x"}]}


def test_a_roles_view_does_not_tell_whether_it_is_enabled():
    """A change goes through disabling it, which is no news; an empty value and null are one, types are a set."""
    view = application.role_view(RAW, KEY)
    assert view == application.role_view(application.disable_role(RAW, KEY, None), KEY)
    assert (view["value"], view["allowedMemberTypes"]) == (None, ["Application", "User"])
    assert application.role_holds(RAW, KEY, {"value": None, "allowedMemberTypes": ["Application", "User"]})


def test_tags_of_others_stay():
    """One rotation is said in one tag; tags that look like ours and say nothing are left."""
    raw: dict[str, Any] = {"tags": ["HideApp", "scimconf:A=1", "scimconf:AB=2", "scimconf:A"]}
    assert application.rotations(raw["tags"]) == {"A": "1", "AB": "2"}
    changed = application.set_tag(raw, ("A",), "x=y")
    assert changed["tags"] == ["HideApp", "scimconf:AB=2", "scimconf:A", "scimconf:A=x=y"]
    assert application.tag_holds(changed, ("A",), "x=y")
    assert not application.tag_holds({"tags": None}, ("A",), "x")
    assert application.set_tag({}, ("A",), "1") == {"tags": ["scimconf:A=1"]}


def test_assignments_have_small_letters_in_their_ids():
    """So that ids of different answers are the same text; everything else stays."""
    row = {"id": "Xy", "principalId": "AB", "appRoleId": "CD", "principalType": "User", "principalDisplayName": None}
    assert application.assigned([row]) == [{**row, "principalId": "ab", "appRoleId": "cd"}]


def test_set_assignment_required_changes_nothing_else():
    raw = {"id": "1", "tags": ["x"], "appRoleAssignmentRequired": True}
    operation = OPERATIONS["set_assignment_required"]
    assert operation.change is not None
    changed = operation.change(raw, ("assignment_required",), False)
    assert changed == {**raw, "appRoleAssignmentRequired": False}
    assert operation.holds(changed, (), False)
    assert not operation.holds(raw, (), False)
    assert not operation.holds({}, (), False)
    assert (operation.view or (lambda *_: None))(raw, ()) is True


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
