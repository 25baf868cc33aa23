"""Listed users and groups that the tenant does not have: they are rows of the plan, and it goes on without them."""

from __future__ import annotations

import pytest

from scimconf.documents.assignments import AssignmentSet
from scimconf.kinds import KINDS
from scimconf.kinds.missing_principals import MAX_SUGGESTIONS
from scimconf.plan import Address
from scimconf.snapshot import BY_ID, DELETED, DeniedRead, Lookup, Principal, Snapshot
from scimconf.workflow.checks import check
from tests.kinds.cases import change_json, line, make_plan, options_of, snapshot, spec_of, tenant_documents
from tests.kinds.test_comparison import ADA, ADMIN, assignment_row

GONE, OTHER = "20000000-0000-4000-8000-00000000000a", "20000000-0000-4000-8000-00000000000b"
RECYCLED = [
    {"id": GONE, "name": "grace@contoso.com", "day": "2026-11-28"},
    {"id": OTHER, "name": "Sales", "day": "2026-11-09"},
]
RESTORE = "Remove the entry, or restore the"
USER_HINT = "Check the spelling. If the user left, remove the entry; the recycle bin keeps users for 30 days only."
GROUP_HINT = "Check the spelling. If it was renamed, write the new name; with its `id:` an entry follows a rename."
ID_HINT = "Check the id. If the user or group was deleted, remove the entry."


def rows(listed: str, more: str = "", **documents):
    """Return the missing principals of a plan as lines, without their code."""
    text = f"assignments: {{unlisted: keep, {more}{listed}}}"
    planned = make_plan(text, **{"deleted": RECYCLED, **documents})
    assert planned.errors == ()
    return [line(row.diagnostic).replace(" K811 assignments.", " ") for row in planned.plan.missing]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (
            "users: [{user: Grace@contoso.com, role: admin}]",
            (
                "warning users[0]: Grace@contoso.com was deleted on 28 Nov 2026 and is in the recycle bin."
                f" {RESTORE} user."
            ),
        ),
        (
            f"users: [{{user: {GONE}, role: admin}}]",
            f"warning users[0]: {GONE} was deleted on 28 Nov 2026 and is in the recycle bin. {RESTORE} user.",
        ),
        (
            "groups: [{name: Sales, role: admin}]",
            f'error groups[0]: the group "Sales" was deleted on 9 Nov 2026 and is in the recycle bin. {RESTORE} group.',
        ),
        (
            f"groups: [{{id: {OTHER}, name: Sales, role: admin}}]",
            f'error groups[0]: the group "Sales" was deleted on 9 Nov 2026 and is in the recycle bin. {RESTORE} group.',
        ),
        (
            "users: [{user: adaa@contoso.com, role: admin}]",
            'warning users[0]: the tenant has no user "adaa@contoso.com". Did you mean `ada@contoso.com`?',
        ),
        (
            "users: [{user: linus@contoso.com, role: admin}]",
            f'warning users[0]: the tenant has no user "linus@contoso.com". {USER_HINT}',
        ),
        (
            "groups: [{name: Writer, role: admin}]",
            f'error groups[0]: the tenant has no group "Writer". {GROUP_HINT}',
        ),
        (
            "groups: [{id: 20000000-0000-4000-8000-00000000000c, role: admin}]",
            (
                "error groups[0]: the tenant has no user or group with the id"
                f' "20000000-0000-4000-8000-00000000000c". {ID_HINT}'
            ),
        ),
        (
            "groups: [{id: 20000000-0000-4000-8000-00000000000c, name: AP-Writer, role: admin}]",
            (
                'error groups[0]: the tenant has no user or group with the id "20000000-0000-4000-8000-00000000000c". The'
                " tenant has another group of this name. Write its id: 10000000-0000-4000-8000-0000000000b2."
            ),
        ),
    ],
)
def test_missing_principal_says_what_happened(listed, expected):
    assert rows(listed, assignments=[assignment_row(ADA, ADMIN)]) == [expected]


@pytest.mark.parametrize("policy", ["warn", "error"])
def test_missing_decides_about_users_and_groups(policy):
    listed = "users: [{user: linus@contoso.com, role: admin}], groups: [{name: No, role: admin}]"
    severity = {"warn": "warning", "error": "error"}[policy]
    assert [row.split()[0] for row in rows(listed, f"missing: {policy}, ")] == [severity] * 2


