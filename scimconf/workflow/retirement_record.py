"""The accounts of an application that ends, in its history: `accounts.json` in the folder of an entry."""

from __future__ import annotations

import json
from pathlib import Path

from scimconf.files import read_regular_file, write_file
from scimconf.json_types import Json
from scimconf.monitoring.accounts import AccountRecord, read_record
from scimconf.snapshot import Snapshot
from scimconf.workflow.history import MAX_DOCUMENT, history_entries, saved_documents

FILE = "accounts.json"


def write_record(entry: str, record: AccountRecord) -> None:
    """Write the record into the folder of an entry, for its owner only; raise ScimconfError."""
    _write(Path(entry) / FILE, record.document())


def write_archive(entry: str, snapshot: Snapshot) -> None:
    """Write the documents of an application into the folder of an entry, for its owner only; raise ScimconfError."""
    for name, document in saved_documents(snapshot).items():
        _write(Path(entry) / f"{name}.json", document)


def _write(path: Path, document: Json) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False, default=list)
    write_file(str(path), f"{text}\n", private=True)


def find_record(folder: str, application: str) -> AccountRecord | None:
    """Return the record of the earlier runs, None if the history has none.

    An application that was used again after its end has another one: records before a later apply do not count.
    """
    documents: list[Json] = []
    for entry in reversed(history_entries(folder, application)):
        document = _read(Path(folder) / application / entry.time / FILE)
        former = read_record(documents)
        if document is None and entry.is_apply and former is not None and former.is_ended:
            documents = []
        documents.append(document)
    return read_record(documents)


def _read(path: Path) -> Json:
    try:
        return json.loads(read_regular_file(str(path), MAX_DOCUMENT))
    except (OSError, ValueError, RecursionError):
        return None
