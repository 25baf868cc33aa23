"""A scenario is a folder: `0.yaml`, `1.yaml`, … are states of a spec, `tenant.json` is the tenant before the first one.

Each state is planned (golden text `N.plan.txt`), applied, and planned again, which must be empty; then all the way back
to 0. `SCIMCONF_UPDATE_GOLDEN=1` writes the golden texts anew, and a review reads them.
"""

import json
import re
from pathlib import Path

import pytest
from golden_files import golden_text
from tenant_fixture import Rehearsal, changes, codes, everything_open, exit_code, told

from scimconf.plan import Result
from scimconf.sandbox.switches import table

HERE = Path(__file__).parent
SCENARIOS = sorted(folder.name for folder in HERE.iterdir() if (folder / "0.yaml").exists())
ONE_WAY = {"unlisted", "roles", "oauth2"}
"""What these remove is nobody's in the states before, so it does not come back; a note of a rotation stays."""

ENVIRON = {"WRITER_SCIM_TOKEN": "a-token", "WRITER_CLIENT_SECRET": "a-secret", "FIELDBOOK_PASSWORD": "a-password"}
LATE = {"late_reads": 3, "role_propagation": 4, "role_disable": "replicated", "cycle_reads": 2}
NEUTRAL = {
    "organization_permission",
    "secrets_read_permission",
    "sync_by_app_id",
    "oversized_top",
    "role_origin",
    "mask",
}
"""Switches of what the client must never do, may not be allowed to, or could not compare."""

UNUSUAL = {
    row.name: row.values[1] for row in table() if row.values and row.name not in NEUTRAL and row.name != "role_disable"
} | {"page_size": 2}
"""Every fact that is not sure, the other way round."""

TENANTS = {"as documented": {}, "late": LATE, "unusual": UNUSUAL, "late and unusual": LATE | UNUSUAL}
BETWEEN = {"late", "unusual"}
"""What `late and unusual` is made of: tried apart only by `make test-slow`, as is each fact alone."""


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param(switches, id=name, marks=[pytest.mark.slow] if name in BETWEEN else [])
        for name, switches in TENANTS.items()
    ],
)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_state_is_reached_and_left_again(name, switches, monkeypatch):
    """There and back, with an empty plan after every apply, whichever way the tenant answers."""
    walk(name, switches, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("fact", UNUSUAL.items(), ids=lambda fact: f"{fact[0]}={fact[1]}")
def test_no_fact_alone_keeps_writer_from_being_set_up_and_changed(fact, monkeypatch):
    """Each switch by itself: a mistake about one fact is not hidden by another one."""
    monkeypatch.chdir(HERE)
    rehearsal = Rehearsal(environ=ENVIRON, **dict([fact]))
    for state in states("writer"):
        reach(rehearsal, state)


def walk(name, switches, monkeypatch):
    monkeypatch.chdir(HERE)
    rehearsal = Rehearsal(tenant_of(name), environ=ENVIRON, **switches)
    there = [reach(rehearsal, state, golden=state.with_suffix(".plan.txt")) for state in states(name)]
    back = [reach(rehearsal, state) for state in reversed(states(name)[:-1])]
    if name not in ONE_WAY:
        assert back[::-1] == there[:-1], "what is managed is as it was"


def states(name):
    return sorted(Path(name).glob("?.yaml"))


def tenant_of(name):
    file = HERE / name / "tenant.json"
    return json.loads(file.read_text()) if file.exists() else None


def reach(rehearsal, state, golden=None):
    """Plan, apply, plan again; the fingerprint of what is managed then."""
    first = rehearsal.plan(state)
    assert codes(first) == []
    if golden is not None:
        compare(told(first), golden)
    wanted = everything_open(first)
    report = rehearsal.apply(rehearsal.plan(state, wanted) if first.blocking_guards else first, wanted)
    assert (exit_code(report), report.error) == (0, ""), failures(report)
    assert {one.result for one in report.outcomes} <= {Result.DONE}, failures(report)
    return unchanged(rehearsal, state)


def unchanged(rehearsal, state):
    """The second plan is empty, and applying it asks nobody and writes nothing."""
    again = rehearsal.plan(state)
    assert changes(again) == []
    rehearsal.forget()
    assert exit_code(rehearsal.apply(again)) == 0
    assert rehearsal.writes == []
    return again.plan.fingerprint


def failures(report):
    return [(one.result.word, one.description, one.detail) for one in report.outcomes if one.result is not Result.DONE]


def compare(text, file):
    text = re.sub(r"\.0c0a7e50\.[0-9a-f]{8}", ".JOB", text)
    assert text == golden_text(file, text)


def test_every_golden_text_belongs_to_a_state():
    for name in SCENARIOS:
        texts = {file.name.partition(".")[0] for file in (HERE / name).glob("*.plan.txt")}
        assert texts == {file.stem for file in (HERE / name).glob("?.yaml")}
