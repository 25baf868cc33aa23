"""What a stream is: its width, whether it takes colour, whether it is a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
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
        width = shutil.get_terminal_size((80, 24)).columns if is_terminal else _columns()
        return cls(max(width, 20), _has_color(os.environ, is_terminal=is_terminal), is_terminal)

    @classmethod
    def of_stdout(cls) -> Terminal:
        return cls.of(sys.stdout)

    @classmethod
    def of_stderr(cls) -> Terminal:
        return cls.of(sys.stderr)


def is_color_forced(environ: Mapping[str, str]) -> bool:
    """Return whether FORCE_COLOR or CLICOLOR_FORCE asks for colour also where no terminal reads; NO_COLOR wins."""
    is_forced = any(environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    return is_forced and not environ.get("NO_COLOR")


def _has_color(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    is_plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    return is_color_forced(environ) or (is_terminal and not is_plain)


def _columns() -> int:
    """Return the width of a pipe: COLUMNS if it is a number."""
    columns = os.environ.get("COLUMNS", "")
    is_number = columns.isascii() and columns.isdigit() and len(columns) <= len(str(MAX_WIDTH))
    return min(int(columns), MAX_WIDTH) if is_number else PIPE_WIDTH


def can_ask() -> bool:
    """Return whether a question can be asked: stdin and stderr are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()
