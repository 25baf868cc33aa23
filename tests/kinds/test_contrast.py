"""Two specs against each other, without a tenant."""

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
def test_what_one_says_and_the_other_does_not(one, other, expected):
    """In the order of kinds, by names; the job counts only where it is written."""
    found = diff_specs(KINDS, spec_of(one), spec_of(other))
    assert [f"{change.action} {change.address.local}" for change in found.changes] == expected


def test_a_live_application_is_ruled_by_the_spec():
    """What the spec does not list is left alone, unless it says otherwise."""
    kept = diff_specs(KINDS, spec_of(ONE), spec_of(OTHER), live="before")
    assert "attribute_mapping/users/title" in [one.address.local for one in kept.unmanaged]
    ruled = spec_of(OTHER.replace("{attributes", "{unlisted: delete, attributes"))
    gone = diff_specs(KINDS, spec_of(ONE), ruled, live="before")
    assert "delete attribute_mapping/users/title" in [f"{one.action} {one.address.local}" for one in gone.changes]
    told = diff_specs(
        KINDS, spec_of(ONE), spec_of(OTHER.replace("{attributes", "{unlisted: report, attributes")), live="before"
    )
    assert [one.address.local for one in told.unmanaged_drift] == ["attribute_mapping/users/title"]


def test_two_names_are_no_difference():
    """Specs of two applications are compared as if they were one."""
    other = spec_of(ONE).model_copy(update={"name": "reader"})
    found = diff_specs(KINDS, spec_of(ONE), other)
    assert (found.name, found.changes) == ("reader", ())
