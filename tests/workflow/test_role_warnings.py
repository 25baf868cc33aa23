"""A plan counts users with several roles, unmanaged roles and members of inner groups, as far as it may read members."""

import pytest
from tenant_fixture import Rehearsal, wishes

TENANT = {
    "base": "contoso",
    "groups": [{"displayName": "Sales", "members": ["ada@contoso.com", "tim@contoso.com", "group:Writer editors"]}],
    "applications": [
        {
            "displayName": "Acme",
            "template": "custom",
            "roles": [{"value": name, "displayName": name} for name in ("admin", "member", "guest")],
            "assignments": [
                {"user": "ada@contoso.com", "role": "admin"},
                {"user": "mary@contoso.com", "role": "guest"},
                {"group": "Writer editors", "role": "member"},
            ],
            "secrets": {"BaseAddress": "https://acme.example.com/scim", "SecretToken": "x", "SyncAll": "false"},
            "jobs": [
                {
                    "template": "scim",
                    "state": "Active",
                    "edits": [{"target": "title", "source": "SingleAppRoleAssignment([appRoleAssignments])"}],
                }
            ],
        }
    ],
}
HEAD = """
version: 1
name: acme
tenant: contoso.com
application: {display_name: Acme}
provisioning: {enabled: true}
"""
ASSIGNMENTS = """
app_roles: {unlisted: keep, roles: [{value: admin, display_name: admin}, {value: member, display_name: member}]}
assignments:
  unlisted: keep
  users: [{user: ada@contoso.com, role: admin}]
  groups: [{name: Sales, role: member}]
"""
ROLES = 'role_attribute: {target: title, expression: "SingleAppRoleAssignment([appRoleAssignments])"}\n'
DENIED = {"status": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "Denied."}}}


@pytest.fixture(scope="module")
def tenant():
    return Rehearsal(TENANT)


def warnings(tenant, folder, text, **options):
    file = folder / "scimconf.yaml"
    file.write_text(HEAD + text)
    planned = tenant.plan(file, wishes(**options))
    assert planned.errors == ()
    return {one.code: one.message for one in planned.plan.warnings if one.code in ("K814", "K815", "K816")}


def test_plan_names_users_with_several_roles_through_groups(tenant, tmp_path):
    assert warnings(tenant.copy(), tmp_path, ASSIGNMENTS) == {
        "K814": "1 user has several roles (ada@contoso.com), but title takes one role, so provisioning fails for them; "
        "1 user has the same role twice or Default Access beside a role, and Microsoft does not document whether that "
        "fails",
        "K815": '1 user keeps the unmanaged role "guest", which the application may not know: title is "guest"',
        "K816": '2 users are in groups inside the group "Sales" and not provisioned by its assignment',
    }


def test_plan_of_a_role_mapping_alone_reads_the_assignments(tenant, tmp_path):
    found = warnings(tenant.copy(), tmp_path, ROLES)
    assert found == {}, "one role each"
    other = tenant.copy()
    principal = other.principal("Acme")
    body = {"principalId": other.request("GET", "/users/tim@contoso.com")["id"], "resourceId": principal["id"]}
    other.request(
        "POST",
        f"/servicePrincipals/{principal['id']}/appRoleAssignedTo",
        {**body, "appRoleId": other.roles("Acme")["admin"]["id"]},
    )
    assert warnings(other, tmp_path, ROLES)["K814"].startswith("1 user has several roles (tim@contoso.com)")


def test_plan_without_impact_or_a_role_mapping_reads_no_members(tenant, tmp_path):
    other = tenant.copy()
    assert warnings(other, tmp_path, ASSIGNMENTS, impact=False) == {}
    assert warnings(other, tmp_path, "") == {}
    assert not [one for one in other.journal if "ransitiveMembers" in one["path"]]


@pytest.mark.parametrize("path", ["/groups/*", "/users/*"])
def test_plan_with_denied_reads_counts_what_is_known(tenant, tmp_path, path):
    other = tenant.copy()
    other.fault(DENIED, method="GET", path=path, times=0)
    found = warnings(other, tmp_path, ASSIGNMENTS.replace("role: admin", "roles: [admin, member]"))
    bound = "at least " if path == "/groups/*" else ""
    assert found["K814"].startswith(f"{bound}1 user has several roles")
    assert ("K816" in found) == (path == "/users/*")
