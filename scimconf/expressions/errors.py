"""The exception of the mapping language: what is wrong, where in the text, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable


class ExpressionError(ValueError):
    """The text or the source tree is not an expression.

    `offset` is the position of the defect in the text, in characters from 0. For a source tree it is 0, and the message
    names the node.
    """

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        self.message = message
        self.offset = offset
        self.hint = hint
        super().__init__(message)


def locate(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that is most similar to a name, ignoring case; None if none is similar enough."""
    from difflib import get_close_matches

    by_lower = {candidate.lower(): candidate for candidate in candidates}
    matches = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.75)
    return by_lower[matches[0]] if matches else None
