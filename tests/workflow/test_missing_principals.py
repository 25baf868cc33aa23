"""Users who left, deleted and renamed groups, against the sandbox: what is read, planned, applied and reported."""

from __future__ import annotations

import json

import pytest
from tenant_fixture import Rehearsal, wishes

from scimconf.plan import ApplyStatus

TENANT = {
    "applications": [
        {
            "displayName": "Writer",
            "roles": [{"value": "member", "displayName": "Member"}],
            "assignments": [
                {"user": "grace@contoso.com", "role": "member"},
                {"user": "ada@contoso.com", "role": "member"},
                {"group": "Writer editors", "role": "member"},
            ],
            "jobs": [{}],
        }
    ]
}
HEAD = "version: 1\nname: writer\ntenant: contoso.com\napplication: {display_name: Writer}\nprovisioning: {enabled: false}\n"
USERS = "  users: [{user: grace@contoso.com, role: member}, {user: ada@contoso.com, role: member}]\n"


def spec(folder, assignments):
    path = folder / "scimconf.yaml"
    path.write_text(f"{HEAD}assignments:\n{assignments}")
    return path


def group_id(tenant, name):
    return next(group["id"] for group in tenant.state["groups"] if group["displayName"] == name)


def test_plan_says_when_a_user_and_a_group_were_deleted(tmp_path):
    tenant = Rehearsal(TENANT)
    tenant.request("DELETE", "/users/grace@contoso.com")
    tenant.request("DELETE", f"/groups/{group_id(tenant, 'Writer editors')}")
    planned = tenant.plan(
        spec(tmp_path, f"  unlisted: keep\n{USERS}  groups: [{{name: Writer editors, role: member}}]\n")
    )
    rows = {row.name: (row.deleted, row.is_error, row.diagnostic.message) for row in planned.plan.missing}
    assert rows == {
        "grace@contoso.com": (
            "2026-11-25",
            False,
            "grace@contoso.com was deleted on 25 Nov 2026 and is in the recycle bin",
        ),
        "Writer editors": (
            "2026-11-25",
            True,
            'the group "Writer editors" was deleted on 25 Nov 2026 and is in the recycle bin',
        ),
    }
    assert planned.plan.changes == ()
    assert planned.plan.has_drift
    assert [diagnostic.location.line for diagnostic in planned.missing_errors] == [9]


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ({"status": 403, "body": {"error": {"code": "Authorization_RequestDenied", "message": "no"}}}, True),
        ("drop", False),
    ],
)
def test_plan_goes_on_if_the_recycle_bin_cannot_be_read(tmp_path, action, permission):
    tenant = Rehearsal(TENANT)
    tenant.request("DELETE", "/users/grace@contoso.com")
    tenant.fault(action, method="GET", path="*/deletedItems/*", times=0)
    (row,) = tenant.plan(spec(tmp_path, f"  unlisted: keep\n{USERS}")).plan.missing
    assert row.diagnostic.message == 'the tenant has no user "grace@contoso.com"'
    assert ("With User.Read.All, a plan shows" in row.diagnostic.hint) is permission


@pytest.mark.parametrize(("status", "deleted"), [(None, "2026-11-25"), (403, ""), (404, "")])
def test_plan_finds_a_deleted_user_by_id(tmp_path, status, deleted):
    tenant = Rehearsal(TENANT)
    id_ = tenant.request("GET", "/users/grace@contoso.com")["id"]
    tenant.request("DELETE", f"/users/{id_}")
    if status:
        body = {"error": {"code": "x", "message": "no"}}
        tenant.fault({"status": status, "body": body}, method="GET", path="*/deletedItems/*", times=0)
    (row,) = tenant.plan(spec(tmp_path, f"  unlisted: keep\n  users: [{{user: {id_}, role: member}}]\n")).plan.missing
    assert row.deleted == deleted


@pytest.mark.parametrize(
    ("row", "deleted"),
    [
        ({"userPrincipalName": "GRACE@contoso.com", "deletedDateTime": "2026-11-28T23:59:59Z"}, "2026-11-28"),
        ({"userPrincipalName": "{id}grace@contoso.com", "deletedDateTime": "yesterday"}, ""),
        ({"userPrincipalName": "{hyphens}grace@contoso.com", "deletedDateTime": None}, ""),
        ({"userPrincipalName": "xgrace@contoso.com", "deletedDateTime": "2026-11-28T23:59:59Z"}, None),
        ({"userPrincipalName": None}, None),
    ],
)
def test_deleted_user_is_recognised_with_and_without_the_id_in_the_name(tmp_path, row, deleted):
    """Entra puts the object id before the name; published examples have it with and without hyphens."""
    id_ = "20000000-0000-4000-8000-00000000000a"
    name = row["userPrincipalName"] and row["userPrincipalName"].format(id=id_.replace("-", ""), hyphens=id_)
    tenant = Rehearsal(TENANT)
    tenant.request("DELETE", "/users/grace@contoso.com")
    body = {"value": [{**row, "id": id_, "userPrincipalName": name}]}
    tenant.fault({"status": 200, "body": body}, method="GET", path="*/deletedItems/*", times=0)
    (missing,) = tenant.plan(spec(tmp_path, f"  unlisted: keep\n{USERS}")).plan.missing
    assert missing.deleted == (deleted or "")
    assert ("was deleted" in missing.diagnostic.message) is (deleted is not None)


