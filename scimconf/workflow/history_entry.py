"""The history entry of one apply or of one command about a job, from before its first write to its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scimconf.diagnostics import ScimconfError
from scimconf.json_types import Json
from scimconf.monitoring.history import HistoryEntry, RunContext
from scimconf.plan import Report
from scimconf.workflow.history import (
    HistoryStore,
    begin_command,
    begin_entry,
    end_entry,
    ended_entry,
    entry_place,
    entry_time,
    save_apart,
)
from scimconf.workflow.history_folder import FolderStore
from scimconf.workflow.plan import PlannedApplication

UNSAVED = ".scimconf/unsaved-history"
"""The folder below the working folder for what the history did not take at the end of an apply."""


@dataclass(slots=True)
class OpenHistory:
    """The entry of an apply or of another command in a store, None without a history. `clock` returns the time in UTC.

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
        if self.entry is None:
            return report
        problem = self._write(ended_entry(self.entry, report, self.clock()), "the apply", report.documents)
        return replace(report, warnings=(*report.warnings, problem)) if problem else report

    def begin_command(self, entry: HistoryEntry) -> None:
        """Write the entry of a command without documents, before its first write. Raise ScimconfError."""
        if self.store is not None:
            begin_command(self.store, entry)
            self.entry = entry

    def end_command(self, status: str, error: str = "") -> None:
        """Complete the entry of a command without documents. If that fails, what happened is saved elsewhere."""
        if self.entry is not None:
            ended = replace(self.entry, status=status, ended=entry_time(self.clock()), error=error)
            self._write(ended, ended.command, {})

    def _write(self, ended: HistoryEntry, command: str, documents: Mapping[str, Json]) -> str:
        """Return what is wrong if the entry cannot be written, "" otherwise."""
        assert self.store is not None
        try:
            end_entry(self.store, ended, documents)
        except ScimconfError as error:
            problem = f"{ended.application}: {command} has ended, but its history entry is not complete. {error}"
            self.failure = (problem, *filter(None, [error.hint]), *_saved(ended, documents))
            return f"The history entry is not complete: {error}"
        return ""


def _saved(ended: HistoryEntry, documents: Mapping[str, Json]) -> tuple[str, ...]:
    """Save the entry on this machine; return the lines to print: where it is, or the entry itself."""
    try:
        place = save_apart(FolderStore(UNSAVED), ended, documents)
    except ScimconfError as error:
        return (f"It cannot be saved on this machine either: {error}", "The entry:", json.dumps(ended.document()))
    return (f"What happened is saved in {place}. Copy it over the entry in the history.",)
