"""Two versions of a text, each cut into pieces of which some are marked: what the other does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\[[^\],\n]*\]|\w+|\s+|.', re.DOTALL)
_MOST = 600
"""Comparing takes the product of both sides; beyond this many tokens each, everything between the ends is marked."""


@dataclass(frozen=True, slots=True)
class DiffSegment:
    """A stretch of text; `marked` where it is not on the other side."""

    text: str
    marked: bool = False


Pieces = tuple[DiffSegment, ...]


def marked(before: str, after: str) -> tuple[Pieces, Pieces]:
    """Both texts in pieces. What differs in white space only, as where lines break, is not marked."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    inner = (old[start : len(old) - end], new[start : len(new) - end])
    kept = _kept(*inner)
    lead, tail = [(token, False) for token in old[:start]], [(token, False) for token in old[len(old) - end :]]
    sides = [
        [*lead, *((token, index not in same) for index, token in enumerate(side)), *tail]
        for side, same in zip(inner, kept, strict=True)
    ]
    return _joined(sides[0]), _joined(sides[1])


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many tokens both begin with."""
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _kept(old: Sequence[str], new: Sequence[str]) -> tuple[set[int], set[int]]:
    """The positions of tokens that stand on both sides, in the same order."""
    if max(len(old), len(new)) > _MOST:
        return set(), set()
    words = [[(i, token) for i, token in enumerate(side) if not token.isspace()] for side in (old, new)]
    matcher = SequenceMatcher(None, [token for _, token in words[0]], [token for _, token in words[1]], autojunk=False)
    kept: tuple[set[int], set[int]] = (set(), set())
    for one in matcher.get_matching_blocks():
        for side, first in zip((0, 1), (one.a, one.b), strict=True):
            kept[side].update(i for i, _ in words[side][first : first + one.size])
    return kept


def _joined(tokens: Sequence[tuple[str, bool]]) -> Pieces:
    """Neighbours alike are one piece. Space between two marked tokens is marked, a line end never."""
    forth, back = _carried(tokens), _carried(tokens[::-1])[::-1]
    told = [(one and two, token) for one, two, (token, _) in zip(forth, back, tokens, strict=True)]
    return tuple(
        DiffSegment("".join(token for _, token in run), is_marked)
        for is_marked, run in groupby(told, key=itemgetter(0))
    )


def _carried(tokens: Iterable[tuple[str, bool]]) -> list[bool]:
    """Whether each token is marked; space is as what was before it."""
    state, found = False, []
    for token, is_marked in tokens:
        state = False if "\n" in token else state if token.isspace() else is_marked
        found.append(state)
    return found
