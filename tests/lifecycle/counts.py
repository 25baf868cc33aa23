"""A pytest plugin that counts the lifecycles of all processes, and prints the totals in the summary of the run.

The top conftest registers this module.
"""

from __future__ import annotations

from collections import Counter

import pytest

TOTALS: Counter[str] = Counter()
"""Totals by name: `runs`, `violations`, and `fault: KIND` for each fault that struck."""
_KEY = "lifecycles"


def record(faults: Counter[str], violations: int) -> None:
    """Add one lifecycle to the totals."""
    TOTALS.update({"runs": 1, "violations": violations})
    TOTALS.update({f"fault: {kind}": count for kind, count in faults.items()})


def summary(totals: Counter[str]) -> str:
    """Return the totals as one line, the faults by kind."""
    faults = {name.removeprefix("fault: "): count for name, count in totals.items() if name.startswith("fault: ")}
    kinds = ", ".join(f"{kind}: {count}" for kind, count in sorted(faults.items()))
    return (
        f"lifecycles: {totals['runs']} runs, {sum(faults.values())} faults ({kinds}), {totals['violations']} violations"
    )


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_KEY] = dict(TOTALS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    TOTALS.update(getattr(node, "workeroutput", {}).get(_KEY, {}))


def pytest_terminal_summary(terminalreporter):
    if TOTALS["runs"]:
        terminalreporter.write_line(summary(TOTALS))
