"""Warnings about roles after a plan: several where one is sent (K814), unknown ones (K815), nested groups (K816)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scimconf.expressions.evaluation import EvaluationContext
from scimconf.impact.role_warnings import (
    RoleInputs,
    nested_group_warnings,
    role_queries,
    several_roles,
    several_roles_warnings,
    unknown_role_warnings,
)
from scimconf.kinds.provisioning import ProvisioningState
from scimconf.plan import Action, Address, Change, Resource
from scimconf.plan.role_members import RoleMembers, RoleQueries
from tests.kinds.cases import spec_of

SINGLE, ALL = (
    "SingleAppRoleAssignment([appRoleAssignments])",
    "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
)
DEFAULT = "00000000-0000-0000-0000-000000000000"
CONTEXT = EvaluationContext(datetime(2026, 11, 25, tzinfo=UTC))
LABELS = {name: {"id": name, "value": name, "displayName": name} for name in ("admin", "member", "User")}
SPEC = "app_roles: {unlisted: keep, roles: [{value: member, display_name: member}]}\nassignments: {unlisted: keep, users: [{user: ada@contoso.com, role: member}]}"


def state(users=None, groups=None, source=SINGLE):
    """Return the state after a plan, with one mapping of roles."""
    row = {"source": source, "match": None, "default": None, "apply": "always"}
    return ProvisioningState(assigned_users=users, assigned_groups=groups, rows={"role": row}, role_labels=LABELS)


def messages(users=None, groups=None, members=None, names=(), counts=None, source=SINGLE):
    result = several_roles(state(users, groups, source), RoleMembers(members or {}, counts or {}))
    return [warning.message for warning in several_roles_warnings(result, names)]


@pytest.mark.parametrize("source", [ALL, "SingleAppRoleAssignment(", None])
def test_users_with_several_roles_are_no_problem_if_no_mapping_takes_one_role(source):
    assert messages({"a": ("admin", "member")}, source=source) == []


FAILS = "takes one role, so provisioning fails for them"
SEVERAL = [
    pytest.param({"a": ("admin",)}, {}, {}, [], id="one role"),
    pytest.param({"a": ("admin", "member")}, {}, {}, [f"1 user has several roles, but role {FAILS}"], id="directly"),
    pytest.param(
        {"a": ("admin",)},
        {"g": ("member",)},
        {"g": {"a", "b"}},
        [f"1 user has several roles, but role {FAILS}"],
        id="directly and through a group",
    ),
    pytest.param(
        None,
        {"g": ("member",), "h": ("admin",)},
        {"g": {"a", "b", "c"}, "h": {"a", "b"}},
        [f"2 users have several roles, but role {FAILS}"],
        id="through two groups",
    ),
    pytest.param(
        {},
        {"g": ("member", "admin")},
        {"g": {"a", "b"}},
        [f"2 users have several roles, but role {FAILS}"],
        id="a group with two roles",
    ),
    pytest.param(
        {"a": ("member",)},
        {"g": ("member",)},
        {"g": {"a"}},
        [
            (
                "1 user has the same role twice or Default Access beside a role; role takes one role, and Microsoft "
                "does not document whether that fails"
            )
        ],
        id="the same role twice",
    ),
    pytest.param(
        {"a": ("member", "admin"), "b": (DEFAULT, "admin")},
        {},
        {},
        [
            (
                f"1 user has several roles, but role {FAILS}; 1 user has the same role twice or Default Access beside "
                "a role, and Microsoft does not document whether that fails"
            )
        ],
        id="both",
    ),
    pytest.param(
        {"a": ("member", "admin")},
        {"g": ("member",)},
        {},
        [f"at least 1 user has several roles, but role {FAILS}"],
        id="members that could not be read",
    ),
]


@pytest.mark.parametrize(("users", "groups", "members", "expected"), SEVERAL)
def test_k814_counts_users_with_several_roles_where_one_is_sent(users, groups, members, expected):
    assert messages(users, groups, members) == expected


def test_k814_names_up_to_three_users():
    users = {name: ("admin", "member") for name in "abcde"}
    assert messages(users, names=("ada@x", "bob@x", "cy@x")) == [
        f"5 users have several roles (ada@x, bob@x, cy@x and 2 more), but role {FAILS}"
    ]
    assert "(ada@x, bob@x)," in messages({"a": users["a"], "b": users["b"]}, names=("ada@x", "bob@x"))[0]


def test_k814_counts_at_least_the_read_members_of_a_large_group():
    found = messages({"a": ("admin",)}, {"g": ("member",)}, {"g": {"a"}}, counts={"g": 5000})
    assert found == [f"at least 1 user has several roles, but role {FAILS}"]


@pytest.mark.parametrize("source", [ALL, None, "[mail]", "Join(", {"type": "Unknown"}])
def test_k814_is_only_about_a_mapping_of_one_role(source):
    assert messages({"a": ("admin", "member")}, source=source) == []


# --- unmanaged roles and nested groups --------------------------------------------------------------------------------


def assignment(type_, name, role):
    return Resource(Address("writer", "assignment", f"{type_}:{name}/{role}"), {}, (name, role))


def created(type_, name, role):
    resource = assignment(type_, name, role)
    return Change(resource.address, Action.CREATE, after=resource)


def inputs(after, changes=(), unmanaged=(), spec=SPEC):
    return RoleInputs(spec_of(spec), after, changes, unmanaged)


def unknown(after, unmanaged, counts=None, spec=SPEC):
    members = RoleMembers(counts=counts or {})
    return [one.message for one in unknown_role_warnings(inputs(after, (), unmanaged, spec), members, CONTEXT)]


USERS = [assignment("user", name, "User") for name in "abc"]
GROUP = assignment("group", "g", "User")


@pytest.mark.parametrize(
    ("unmanaged", "counts", "expected"),
    [
        (USERS, {}, "3 users keep"),
        (USERS[:1], {}, "1 user keeps"),
        ([GROUP], {"g": 12}, "1 group (12 members) keeps"),
        ([GROUP], {}, "1 group keeps"),
        (
            [*USERS, GROUP, assignment("group", "h", "User")],
            {"g": 1200, "h": 3},
            "3 users and 2 groups (1,203 members) keep",
        ),
    ],
)
def test_k815_counts_unmanaged_assignees_with_what_is_sent(unmanaged, counts, expected):
    after = state({name: ("User",) for name in "abc"}, {name: ("User",) for name in "gh"})
    assert unknown(after, unmanaged, counts) == [
        f'{expected} the unmanaged role "User", which the application may not know: role is "User"'
    ]


@pytest.mark.parametrize(
    ("source", "spec", "unmanaged"),
    [
        pytest.param(SINGLE, SPEC.replace("role: member}", "role: User}"), USERS, id="the spec assigns the role"),
        pytest.param(
            SINGLE, "app_roles: {roles: [{value: User, display_name: User}]}", USERS, id="the spec declares it"
        ),
        pytest.param("[mail]", SPEC, USERS, id="no role is sent"),
        pytest.param(SINGLE, SPEC.partition("\n")[2], USERS, id="the spec declares no roles"),
        pytest.param(SINGLE, SPEC, [assignment("servicePrincipal", "s", "User")], id="a service principal"),
        pytest.param(SINGLE, SPEC, [assignment("user", "a", DEFAULT)], id="Default Access"),
        pytest.param(SINGLE, SPEC, [Resource(Address("writer", "app_role", "x"), {})], id="another kind"),
    ],
)
def test_k815_is_only_about_users_with_a_role_that_the_spec_does_not_contain(source, spec, unmanaged):
    after = state({name: ("User",) for name in "abc"}, {}, source)
    assert unknown(after, unmanaged, spec=spec) == []


def test_k815_of_a_role_without_a_value_needs_no_declared_roles():
    after = replace(state({"a": ("x",)}, {}), role_labels={"x": {"id": "x", "displayName": "User"}})
    (message,) = unknown(after, [assignment("user", "a", "x")], spec=SPEC.partition("\n")[2])
    assert message.startswith(
        '1 user keeps the unmanaged role "User", which the application may not know: role is undetermined'
    )


def test_k815_of_an_absent_role_and_a_function_shows_the_result():
    spec = (
        "app_roles: {roles: [{value: User, absent: true}]}\n"
        "assignments: {unlisted: keep, users: [{user: a@x, role: User, absent: true}]}"
    )
    after = state({"a": ("User",)}, {}, f'Switch({SINGLE}, "guest", "admin", "boss")')
    assert unknown(after, USERS[:1], spec=spec) == [
        '1 user keeps the unmanaged role "User", which the application may not know: role is "guest"'
    ]


@pytest.mark.parametrize(
    ("counts", "transitive", "expected"),
    [
        ({"g": 2}, {"g": 16}, ['14 users are in groups inside the group "g" and not provisioned by its assignment']),
        ({"g": 2}, {"g": 3}, ['1 user is in groups inside the group "g" and not provisioned by its assignment']),
        ({"g": 2}, {"g": 2}, []),
        ({"g": 2}, {}, []),
        ({}, {"g": 2}, []),
    ],
)
def test_k816_counts_the_members_of_inner_groups(counts, transitive, expected):
    after = state({"a": ("admin",)}, {"g": ("member",)})
    changes = [created("group", "g", "member"), created("user", "a", "admin")]
    members = RoleMembers(counts=counts, transitive=transitive)
    assert [one.message for one in nested_group_warnings(inputs(after, changes), members)] == expected


@pytest.mark.parametrize(
    ("after", "changes", "unmanaged", "expected"),
    [
        pytest.param(state({}, {"g": ("admin",)}), [], [], (), id="one group cannot give two roles"),
        pytest.param(state({}, {"g": ("admin", "member")}), [], [], ("g",), id="a group with two roles"),
        pytest.param(state({"a": ("admin",)}, {"g": ("admin",)}), [], [], ("g",), id="a user and a group"),
        pytest.param(state({}, {"g": ("a",), "h": ("a",)}), [], [], ("g", "h"), id="two groups"),
        pytest.param(state({}, {"g": ("a",), "h": ("a",)}, ALL), [], [], (), id="all roles are sent"),
        pytest.param(state({}, {"g": ("User",)}), [], [GROUP], ("g",), id="an unmanaged role"),
        pytest.param(state(None, None), [], [], (), id="unknown assignments"),
    ],
)
def test_role_queries_read_only_the_groups_that_warnings_need(after, changes, unmanaged, expected):
    assert role_queries(inputs(after, changes, unmanaged)) == RoleQueries(expected)


def test_role_queries_count_the_inner_members_of_groups_that_the_plan_assigns():
    changes = [created("group", "g", "admin"), created("group", "?new", "admin")]
    after = state({}, {"g": ("admin",), "?new": ("admin",)}, ALL)
    assert role_queries(inputs(after, changes)) == RoleQueries(("g",), ("g",))
