"""Measures scimconf against bare httpx and its libraries, as ratios: `make bench`, `make bench ROUNDS=3`.

Absolute times depend on the machine; the two sides of a ratio run one after the other in each round, after one run of each
that is not counted and fills caches and the recording. The result of a row is the median of its rounds, with minimum and maximum.
A row holds if its median is at most the bar. The results are stored in `results.json`, from which `make docs` makes the
table in `docs/performance.md` and the claim in the README. Exit code 1: a row does not hold.

    python tests/bench/bench.py --rounds 3 --only assignments --only apply      some scenarios; stores nothing
    python tests/bench/bench.py --quick                                         tiny tenants: do the measurements work?
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from processes import machine
from results import RESULTS, ROWS, Row, summary
from scenarios import QUICK, SCENARIOS, Sizes


def measure(names: list[str], sizes: Sizes, rounds: int) -> dict[str, list[float]]:
    """Return the values of all rounds by row."""
    values: dict[str, list[float]] = defaultdict(list)
    for name in names:
        print(f"{name}: {SCENARIOS[name].__doc__}", file=sys.stderr, flush=True)
        with (
            tempfile.TemporaryDirectory(prefix="scimconf-bench-") as folder,
            SCENARIOS[name](Path(folder), sizes) as once,
        ):
            for number in range(rounds):
                for row, value in once(number).items():
                    values[row].append(value)
    return values


def show(row: Row, values: list[float]) -> bool:
    """Print a row; return whether it holds."""
    print(summary(row, values))
    return row.holds(values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rounds", type=int, default=int(os.environ.get("ROUNDS") or 5), help="rounds of each scenario"
    )
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="measure this scenario (repeatable)")
    parser.add_argument("--quick", action="store_true", help="measure tiny tenants in one round; store nothing")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers are stopped too
    before = machine()
    values = measure(
        options.only or list(SCENARIOS), QUICK if options.quick else Sizes(), 1 if options.quick else options.rounds
    )
    fine = [show(row, values[row.name]) for row in ROWS if row.name in values]
    if options.quick:
        return 0
    if not options.only:
        store(values, options.rounds, before)
    return 0 if all(fine) else 1


def store(values: dict[str, list[float]], rounds: int, before: Any) -> None:
    document = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": f"make bench ROUNDS={rounds}",
        "machine": {**before, "load": [before["load"], machine()["load"]]},
        "rows": {name: [float(f"{value:.4g}") for value in numbers] for name, numbers in values.items()},
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
