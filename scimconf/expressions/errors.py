"""The exception of the mapping language: what is wrong, where in the text, and what to write instead."""

from __future__ import annotations


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
