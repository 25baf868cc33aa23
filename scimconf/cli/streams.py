"""stdin, stdout and stderr as they must be for a command: always there, able to hold any character.

stdout is the product, so what it does not take is an error. stderr is the talk: nobody's listening is a condition of
the work, so a talk that cannot be had ends nothing.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

NAMES = ("stdin", "stdout", "stderr")


class _Forgiving(io.FileIO):
    """A file that takes what cannot be written for written: its reader has gone away, or its disk is full."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def prepare() -> None:
    """Of a process of our own: what was closed is as empty as it looks, and no character is a reason to fail."""
    for name in NAMES:
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  it stays open
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    with suppress(OSError, ValueError):
        raw: io.RawIOBase = _Forgiving(sys.stderr.fileno(), "w", closefd=False)
        kept = io.BufferedWriter(raw)
        sys.stderr = io.TextIOWrapper(kept, sys.stderr.encoding, "backslashreplace", line_buffering=True)


def talk(text: str) -> None:
    """A line on stderr, if anybody takes it."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")


def give_up(stream: TextIO) -> None:
    """What the stream still holds and cannot get rid of goes nowhere, or Python would end with an error of its own."""
    try:
        stream.flush()
    except (OSError, ValueError):
        _discard(stream)


def _discard(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