def test_missing_principals_in_another_tenant_name_both_tenants():
    text = "tenant: fabrikam.com\nassignments: {unlisted: keep, users: [{user: linus@contoso.com, role: admin}]}"
    (row,) = make_plan(text).plan.missing
    message = 'the tenant contoso.com has no user "linus@contoso.com"; the spec is for fabrikam.com'
    assert (row.diagnostic.message, row.diagnostic.hint) == (message, "Sign in to the tenant of the spec.")


def test_suggestions_are_limited_to_the_first_missing_principals():
    """Who misspells many names has another problem."""
    users = ", ".join(f"{{user: ada{letter}@contoso.com, role: admin}}" for letter in "bcdefg")
    lines = rows(f"users: [{users}]", assignments=[assignment_row(ADA, ADMIN)])
    assert [line.endswith("Did you mean `ada@contoso.com`?") for line in lines] == [True] * MAX_SUGGESTIONS + [False]


def test_absent_entries_are_never_missing():
    assert (
        rows("users: [{user: linus@contoso.com, absent: true}], groups: [{name: No, role: admin, absent: true}]") == []
    )


def test_plan_goes_on_without_missing_principals_and_withholds_deletions():
    """Ada is not listed, since her name is misspelt; she is not deleted."""
    listed = "users: [{user: adaa@contoso.com, roles: [admin, member]}, {user: bob@contoso.com, role: admin}]"
    planned = make_plan(
        f"assignments: {{unlisted: delete, {listed}}}",
        assignments=[assignment_row(ADA, ADMIN)],
    )
    assert [change_json(change)["address"] for change in planned.plan.changes] == [
        "assignment/user:bob@contoso.com/admin"
    ]
    (row,) = planned.plan.missing
    assert (row.type, row.name, row.deleted, row.is_error) == ("user", "adaa@contoso.com", "", False)
    places = [Address("writer", "assignment", f"user:adaa@contoso.com/{role}") for role in ("admin", "member")]
    assert list(row.assignments) == places
    (withheld,) = [line(warning) for warning in planned.plan.warnings if warning.code == "K813"]
    assert withheld == (
        "warning K813 assignments.unlisted: 1 listed user or group is missing in the tenant, so unlisted assignments are"
        " not deleted. Correct or remove the entries that the plan lists as missing."
    )


def test_unlisted_assignments_are_deleted_if_nobody_is_missing():
    text = "assignments: {unlisted: delete, users: [{user: bob@contoso.com, role: admin}]}"
    planned = make_plan(text, assignments=[assignment_row(ADA, ADMIN)])
    assert {change.action.value for change in planned.plan.changes} == {"create", "delete"}
    two = f"{text[:-2]}, {{user: x@contoso.com, role: admin}}, {{user: y@contoso.com, role: admin}}]}}"
    messages = [warning.message for warning in make_plan(two).plan.warnings if warning.code == "K813"]
    assert messages == ["2 listed users or groups are missing in the tenant, so unlisted assignments are not deleted"]


# --- selection -----------------------------------------------------------------------------------------------------

SELECTED = (
    "provisioning: {enabled: false}\n"
    "assignments: {unlisted: keep, users: [{user: grace@contoso.com, role: admin}, {user: bob@contoso.com, role: admin}],"
    " groups: [{name: No, role: admin}]}"
)


@pytest.mark.parametrize(
    ("options", "missing", "compared"),
    [
        ({}, ["No", "grace@contoso.com"], True),
        ({"only": ["writer:connection"]}, [], False),
        ({"only": ["schedule"]}, [], False),
        ({"only": ["*schedule"]}, [], True),
        ({"only": ["assignment/*"]}, ["No", "grace@contoso.com"], True),
        ({"only": ["assignment/user:grace@contoso.com/admin"]}, ["grace@contoso.com"], True),
        ({"only": ["writer:assignment/user:*"]}, ["grace@contoso.com"], True),
        ({"only": ["assignment/user:bob*"]}, [], True),
        ({"exclude": ["assignment/*"]}, [], False),
        ({"exclude": ["writer:*"]}, [], False),
        ({"exclude": ["assignment/group:*"]}, ["grace@contoso.com"], True),
    ],
)
def test_only_reports_missing_principals_of_the_selection_and_compares_no_others(options, missing, compared):
    planned = make_plan(SELECTED, options=options)
    assert sorted(row.name for row in planned.plan.missing) == missing
    assert planned.plan.not_compared == (() if compared else ("assignment",))
    assert planned.unmatched == (frozenset({"writer:connection"}) & set(options.get("only", ())))
    excluded = [change for change in make_plan(SELECTED).plan.changes if compared or change.kind != "assignment"]
    assert planned.plan.excluded_changes == len(excluded) - len(planned.plan.changes)


