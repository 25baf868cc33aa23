"""One folder a kind, one folder in it a case: what is wanted and seen, what changes, by which steps, and what is then.

`SCIMCONF_UPDATE_GOLDEN=1` writes the golden files anew. Look at each by eye: a wrong one is worse than none.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scimconf.kinds import KINDS
from scimconf.plan import Resource
from scimconf.plan.diff import diff
from scimconf.spec.load import load
from tests.golden_files import golden_json, plain
from tests.kinds.cases import (
    BASE,
    HERE,
    Documents,
    changed_documents,
    compare,
    folded,
    line,
    options_of,
    overlaid,
    snapshot,
    spec_of,
    told_plan,
    told_resource,
    told_step,
)

CASES = sorted(path.parent for path in HERE.glob("*/*/spec.yaml"))
MANAGED = """
app_roles: {roles: []}
assignments: {unlisted: report}
mappings: {users: {filters: [], attributes: {userName: {source: userPrincipalName, match: 1}}}}
"""
"""A spec under which every kind observes something."""

HORIZON = {"application/created"}
"""Cases whose steps end where the application is not there yet; there is nothing to fold further."""


def name(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


class Case:
    """A folder, loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        loaded = load("spec.yaml", lambda path: (folder / path).read_text(), {}, {})
        assert loaded.spec is not None, loaded.diagnostics
        self.spec = loaded.spec
        overlay = {path.stem: json.loads(path.read_text()) for path in (folder / "documents").glob("*.json")}
        self.served = overlaid(overlay)
        written = folder / "options.json"
        self.options = options_of(json.loads(written.read_text()) if written.exists() else {})
        self.kind = next(kind for kind in KINDS if kind.name == folder.parent.name)

    def compare(self, served: Documents | None = None) -> Any:
        return compare(KINDS, self.spec, snapshot(self.spec, served or self.served), self.options)


def told_side(side: Any) -> list[Any]:
    """Return one side of a kind as plain JSON."""
    return plain([told_resource(resource) for resource in side])


@pytest.fixture(params=CASES, ids=name)
def case(request):
    return Case(request.param)


def test_observed_resources_of_the_base_tenant():
    """What the kinds observe in `base/`; a case lists only what it observes beyond that, and what it no longer does."""
    spec = spec_of(MANAGED)
    observed = {kind.name: told_side(kind.observed(spec, snapshot(spec, overlaid({})))) for kind in KINDS}
    assert golden_json(BASE / "expected" / "observed.json", observed) == observed


def test_desired_and_observed_resources(case):
    """Both sides of the folder's kind are as the golden file says."""
    tenant = snapshot(case.spec, case.served)
    observed = told_side(case.kind.observed(case.spec, tenant))
    base = json.loads((BASE / "expected" / "observed.json").read_text())[case.kind.name]
    addresses = [resource.get("address") for resource in observed]
    resources = {
        "desired": told_side(case.kind.desired(case.spec, tenant)),
        "observed": [resource for resource in observed if resource not in base],
        "not observed": [resource["address"] for resource in base if resource["address"] not in addresses],
    }
    assert golden_json(case.folder / "resources.json", resources) == resources


def test_changes_and_steps(case):
    """The plan and its steps are as the golden files say, and nothing is wrong."""
    compared = case.compare()
    assert [line(problem) for problem in compared.errors] == []
    plan, steps = told_plan(compared), [told_step(step) for step in compared.steps]
    assert golden_json(case.folder / "changes.json", plan) == plain(plan)
    assert golden_json(case.folder / "steps.json", steps) == plain(steps)


def test_changed_pointers_of_the_documents_after(case):
    """The steps change these places of the documents, and no other; the keys that stay keep their order."""
    after = folded(case.compare().steps, case.served) if name(case.folder) not in HORIZON else case.served
    changed = changed_documents(case.served, after)
    assert "reordered" not in json.dumps(changed)
    assert golden_json(case.folder / "after.json", changed) == plain(changed)


def test_then_nothing_is_left_to_do(case):
    """A plan of the tenant that the steps lead to is empty."""
    if name(case.folder) in HORIZON:
        pytest.skip("what the template holds is known once the application exists")
    then = folded(case.compare().steps, case.served)
    case.options = replace(case.options, resend_secrets=False)  # asked for once
    again = case.compare(then)
    assert [line(problem) for problem in again.errors] == []
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
