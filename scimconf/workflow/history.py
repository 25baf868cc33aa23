"""Durable history: a folder for each apply, with the documents before and after it. Only its owner can read it.

    FOLDER/APPLICATION/TIME/          the documents before the first write, one JSON file each
    FOLDER/APPLICATION/TIME/after/    the documents as the last plan of the apply read them
    FOLDER/APPLICATION/TIME/entry.json

The entry is written before the first write, so that a killed apply leaves one, and again at the end. There are no
secrets in it: Graph returns `*` for them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scimconf.diagnostics import ScimconfError
from scimconf.files import read_regular_file, write_file, write_private_files
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
MAX_DOCUMENT = 64 * 2**20
"""Bytes of a document: the limit of a response of Graph."""
_TIME = "%Y%m%dT%H%M%S.%fZ"
_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z", re.ASCII)


def begin_entry(folder: str, planned: PlannedApplication, now: datetime, run: RunContext = UNKNOWN_RUN) -> str:
    """Write the documents before the first write, and an entry that has not ended; return the path of its folder.

    `now` is in UTC. Raise ScimconfError if it cannot be written.
    """
    target = Path(folder) / planned.name / now.strftime(_TIME)
    entry = HistoryEntry(
        application=planned.name,
        time=target.name,
        tenant=(planned.tenant.domain or planned.tenant.id) if planned.tenant else "",
        digest=planned.plan.digest,
        version=__version__,
        run=run,
        changes=tuple((str(change.address), change.action.value) for change in planned.plan.changes),
    )
    try:
        write_private_files(target, {**_texts(saved_documents(planned.snapshot)), ENTRY: _text(entry.document())})
    except OSError as error:
        raise ScimconfError(f"The history entry {target} cannot be written: {error.strerror}") from None
    _rotate(target.parent)
    return str(target)


def end_entry(path: str, report: Report, now: datetime) -> None:
    """Add the outcome of an apply and the documents after it; raise ScimconfError if they cannot be written."""
    folder = Path(path)
    entry = read_entry(_read(folder / ENTRY), folder.parent.name, folder.name)
    ended = replace(
        entry,
        status=report.status.value,
        ended=now.strftime(_TIME),
        error=report.error,
        outcomes=tuple((outcome.message, outcome.result.name.lower()) for outcome in report.outcomes),
    )
    try:
        if report.documents:
            write_private_files(folder / AFTER, _texts(report.documents))
    except OSError as error:
        raise ScimconfError(f"The history entry {path} cannot be written: {error.strerror}") from None
    write_file(str(folder / ENTRY), _text(ended.document()), private=True)


def begin_command(folder: str, entry: HistoryEntry) -> str:
    """Write the entry of a command without documents, before its first write; return the path of its folder.

    Raise ScimconfError if it cannot be written.
    """
    target = Path(folder) / entry.application / entry.time
    try:
        write_private_files(target, {ENTRY: _text(entry.document())})
    except OSError as error:
        raise ScimconfError(f"The history entry {target} cannot be written: {error.strerror}") from None
    _rotate(target.parent)
    return str(target)


def end_command(path: str, status: str, now: datetime, error: str = "") -> None:
    """Add how a command without documents ended; raise ScimconfError if it cannot be written."""
    folder = Path(path)
    entry = read_entry(_read(folder / ENTRY), folder.parent.name, folder.name)
    ended = replace(entry, status=status, ended=entry_time(now), error=error)
    write_file(str(folder / ENTRY), _text(ended.document()), private=True)


def entry_time(now: datetime) -> str:
    """Return a time in UTC as the name of an entry."""
    return now.strftime(_TIME)


def saved_documents(snapshot: Snapshot) -> Mapping[str, Json]:
    """Return the documents of a snapshot that the history contains; a collection may be a value of its own."""
    return {name: document for name in DOCUMENTS if (document := snapshot.get(name)) is not None}


def history_entries(folder: str, application: str) -> list[HistoryEntry]:
    """Return the entries of an application from the newest."""
    return [read_entry(_read(path / ENTRY), application, path.name) for path in _folders(Path(folder) / application)]


def read_documents(folder: str, entry: HistoryEntry, *, after: bool = False) -> Mapping[str, Json]:
    """Return the documents before an apply, or after it; raise ScimconfError if there are none."""
    path = Path(folder) / entry.application / entry.time / (AFTER if after else "")
    documents = {name: value for name in DOCUMENTS if (value := _read(path / f"{name}.json")) is not None}
    if not documents:
        raise ScimconfError(f"The history entry {path} has no documents")
    return documents


def _folders(parent: Path) -> list[Path]:
    """Return the folders of entries from the newest; other files beside them do not count."""
    names = (
        sorted((path.name for path in parent.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
        if parent.is_dir()
        else []
    )
    return [parent / name for name in names]


def _rotate(parent: Path) -> None:
    for path in _folders(parent)[KEPT_ENTRIES:]:
        shutil.rmtree(path, ignore_errors=True)


def _read(path: Path) -> Json:
    """Return a JSON file, None if it does not exist or is not JSON."""
    try:
        return json.loads(read_regular_file(str(path), MAX_DOCUMENT))
    except (OSError, ValueError, RecursionError):
        return None


def _texts(documents: Mapping[str, Json]) -> dict[str, str]:
    return {f"{name}.json": _text(document) for name, document in documents.items()}


def _text(document: Json) -> str:
    return f"{json.dumps(document, indent=2, ensure_ascii=False, default=list)}\n"
