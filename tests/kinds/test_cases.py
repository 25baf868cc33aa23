"""One folder a kind, one folder in it a case: what is wanted and seen, what changes, by which steps, and what is then.

`SCIMCONF_UPDATE_GOLDEN=1` writes the golden files anew. Look at each by eye: a wrong one is worse than none.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scimconf.kinds import KINDS
from scimconf.plan import Resource
from scimconf.plan.diff import diff
from scimconf.spec.load import load
from scimconf.workflow.compilation import compare
from tests.kinds.cases import (
    HERE,
    Documents,
    folded,
    line,
    options_of,
    overlaid,
    snapshot,
    told_plan,
    told_resource,
    told_step,
)

CASES = sorted(path.parent for path in HERE.glob("*/*/spec.yaml"))
HORIZON = {"application/created"}
"""Cases whose steps end where the application is not there yet; there is nothing to fold further."""


def name(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


class Case:
    """A folder, loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        loaded = load("spec.yaml", lambda path: (folder / path).read_text(), {}, {})
        assert loaded.spec is not None, loaded.problems
        self.spec = loaded.spec
        overlay = {path.stem: json.loads(path.read_text()) for path in (folder / "documents").glob("*.json")}
        self.served = overlaid(overlay)
        written = folder / "options.json"
        self.options = options_of(json.loads(written.read_text()) if written.exists() else {})
        self.kind = next(kind for kind in KINDS if kind.name == folder.parent.name)

    def compare(self, served: Documents | None = None) -> Any:
        return compare(KINDS, self.spec, snapshot(self.spec, served or self.served), self.options)


def golden(path: Path, value: Any) -> Any:
    """What the file holds; written anew where that is asked for."""
    if os.environ.get("SCIMCONF_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    return json.loads(path.read_text())


@pytest.fixture(params=CASES, ids=name)
def case(request):
    return Case(request.param)


def test_what_is_wanted_and_seen(case):
    """Both sides of the folder's kind are as the golden file says."""
    seen = snapshot(case.spec, case.served)
    found = {
        "desired": [told_resource(one) for one in case.kind.desired(case.spec, seen)],
        "observed": [told_resource(one) for one in case.kind.observed(case.spec, seen)],
    }
    assert golden(case.folder / "resources.json", found) == json.loads(json.dumps(found))


def test_what_changes_and_by_which_steps(case):
    """The plan and its steps are as the golden files say, and nothing is wrong."""
    found = case.compare()
    assert [line(problem) for problem in found.problems] == []
    plan, steps = told_plan(found), [told_step(step) for step in found.steps]
    assert golden(case.folder / "changes.json", plan) == json.loads(json.dumps(plan))
    assert golden(case.folder / "steps.json", steps) == json.loads(json.dumps(steps))


def test_what_is_then(case):
    """The documents that the steps change are as the golden files say; the others are as they were."""
    after = folded(case.compare().steps, case.served) if name(case.folder) not in HORIZON else case.served
    changed = {name: value for name, value in after.items() if value != case.served.get(name)}
    folder = case.folder / "after"
    if os.environ.get("SCIMCONF_UPDATE_GOLDEN"):
        shutil.rmtree(folder, ignore_errors=True)
    for document, value in changed.items():
        assert golden(folder / f"{document}.json", value) == json.loads(json.dumps(value))
    assert {path.stem for path in folder.glob("*.json")} == set(changed)


def test_then_nothing_is_left_to_do(case):
    """A plan of the tenant that the steps lead to is empty."""
    if name(case.folder) in HORIZON:
        pytest.skip("what the template holds is known once the application exists")
    then = folded(case.compare().steps, case.served)
    case.options = replace(case.options, resend_secrets=False)  # asked for once
    again = case.compare(then)
    assert [line(problem) for problem in again.problems] == []
    assert [str(change.address) for change in again.plan.changes] == []
    assert again.steps == ()


def test_what_is_wanted_differs_from_itself_in_nothing(case):
    """Wanted things, seen exactly so, change nothing."""
    seen = snapshot(case.spec, case.served)
    wanted = [one for kind in KINDS for one in kind.desired(case.spec, seen)]
    same = [one for one in wanted if isinstance(one, Resource)]
    assert diff(same, same, {kind.name: kind.traits for kind in KINDS}).changes == ()


def test_the_order_of_rows_means_nothing(case):
    """The same documents with their rows in any order give the same plan."""
    expected = told_plan(case.compare())
    for seed in range(3):
        assert told_plan(case.compare(shuffled(case.served, random.Random(seed)))) == expected


SETS = {"attributeMappings", "objectMappings", "synchronizationRules", "directories", "attributes", "groups", "clauses"}
SETS |= {"appRoles", "allowedMemberTypes", "referencedObjects", "tags"}


def shuffled(value: Any, dice: random.Random, key: str = "") -> Any:
    """The value with the order of all sets changed; parameters of expressions are no sets."""
    if isinstance(value, dict):
        rows = key == ""
        return {
            one: shuffled(part, dice, one if not rows or one in SETS else f"{one}[]") for one, part in value.items()
        }
    if isinstance(value, list):
        parts = [shuffled(part, dice, "inside") for part in value]
        if key in SETS or key.endswith("[]"):
            dice.shuffle(parts)
        return parts
    return value


def test_every_kind_has_cases():
    """No kind is left out."""
    assert {kind.name for kind in KINDS} == {path.parent.name for path in CASES}
