"""The comments of a YAML text: between two tokens there are only blanks and comments."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

COMMENT = re.compile("#[^\n\x85\u2028\u2029]*")
HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(#.*)?")
AHEAD = " \t-?:"
"""Characters before a comment on its line that do not make it a trailing comment."""


@dataclass(frozen=True, slots=True)
class YamlComment:
    """A comment; `is_beside` if it follows something on its line."""

    index: int
    line: int
    column: int
    text: str
    is_beside: bool


class Lines:
    """Converts an index of the text into line and column."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0))

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, both from 0."""
        line = bisect_right(self._starts, index) - 1
        return line, index - self._starts[line]

    def is_blank(self, line: int) -> bool:
        return line >= 0 and not self._lines[line].strip(" \t")


def comments_between(text: str, lines: Lines, spans: Iterable[tuple[int, int, bool]]) -> Iterator[YamlComment]:
    """Yield all comments in order; a span is a token's start, its end, and whether it is a block scalar."""
    end = 0
    for start, stop, is_block in spans:
        for match in COMMENT.finditer(text, end, start):
            line, column = lines.place(match.start())
            is_beside = bool(text[match.start() - column : match.start()].strip(AHEAD))
            yield YamlComment(match.start(), line, column, match[0].rstrip(), is_beside)
        header = HEADER.match(text, start) if is_block else None
        if header is not None and header[1]:
            # A comment after a block indicator belongs to the entry, like a comment after any other value.
            yield YamlComment(header.start(1), *lines.place(header.start(1)), header[1].rstrip(), is_beside=True)
        end = max(end, stop)
