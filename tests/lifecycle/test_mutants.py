"""The lifecycles can fail: each broken client is found within a few seeds."""

import pytest

from tests.lifecycle.lifecycles import run_lifecycle
from tests.lifecycle.mutants import MUTANTS

SEEDS = 20
"""In how many lifecycles a broken client is found at the latest; most are in the first two or three."""


@pytest.mark.slow
@pytest.mark.nonconforming
@pytest.mark.parametrize(("mutant", "kinds"), MUTANTS.items(), ids=[mutant.__name__ for mutant in MUTANTS])
def test_lifecycles_find_a_broken_client(monkeypatch, mutant, kinds):
    mutant(monkeypatch.setattr)
    assert any(run_lifecycle(seed, kinds).violations for seed in range(SEEDS))
