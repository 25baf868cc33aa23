"""A scenario is a folder: `0.yaml`, `1.yaml`, … are states of a spec, `tenant.json` is the tenant before state 0.

Each state is planned (golden file `N.plan.txt`), applied, and planned again, which must show no changes;
then the same in reverse order down to state 0. `SCIMCONF_UPDATE_GOLDEN=1` updates the golden files; review the diff.
"""

import json
import re
from pathlib import Path

import pytest
from canary import TOKEN, secret
from golden_files import golden_text
from tenant_fixture import Rehearsal, changes, codes, everything_open, exit_code, told

from scimconf.plan import Result
from scimconf.sandbox.switches import table

HERE = Path(__file__).parent
SCENARIOS = sorted(folder.name for folder in HERE.iterdir() if (folder / "0.yaml").exists())
ONE_WAY = {"unlisted", "roles", "oauth2"}
"""Earlier states do not manage what these scenarios delete, so it is not restored; the record of a rotation remains."""

ENVIRON = {
    "WRITER_SCIM_TOKEN": TOKEN,
    "WRITER_CLIENT_SECRET": secret("client"),
    "FIELDBOOK_PASSWORD": secret("password"),
}
LATE = {"late_reads": 3, "role_propagation": 4, "role_disable": "replicated", "cycle_reads": 2}
NEUTRAL = {
    "organization_permission",
    "secrets_read_permission",
    "sync_by_app_id",
    "oversized_top",
    "role_origin",
    "mask",
}
"""Switches about requests that the client must not send or is not permitted to send, or values it cannot compare."""

UNUSUAL = {
    row.name: row.values[1]
    for row in table()
    if row.values and not row.engine and row.name not in NEUTRAL and row.name != "role_disable"
} | {"page_size": 2}
"""Every unconfirmed fact about Graph at its second value instead of the default."""

TENANTS = {"as documented": {}, "late": LATE, "unusual": UNUSUAL, "late and unusual": LATE | UNUSUAL}
BETWEEN = {"late", "unusual"}
"""The parts of `late and unusual`: tested separately only by `make test-slow`, as is each single switch."""
LONG = {"writer", "filters", "rotation", "unlisted"}
"""The scenarios with most states: `late and unusual` only by `make test-slow`."""


def _cases():
    for tenant, switches in TENANTS.items():
        for name in SCENARIOS:
            is_slow = tenant in BETWEEN or (tenant == "late and unusual" and name in LONG)
            yield pytest.param(name, switches, id=f"{name}-{tenant}", marks=[pytest.mark.slow] * is_slow)


@pytest.mark.parametrize(("name", "switches"), list(_cases()))
def test_apply_reaches_every_state_forward_and_backward(name, switches, monkeypatch):
    """Each state is applied forward and backward; a plan after each apply shows no changes."""
    run_scenario(name, switches, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("fact", UNUSUAL.items(), ids=lambda fact: f"{fact[0]}={fact[1]}")
def test_writer_scenario_applies_with_each_unusual_switch(fact, monkeypatch):
    """Each switch is tested separately, so that an error with one is not hidden by another."""
    monkeypatch.chdir(HERE)
    rehearsal = Rehearsal(environ=ENVIRON, **dict([fact]))
    for state in states("writer"):
        apply_state(rehearsal, state)


def run_scenario(name, switches, monkeypatch):
    monkeypatch.chdir(HERE)
    rehearsal = Rehearsal(tenant_of(name), environ=ENVIRON, **switches)
    forward = [apply_state(rehearsal, state, golden=state.with_suffix(".plan.txt")) for state in states(name)]
    backward = [apply_state(rehearsal, state) for state in reversed(states(name)[:-1])]
    if name not in ONE_WAY:
        assert backward[::-1] == forward[:-1], "managed resources differ from the first pass"


def states(name):
    return sorted(Path(name).glob("?.yaml"))


def tenant_of(name):
    file = HERE / name / "tenant.json"
    return json.loads(file.read_text()) if file.exists() else None


def apply_state(rehearsal, state, golden=None):
    """Plan, apply and plan again; return the fingerprint of the managed resources."""
    first = rehearsal.plan(state)
    assert codes(first) == []
    if golden is not None:
        compare_with_golden(told(first), golden)
    options = everything_open(first)
    report = rehearsal.apply(rehearsal.plan(state, options) if first.blocking_guards else first, options)
    assert (exit_code(report), report.error) == (0, ""), failures(report)
    assert {one.result for one in report.outcomes} <= {Result.DONE, Result.MATCHING}, failures(report)
    return check_no_changes(rehearsal, state)


def check_no_changes(rehearsal, state):
    """Check that a second plan shows no changes and that its apply sends no writes; return the fingerprint."""
    again = rehearsal.plan(state)
    assert changes(again) == []
    rehearsal.forget()
    assert exit_code(rehearsal.apply(again)) == 0
    assert rehearsal.writes == []
    return again.plan.fingerprint


def failures(report):
    return [
        (outcome.result.word, outcome.message, outcome.detail)
        for outcome in report.outcomes
        if outcome.result > Result.MATCHING
    ]


def compare_with_golden(text, file):
    text = re.sub(r"\.0c0a7e50\.[0-9a-f]{8}", ".JOB", text)
    assert text == golden_text(file, text)


def test_every_golden_plan_belongs_to_a_state():
    for name in SCENARIOS:
        texts = {file.name.partition(".")[0] for file in (HERE / name).glob("*.plan.txt")}
        assert texts == {file.stem for file in (HERE / name).glob("?.yaml")}
