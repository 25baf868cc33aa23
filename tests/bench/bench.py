"""Measures scimconf against bare httpx and its libraries, as ratios: `make bench`, `make bench ROUNDS=3`.

Absolute times depend on the machine; the two sides of a ratio run one after the other in each round, after one run of each
that is not counted and fills caches and the recording. The result of a row is the median of its rounds, with minimum and maximum.
A row holds if its median is at most the bar. The results are stored in `results.json`, from which `make docs` makes the
table in `docs/performance.md` and the claim in the README. Exit code 1: a row does not hold.

    python tests/bench/bench.py --rounds 3 --only assignments --only apply      some scenarios; stores nothing
    python tests/bench/bench.py --rounds 3 --only apply --store                 replaces the rows of these scenarios
    python tests/bench/bench.py --quick                                         tiny tenants: do the measurements work?
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from measurements import QUICK, SCENARIOS, Sizes
from processes import ROOT, machine
from results import RESULTS, ROWS, results, summary


def measure(name: str, sizes: Sizes, rounds: int) -> dict[str, list[float]]:
    """Return the values of all rounds of a scenario by row."""
    values: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="scimconf-bench-") as folder,
        SCENARIOS[name](Path(folder), sizes) as once,
    ):
        for number in range(rounds):
            for row, value in once(number).items():
                values[row].append(value)
    return values


def show(values: dict[str, list[float]]) -> bool:
    """Print the rows of a scenario; return whether all of them hold."""
    measured = [row for row in ROWS if row.name in values]
    for row in measured:
        print(summary(row, values[row.name]), flush=True)
    return all(row.holds(values[row.name]) for row in measured)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = int(os.environ.get("ROUNDS") or 5)
    parser.add_argument("--rounds", type=int, default=default, help="rounds of each scenario")
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="measure this scenario (repeatable)")
    parser.add_argument("--store", action="store_true", help="store the results of --only too")
    parser.add_argument("--quick", action="store_true", help="measure tiny tenants in one round; store nothing")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the servers are stopped too
    sizes, rounds = (QUICK, 1) if options.quick else (Sizes(), options.rounds)
    stores = not options.quick and (options.store or not options.only)
    fine = True
    for name in options.only or SCENARIOS:
        print(f"{name}: {SCENARIOS[name].__doc__}", file=sys.stderr, flush=True)
        load = os.getloadavg()[0]
        values = measure(name, sizes, rounds)
        fine = show(values) and fine
        if stores:
            store(values, (load, os.getloadavg()[0]))
    if stores:
        subprocess.run([sys.executable, str(ROOT / "tests" / "tools" / "pages.py")], check=True, cwd=ROOT)
    return 0 if fine or options.quick else 1


def store(values: dict[str, list[float]], load: tuple[float, float]) -> None:
    """Replace the rows of a scenario in the results."""
    known: dict[str, Any] = results()["rows"] if RESULTS.exists() else {}
    for name, numbers in values.items():
        known[name] = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "load": round(max(load), 1),
            "values": [float(f"{value:.4g}") for value in numbers],
        }
    document = {"machine": machine(), "rows": {row.name: known[row.name] for row in ROWS if row.name in known}}
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
