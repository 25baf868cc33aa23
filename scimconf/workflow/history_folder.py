"""The history in a folder of this machine. Only its owner can read it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from scimconf.diagnostics import ScimconfError
from scimconf.files import check_folder_writable, read_regular_file, repository_root, write_file, write_private_files

OWN_FOLDER = ".scimconf"
DEFAULT = f"{OWN_FOLDER}/history"
"""Where the history is below the root of the spec's repository, or below the spec's folder without a repository."""
MAX_FILE = 64 * 2**20
"""Bytes of a document: the limit of a response of Graph."""


class FolderStore:
    """A history folder; paths are relative to it and have slashes."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(os.path.abspath(folder))  # noqa: PTH100  links stay, so that people find what they named

    def place(self, path: str = "") -> str:
        """Return the absolute path of a file or a folder, or of the whole history."""
        return str(self._folder / path)

    def check(self) -> None:
        """Raise ScimconfError if it is certain that no entry can be written. Nothing is written."""
        check_folder_writable(str(self._folder))

    def create(self, folder: str, texts: Mapping[str, str]) -> None:
        """Create a folder with files; nothing of it remains if that fails. Raise ScimconfError."""
        target = self._folder / folder
        is_new = not os.path.lexists(target)
        try:
            write_private_files(target, dict(texts))
            self._hide_from_git()
        except (OSError, ValueError) as error:
            if is_new:
                shutil.rmtree(target, ignore_errors=True)
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ScimconfError(f"The history entry {target} cannot be written: {reason}") from None

    def _hide_from_git(self) -> None:
        """Keep a history below `.scimconf` out of commits: it is in the repository of the spec by default."""
        ignore = self._folder / ".gitignore"
        if self._folder.parent.name == OWN_FOLDER and not os.path.lexists(ignore):
            ignore.write_text("*\n")

    def replace(self, file: str, text: str) -> None:
        """Replace a file as a whole; raise ScimconfError."""
        write_file(self.place(file), text, private=True)

    def read(self, files: Sequence[str]) -> list[bytes | None]:
        """Return the content of each file, None for one that does not exist or cannot be read."""
        return [_content(self.place(file)) for file in files]

    def folders(self, parent: str) -> list[str]:
        """Return the names in a folder, in no order; none if it does not exist. Raise ScimconfError."""
        try:
            return os.listdir(self._folder / parent)  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise ScimconfError(f"The history {self.place(parent)} cannot be read: {error.strerror}") from None

    def remove(self, folder: str) -> None:
        """Delete a folder, as far as that is possible."""
        shutil.rmtree(self._folder / folder, ignore_errors=True)


def default_folder(spec: str) -> str:
    """Return the history folder of a spec: the same from every working folder."""
    return str(repository_root(spec) / DEFAULT)


def _content(path: str) -> bytes | None:
    try:
        return read_regular_file(path, MAX_FILE)
    except OSError:
        return None
