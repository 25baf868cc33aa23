"""The permissions that the recipes name are enough, and the one that reads cannot write."""

from __future__ import annotations

import json

import pytest

from .recipes import ROOT, permissions, read

READS = permissions(read("github/plan.yml"))
WRITES = [*READS, *permissions(read("github/apply.yml"))]
ROWS = [{"user": "ada@contoso.com", "role": "admin"}, {"user": "grace@contoso.com", "role": "member"}]
TENANT = {
    "base": "contoso",
    "applications": [
        {
            "displayName": "Writer",
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
def planned(serve, here, run, monkeypatch):
    """Plans as an identity with some permissions; gives the plan's document."""

    def plan(granted):
        monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve(TENANT, permissions=frozenset(granted)))
        code, _, err = run("plan", "--out", "plan.json", "--format", "json", WRITER)
        assert code == 0, err
        return json.loads((here / "plan.json").read_text("utf-8"))

    return plan


def test_both_identities_see_the_same(planned):
    def seen(granted):
        found = planned(granted)["applications"][0]
        return [found["changes"], found["guards"], found["unmanaged"], found["fingerprint"], found["warnings"]]

    assert seen(READS) == seen(WRITES)


def test_the_one_that_reads_cannot_write(planned, run):
    before = planned(READS)
    assert run("apply", "--auto-approve", WRITER)[0] in (1, 5)
    after = json.loads(run("plan", "--format", "json", WRITER)[1])
    assert after["digest"] == before["digest"]


def test_the_one_that_writes_can(planned, run):
    planned(WRITES)
    code, out, err = run("apply", "--auto-approve", WRITER)
    assert code == 0, f"{out}\n{err}"
    assert run("drift", WRITER)[0] == 0
