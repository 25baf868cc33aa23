"""The Graph permissions that the recipes name are sufficient, and the identity for plans cannot write."""

from __future__ import annotations

import json

import pytest

from .recipes import ROOT, copy_writer, permissions, read

READS = permissions(read("github/plan.yml"))
WRITES = [*READS, *permissions(read("github/apply.yml"))]
ROWS = [{"user": "ada@contoso.com", "role": "admin"}, {"user": "grace@contoso.com", "role": "member"}]
TENANT = {
    "base": "contoso",
    "applications": [
        {
            "displayName": "Writer",
            "createdDateTime": "2026-01-01T00:00:00Z",
            "template": "custom",
            "roles": [{"value": "admin", "displayName": "admin"}, {"value": "member", "displayName": "member"}],
            "assignments": [*ROWS, {"group": "Writer admins", "role": "member"}],
            "secrets": {
                "BaseAddress": "https://app.writer.com/api/scim/v2",
                "SecretToken": "secret",
                "SyncAll": "false",
            },
            "jobs": [{"template": "scim", "state": "Active"}],
        }
    ],
}
WRITER = ROOT / "examples" / "writer-new"


@pytest.fixture
def plan_with_permissions(serve, workdir, run, monkeypatch):
    """Return a function that plans with the given Graph permissions and returns the plan JSON."""

    def plan(granted):
        monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve(TENANT, permissions=frozenset(granted)))
        code, _, err = run("plan", "--out", "plan.json", "--format", "json", WRITER)
        assert code == 0, err
        return json.loads((workdir / "plan.json").read_text("utf-8"))

    return plan


def test_plan_is_the_same_with_plan_and_apply_permissions(plan_with_permissions):
    def observed(granted):
        found = plan_with_permissions(granted)["applications"][0]
        return [found["changes"], found["guards"], found["unmanaged"], found["fingerprint"], found["warnings"]]

    assert observed(READS) == observed(WRITES)


def test_apply_with_plan_permissions_stops_before_its_first_write(plan_with_permissions, run):
    before = plan_with_permissions(READS)
    code, _, err = run("apply", "--auto-approve", "--allow", "secret-redirected", WRITER)
    assert code == 1
    assert "writer: K006 apply needs permissions that the identity lacks:\n  AppRoleAssignment.ReadWrite.All for" in err
    assert err.endswith("writer: no changes were made.\n")
    code, out, err = run("plan", "--format", "json", WRITER)
    assert (code, json.loads(out)["digest"]) == (0, before["digest"])
    assert (
        "writer: note: this identity can plan, but not apply. It lacks:\n  AppRoleAssignment.ReadWrite.All for" in err
    )


def test_apply_without_the_check_is_refused_by_graph(plan_with_permissions, run):
    plan_with_permissions(READS)
    code, out, err = run("apply", "--auto-approve", "--allow", "secret-redirected", "--no-permission-check", WRITER)
    assert code == 1
    assert "3 failed" in out
    assert "K006" not in f"{out}{err}"


@pytest.mark.slow
def test_apply_of_a_spec_without_assignments_needs_no_permission_to_assign(plan_with_permissions, run, workdir):
    spec = copy_writer(workdir / "apps")
    spec.write_text(spec.read_text("utf-8").partition("\nassignments:")[0] + "\n", "utf-8")
    plan_with_permissions([name for name in WRITES if name != "AppRoleAssignment.ReadWrite.All"])
    code, out, err = run("apply", "--auto-approve", "--allow", "secret-redirected", "apps")
    assert code == 0, f"{out}\n{err}"
    assert run("drift", "apps")[0] == 0


def test_apply_with_apply_permissions_succeeds(plan_with_permissions, run):
    plan_with_permissions(WRITES)
    code, out, err = run("apply", "--auto-approve", "--allow", "secret-redirected", WRITER)
    assert code == 0, f"{out}\n{err}"
    assert run("drift", WRITER)[0] == 0
