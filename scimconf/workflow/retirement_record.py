"""The accounts of an application that ends, in its history: `accounts.json` in the folder of an entry."""

from __future__ import annotations

import json

from scimconf.json_types import Json
from scimconf.monitoring.accounts import AccountRecord, read_record
from scimconf.monitoring.history import HistoryEntry
from scimconf.snapshot import Snapshot
from scimconf.workflow.history import HistoryStore, history_entries, saved_documents

FILE = "accounts.json"


def write_record(store: HistoryStore, entry: HistoryEntry, record: AccountRecord) -> None:
    """Write the record into the folder of an entry; raise ScimconfError."""
    store.replace(_file(entry, FILE), _text(record.document()))


def write_archive(store: HistoryStore, entry: HistoryEntry, snapshot: Snapshot) -> None:
    """Write the documents of an application into the folder of an entry; raise ScimconfError."""
    for name, document in saved_documents(snapshot).items():
        store.replace(_file(entry, f"{name}.json"), _text(document))


def find_record(store: HistoryStore, application: str) -> AccountRecord | None:
    """Return the record of the earlier runs, None if the history has none; raise ScimconfError if it cannot be read.

    An application that was used again after its end has another one: records before a later apply do not count.
    """
    entries = history_entries(store, application)[::-1]
    contents = store.read([_file(entry, FILE) for entry in entries])
    documents: list[Json] = []
    for entry, content in zip(entries, contents, strict=True):
        former = read_record(documents)
        if content is None and entry.is_apply and former is not None and former.is_ended:
            documents = []
        documents.append(_parsed(content))
    return read_record(documents)


def _file(entry: HistoryEntry, name: str) -> str:
    return f"{entry.application}/{entry.time}/{name}"


def _parsed(content: bytes | None) -> Json:
    """Return a JSON document, None if there is none or it is not JSON."""
    try:
        return None if content is None else json.loads(content)
    except (ValueError, RecursionError):
        return None


def _text(document: Json) -> str:
    return f"{json.dumps(document, indent=2, ensure_ascii=False, default=list)}\n"
