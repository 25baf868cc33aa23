"""What the terminal is: wide how much, coloured or not, a person or a pipe."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

PIPE_WIDTH = 100
WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class Terminal:
    """One stream as a reader sees it."""

    width: int
    color: bool
    person: bool

    @classmethod
    def of(cls, stream: TextIO) -> Terminal:
        person = stream.isatty()
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        width = shutil.get_terminal_size((80, 24)).columns if person else _columns()
        return cls(max(width, 20), person and not plain, person)

    @classmethod
    def of_stdout(cls) -> Terminal:
        return cls.of(sys.stdout)

    @classmethod
    def of_stderr(cls) -> Terminal:
        return cls.of(sys.stderr)


def _columns() -> int:
    given = os.environ.get("COLUMNS", "")
    is_number = given.isascii() and given.isdigit() and len(given) <= len(str(WIDEST))
    return min(int(given), WIDEST) if is_number else PIPE_WIDTH


def can_ask() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()
