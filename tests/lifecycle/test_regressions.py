"""Seeds that once violated an invariant, each with the defect that it found."""

import pytest

from tests.lifecycle.lifecycles import run_lifecycle

SEEDS = {
    11: "a write of the secrets was reported as failed when only reading them back had failed",
    20: "a job was reported as failed when only looking it up had failed",
    115: "the next link of a page of users crashed the plan if it had an option with a hyphen",
    301: "a pause that took effect was no write if it was sent again and then refused",
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_lifecycle_holds_every_invariant(seed):
    assert run_lifecycle(seed).violations == []
