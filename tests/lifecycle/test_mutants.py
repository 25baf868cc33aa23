"""The lifecycles can fail: each broken client is found within a few seeds."""

import pytest

from tests.lifecycle.lifecycles import run_lifecycle
from tests.lifecycle.mutants import MUTANTS

SEEDS = 2
"""How many lifecycles a broken client may live, from the seed in the table."""


@pytest.mark.slow
@pytest.mark.nonconforming
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_lifecycles_find_a_broken_client(monkeypatch, mutant):
    mutant(monkeypatch.setattr)
    first = MUTANTS[mutant]
    assert any(run_lifecycle(seed).violations for seed in range(first, first + SEEDS))
