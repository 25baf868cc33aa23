"""diff_specs(): the changes between two specs, without a tenant."""

from __future__ import annotations

import pytest

from scimconf.kinds import KINDS
from scimconf.workflow.spec_diff import diff_specs
from tests.kinds.cases import spec_of

ONE = """
job: {template: scim}
app_roles: {roles: [{value: admin}]}
mappings: {users: {attributes: {title: jobTitle}}}
assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: admin}]}
"""
OTHER = """
job: {template: scim}
app_roles: {roles: [{value: admin, display_name: Administrator}]}
mappings: {users: {attributes: {externalId: mail}}}
assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: member}]}
"""
CHANGES = [
    "create attribute_mapping/users/externalId",
    "delete attribute_mapping/users/title",
    "update app_role/admin",
    "delete assignment/user:ada@contoso.com/admin",
    "create assignment/user:ada@contoso.com/member",
]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (ONE, ONE, []),
        (ONE, OTHER, CHANGES),
        (ONE, "", ["delete job", *(f"delete {one.split()[1]}" for one in CHANGES[1:4])]),
        ("", "", []),
    ],
)
def test_diff_specs_returns_the_changes_between_two_specs(one, other, expected):
    """Changes are in the order of kinds and sorted by address; the job is compared only if a spec has it."""
    found = diff_specs(KINDS, spec_of(one), spec_of(other))
    assert [f"{change.action} {change.address.local}" for change in found.changes] == expected


def test_diff_specs_with_a_live_side_applies_the_unlisted_policy():
    """Unlisted resources are unmanaged unless the spec says `unlisted: report` or `delete`."""
    by_default = diff_specs(KINDS, spec_of(ONE), spec_of(OTHER), live="before")
    assert "attribute_mapping/users/title" in [one.address.local for one in by_default.unmanaged]
    exclusive = spec_of(OTHER.replace("{attributes", "{unlisted: delete, attributes"))
    deleting = diff_specs(KINDS, spec_of(ONE), exclusive, live="before")
    assert "delete attribute_mapping/users/title" in [f"{one.action} {one.address.local}" for one in deleting.changes]
    reporting = diff_specs(
        KINDS, spec_of(ONE), spec_of(OTHER.replace("{attributes", "{unlisted: report, attributes")), live="before"
    )
    assert [one.address.local for one in reporting.unmanaged_drift] == ["attribute_mapping/users/title"]


def test_diff_specs_ignores_the_names_of_the_specs():
    """Specs of two applications are compared as two versions of one."""
    other = spec_of(ONE).model_copy(update={"name": "reader"})
    found = diff_specs(KINDS, spec_of(ONE), other)
    assert (found.name, found.changes) == ("reader", ())


def test_diff_specs_matches_groups_by_name_also_if_they_have_ids():
    """Ids differ between tenants; of two groups of one name each has a part of its id."""
    ids = [f"{digit}0000000-0000-4000-8000-00000000000{digit}" for digit in (1, 2)]
    listed = "assignments: {unlisted: keep, groups: [%s]}"
    named = spec_of(listed % "{name: Sales, role: admin}")
    with_id = spec_of(listed % f"{{name: Sales, id: {ids[0]}, role: admin}}")
    only_id = spec_of(listed % f"{{id: {ids[0]}, role: admin}}")
    twins = spec_of(listed % ", ".join(f"{{name: Sales, id: {id_}, role: admin}}" for id_ in ids))
    assert diff_specs(KINDS, named, with_id).changes == ()
    assert len(diff_specs(KINDS, named, only_id).changes) == 2
    created = [change.address.rest for change in diff_specs(KINDS, spec_of(""), twins).changes]
    assert created == ["group:Sales~10000000/admin", "group:Sales~20000000/admin"]
