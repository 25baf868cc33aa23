"""The lifecycles can fail: the seed of each broken client violates an invariant with it, and none without it."""

import pytest

from tests.lifecycle.lifecycles import run_lifecycle
from tests.lifecycle.mutants import MUTANTS


@pytest.mark.slow
@pytest.mark.nonconforming
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_lifecycle_finds_a_broken_client(monkeypatch, mutant):
    kinds, seed = MUTANTS[mutant]
    assert run_lifecycle(seed, kinds).violations == []
    mutant(monkeypatch.setattr)
    assert run_lifecycle(seed, kinds).violations
