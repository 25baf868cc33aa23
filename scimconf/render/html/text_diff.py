"""Two versions of a text, each cut into segments; segments that the other version lacks are marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher
from itertools import groupby, takewhile
from typing import NamedTuple

_WORD_AND_SPACE = re.compile(r'("(?:[^"\\\n]|\\.)*"|\[[^\],\n]*\]|\w+|\S|^(?=\s))(\s*)', re.DOTALL)
_MAX_WORDS = 600
"""Comparing costs the product of both lengths; above this, everything between the equal ends is marked."""


class DiffSegment(NamedTuple):
    """A part of a text; `marked` if the other version lacks it."""

    text: str
    marked: bool = False


Segments = tuple[DiffSegment, ...]


def marked(before: str, after: str) -> tuple[Segments, Segments]:
    """Return both texts in segments; differences in white space only are not marked."""
    old, new = _WORD_AND_SPACE.findall(before), _WORD_AND_SPACE.findall(after)
    common = _common_positions([word for word, _ in old], [word for word, _ in new])
    return _segments(old, common[0]), _segments(new, common[1])


def common_ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many items both begin with, and how many of the others both end with."""
    start = _common_prefix(old, new)
    return start, _common_prefix(old[start:][::-1], new[start:][::-1])


def _common_prefix(old: Sequence[str], new: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _common_positions(old: Sequence[str], new: Sequence[str]) -> tuple[set[int], set[int]]:
    """Return the positions, per side, of words that both sides have in the same order."""
    start, end = common_ends(old, new)
    blocks = [(0, 0, start), (len(old) - end, len(new) - end, end)]
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(inner_old), len(inner_new)) <= _MAX_WORDS:
        matches = SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_matching_blocks()
        blocks += [(start + match.a, start + match.b, match.size) for match in matches]

    def positions(side: int) -> set[int]:
        return {block[side] + i for block in blocks for i in range(block[2])}

    return positions(0), positions(1)


def _segments(tokens: Sequence[tuple[str, str]], common: Collection[int]) -> Segments:
    """Merge equal neighbours into segments; space between two marked words is marked, a line end never."""
    marks = [*(bool(word) and index not in common for index, (word, _) in enumerate(tokens)), False]
    pieces: list[DiffSegment] = []
    for (word, space), mark, next_mark in zip(tokens, marks, marks[1:], strict=False):
        pieces += [DiffSegment(word, mark), DiffSegment(space, mark and next_mark and "\n" not in space)]
    runs = groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.marked)
    return tuple(DiffSegment("".join(piece.text for piece in run), mark) for mark, run in runs)
