"""The history entry of one apply, from before its first write to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from scimconf.diagnostics import ScimconfError
from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.plan import Report
from scimconf.workflow.history import HistoryStore, begin_entry, end_entry, ended_entry, entry_place, save_apart
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.plan import PlannedApplication

UNSAVED = ".scimconf/unsaved-history"
"""The folder below the working folder for what the history did not take at the end of an apply."""


@dataclass(slots=True)
class OpenHistory:
    """The entry of an apply in a store, None without a history. `clock` returns the time in UTC.

    `failure` are the lines to print if the entry was not completed.
    """

    store: HistoryStore | None
    run: RunContext
    clock: Callable[[], datetime]
    failure: tuple[str, ...] = ()
    entry: HistoryEntry | None = field(default=None, init=False)

    def begin(self, planned: PlannedApplication) -> str:
        """Write the entry before the first write; return its place, "" without a history. Raise ScimconfError."""
        if self.store is None:
            return ""
        self.entry = begin_entry(self.store, planned, self.clock(), self.run)
        return entry_place(self.store, self.entry)

    def end(self, report: Report) -> Report:
        """Complete the entry; return the report, with a warning if that failed. What happened is then saved elsewhere."""
        if self.store is None or self.entry is None:
            return report
        ended = ended_entry(self.entry, report, self.clock())
        try:
            end_entry(self.store, ended, report.documents)
        except ScimconfError as error:
            problem = f"{report.name}: the apply has ended, but its history entry is not complete. {error}"
            self.failure = (problem, *filter(None, [error.hint]), *_saved(ended, report))
            return replace(report, warnings=(*report.warnings, f"The history entry is not complete: {error}"))
        return report


def _saved(ended: HistoryEntry, report: Report) -> tuple[str, ...]:
    """Save the entry on this machine; return the lines to print: where it is, or the entry itself."""
    try:
        place = save_apart(FolderStore(UNSAVED), ended, report.documents)
    except ScimconfError as error:
        return (f"It cannot be saved on this machine either: {error}", "The entry:", json.dumps(ended.document()))
    return (f"What happened is saved in {place}. Copy it over the entry in the history.",)