def test_previous_spec_has_no_abandoned_assignments_if_they_are_not_compared():
    from tests.kinds.cases import compare

    spec = spec_of("assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}]}")
    served = snapshot(spec, tenant_documents({"assignments": [assignment_row(ADA, ADMIN)]}))
    planned = compare(KINDS, spec, served, options_of({"only": ["schedule"]}), previous=spec)
    assert planned.plan.abandoned == ()


# --- reads ---------------------------------------------------------------------------------------------------------


def test_lookups_search_the_recycle_bin_for_what_was_not_found():
    (kind,) = [kind for kind in KINDS if kind.name == "assignment"]
    spec = spec_of(
        f"assignments: {{unlisted: keep, users: [{{user: Linus@contoso.com, role: admin}}],"
        f" groups: [{{id: {GONE}, name: Old, role: admin}}]}}"
    )
    by_id, by_name = Lookup("id", GONE), Lookup("user", "linus@contoso.com")
    nothing = Snapshot(principals={by_id: (), by_name: ()})
    assert set(kind.lookups(spec, nothing)) - {by_id, by_name} == {
        Lookup("id", GONE, deleted=True),
        Lookup("user", "linus@contoso.com", deleted=True),
        Lookup("group", "Old"),
    }
    found = Snapshot(principals={by_id: (Principal(GONE, "group", "Old"),), by_name: (Principal(ADA, "user", "l"),)})
    assert not any(lookup.deleted for lookup in kind.lookups(spec, found))


def test_an_id_that_could_not_be_read_is_not_missing():
    spec = spec_of(f"assignments: {{unlisted: keep, users: [{{user: {GONE}, role: admin}}]}}")
    denied = {BY_ID["user"]: DeniedRead(403, "Authorization_RequestDenied", "/users")}
    documents = {"service_principals": [], "assignments": AssignmentSet()}
    bare = Snapshot(documents, denied, principals={Lookup("id", GONE): ()})
    (error,) = [diagnostic for diagnostic in check(KINDS, spec, bare) if diagnostic.code == "K809"]
    assert error.message == f'user or group with the id "{GONE}" could not be looked up'
    assert "User.ReadBasic.All" in error.hint
    assert [row for kind in KINDS for row in kind.missing(spec, bare)] == []


@pytest.mark.parametrize(
    ("status", "by", "listed", "permission"),
    [
        (403, "user", "users: [{user: linus@contoso.com, role: admin}]", "User.Read.All"),
        (403, "group", "groups: [{name: No, role: admin}]", "Group.Read.All"),
        (501, "group", "groups: [{name: No, role: admin}]", ""),
    ],
)
def test_a_recycle_bin_that_cannot_be_read_names_the_permission(status, by, listed, permission):
    spec = spec_of(f"assignments: {{unlisted: keep, {listed}}}")
    path = f"/directory/deletedItems/microsoft.graph.{by}"
    value = "linus@contoso.com" if by == "user" else "No"
    denied = {DELETED[by]: DeniedRead(status, "x", path)}
    snapshot_ = Snapshot(
        {}, denied, principals={Lookup(by, value): ()}, deleted={Lookup(by, value, deleted=True): None}
    )
    (row,) = [row for kind in KINDS for row in kind.missing(spec, snapshot_)]
    sentence = f" With {permission}, a plan shows whether it was deleted."
    assert row.diagnostic.hint.endswith(sentence if permission else GROUP_HINT)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, ' Groups that are assigned and not listed: "g0".'),
        (4, ' Groups that are assigned and not listed: "g0", "g1", "g2" and 1 more.'),
    ],
)
def test_a_missing_group_comes_with_groups_that_may_be_its_new_name(number, expected):
    assigned = [{**assignment_row(f"{GONE[:-1]}{index}", ADMIN, "Group"), "id": f"r{index}"} for index in range(number)]
    for index, row in enumerate(assigned):
        row["principalDisplayName"] = f"g{index}"
    (shown,) = rows("groups: [{name: Marketing, role: admin}]", assignments=[*assigned, assignment_row(ADA, ADMIN)])
    assert shown == f'error groups[0]: the tenant has no group "Marketing". {GROUP_HINT}{expected}'
