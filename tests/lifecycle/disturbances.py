"""A pytest plugin that counts the deaths, lost responses and concurrent applies of all processes, for the summary.

The top conftest registers this module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized

import pytest

TOTALS: Counter[str] = Counter()
"""Cases, places and violations by name: `deaths`, `deaths/places`, `deaths/violations`."""
LINES = {
    "deaths": "deaths: {cases} at {places} requests",
    "killed processes": "killed processes: {cases}",
    "lost responses": "lost responses: {cases} at writes, of 19 kinds",
    "errors at reads": "errors at reads: {cases}",
    "concurrent applies": "concurrent applies: {cases} rounds of {places} pairs",
}
_KEY = "disturbances"


def record(name: str, cases: int, violations: Sized, places: int = 1) -> None:
    """Add cases with one disturbance each to the totals."""
    assert name in LINES
    TOTALS.update({name: cases, f"{name}/places": places, f"{name}/violations": len(violations)})


def summary(totals: Counter[str]) -> list[str]:
    """Return one line for each name that was counted."""
    return [
        f"{line.format(cases=totals[name], places=totals[f'{name}/places'])}, {totals[f'{name}/violations']} violations"
        for name, line in LINES.items()
        if totals[name]
    ]


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_KEY] = dict(TOTALS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    TOTALS.update(getattr(node, "workeroutput", {}).get(_KEY, {}))


def pytest_terminal_summary(terminalreporter):
    for line in summary(TOTALS):
        terminalreporter.write_line(line)
