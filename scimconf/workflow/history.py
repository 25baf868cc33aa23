"""Durable history: a folder for each apply, with the documents before and after it, on disk or in a blob container.

    STORE/APPLICATION/TIME/          the documents before the first write, one JSON file each
    STORE/APPLICATION/TIME/after/    the documents as the last plan of the apply read them
    STORE/APPLICATION/TIME/entry.json

The entry is written before the first write, so that a killed apply leaves one, and again at the end. There are no
secrets in it: Graph returns `*` for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from scimconf.diagnostics import ScimconfError
from scimconf.json_types import Json
from scimconf.monitoring.history import UNKNOWN_RUN, HistoryEntry, RunContext, read_entry
from scimconf.plan import Report
from scimconf.snapshot import Snapshot
from scimconf.version import __version__
from scimconf.workflow.plan import PlannedApplication

DOCUMENTS = ("applications", "assignments", "jobs", "schema", "secrets", "service_principals")
ENTRY, AFTER = "entry.json", "after"
KEPT_ENTRIES = 200
"""Entries of one application; older ones are deleted when a new one begins."""
_FEW = 8
"""Entries that are read at once where the newest mostly suffice."""
_TIME = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z", re.ASCII)


class HistoryStore(Protocol):
    """Where entries are. Paths are relative to it and have slashes; every failure is a ScimconfError."""

    def place(self, path: str = "") -> str:
        """Return where a path is, for people: an absolute path or an address, without credentials."""

    def check(self) -> None:
        """Raise if it is certain that no entry can be written."""

    def create(self, folder: str, texts: Mapping[str, str]) -> None:
        """Create the files of a new folder; raise if one exists or cannot be written."""

    def replace(self, file: str, text: str) -> None:
        """Write a file as a whole."""

    def read(self, files: Sequence[str]) -> list[bytes | None]:
        """Return the content of each file, None for one that does not exist."""

    def folders(self, parent: str) -> list[str]:
        """Return the names of the folders in a folder, none if it does not exist."""

    def remove(self, folder: str) -> None:
        """Delete a folder."""


def begin_entry(
    store: HistoryStore, planned: PlannedApplication, now: datetime, run: RunContext = UNKNOWN_RUN
) -> HistoryEntry:
    """Write the documents before the first write, and an entry that has not ended; return the entry.

    `now` is in UTC. Raise ScimconfError if it cannot be written.
    """
    entry = HistoryEntry(
        application=planned.name,
        time=entry_time(now),
        tenant=(planned.tenant.domain or planned.tenant.id) if planned.tenant else "",
        digest=planned.plan.digest,
        version=__version__,
        run=run,
        changes=tuple((str(change.address), change.action.value) for change in planned.plan.changes),
    )
    texts = {**_texts(saved_documents(planned.snapshot)), ENTRY: _text(entry.document())}
    store.create(_folder(entry), texts)
    _rotate(store, planned.name)
    return entry


def entry_place(store: HistoryStore, entry: HistoryEntry) -> str:
    """Return where an entry is, for people."""
    return store.place(_folder(entry))


def ended_entry(entry: HistoryEntry, report: Report, now: datetime) -> HistoryEntry:
    """Return an entry with the outcome of its apply."""
    return replace(
        entry,
        status=report.status.value,
        ended=entry_time(now),
        error=report.error,
        outcomes=tuple((outcome.message, outcome.result.name.lower()) for outcome in report.outcomes),
        pause=report.pause.value,
    )


def end_entry(store: HistoryStore, entry: HistoryEntry, documents: Mapping[str, Json]) -> None:
    """Write an entry that has ended, and the documents after the apply; raise ScimconfError.

    The outcome is written first, so that it is there also if the documents cannot be written.
    """
    store.replace(f"{_folder(entry)}/{ENTRY}", _text(entry.document()))
    if documents:
        store.create(f"{_folder(entry)}/{AFTER}", _texts(documents))


def save_apart(store: HistoryStore, entry: HistoryEntry, documents: Mapping[str, Json]) -> str:
    """Write an entry that has ended, and the documents after it, to another store; return the place."""
    store.create(_folder(entry), {ENTRY: _text(entry.document())})
    if documents:
        store.create(f"{_folder(entry)}/{AFTER}", _texts(documents))
    return entry_place(store, entry)


def begin_command(store: HistoryStore, entry: HistoryEntry) -> None:
    """Write the entry of a command without documents, before its first write; raise ScimconfError."""
    store.create(_folder(entry), {ENTRY: _text(entry.document())})
    _rotate(store, entry.application)


def entry_time(now: datetime) -> str:
    """Return a time in UTC as the name of an entry."""
    return now.strftime(_TIME)


def saved_documents(snapshot: Snapshot) -> Mapping[str, Json]:
    """Return the documents of a snapshot that the history contains; a collection may be a value of its own."""
    return {name: document for name in DOCUMENTS if (document := snapshot.get(name)) is not None}


def history_entries(store: HistoryStore, application: str) -> list[HistoryEntry]:
    """Return the entries of an application from the newest; raise ScimconfError if the store cannot be read.

    A folder without an entry is of an apply that ended before its first write.
    """
    return _read_entries(store, application, _names(store, application))


def newest_entries(store: HistoryStore, application: str) -> Iterator[HistoryEntry]:
    """Yield the same entries, read a few at a time as they are taken: most questions are answered by the first."""
    names = _names(store, application)
    for start in range(0, len(names), _FEW):
        yield from _read_entries(store, application, names[start : start + _FEW])


def _read_entries(store: HistoryStore, application: str, names: Sequence[str]) -> list[HistoryEntry]:
    contents = store.read([f"{application}/{name}/{ENTRY}" for name in names])
    return [
        read_entry(_json(content), application, name)
        for name, content in zip(names, contents, strict=True)
        if content is not None
    ]


def read_documents(store: HistoryStore, entry: HistoryEntry, *, after: bool = False) -> Mapping[str, Json]:
    """Return the documents before an apply, or after it; raise ScimconfError if there are none."""
    folder = f"{_folder(entry)}/{AFTER}" if after else _folder(entry)
    contents = store.read([f"{folder}/{name}.json" for name in DOCUMENTS])
    documents = {
        name: value for name, content in zip(DOCUMENTS, contents, strict=True) if (value := _json(content)) is not None
    }
    if not documents:
        raise ScimconfError(f"The history entry {store.place(folder)} has no documents")
    return documents


def _folder(entry: HistoryEntry) -> str:
    return f"{entry.application}/{entry.time}"


def _names(store: HistoryStore, application: str) -> list[str]:
    """Return the names of the folders of entries from the newest; other files beside them do not count."""
    return sorted(filter(_NAME.fullmatch, store.folders(application)), reverse=True)


def _rotate(store: HistoryStore, application: str) -> None:
    """Delete the oldest entries. A store that refuses it keeps them: the new entry is what matters."""
    with suppress(ScimconfError):
        for name in _names(store, application)[KEPT_ENTRIES:]:
            store.remove(f"{application}/{name}")


def _json(content: bytes | None) -> Json:
    """Return a JSON document, None if there is none or it is not JSON."""
    try:
        return None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None


def _texts(documents: Mapping[str, Json]) -> dict[str, str]:
    return {f"{name}.json": _text(document) for name, document in documents.items()}


def _text(document: Json) -> str:
    return f"{json.dumps(document, indent=2, ensure_ascii=False, default=list)}\n"
