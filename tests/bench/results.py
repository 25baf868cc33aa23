"""The rows of the bench with their bars, and the results of the last run as text and as Markdown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results.json"


@dataclass(frozen=True)
class Row:
    """One measurement: `bar` is the most that its median may be, None for information only.

    With `least` it is the least, with `worst` the most that each value may be.
    """

    scenario: str
    name: str
    title: str
    bar: float | None
    unit: str = "×"
    least: bool = False
    worst: bool = False

    def holds(self, values: Sequence[float]) -> bool:
        value = max(values) if self.worst else statistics.median(values)
        return self.bar is None or (value >= self.bar if self.least else value <= self.bar)

    def text(self, value: float) -> str:
        if self.unit == "%":
            return f"{value:.0%}"
        number = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        return f"{number}{'' if self.unit == '×' else ' '}{self.unit}"


VALIDATE, WRITER, ASSIGNMENTS, APPLY = "validate", "writer", "assignments", "apply"
QUOTA, FLEET, PREVIEW, CYCLES = "quota", "fleet", "preview", "cycles"
_RAW = "apply, 2,500 new assignments: time against the same batches with bare httpx, 50 ms a response"
_QUOTA = "apply, 100,000 new assignments at 3,000 writes in 150 s, simulated clock: done"
_WAVES = "plan, Writer: time at 30 ms a response against bare httpx in the same waves, start-up included"
_CHANGED = "incremental cycle, 100 of 10,000 users changed: CPU a user against the initial one"
_CYCLE = "initial cycle of the sandbox, 10,000 users: time against the same requests with bare httpx"
ROWS = (
    Row(VALIDATE, "validate", "validate, Writer: CPU against the import of its libraries and models", 1.25),
    Row(WRITER, "writer", _WAVES, 1.3),
    Row(ASSIGNMENTS, "plan-cpu", "plan, 100,000 assignments unchanged: CPU against bare httpx with getByIds", 3.0),
    Row(ASSIGNMENTS, "plan-wall", "the same: time at 50 ms a response, 8 requests at a time", 1.3),
    Row(ASSIGNMENTS, "plan-sequential", "the same: time at 50 ms against bare httpx, one request after another", None),
    Row(ASSIGNMENTS, "plan-memory", "the same: peak memory", 300, "MiB", worst=True),
    Row(ASSIGNMENTS, "plan-requests", "the same: requests, responses in any order", 213, "requests", worst=True),
    Row(ASSIGNMENTS, "plan-requests-fewer", "the same: requests for 10,000 assignments", 33, "requests", worst=True),
    Row(ASSIGNMENTS, "plan-growth", "the same: CPU against 10,000 assignments", 8.0),
    Row(ASSIGNMENTS, "plan-sandbox", "plan, 10,000 assignments, on the sandbox: time against bare httpx", None),
    Row(ASSIGNMENTS, "misspelt", "plan, 1,000 of 100,000 users misspelt: CPU against none", 1.2),
    Row(APPLY, "apply", _RAW, 1.3),
    Row(APPLY, "apply-near", "the same without latency", None),
    Row(QUOTA, "quota", _QUOTA, 1.0, "%", least=True),
    Row(FLEET, "fleet", "plan, 300 applications: CPU against bare httpx without repeated requests", 2.0),
    Row(FLEET, "fleet-requests", "the same: requests an application", None, "requests"),
    Row(PREVIEW, "preview-cpu", "preview, 100,000 users as JSON: CPU a user", 0.4, "ms"),
    Row(PREVIEW, "preview-memory", "the same: peak memory against the plan", 1.2),
    Row(PREVIEW, "preview-growth", "the same: CPU against 10,000 users", None),
    Row(CYCLES, "cycle-initial", _CYCLE, 2.0),
    Row(CYCLES, "cycle-cpu", "the same: CPU", None),
    Row(CYCLES, "cycle-changed", _CHANGED, 1.5),
    Row(CYCLES, "cycle-none", "incremental cycle without changes, 10,000 users: time", None, "ms"),
)


def spread(row: Row, values: list[float]) -> tuple[str, str, str]:
    """Return median, minimum and maximum as texts."""
    return row.text(statistics.median(values)), row.text(min(values)), row.text(max(values))


def bar(row: Row) -> str:
    return "–" if row.bar is None else row.text(row.bar)


def verdict(row: Row, values: list[float]) -> str:
    return "" if row.bar is None else "holds" if row.holds(values) else "**no**"


def summary(row: Row, values: list[float]) -> str:
    """Return a row as one line of text."""
    median, low, high = spread(row, values)
    limit = "" if row.bar is None else f", {'at least' if row.least else 'at most'} {bar(row)}"
    fails = "" if row.holds(values) else "  DOES NOT HOLD"
    return f"{row.title}: {median} (from {low} to {high}{limit}){fails}"


def results() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    return document


def claim() -> str:
    """Return the README's words about the last run; without numbers until the plan of 100,000 assignments is measured."""
    rows = results()["rows"]
    if not {"plan-wall", "plan-requests"} <= rows.keys():
        return "**Measured** against [bare HTTP requests](docs/performance.md); `make bench` repeats it."
    time, sent = (rows[name]["values"] for name in ("plan-wall", "plan-requests"))
    ratio, number = f"{statistics.median(time):.2g}", f"{max(sent):.0f}"
    return f"**Measured**: a plan of 100,000 assignments takes {ratio}× [bare HTTP](docs/performance.md), {number} requests."


def table() -> str:
    """Return the results of the last run of each scenario as Markdown."""
    document = results()
    machine, rows = document["machine"], document["rows"]
    conditions = (
        f"{machine['processors']} × {machine['processor']}, Python {machine['python']}; `make bench`. The load is the average of"
        " the last minute,\nbefore or after: beyond the number of processors, other work slowed both sides."
    )
    lines = [
        conditions,
        "",
        "| what | median | minimum | maximum | bar | holds | rounds | load | date |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in (row for row in ROWS if row.name in rows):
        measured = rows[row.name]
        values = measured["values"]
        cells = [*spread(row, values), bar(row), verdict(row, values), len(values), measured["load"], measured["date"]]
        lines.append(f"| {row.title} | {' | '.join(map(str, cells))} |")
    return "\n" + "\n".join(lines) + "\n\n"
