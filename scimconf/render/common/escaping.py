"""Text made inert, measured in the cells of a terminal, and broken into lines.

A value may hold anything: escape sequences, overrides of the writing direction, line ends. What a terminal would obey
is shown as an escape instead, so that a display name can neither repaint the screen nor forge a line of the plan.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PAUSES = (" ", ",;(&", "/.:@-_")


def visible(text: str) -> str:
    """The same text with everything that does not print shown as an escape; changes nothing when done twice."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cells(text: str) -> int:
    """How many columns of a terminal a visible text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(char: str) -> int:
    if east_asian_width(char) in "WF":
        return 2
    return 0 if category(char) in {"Mn", "Me"} else 1


def pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most so many cells, broken at spaces, else at punctuation, else anywhere."""
    lines, start = [], 0
    while start < len(text):
        end = _reach(text, start, width)
        if end < len(text):
            end = _pause(text, start, end)
        lines.append(text[start:end].rstrip(" "))
        start = end
        while text[start : start + 1] == " ":
            start += 1
    return lines or [""]


def _reach(text: str, start: int, width: int) -> int:
    """Where the line that begins at `start` must end at the latest; it takes at least one character."""
    if text.isascii():
        return start + max(width, 1)
    end = start + 1
    room = width - _cells(text[start])
    while end < len(text) and (room := room - _cells(text[end])) >= 0:
        end += 1
    return end


def _pause(text: str, start: int, end: int) -> int:
    """A good place to break in the second half of the line, or its very end."""
    if text[end] == " ":
        return end
    middle = (start + end) // 2
    for marks in _PAUSES:
        last = max(text.rfind(mark, middle, end) for mark in marks)
        if last > start:
            return last + 1
    return end
