"""Two versions of a text, each cut into segments; segments that the other version lacks are marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\[[^\],\n]*\]|\w+|\s+|.', re.DOTALL)
_MAX_TOKENS = 600
"""Comparing costs the product of both lengths; above this, everything between the equal ends is marked."""


@dataclass(frozen=True, slots=True)
class DiffSegment:
    """A part of a text; `marked` if the other version lacks it."""

    text: str
    marked: bool = False


Segments = tuple[DiffSegment, ...]


def marked(before: str, after: str) -> tuple[Segments, Segments]:
    """Return both texts in segments; differences in white space only are not marked."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    start = _common_prefix(old, new)
    end = _common_prefix(old[start:][::-1], new[start:][::-1])
    inner = (old[start : len(old) - end], new[start : len(new) - end])
    common = _common_positions(*inner)
    lead, tail = [(token, False) for token in old[:start]], [(token, False) for token in old[len(old) - end :]]
    sides = [
        [*lead, *((token, index not in same) for index, token in enumerate(side)), *tail]
        for side, same in zip(inner, common, strict=True)
    ]
    return _joined(sides[0]), _joined(sides[1])


def _common_prefix(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many tokens both begin with."""
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _common_positions(old: Sequence[str], new: Sequence[str]) -> tuple[set[int], set[int]]:
    """Return the positions, per side, of tokens that both sides have in the same order."""
    if max(len(old), len(new)) > _MAX_TOKENS:
        return set(), set()
    words = [[(i, token) for i, token in enumerate(side) if not token.isspace()] for side in (old, new)]
    matcher = SequenceMatcher(None, [token for _, token in words[0]], [token for _, token in words[1]], autojunk=False)
    positions: tuple[set[int], set[int]] = (set(), set())
    for block in matcher.get_matching_blocks():
        for side, first in zip((0, 1), (block.a, block.b), strict=True):
            positions[side].update(i for i, _ in words[side][first : first + block.size])
    return positions


def _joined(tokens: Sequence[tuple[str, bool]]) -> Segments:
    """Merge equal neighbours into segments; space between two marked tokens is marked, a line end never."""
    forward, backward = _carry_marks(tokens), _carry_marks(tokens[::-1])[::-1]
    marks = [after and before for after, before in zip(forward, backward, strict=True)]
    pairs = [(is_marked, token) for is_marked, (token, _) in zip(marks, tokens, strict=True)]
    return tuple(
        DiffSegment("".join(token for _, token in run), is_marked)
        for is_marked, run in groupby(pairs, key=itemgetter(0))
    )


def _carry_marks(tokens: Iterable[tuple[str, bool]]) -> list[bool]:
    """Return whether each token is marked; space takes the mark of the token before it."""
    state, marks = False, []
    for token, is_marked in tokens:
        state = False if "\n" in token else state if token.isspace() else is_marked
        marks.append(state)
    return marks
