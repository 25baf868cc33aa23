"""find_abandoned(): live resources of the previous spec that the new one does not manage, with their removal snippets."""

from __future__ import annotations

from typing import Any

import pytest

from scimconf.kinds import KINDS
from scimconf.kinds.abandoned import find_abandoned
from tests.kinds.cases import snapshot, spec_of, tenant_documents

ADA, EDITORS = "10000000-0000-4000-8000-0000000000a1", "10000000-0000-4000-8000-0000000000b1"
MEMBER = "20000000-0000-4000-8000-00000000000c"


def assignment_row(principal: str, kind: str, role: str = MEMBER) -> dict[str, Any]:
    return {"id": "r", "principalId": principal, "principalType": kind, "principalDisplayName": "x", "appRoleId": role}


def removal_snippets(previous: str, current: str, **changes: Any) -> dict[str, str]:
    previous_spec, spec = spec_of(previous), spec_of(current)
    tenant = snapshot(previous_spec, tenant_documents(changes))
    desired = [item for kind in KINDS for item in kind.desired(spec, tenant)]
    return {one.address.local: one.removal_snippet for one in find_abandoned(KINDS, previous_spec, desired, tenant)}


TITLE = "mappings: {users: {attributes: {title: jobTitle}}}"
ROLES = "app_roles: {roles: [{value: admin}, {display_name: User}]}"
ASSIGNED = "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: member}], groups: [{name: Writer editors, role: member}]}"
ASSIGNMENTS = [assignment_row(ADA, "User"), assignment_row(EDITORS, "Group")]
NOT_REMOVABLE = "nothing: it stays in the tenant and is no longer managed"


@pytest.mark.parametrize(
    ("previous", "current", "changes", "expected"),
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
            ASSIGNED,
            "",
            {"assignments": ASSIGNMENTS},
            {
                "assignment/group:Writer editors/member": (
                    'assignments.groups: - {name: "Writer editors", role: "member", absent: true}'
                ),
                "assignment/user:ada@contoso.com/member": (
                    'assignments.users: - {user: "ada@contoso.com", role: "member", absent: true}'
                ),
            },
        ),
        (ASSIGNED, "assignments: {unlisted: delete}", {"assignments": ASSIGNMENTS}, {}),
        (
            "provisioning: {enabled: true, scope: all, deletion_threshold: 5}",
            "provisioning: {enabled: true, scope: all}",
            {},
            {"settings": "nothing: deletion_threshold stay as they are and are no longer managed"},
        ),
        ("provisioning: {enabled: true, scope: all}", "", {}, {"settings": NOT_REMOVABLE}),
        (
            "mappings: {users: {target_attributes: {title: {}}}}",
            "",
            {},
            {"target_attribute/users/title": NOT_REMOVABLE},
        ),
    ],
)
def test_find_abandoned_returns_live_resources_with_their_removal_snippets(previous, current, changes, expected):
    """A resource that is not live, or that the new spec still covers, is not abandoned."""
    assert removal_snippets(previous, current, **changes) == expected


def test_find_abandoned_snippet_names_a_role_without_a_value_as_a_spec_does():
    """The snippet can be pasted into a spec."""
    lines = removal_snippets(
        "assignments: {unlisted: keep, users: [{user: ada@contoso.com, role: User}]}",
        "",
        assignments=[assignment_row(ADA, "User", "20000000-0000-4000-8000-00000000000a")],
    )
    (line,) = lines.values()
    written = line.removeprefix("assignments.users: - ")
    spec = spec_of(f"assignments: {{unlisted: keep, users: [{written}]}}")
    assert spec.assignments is not None
    assert spec.assignments.users[0].roles == ("~User",)
