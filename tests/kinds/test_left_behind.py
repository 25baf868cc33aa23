"""What a former spec named and the new one does not: said with the line that would remove it."""

from __future__ import annotations

from typing import Any

import pytest

from scimconf.kinds import KINDS
from scimconf.kinds.abandoned import find_abandoned
from tests.kinds.cases import overlaid, snapshot, spec_of

ADA, EDITORS = "10000000-0000-4000-8000-0000000000a1", "10000000-0000-4000-8000-0000000000b1"
MEMBER = "20000000-0000-4000-8000-00000000000c"


def held(principal: str, kind: str, role: str = MEMBER) -> dict[str, Any]:
    return {"id": "r", "principalId": principal, "principalType": kind, "principalDisplayName": "x", "appRoleId": role}


def behind(former: str, now: str, **changes: Any) -> dict[str, str]:
    then, spec = spec_of(former), spec_of(now)
    seen = snapshot(then, overlaid(changes))
    desired = [item for kind in KINDS for item in kind.desired(spec, seen)]
    return {one.address.local: one.removal_snippet for one in find_abandoned(KINDS, then, desired, seen)}


TITLE = "mappings: {users: {attributes: {title: jobTitle}}}"
ROLES = "app_roles: {roles: [{value: admin}, {display_name: User}]}"
PEOPLE = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: member}], groups: [{name: Writer editors, role: member}]}"
HELD = [held(ADA, "User"), held(EDITORS, "Group")]
CARRIED = "nothing: it stays in the tenant and is no longer managed"


@pytest.mark.parametrize(
    ("former", "now", "changes", "expected"),
    [
        (TITLE, TITLE, {}, {}),
        (TITLE, "", {}, {"attribute_mapping/users/title": 'mappings.users.attributes: "title": {absent: true}'}),
        (TITLE, "mappings: {users: {attributes: {title: {absent: true}}}}", {}, {}),
        (TITLE, "mappings: {users: {unlisted: delete, attributes: {userName: userPrincipalName}}}", {}, {}),
        ("mappings: {users: {attributes: {externalId: mail}}}", "", {}, {}),
        (
            ROLES,
            "",
            {},
            {
                "app_role/admin": 'app_roles.roles: - {value: "admin", absent: true}',
                "app_role/~User": 'app_roles.roles: - {display_name: "User", absent: true}',
            },
        ),
        (
            "app_roles: {roles: [{value: '~a/b'}]}",
            "",
            {"applications+": {"0/appRoles/1/value": "~a/b"}},
            {"app_role/%7Ea%2Fb": 'app_roles.roles: - {value: "~a/b", absent: true}'},
        ),
        (
            PEOPLE,
            "",
            {"assignments": HELD},
            {
                "assignment/group:Writer editors/member": (
                    'assignments.groups: - {name: "Writer editors", role: "member", absent: true}'
                ),
                "assignment/user:ada@contoso.com/member": (
                    'assignments.users: - {user: "ada@contoso.com", role: "member", absent: true}'
                ),
            },
        ),
        (PEOPLE, "assignments: {unlisted: delete}", {"assignments": HELD}, {}),
        (
            "provisioning: {enabled: true, scope: all, deletion_threshold: 5}",
            "provisioning: {enabled: true, scope: all}",
            {},
            {"settings": "nothing: deletion_threshold stay as they are and are no longer managed"},
        ),
        ("provisioning: {enabled: true, scope: all}", "", {}, {"settings": CARRIED}),
        ("mappings: {users: {target_attributes: {title: {}}}}", "", {}, {"target_attribute/users/title": CARRIED}),
    ],
)
def test_what_is_not_written_any_more(former, now, changes, expected):
    """Only what is live, only what nothing else rules, each with the line to write."""
    assert behind(former, now, **changes) == expected


def test_a_role_that_has_no_value_is_named_as_a_spec_would():
    """The line can be pasted: it names the very role."""
    lines = behind(
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: User}]}",
        "",
        assignments=[held(ADA, "User", "20000000-0000-4000-8000-00000000000a")],
    )
    (line,) = lines.values()
    written = line.removeprefix("assignments.users: - ")
    spec = spec_of(f"assignments: {{unlisted: keep, users: [{written}]}}")
    assert spec.assignments is not None
    assert spec.assignments.users[0].roles == ("~User",)
