"""Random lifecycles with fixed seeds. `make fuzz` runs others for an hour."""

import subprocess

import pytest
from tenant_fixture import ROOT

from tests.lifecycle.counts import record
from tests.lifecycle.lifecycles import command_of, run_lifecycle

RUNS, PARTS = 500, 20


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_lifecycles_hold_every_invariant(part):
    failures = []
    for seed in range(part * RUNS // PARTS, (part + 1) * RUNS // PARTS):
        lifecycle = run_lifecycle(seed)
        record(lifecycle.faults, len(lifecycle.violations))
        if lifecycle.violations:
            failures += [command_of(seed), *lifecycle.violations, *lifecycle.log]
    assert not failures, "\n".join(failures)


def test_a_lifecycle_holds_every_invariant():
    assert run_lifecycle(5).violations == []


@pytest.mark.slow
def test_a_seed_runs_outside_of_pytest():
    """`make fuzz` and the command that a failure prints start the module by itself."""
    run = subprocess.run([*command_of(1).split()], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (run.returncode, run.stderr) == (0, "")