def test_plan_of_ids_that_may_not_be_read_is_an_error_and_not_missing(tmp_path):
    tenant = Rehearsal(TENANT, permissions=("Application.Read.All", "Synchronization.Read.All", "GroupMember.Read.All"))
    id_ = "20000000-0000-4000-8000-00000000000a"
    planned = tenant.plan(spec(tmp_path, f"  unlisted: keep\n  users: [{{user: {id_}, role: member}}]\n"))
    assert [diagnostic.code for diagnostic in planned.errors] == ["K809"]


def test_selection_looks_up_nobody_if_it_selects_no_assignment(tmp_path):
    tenant = Rehearsal(TENANT)
    tenant.request("DELETE", "/users/grace@contoso.com")
    path = spec(tmp_path, f"  unlisted: delete\n{USERS}  groups: [{{name: Nobody, role: member}}]\n")
    tenant.forget()
    planned = tenant.plan(path, wishes(only=("writer:schedule",)))
    assert (planned.errors, planned.plan.missing, planned.plan.not_compared) == ((), (), ("assignment",))
    looked_up = [one["path"] for one in tenant.journal if one["path"].endswith(("/users", "/groups", "getByIds"))]
    assert looked_up == []
    assert tenant.plan(path).plan.missing != ()


def test_apply_of_a_misspelt_name_deletes_nobody(tmp_path):
    tenant = Rehearsal(TENANT)
    listed = "  unlisted: delete\n  users: [{user: adaa@contoso.com, role: member}]\n"
    report = tenant.apply(spec(tmp_path, listed))
    assert (report.status, tenant.writes) == (ApplyStatus.APPLIED, [])
    planned = tenant.plan(spec(tmp_path, listed))
    assert "K813" in {warning.code for warning in planned.plan.warnings}
    assert planned.plan.missing[0].diagnostic.hint == "Did you mean `ada@contoso.com`?"


def test_group_with_id_and_name_follows_a_rename_and_proposes_the_new_name(tmp_path):
    tenant = Rehearsal(TENANT)
    id_ = group_id(tenant, "Writer editors")
    path = spec(tmp_path, f"  unlisted: keep\n  groups: [{{name: Writer editors, id: {id_}, role: member}}]\n")
    assert tenant.plan(path).plan.has_drift is False
    tenant.request("PATCH", f"/groups/{id_}", {"displayName": "Editors"})
    planned = tenant.plan(path)
    assert (planned.plan.has_drift, planned.errors) == (False, ())
    (warning,) = [warning for warning in planned.plan.warnings if warning.code == "K804"]
    assert warning.hint == 'Write `name: "Editors"`.'


def test_saved_plan_contains_missing_principals(tmp_path):
    from scimconf.plan.file import read
    from scimconf.render.json import plan as as_json
    from scimconf.workflow.plan_all import PlanResults

    tenant = Rehearsal(TENANT)
    tenant.request("DELETE", "/users/grace@contoso.com")
    planned = tenant.plan(spec(tmp_path, f"  unlisted: keep\n{USERS}"))
    text = as_json(PlanResults([planned]).combined_plan())
    (row,) = json.loads(text)["applications"][0]["missing"]
    assert row["assignments"] == ["writer:assignment/user:grace@contoso.com/member"]
    (saved,) = read(text, "plan.json").plan.applications
    (live,) = planned.plan.missing
    assert (saved.missing[0].name, saved.missing[0].assignments, saved.missing[0].deleted) == (
        live.name,
        live.assignments,
        live.deleted,
    )


def test_apply_creates_no_application_if_a_listed_group_is_missing(tmp_path):
    """What can be known before the first write stops the apply before it."""
    tenant = Rehearsal()
    path = spec(tmp_path, "  unlisted: keep\n  groups: [{name: Nobody, role: member}]\n")
    path.write_text(
        path.read_text().replace("{display_name: Writer}", "{display_name: Writer, create: {from_template: custom}}")
    )
    with_role = f"{path.read_text()}app_roles: {{roles: [{{value: member}}]}}\njob: {{template: scim}}\n"
    path.write_text(with_role)
    options = wishes(allow=("application-created",))
    report = tenant.apply(path, options)
    assert (report.status, tenant.writes) == (ApplyStatus.INVALID, [])
    path.write_text(with_role.replace("unlisted: keep", "unlisted: keep\n  missing: warn"))
    assert tenant.apply(path, options).status is ApplyStatus.APPLIED
