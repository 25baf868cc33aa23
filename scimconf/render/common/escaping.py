"""Safe text: control characters as escapes, width in terminal cells, line breaking.

A value may contain escape sequences, direction overrides or line ends. They are shown as escapes, so that a display name
can neither change the screen nor imitate a line of the plan.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width

_COMMAND = "`scimconf "
_PAUSES = (" ", ",;(&", "/.:@-_")


def visible(text: str) -> str:
    """Return the text with every non-printing character as an escape; idempotent."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def cells(text: str) -> int:
    """Return the number of terminal columns of a visible text."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if east_asian_width(char) in "WF":
        return 2
    return 0 if category(char) in {"Mn", "Me"} else 1


def pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def wrap(text: str, width: int) -> list[str]:
    """Return the text in lines of at most `width` cells, broken at spaces, else at punctuation, else anywhere.

    A command in backticks that fits on a line is not broken, so that it can be copied.
    """
    lines, start = [], 0
    while start < len(text):
        end = _reach(text, start, width)
        if end < len(text):
            end = _before_command(text, start, end) or _pause(text, start, end)
        lines.append(text[start:end].rstrip(" "))
        start = end
        while text[start : start + 1] == " ":
            start += 1
    return lines or [""]


def _reach(text: str, start: int, width: int) -> int:
    """Return the last possible end of the line that begins at `start`, which has at least one character."""
    if text.isascii():
        return start + max(width, 1)
    end = start + 1
    space = width - _cells(text[start])
    while end < len(text) and (space := space - _cells(text[end])) >= 0:
        end += 1
    return end


def _before_command(text: str, start: int, end: int) -> int:
    """Return the start of the command that a break at `end` would cut, 0 if there is none or it is longer than a line."""
    command = text.rfind(_COMMAND, start, end)
    if command <= start or "`" in text[command + 1 : end]:
        return 0
    return command if text.find("`", command + 1, command + end - start) >= 0 else 0


def _pause(text: str, start: int, end: int) -> int:
    """Return a good break position in the second half of the line, or its end."""
    if text[end] == " ":
        return end
    middle = (start + end) // 2
    for marks in _PAUSES:
        last = max(text.rfind(mark, middle, end) for mark in marks)
        if last > start:
            return last + 1
    return end
