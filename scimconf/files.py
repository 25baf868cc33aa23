"""Read and write files: atomic replacement, files that only their owner can read, and checks before a long run.

Every error of the operating system becomes a ScimconfError of one sentence, which names the file.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from scimconf.diagnostics import ScimconfError

PRIVATE_FILE, PUBLIC_FILE, PRIVATE_FOLDER = 0o600, 0o666, 0o700


@dataclass(frozen=True, slots=True)
class AllowedFolders:
    """The folders whose files a spec may name, with their links resolved."""

    folders: tuple[Path, ...]

    @classmethod
    def of_spec(cls, path: str, more: Iterable[str] = ()) -> AllowedFolders:
        """Return the root of the repository that a spec is in (else its folder), and the folders in `more`."""
        return cls(tuple(Path(os.path.realpath(folder)) for folder in (str(repository_root(path)), *more)))

    def contain(self, path: str) -> bool:
        """Return whether the file that a path leads to is below one of the folders."""
        target = Path(os.path.realpath(path))
        return any(target.is_relative_to(folder) for folder in self.folders)


def repository_root(path: str) -> Path:
    """Return the nearest folder above a file that contains `.git`, or the folder of the file."""
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100  the repository that names the file, not where links lead
    return next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent / ".git")), folder)


def read_regular_file(path: str, limit: int) -> bytes:
    """Return at most `limit` bytes of a regular file; raise OSError for a pipe or a device, which may never end."""
    with open(path, "rb", opener=_open_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
        return file.read(limit)


def read_file_or_pipe(path: str, limit: int) -> bytes:
    """Return at most `limit` bytes of a regular file, or of a pipe that the command line names, such as `<(…)`."""
    if not stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116
        return read_regular_file(path, limit)
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(limit)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def mode_for_others(path: Path) -> str:
    """Return the mode of a file, such as `0644`, if others than its owner can read it, else ""."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return ""
    return f"{stat.S_IMODE(mode):04o}" if is_readable_by_others(mode) else ""


def is_readable_by_others(mode: int) -> bool:
    """Return whether others than its owner can read a regular file of this mode; False where files have no such modes."""
    return os.name == "posix" and stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def open_private(path: str, *, append: bool = False) -> TextIO:
    """Open a file for writing from its start, or its end with `append`; only its owner can read it.

    A pipe or a device keeps its mode.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC), PRIVATE_FILE)
    if sys.platform != "win32" and stat.S_ISREG(os.fstat(handle).st_mode):
        os.fchmod(handle, PRIVATE_FILE)
    return os.fdopen(handle, "w", encoding="utf-8")


def check_writable(path: str) -> None:
    """Raise ScimconfError if the file cannot be written. Whatever it contains stays."""
    if not is_pipe_or_device(Path(path)):
        with atomic_file(path):
            return


def check_folder_writable(path: str) -> None:
    """Raise ScimconfError if the folder cannot be created or written to. The folder is not created."""
    folder = Path(path)
    parent = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(parent))
    try:
        parent.stat()
    except OSError as error:
        raise _not_writable(path, error) from None
    if not parent.is_dir():
        raise ScimconfError(f"{path} cannot be written: {parent} is not a folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ScimconfError(f"{path} cannot be written: {os.strerror(errno.EACCES)}")


def is_pipe_or_device(path: Path) -> bool:
    """Return whether the path exists and is no regular file. Opening it would already use it."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113  pathlib's raise for long names


def write_file(path: str, text: str, *, private: bool = False) -> None:
    """Write a file completely, or leave it as it is and raise ScimconfError. Only its owner reads a `private` file."""
    with atomic_file(path, private=private) as file:
        file.write(text)
        file.commit()


def append_line(path: str, line: str) -> None:
    """Append a line to a file, which is created if it is missing; what it contains stays. Raise ScimconfError."""
    file = Path(path)
    try:
        ends_in_line = file.exists() and not file.read_bytes().endswith((b"\n", b"\r")) and file.stat().st_size > 0
        with file.open("ab") as stream:
            stream.write(b"\n" * ends_in_line + line.encode() + b"\n")
    except OSError as error:
        raise _not_writable(path, error) from None


def write_private_files(folder: Path, texts: dict[str, str]) -> None:
    """Create a folder with these files; only the owner can read them, from the first byte. Raise OSError."""
    folder.mkdir(mode=PRIVATE_FOLDER, parents=True)
    for name, text in texts.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)


@contextmanager
def atomic_file(path: str, *, private: bool = False) -> Iterator[AtomicFile]:
    """Yield a file that replaces `path` if it is committed; only the owner can read a `private` one."""
    file = AtomicFile(path, private=private)
    try:
        yield file
    finally:
        file.discard()


class AtomicFile:
    """A temporary file that replaces its target, or that of a symbolic link. A pipe or a device is written directly."""

    def __init__(self, path: str, *, private: bool) -> None:
        self._path = path
        self._target = Path(path)
        with self._explained():
            self.is_direct = is_pipe_or_device(self._target)
            if self.is_direct:
                self._file = self._target.open("w", encoding="utf-8")
                return
            self._target = Path(os.path.realpath(path))
            if self._target.is_symlink():  # a link to itself
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            self._temporary = self._target.with_name(f".{self._target.name}.{os.getpid()}")
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._temporary.unlink(missing_ok=True)  # of an earlier process with the same id, which was killed
            mode = PRIVATE_FILE if private else PUBLIC_FILE
            handle = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            if self._target.exists() and not private:  # a file that was closed to others stays closed
                self._temporary.chmod(stat.S_IMODE(self._target.stat().st_mode))
            self._file = os.fdopen(handle, "w", encoding="utf-8", newline="")

    def write(self, text: str) -> None:
        with self._explained():
            self._file.write(text)

    def commit(self) -> None:
        with self._explained():
            self._file.close()
            if not self.is_direct:
                self._temporary.replace(self._target)

    def discard(self) -> None:
        """Remove the temporary file, if it was not committed."""
        with suppress(OSError):
            self._file.close()
        if not self.is_direct:
            self._temporary.unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _not_writable(self._path, error) from None


def _not_writable(path: str, error: OSError) -> ScimconfError:
    return ScimconfError(f"{path} cannot be written: {error.strerror}")
