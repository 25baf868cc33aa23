"""Texts as .NET counts them: in UTF-16 units, of which a character beyond U+FFFF has two."""

from __future__ import annotations

WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""White space; Python counts a few control characters more."""


def has_pairs(text: str) -> bool:
    """Whether .NET counts this text differently from Python."""
    return not text.isascii() and max(text) > "\uffff"


def units(text: str) -> str:
    """The text with one Python character per UTF-16 unit."""
    if not has_pairs(text):
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(low | high << 8) for low, high in zip(raw[::2], raw[1::2], strict=True))


def joined(text: str) -> str:
    """The way back: units that belong together are one character again."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    return len(units(text))


def cut(text: str, start: int, end: int | None) -> str:
    """The units from `start` (from 0) up to `end`."""
    return joined(units(text)[start:end])


def find(text: str, sought: str, start: int) -> int:
    """The unit at which a text is found, -1 where it is not."""
    return units(text).find(units(sought), start)
