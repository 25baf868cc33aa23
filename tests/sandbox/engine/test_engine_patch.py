"""The exact operations of PATCH requests in both dialects, as captures show them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimconf.sandbox.engine.patch import MemberChanges, manager_operation, member_operations, operations
from scimconf.sandbox.engine.resource import deserialization_problem
from scimconf.sandbox.engine.values import AppRole, Desired, Dialect

from .flows import ENTERPRISE, attribute_flow, object_flow, switches

LEGACY, FLAG = Dialect.LEGACY, Dialect.COMPLIANT
WORK = 'emails[type eq "work"].value'
ROLE = 'roles[primary eq "True"].value'
TYPE = 'roles[primary eq "True"].type'
DEPARTMENT = f"{ENTERPRISE}:department"
MANAGER = f"{ENTERPRISE}:manager"
USER = object_flow(
    attribute_flow("active", data_type="Boolean"),
    attribute_flow("displayName"),
    attribute_flow("name.givenName"),
    attribute_flow("title"),
    attribute_flow(WORK),
    attribute_flow(DEPARTMENT),
    attribute_flow(ROLE),
)
KNOWN = {
    "active": True,
    "displayName": "Kim",
    "NAME": {"givenName": "Kim"},
    "title": "",
    "emails": [{"type": "home", "value": "k@home"}, {"Type": "Work", "value": "kim@contoso.com"}],
    ENTERPRISE: {"department": "Retail"},
    "roles": [{"primary": True, "value": "Admin"}],
}
SAME = {
    "active": "True",
    "displayName": "Kim",
    "name.givenName": "Kim",
    WORK: "kim@contoso.com",
    DEPARTMENT: "Retail",
    ROLE: "Admin",
}


def op(name, path, value):
    return {"op": name, "path": path, "value": value}


def patch(values, current=KNOWN, dialect=LEGACY, flow=USER, roles=(), **positions):
    return operations(flow, Desired(values, roles=roles), current, dialect, switches(**positions))


@pytest.mark.parametrize("dialect", Dialect)
def test_nothing_is_sent_for_equal_values_and_for_nulls(dialect):
    assert patch(SAME, dialect=dialect) == patch({}, dialect=dialect) == []


CHANGED = {"displayName": "Kim A", "name.givenName": "K", "title": "Lead", WORK: "k@contoso.com", DEPARTMENT: "HR"}


def test_legacy_operations_have_a_path_each_and_add_what_get_did_not_return():
    assert patch(CHANGED) == [
        op("Replace", "displayName", "Kim A"),
        op("Replace", "name.givenName", "K"),
        op("Add", "title", "Lead"),
        op("Replace", WORK, "k@contoso.com"),
        op("Replace", DEPARTMENT, "HR"),
    ]
    assert {entry["op"] for entry in patch(CHANGED, {})} == {"Add"}
    assert {entry["op"] for entry in patch(CHANGED, {}, add_or_replace="replace")} == {"Replace"}


def test_compliant_operations_merge_what_has_no_filter():
    assert patch(CHANGED, dialect=FLAG) == [
        {"op": "replace", "value": {"displayName": "Kim A", "name.givenName": "K", DEPARTMENT: "HR"}},
        {"op": "add", "value": {"title": "Lead"}},
        op("replace", WORK, "k@contoso.com"),
    ]
    (merged,) = patch({"title": "Lead", "displayName": "K"}, dialect=FLAG, flag_pathless_ops="replace")
    assert merged == {"op": "replace", "value": {"displayName": "K", "title": "Lead"}}
    assert patch({WORK: "k@contoso.com"}, {}, FLAG) == [op("add", WORK, "k@contoso.com")]


@pytest.mark.parametrize(
    ("dialect", "current", "value", "positions", "expected"),
    [
        (LEGACY, {"active": True}, "False", {}, op("Replace", "active", "False")),
        (LEGACY, {}, "False", {}, op("Add", "active", "False")),
        (LEGACY, {"active": False}, "True", {}, op("Replace", "active", "True")),
        (LEGACY, {"active": True}, "false", {}, op("Replace", "active", "false")),
        (LEGACY, {"active": True}, "False", {"disable_literal": "lower"}, op("Replace", "active", "false")),
        (FLAG, {"active": True}, "False", {}, op("replace", "active", False)),
        (FLAG, {"active": False}, "True", {}, op("replace", "active", True)),
        (FLAG, {}, "False", {}, op("add", "active", False)),
        (LEGACY, {"active": "False"}, "False", {}, None),
        (LEGACY, {"active": "true"}, "True", {}, None),
    ],
)
def test_disabling_and_enabling_send_the_literal_of_the_dialect(dialect, current, value, positions, expected):
    assert patch({"active": value}, current, dialect, **positions) == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("dialect", "position", "expected"),
    [
        (LEGACY, "text", op("Replace", ROLE, "Editor")),
        (FLAG, "text", op("replace", ROLE, "Editor")),
        (LEGACY, "boolean", op("Replace", "roles[primary eq true].value", "Editor")),
    ],
)
def test_simple_role_has_a_path_with_a_filter(dialect, position, expected):
    assert patch({ROLE: "Editor"}, dialect=dialect, primary_literal=position) == [expected]


def test_path_with_a_boolean_filter_is_an_operation_of_its_own():
    target = f"{ENTERPRISE}:contacts[primary eq true].value"
    current = {ENTERPRISE: {"contacts": [{"primary": True, "value": "kim"}]}}
    flow = object_flow(attribute_flow(target))
    assert patch({target: "ada"}, current, FLAG, flow) == [op("replace", target, "ada")]


def test_type_of_a_role_is_never_sent():
    assert patch({TYPE: "own"}, {}, flow=object_flow(attribute_flow(TYPE))) == []


def test_value_that_is_not_text_is_compared_as_json():
    flow = object_flow(attribute_flow("badge", data_type="Integer"))
    assert patch({"badge": "7"}, {"badge": 7}, flow=flow) == []
    assert patch({"badge": "8"}, {"badge": 7}, flow=flow) == [op("Replace", "badge", "8")]


# ---- flow types and behaviours --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly"])
def test_flow_types_that_add_never_change_a_value(kind):
    flow = object_flow(
        attribute_flow("title", flow_type=kind), attribute_flow("tags", flow_type=kind, multivalued=True)
    )
    assert patch({"title": "Lead"}, {"title": "CEO"}, flow=flow) == []
    assert patch({"title": "Lead"}, {}, flow=flow) == [op("Add", "title", "Lead")]
    assert patch({"tags": ("1", "2")}, {"tags": [{"value": "1"}, "3"]}, flow=flow) == [
        op("Add", "tags", [{"value": "2"}])
    ]
    assert patch({"tags": ("1",)}, {"tags": ["1"]}, flow=flow) == []


@pytest.mark.parametrize(
    ("behavior", "position", "count"),
    [("FlowWhenChanged", "sent", 0), ("FlowAlways", "sent", 1), ("FlowAlways", "when_different", 0)],
)
def test_flow_always_sends_an_unchanged_value_by_its_switch(behavior, position, count):
    flow = object_flow(attribute_flow("title", flow_behavior=behavior))
    assert len(patch({"title": "Lead"}, {"title": "Lead"}, flow=flow, flow_always=position)) == count


# ---- lists and roles ------------------------------------------------------------------------------------------------

TAGS = object_flow(attribute_flow("tags", multivalued=True))


@pytest.mark.parametrize(
    ("dialect", "current", "expected"),
    [
        (LEGACY, {"tags": ["2"]}, op("Add", "tags", [{"value": "1"}])),
        (FLAG, {"tags": ["2"]}, op("replace", "tags", [{"value": "1"}])),
        (FLAG, {}, op("add", "tags", [{"value": "1"}])),
        (LEGACY, {"tags": [{"value": "1"}]}, None),
        (LEGACY, {"tags": "1"}, None),
    ],
)
def test_multi_valued_attribute_is_sent_as_objects(dialect, current, expected):
    assert patch({"tags": ("1",)}, current, dialect, TAGS) == ([] if expected is None else [expected])


EDITOR, ADMIN = AppRole("r1", "editor", "Editors"), AppRole("r2", "admin", "Admins")


def element(role, name):
    return {"primary": False, "type": "WindowsAzureActiveDirectoryRole", "value": role.value, name: role.display_name}


def role_patch(function, name, current, dialect, roles=(EDITOR, ADMIN)):
    flow = object_flow(attribute_flow("roles", roles=function, multivalued=True))
    values = tuple(json.dumps(element(role, name), separators=(",", ":")) for role in roles)
    return patch({"roles": values}, current, dialect, flow, roles)


COMPLEX, ASSERTIVE = "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"
TEXT = {"value": '{"id":"r1","value":"editor","displayName":"Editors"}'}
OTHER = {"value": '{"id":"r2","value":"admin","displayName":"Admins"}'}


def test_complex_roles_are_added_as_text_without_the_flag_and_as_objects_with_it():
    assert role_patch(COMPLEX, "displayName", {}, LEGACY) == [op("Add", "roles", [TEXT, OTHER])]
    objects = [element(EDITOR, "displayName"), element(ADMIN, "displayName")]
    assert role_patch(COMPLEX, "displayName", {"roles": [TEXT]}, FLAG) == [op("add", "roles", objects)]


@pytest.mark.parametrize("current", [[TEXT, OTHER], [element(EDITOR, "x"), element(ADMIN, "x"), {"value": "more"}]])
def test_complex_roles_never_remove_a_role(current):
    assert role_patch(COMPLEX, "displayName", {"roles": current}, LEGACY) == []


@pytest.mark.parametrize(("dialect", "name"), [(LEGACY, "Replace"), (FLAG, "replace")])
def test_assertive_roles_replace_the_whole_list(dialect, name):
    objects = [element(EDITOR, "display")]
    sent = role_patch(ASSERTIVE, "display", {"roles": [{"value": "editor"}, {"value": "admin"}]}, dialect, (EDITOR,))
    assert sent == [op(name, "roles", objects)]
    assert role_patch(ASSERTIVE, "display", {"roles": [{"value": "editor"}]}, dialect, (EDITOR,)) == []


@pytest.mark.parametrize("text", ["{no json", '{"id": 1}'])
def test_text_that_is_no_role_is_compared_as_it_is(text):
    assert len(role_patch(COMPLEX, "displayName", {"roles": [{"value": text}]}, LEGACY)) == 1


# ---- groups ---------------------------------------------------------------------------------------------------------

GROUP = object_flow(attribute_flow("displayName"), attribute_flow("externalId"), kind="Group")


@pytest.mark.parametrize(
    ("current", "dialect", "positions", "expected"),
    [
        ({"displayName": "Sales"}, LEGACY, {}, [op("Add", "externalId", "7")]),
        ({"displayName": "Sales"}, FLAG, {}, [{"op": "add", "value": {"externalId": "7"}}]),
        ({"displayName": "Sales"}, LEGACY, {"externalid_add_on_matched_group": "no"}, []),
        ({"displayName": "Sales", "externalId": "1"}, LEGACY, {}, [op("Replace", "externalId", "7")]),
        ({"displayName": "EU", "externalId": "7"}, LEGACY, {}, [op("Replace", "displayName", "Sales")]),
        ({"displayName": "EU", "externalId": "7"}, FLAG, {}, [{"op": "replace", "value": {"displayName": "Sales"}}]),
    ],
)
def test_group_gets_external_id_and_new_name(current, dialect, positions, expected):
    assert patch({"displayName": "Sales", "externalId": "7"}, current, dialect, GROUP, **positions) == expected


MEMBERS = attribute_flow("members", reference="members")


def member_ops(added=(), removed=(), current=None, dialect=LEGACY, **positions):
    return member_operations(MEMBERS, MemberChanges(added, removed), current or {}, dialect, switches(**positions))


@pytest.mark.parametrize(
    ("dialect", "positions", "expected"),
    [
        (LEGACY, {}, [[op("Add", "members", [{"value": "8"}])], [op("Add", "members", [{"value": "9"}])]]),
        (FLAG, {}, [[op("add", "members", [{"value": "8"}])], [op("add", "members", [{"value": "9"}])]]),
        (LEGACY, {"member_batch": 2}, [[op("Add", "members", [{"value": "8"}, {"value": "9"}])]]),
        (LEGACY, {"member_batch": 0}, [[op("Add", "members", [{"value": "8"}, {"value": "9"}])]]),
    ],
)
def test_members_are_added_one_by_one_or_in_batches(dialect, positions, expected):
    assert member_ops(("8", "9"), dialect=dialect, **positions) == expected


@pytest.mark.parametrize(
    ("dialect", "positions", "expected"),
    [
        (LEGACY, {}, [[op("Remove", "members", [{"value": "u1"}])], [op("Remove", "members", [{"value": "u2"}])]]),
        (FLAG, {"member_batch": 0}, [[{"op": "remove", "path": f'members[value eq "{key}"]'} for key in ("u1", "u2")]]),
        (FLAG, {"member_batch": 0, "member_removal": "values"}, [[op("remove", "members", [{"value": "u1"}, {"value": "u2"}])]]),
    ],
)  # fmt: skip
def test_members_are_removed_in_the_form_of_the_dialect(dialect, positions, expected):
    assert member_ops(removed=("u1", "u2"), dialect=dialect, **positions) == expected


@pytest.mark.parametrize(
    ("members", "position", "dialect", "name"),
    [
        ([{"value": "1"}], "yes", LEGACY, "Replace"),
        ([{"value": "1"}], "yes", FLAG, "replace"),
        ([{"value": "1"}], "no", LEGACY, "Add"),
        ([], "yes", LEGACY, "Add"),
    ],
)
def test_new_member_replaces_members_that_get_returned(members, position, dialect, name):
    sent = member_ops(("8",), current={"members": members}, dialect=dialect, members_replace_when_returned=position)
    assert sent == [[op(name, "members", [{"value": "8"}])]]


# ---- manager --------------------------------------------------------------------------------------------------------

REFERENCE = attribute_flow(MANAGER, "[manager]", reference="manager")


def manager(new, current="", dialect=LEGACY, **positions):
    resource = {ENTERPRISE: {"manager": {"value": current}}} if current else {}
    return manager_operation(REFERENCE, new, resource, dialect, switches(**positions))


@pytest.mark.parametrize(
    ("new", "current", "dialect", "positions", "expected"),
    [
        ("271", "", LEGACY, {}, op("Add", MANAGER, "271")),
        ("271", "", FLAG, {}, op("add", MANAGER, "271")),
        ("271", "", FLAG, {"manager_value": "object"}, op("add", MANAGER, {"value": "271"})),
        ("271", "1", LEGACY, {}, op("Replace", MANAGER, "271")),
        ("271", "", LEGACY, {"add_or_replace": "replace"}, op("Replace", MANAGER, "271")),
        ("271", "271", LEGACY, {}, None),
        (None, "", LEGACY, {}, None),
        (None, "1", LEGACY, {}, {"op": "Remove", "path": MANAGER}),
        (None, "1", FLAG, {}, op("replace", MANAGER, "")),
        (None, "1", LEGACY, {"manager_clear": "empty"}, op("Replace", MANAGER, "")),
        (None, "1", FLAG, {"manager_clear": "object"}, op("replace", MANAGER, {"value": ""})),
        (None, "1", LEGACY, {"manager_clear": "filter"}, {"op": "Remove", "path": f'{MANAGER}[value eq "1"]'}),
    ],
)
def test_manager_is_set_replaced_and_removed(new, current, dialect, positions, expected):
    assert manager(new, current, dialect, **positions) == expected


# ---- any resource ---------------------------------------------------------------------------------------------------

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["True", '{"value": 1}', "{"])
)
NAMES = st.sampled_from(["value", "type", "primary", "manager", "department", "givenName"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
ATTRIBUTES = ["active", "displayName", "name", "title", "emails", "roles", "tags", "members", ENTERPRISE]


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES), st.sampled_from(Dialect))
def test_any_returned_resource_has_operations(current, dialect):
    """Whatever an application returns, there are operations, and nothing raises."""
    flow = object_flow(*USER.flows, *TAGS.flows, attribute_flow("roles", roles=COMPLEX, multivalued=True), REFERENCE)
    values = SAME | {"tags": ("1", "2"), "roles": ('{"primary":false,"type":"a","value":"b"}',)}
    assert isinstance(patch(values, current, dialect, flow), list)
    assert isinstance(deserialization_problem(flow, current), str)
    manager_operation(REFERENCE, "271", current, dialect, switches())
    assert member_ops(("8",), ("9",), current, dialect)
