"""An apply whose process dies before or after any of its requests: the next plan shows it, the next apply completes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from .apply_cases import CHANGED, FIRST, LARGE, NARROW, RENAME, SWAP, WIDEN, Case, Tenants
from .deaths import Reference
from .disturbances import record

LATE = {"late_reads": 2, "role_propagation": 2, "role_disable": "replicated"}
REPLACE = {"secrets_put": "replace"}


@pytest.fixture(scope="module")
def tenants(tmp_path_factory: pytest.TempPathFactory) -> Tenants:
    return Tenants(tmp_path_factory.mktemp("specs"))


def violations(reference: Reference, every: int = 1) -> list[str]:
    """Continue after each death that leaves another state, or after every n-th of them."""
    deaths = list(reference.states().values())[::every]
    assert len(deaths) > 2
    return [text for death in deaths for text in reference.continued(death)]


@pytest.mark.parametrize("case", [FIRST, CHANGED], ids=lambda case: case.name)
def test_apply_completes_the_work_of_an_apply_that_died(tenants: Tenants, case: Case) -> None:
    """A sample of the next test."""
    assert violations(Reference(case, tenants, writes_only=True), every=4) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", [FIRST, CHANGED, LARGE, NARROW], ids=lambda case: case.name)
def test_apply_completes_the_work_of_an_apply_that_died_at_any_request(tenants: Tenants, case: Case) -> None:
    reference = Reference(case, tenants, writes_only=False)
    found = violations(reference)
    record("deaths", len(reference.deaths), found, reference.requests)
    assert (found, reference.requests > 20) == ([], True)


@pytest.mark.slow
@pytest.mark.parametrize("switches", [LATE, REPLACE], ids=["late", "replace"])
@pytest.mark.parametrize("case", [FIRST, SWAP, WIDEN, RENAME], ids=lambda case: case.name)
def test_apply_completes_the_work_of_an_apply_that_died_at_a_write(tenants: Tenants, case: Case, switches: Any) -> None:
    reference = Reference(replace(case, switches=switches), tenants, writes_only=True)
    found = violations(reference)
    record("deaths", len(reference.deaths), found, reference.requests)
    assert found == []
