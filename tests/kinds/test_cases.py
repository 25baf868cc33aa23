"""A folder per kind, and in it a folder per case: desired and observed resources, changes, steps, documents afterwards.

`SCIMCONF_UPDATE_GOLDEN=1` updates the golden files. Review every difference.
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
    apply_steps,
    changed_documents,
    compare,
    line,
    options_of,
    plan_json,
    resource_json,
    snapshot,
    spec_of,
    step_json,
    tenant_documents,
)

CASES = sorted(path.parent for path in HERE.glob("*/*/spec.yaml"))
MANAGED = """
app_roles: {roles: []}
assignments: {unlisted: report}
mappings: {users: {filters: [], attributes: {userName: {source: userPrincipalName, match: 1}}}}
"""
"""A spec under which every kind observes something."""

PARTIAL_PLANS = {"application/created"}
"""Cases whose partial plan ends with the creation of the application; its documents are not known yet."""


def name(case: Path) -> str:
    return f"{case.parent.name}/{case.name}"


class Case:
    """A case, loaded from its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        loaded = load("spec.yaml", lambda path: (folder / path).read_text(), {}, {}, lambda _: True)
        assert loaded.spec is not None, loaded.diagnostics
        self.spec = loaded.spec
        overlay = {path.stem: json.loads(path.read_text()) for path in (folder / "documents").glob("*.json")}
        self.served = tenant_documents(overlay)
        written = folder / "options.json"
        self.options = options_of(json.loads(written.read_text()) if written.exists() else {})
        self.kind = next(kind for kind in KINDS if kind.name == folder.parent.name)

    def compare(self, served: Documents | None = None) -> Any:
        return compare(KINDS, self.spec, snapshot(self.spec, served or self.served), self.options)


def side_json(side: Any) -> list[Any]:
    """Return one side of a kind as plain JSON."""
    return plain([resource_json(resource) for resource in side])


@pytest.fixture(params=CASES, ids=name)
def case(request):
    return Case(request.param)


def test_observed_resources_of_the_base_tenant():
    """The golden file of a case has only the differences from what the kinds observe in `base/`."""
    spec = spec_of(MANAGED)
    observed = {kind.name: side_json(kind.observed(spec, snapshot(spec, tenant_documents({})))) for kind in KINDS}
    assert golden_json(BASE / "expected" / "observed.json", observed) == observed


def test_desired_and_observed_resources_of_a_case(case):
    """The desired and observed resources of the kind are those of the golden file."""
    tenant = snapshot(case.spec, case.served)
    observed = side_json(case.kind.observed(case.spec, tenant))
    base = json.loads((BASE / "expected" / "observed.json").read_text())[case.kind.name]
    addresses = [resource.get("address") for resource in observed]
    resources = {
        "desired": side_json(case.kind.desired(case.spec, tenant)),
        "observed": [resource for resource in observed if resource not in base],
        "not observed": [resource["address"] for resource in base if resource["address"] not in addresses],
    }
    assert golden_json(case.folder / "resources.json", resources) == resources


def test_changes_and_steps_of_a_case(case):
    """The plan and its steps are those of the golden files, without errors."""
    compared = case.compare()
    assert [line(problem) for problem in compared.errors] == []
    plan, steps = plan_json(compared), [step_json(step) for step in compared.steps]
    assert golden_json(case.folder / "changes.json", plan) == plain(plan)
    assert golden_json(case.folder / "steps.json", steps) == plain(steps)


def test_changed_pointers_of_the_documents_after_the_steps(case):
    """The steps change only these places of the documents; the other keys keep their order."""
    after = apply_steps(case.compare().steps, case.served) if name(case.folder) not in PARTIAL_PLANS else case.served
    changed = changed_documents(case.served, after)
    assert "reordered" not in json.dumps(changed)
    assert golden_json(case.folder / "after.json", changed) == plain(changed)


def test_plan_is_empty_after_the_steps_of_a_case(case):
    if name(case.folder) in PARTIAL_PLANS:
        pytest.skip("the documents are known once the application exists")
    after = apply_steps(case.compare().steps, case.served)
    case.options = replace(case.options, resend_secrets=False)  # needed once only
    again = case.compare(after)
    assert [line(problem) for problem in again.errors] == []
    assert [str(change.address) for change in again.plan.changes] == []
    assert again.steps == ()


def test_diff_of_desired_resources_with_themselves_is_empty(case):
    tenant = snapshot(case.spec, case.served)
    desired = [one for kind in KINDS for one in kind.desired(case.spec, tenant)]
    same = [one for one in desired if isinstance(one, Resource)]
    assert diff(same, same, {kind.name: kind.traits for kind in KINDS}).changes == ()


def test_plan_does_not_depend_on_the_order_of_rows(case):
    """The same documents with their rows in another order give the same plan."""
    expected = plan_json(case.compare())
    for seed in range(3):
        assert plan_json(case.compare(shuffled(case.served, random.Random(seed)))) == expected


SETS = {"attributeMappings", "objectMappings", "synchronizationRules", "directories", "attributes", "groups", "clauses"}
SETS |= {"appRoles", "allowedMemberTypes", "referencedObjects", "tags"}


def shuffled(value: Any, dice: random.Random, key: str = "") -> Any:
    """Return the value with all sets in another order; the parameters of an expression are not a set."""
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
    assert {kind.name for kind in KINDS} == {path.parent.name for path in CASES}
