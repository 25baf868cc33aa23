"""The one error of the mapping language: what is wrong, where in the text, and what to write instead."""

from __future__ import annotations


class ExpressionError(ValueError):
    """A text or a source tree that is no expression.

    `offset` counts characters of the text from 0; for a tree it is 0, and the message names the place in the tree.
    """

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        self.message = message
        self.offset = offset
        self.hint = hint
        super().__init__(message)


def locate(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1: what a reader of several lines wants to be told."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")
