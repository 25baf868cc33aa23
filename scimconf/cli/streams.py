"""Prepare stdin, stdout and stderr: always open, able to print any character.

Errors writing to stderr are ignored; errors writing to stdout are reported.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

NAMES = ("stdin", "stdout", "stderr")


class _LossyFile(io.FileIO):
    """A file that reports success for what cannot be written: its reader has gone away, or its disk is full."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def prepare() -> None:
    """Replace closed streams by empty ones, and let every stream escape what its encoding does not have."""
    for name in NAMES:
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  it stays open
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(OSError, ValueError):
        raw: io.RawIOBase = _LossyFile(sys.stderr.fileno(), "w", closefd=False)
        buffer = io.BufferedWriter(raw)
        sys.stderr = io.TextIOWrapper(buffer, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def print_to_stderr(text: str) -> None:
    """Print a line on stderr; ignore errors."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")


def abandon(stream: TextIO) -> None:
    """Flush a stream; discard what it cannot write, because Python would end with an error of its own."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
