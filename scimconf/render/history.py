"""The history of applications as text and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields

from scimconf.monitoring.audit_events import AuditEvent
from scimconf.monitoring.history import STARTED, HistoryEntry, RunContext
from scimconf.plan import ApplyStatus, Pause
from scimconf.render.common.csv_cells import csv_cell
from scimconf.render.terminal.page import Page, joined

_COLUMNS = ("application", "time", "command", "status", "ended", "tenant", "digest", "version", "error", "changes")
_PAUSES = {
    Pause.CONFIRMED.value: "it left provisioning paused",
    Pause.PAUSE_UNCONFIRMED.value: "it may have left provisioning paused",
    Pause.START_UNCONFIRMED.value: "it may have left provisioning paused: the start is not confirmed",
    Pause.EARLIER.value: "provisioning was paused before, and stayed so",
    Pause.NOT_STARTED.value: "it left provisioning off (--no-start)",
}
"""How an apply left provisioning, by the word in its entry."""
_CANARIES = {
    ApplyStatus.APPLIED.value: "then started for everybody",
    ApplyStatus.PUT_BACK.value: "then put back",
}
OUTSIDE = "outside scimconf"
MAX_CHANGES = 5
"""Changes that are listed for an entry in text; JSON has all."""


def as_text(
    entries: Sequence[HistoryEntry], outside: Sequence[AuditEvent] = (), *, width: int = 100, color: bool = False
) -> str:
    """Return a paragraph for each entry and each change outside scimconf, of each application from the newest."""
    page = Page(width, color)
    return joined(line for row in _merged(entries, outside) for line in _row(page, row))


def _merged(entries: Sequence[HistoryEntry], outside: Sequence[AuditEvent]) -> list[HistoryEntry | AuditEvent]:
    rows: list[HistoryEntry | AuditEvent] = [*entries, *outside]
    names = list(dict.fromkeys(row.application for row in rows))
    rows.sort(key=_time, reverse=True)
    return sorted(rows, key=lambda row: names.index(row.application))


def _time(row: HistoryEntry | AuditEvent) -> str:
    """Return the time in the form of an entry's; the audit log has whole seconds."""
    return row.time if isinstance(row, HistoryEntry) else f"{row.at:%Y%m%dT%H%M%SZ}"


def _row(page: Page, row: HistoryEntry | AuditEvent) -> Iterator[str]:
    if isinstance(row, HistoryEntry):
        yield from _entry(page, row)
        return
    words = f"{row.application}: changed outside scimconf by {row.by}: {row.activity}"
    yield from page.labelled(0, ("strong", f"{_time(row)}  "), ("", words), hang=2)


def _entry(page: Page, entry: HistoryEntry) -> Iterator[str]:
    status = "not ended: killed, or still running" if entry.status == STARTED else entry.status
    counts = Counter(action for _, action in entry.changes)
    changes = ", ".join(f"{number:,} {action}" for action, number in sorted(counts.items())) or "no changes"
    words = f"{status} ({changes})" if entry.is_apply else f"{_command(entry)}: {status}"
    yield from page.labelled(0, ("strong", f"{entry.time}  "), ("", f"{entry.application}: {words}"), hang=2)
    for address, action in entry.changes[:MAX_CHANGES]:
        yield from page.prose(4, f"{action} {address}", hang=2)
    if len(entry.changes) > MAX_CHANGES:
        yield page.line(4, ("quiet", f"and {len(entry.changes) - MAX_CHANGES:,} more"))
    run = entry.run
    if run.rollback:
        yield page.line(4, ("strong", f"rollback to the state before {run.rollback}"))
    if run.canary:
        yield from page.labelled(4, ("strong", "canary: "), ("", f"{run.canary}; {_canary(entry)}"), hang=2)
    if entry.pause:
        yield from page.prose(4, _PAUSES.get(entry.pause, entry.pause), hang=2)
    who = ", ".join(
        filter(None, [run.actor, run.identity, f"pull request {run.pull_request}" if run.pull_request else ""])
    )
    for text in (who, f"commit {run.commit}" if run.commit else "", run.url, run.reason, entry.error):
        if text:
            yield from page.prose(4, text, "quiet", hang=2)


def _command(entry: HistoryEntry) -> str:
    """Return a command with its scopes in words: "restart of watermark, escrows, quarantine"."""
    name, *scopes = entry.command.split(" --scope ")
    return f"{name} of {', '.join(scopes)}" if scopes else name


def _canary(entry: HistoryEntry) -> str:
    """Return how a canary ended."""
    return _CANARIES.get(entry.status, "neither started for everybody nor put back")


def as_csv(entries: Sequence[HistoryEntry], outside: Sequence[AuditEvent] = ()) -> str:
    """Return a header and a row for each entry and each change outside scimconf, for auditors.

    `changes` is their number. A change outside scimconf has the status `outside scimconf`, an `actor` and an `activity`.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    run_columns = [field.name for field in fields(RunContext)]
    rows.writerow([*_COLUMNS, *run_columns, "activity"])
    for row in _merged(entries, outside):
        if isinstance(row, HistoryEntry):
            values = [str(len(row.changes)) if name == "changes" else getattr(row, name) for name in _COLUMNS]
            cells = [*values, *astuple(row.run), ""]
        else:
            known = {"application": row.application, "time": _time(row), "status": OUTSIDE, "actor": row.by}
            cells = [*(known.get(name, "") for name in (*_COLUMNS, *run_columns)), row.activity]
        rows.writerow([csv_cell(cell) for cell in cells])
    return text.getvalue()
