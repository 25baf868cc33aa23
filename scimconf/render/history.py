"""The history of applications as text and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields

from scimconf.monitoring.history import STARTED, HistoryEntry, RunContext
from scimconf.render.common.csv_cells import csv_cell
from scimconf.render.terminal.page import Page, joined

_COLUMNS = ("application", "time", "command", "status", "ended", "tenant", "digest", "version", "error", "changes")
MAX_CHANGES = 5
"""Changes that are listed for an entry in text; JSON has all."""


def as_text(entries: Sequence[HistoryEntry], *, width: int = 100, color: bool = False) -> str:
    """Return a paragraph for each entry."""
    page = Page(width, color)
    return joined(line for entry in entries for line in _entry(page, entry))


def _entry(page: Page, entry: HistoryEntry) -> Iterator[str]:
    status = "not ended: killed, or still running" if entry.status == STARTED else entry.status
    counts = Counter(action for _, action in entry.changes)
    changes = ", ".join(f"{number:,} {action}" for action, number in sorted(counts.items())) or "no changes"
    words = f"{status} ({changes})" if entry.is_apply else f"{entry.command}: {status}"
    yield from page.labelled(0, ("strong", f"{entry.time}  "), ("", f"{entry.application}: {words}"), hang=2)
    for address, action in entry.changes[:MAX_CHANGES]:
        yield from page.prose(4, f"{action} {address}", hang=2)
    if len(entry.changes) > MAX_CHANGES:
        yield page.line(4, ("quiet", f"and {len(entry.changes) - MAX_CHANGES:,} more"))
    run = entry.run
    if run.rollback:
        yield page.line(4, ("strong", f"rollback to the state before {run.rollback}"))
    if run.canary:
        yield from page.labelled(4, ("strong", "canary: "), ("", run.canary), hang=2)
    who = ", ".join(
        filter(None, [run.actor, run.identity, f"pull request {run.pull_request}" if run.pull_request else ""])
    )
    for text in (who, f"commit {run.commit}" if run.commit else "", run.url, run.reason, entry.error):
        if text:
            yield from page.prose(4, text, "quiet", hang=2)


def as_csv(entries: Sequence[HistoryEntry]) -> str:
    """Return a header and a row for each entry, for auditors; `changes` is their number."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*_COLUMNS, *(field.name for field in fields(RunContext))])
    for entry in entries:
        values = [str(len(entry.changes)) if name == "changes" else getattr(entry, name) for name in _COLUMNS]
        rows.writerow([csv_cell(value) for value in (*values, *astuple(entry.run))])
    return text.getvalue()
