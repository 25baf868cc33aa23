"""The example policies in jq and Rego return the same reasons; skipped if jq or opa is not installed."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from .recipes import ROOT

POLICY = ROOT / "examples" / "policy"
MONDAY_NOON, SUNDAY = 1767614400, 1767528000
CALM = {
    "address": "writer:attribute_mapping/users/title",
    "kind": "attribute_mapping",
    "action": "update",
    "effects": ["resync"],
}
ROLE = {"address": "writer:app_role/admin", "kind": "app_role", "action": "delete", "effects": ["data_loss"]}
CONNECTION = {"address": "writer:connection", "kind": "connection", "action": "update", "effects": ["credentials"]}
GUARD = {"id": "scope-widened", "message": "everyone comes into scope", "allowed_by": None}


def removal(number):
    address = f"writer:assignment/user:person{number}@contoso.com/member"
    return {"address": address, "kind": "assignment", "action": "delete", "effects": ["deprovisions"]}


CASES = {
    "nothing": ([], [], MONDAY_NOON, {}, set()),
    "calm": ([CALM], [{**GUARD, "allowed_by": "--allow scope-widened"}], SUNDAY, {}, set()),
    "by hand": ([CONNECTION], [], MONDAY_NOON, {}, {"writer:connection may be changed by hand only"}),
    "a guard": ([CALM], [GUARD], MONDAY_NOON, {}, {"guard scope-widened blocks: everyone comes into scope"}),
    "ten": ([removal(number) for number in range(10)], [], MONDAY_NOON, {}, set()),
    "eleven": (
        [removal(number) for number in range(11)], [], MONDAY_NOON, {},
        {"11 assignments would be deleted; the limit is 10"},
    ),
    "a number of their own": ([removal(number) for number in range(11)], [], MONDAY_NOON, {"removals": 11}, set()),
    "at the weekend": ([removal(1)], [], SUNDAY, {}, {"users may be disabled or data lost outside working hours"}),
    "everything": (
        [ROLE, CONNECTION], [GUARD], SUNDAY, {},
        {
            "writer:app_role/admin loses data: delete",
            "writer:app_role/admin may be changed by hand only",
            "writer:connection may be changed by hand only",
            "guard scope-widened blocks: everyone comes into scope",
            "users may be disabled or data lost outside working hours",
        },
    ),
}  # fmt: skip


def run_jq_policy(plan, now, numbers):
    given = [word for name, number in {"now": now, **numbers}.items() for word in ("--argjson", name, str(number))]
    words = ["jq", "--raw-output", "--from-file", str(POLICY / "policy.jq"), *given]
    done = subprocess.run(words, input=plan, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def run_opa_policy(plan, now, numbers, folder):
    (folder / "plan.json").write_text(plan, "utf-8")
    (folder / "data.json").write_text(json.dumps({"policy": {"now": now * 10**9, **numbers}}), "utf-8")
    words = [
        "opa",
        "eval",
        "--data",
        POLICY / "policy.rego",
        "--data",
        folder / "data.json",
        "--input",
        folder / "plan.json",
    ]
    done = subprocess.run([*words, "data.scimconf.refused"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout)["result"][0]["expressions"][0]["value"])


def plan_json(changes, guards):
    return json.dumps({"format_version": "2.0", "applications": [{"changes": changes, "guards": guards}]})


@pytest.mark.parametrize("name", CASES)
@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not on this machine")
def test_jq_policy_returns_reasons(name):
    changes, guards, now, numbers, expected = CASES[name]
    assert run_jq_policy(plan_json(changes, guards), now, numbers) == expected


@pytest.mark.skipif(shutil.which("opa") is None, reason="opa is not on this machine")
def test_rego_policy_returns_the_same_reasons_as_jq(tmp_path):
    found = {name: run_opa_policy(plan_json(*case[:2]), *case[2:4], tmp_path) for name, case in CASES.items()}
    assert found == {name: case[4] for name, case in CASES.items()}


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not on this machine")
def test_jq_policy_evaluates_plan_json_of_the_cli(serve, workdir, run, monkeypatch):
    monkeypatch.setenv("SCIMCONF_GRAPH_URL", serve())
    plan = run("plan", "--format", "json", ROOT / "examples" / "writer-new")[1]
    found = run_jq_policy(plan, MONDAY_NOON, {})
    assert "writer:connection may be changed by hand only" in found
    assert "writer:app_role/admin may be changed by hand only" in found
    assert any(one.startswith("guard application-created blocks: ") for one in found)
