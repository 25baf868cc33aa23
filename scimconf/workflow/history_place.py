"""Where the history of a spec is: in the folder or the container that was named, or beside its repository."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimconf.workflow.history import HistoryStore
from scimconf.workflow.history_folder import FolderStore, default_folder


def is_address(history: str) -> bool:
    """Return whether a history is an address of the web, and no folder."""
    return "://" in history


def open_store(history: str, spec: str, credential: Callable[[], Any]) -> HistoryStore:
    """Return the history of a spec's file; `history` is a folder, the address of a container, or "" for the default.

    A folder is relative to the working folder. `credential` returns azure's credential for a container. Raise
    ScimconfError for an address that is none of a container.
    """
    if is_address(history):
        from scimconf.graph.blob_storage import BlobStore, blob_address

        return BlobStore(blob_address(history), credential)
    return FolderStore(history or default_folder(spec))
