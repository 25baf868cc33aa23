"""Run random lifecycles for a time on several processes: `python -m tests.lifecycle.run --seconds 3600 --jobs 2`.

`--seed SEED` runs one, and prints what happened. The exit code is 1 if an invariant was violated.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import randrange

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest does: tests/ is a root of imports

from tests.lifecycle.counts import TOTALS, record, summary
from tests.lifecycle.lifecycles import command_of, run_lifecycle

SHOWN = 6
"""Violations of one seed to print."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", help="run the lifecycle of this seed only")
    parser.add_argument("--first", type=int, default=randrange(10**6, 10**9), help="the first of the seeds")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    if options.seed is not None:
        return run_one(options.seed)
    print(f"seeds from {options.first}", flush=True)
    until = time.monotonic() + options.seconds
    with multiprocessing.Pool(options.jobs) as pool:
        work = [(options.first + job, options.jobs, until) for job in range(options.jobs)]
        for totals in pool.starmap(run_many, work):
            TOTALS.update(totals)
    print(summary(TOTALS))
    return 1 if TOTALS["violations"] else 0


def run_one(seed: str) -> int:
    lifecycle = run_lifecycle(seed)
    print(*lifecycle.log, *lifecycle.violations, sep="\n")
    return 1 if lifecycle.violations else 0


def run_many(seed: int, step: int, until: float) -> Counter[str]:
    """Run every `step`-th seed until the time has come; print the seeds with violations at once."""
    TOTALS.clear()
    while time.monotonic() < until:
        try:
            lifecycle = run_lifecycle(seed)
            found = lifecycle.violations
            record(lifecycle.faults, len(found))
        except Exception:  # noqa: BLE001  an error of a lifecycle itself counts as a violation
            found = [traceback.format_exc()]
            record(Counter(), 1)
        if found:
            print(command_of(seed), *(f"  {text}" for text in found[:SHOWN]), sep="\n", flush=True)
        seed += step
    return Counter(TOTALS)


if __name__ == "__main__":
    sys.exit(main())
