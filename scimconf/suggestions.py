"""Spelling suggestions for messages: the one policy behind every "Did you mean …?" of the client.

`scimconf.expressions` has its own, because it imports nothing of scimconf.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

LETTERS_PER_TYPO = 3
"""One typing error is tolerated for so many letters of a name."""
MIN_PREFIX = 3
LONG_LOCAL_PART = 6
"""From this length on, the name of a principal may differ by two letters, below it by one."""
MAX_DIFFERENCES = 2

SHORT_NAME, SHORT_WORD = 2, 3
"""Names of so few letters, and words in a name of several words, are never taken for a typing error."""
_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that `name` most likely stands for, or None.

    Case, `_`, `-` and spaces are ignored. A candidate matches if it begins with `name`, if it is the beginning of
    `name`, or if it differs by at most one typing error per three letters.
    """
    return next(iter(suggestions(name, candidates)), None)


def suggestions(name: str, candidates: Iterable[str]) -> list[str]:
    """Return all candidates that `name` may stand for, the closest first; `suggest` says when one matches."""
    compact = _compact(name)
    limit = max(1, len(compact) // LETTERS_PER_TYPO)
    ranked = [(rank, candidate) for candidate in candidates if (rank := _rank(compact, _compact(candidate), limit))]
    return [candidate for _, candidate in sorted(ranked, key=lambda pair: pair[0])]


def suggest_principal(name: str, candidates: Iterable[str]) -> str | None:
    """Return the user or group that `name` most likely stands for, or None.

    Only the part before the `@` counts, since everyone shares the domain; in another domain it must be the same. It may
    differ by one letter, or by two if it has at least six letters. Numbers and short words must be the same: `Sales EU`
    and `Sales US` are two groups. Of several candidates that are equally close none is returned: the wrong one would get
    access.
    """
    local, _, domain = name.casefold().partition("@")
    distances: dict[tuple[int, bool], list[str]] = {}
    for candidate in dict.fromkeys(candidates):
        other, _, other_domain = candidate.casefold().partition("@")
        distance = _principal_distance(local, other)
        if distance == 0 or (distance is not None and domain == other_domain):
            distances.setdefault((distance, domain != other_domain), []).append(candidate)
    closest = distances[min(distances)] if distances else []
    return closest[0] if len(closest) == 1 else None


class PrincipalNames:
    """Names of users or groups, by their digits and length, so that a name is compared with few of very many.

    Two names of which one may be meant for the other have the same digits, and are about equally long.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_form: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for name in dict.fromkeys(names):
            letters = _letters(name)
            self._by_form.setdefault(_form(letters), []).append((letters, name))

    def closest(self, name: str) -> str | None:
        """Return what `suggest_principal` returns for this name and all names."""
        letters = _letters(name)
        digits, length = _form(letters)
        pieces = _pieces(
            letters, 2 * MAX_DIFFERENCES + 1
        )  # a swap of letters changes two pieces, so one stays the same
        candidates = [
            candidate
            for difference in range(-MAX_DIFFERENCES, MAX_DIFFERENCES + 1)
            for others, candidate in self._by_form.get((digits, length + difference), ())
            if any(piece in others for piece in pieces)
        ]
        return suggest_principal(name, candidates)


def _letters(name: str) -> str:
    """Return the letters and digits before the `@` of a name, folded."""
    return "".join(_WORD.findall(name.casefold().partition("@")[0]))


def _form(letters: str) -> tuple[str, int]:
    return "".join(_DIGIT.findall(letters)), len(letters)


def _pieces(text: str, number: int) -> list[str]:
    """Return a text cut into pieces of about equal length; some are empty if it is shorter."""
    cuts = [len(text) * index // number for index in range(number + 1)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _principal_distance(name: str, other: str) -> int | None:
    """Return how many letters differ; None if the names may belong to two principals."""
    words, others = _WORD.findall(name), _WORD.findall(other)
    if len(words) != len(others):
        return 1 if "".join(words) == "".join(others) else None
    limit = MAX_DIFFERENCES if len(name) >= LONG_LOCAL_PART else 1
    pairs = [(word, other_word) for word, other_word in zip(words, others, strict=True) if word != other_word]
    shortest = SHORT_WORD if len(words) > 1 else SHORT_NAME
    if any(_DIGIT.findall(word) != _DIGIT.findall(other_word) or len(word) <= shortest for word, other_word in pairs):
        return None
    distance = sum(edit_distance(word, other_word, limit) for word, other_word in pairs)
    return distance if distance <= limit else None


def unknown(noun: str, name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the message about a name that is not known, with a suggestion or else the hint `otherwise`."""
    match = suggest(name, known)
    return f"unknown {noun} '{name}'. {f'Did you mean {match}?' if match else otherwise}".rstrip()


def did_you_mean(match: str | None, otherwise: str = "") -> str:
    """Return the hint for a suggestion, or `otherwise` if there is none."""
    return f"Did you mean `{match}`?" if match else otherwise


def edit_distance(left: str, right: str, limit: int) -> int:
    """Return how many letters are inserted, deleted, replaced or swapped; a number above `limit` is not exact."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(previous[column] + 1, current[-1] + 1, previous[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]


def _rank(name: str, candidate: str, limit: int) -> tuple[int, int] | None:
    """Return how far a candidate is from a name, the smaller the closer; None if it is no match."""
    distance = edit_distance(name, candidate, limit)
    if distance <= limit:
        return 0, distance
    if len(name) >= MIN_PREFIX and candidate.startswith(name):
        return 1, len(candidate) - len(name)
    if len(candidate) >= MIN_PREFIX and name.startswith(candidate):
        return 2, len(name) - len(candidate)
    return None


def _compact(name: str) -> str:
    return name.casefold().translate({ord(sign): None for sign in "_- "})
