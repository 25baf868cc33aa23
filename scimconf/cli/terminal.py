"""What a stream is: its width, whether it takes colour, whether it is a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

PIPE_WIDTH = 100
MAX_WIDTH = 10_000


@dataclass(frozen=True, slots=True)
class Terminal:
    """The properties of one stream."""

    width: int
    color: bool
    is_terminal: bool

    @classmethod
    def of(cls, stream: TextIO) -> Terminal:
        is_terminal = stream.isatty()
        is_plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        width = shutil.get_terminal_size((80, 24)).columns if is_terminal else _columns()
        return cls(max(width, 20), is_terminal and not is_plain, is_terminal)

    @classmethod
    def of_stdout(cls) -> Terminal:
        return cls.of(sys.stdout)

    @classmethod
    def of_stderr(cls) -> Terminal:
        return cls.of(sys.stderr)


def _columns() -> int:
    """Return the width of a pipe: COLUMNS if it is a number."""
    columns = os.environ.get("COLUMNS", "")
    is_number = columns.isascii() and columns.isdigit() and len(columns) <= len(str(MAX_WIDTH))
    return min(int(columns), MAX_WIDTH) if is_number else PIPE_WIDTH


def can_ask() -> bool:
    """Return whether a question can be asked: stdin and stderr are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
