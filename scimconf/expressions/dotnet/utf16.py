"""Strings as .NET counts them: in UTF-16 units, of which a character above U+FFFF has two."""

from __future__ import annotations

WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""White space; Python counts a few control characters more."""


def units(text: str) -> str:
    """Return the string with one Python character per UTF-16 unit."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(low | high << 8) for low, high in zip(raw[::2], raw[1::2], strict=True))


def joined(text: str) -> str:
    """Return a string of units with its surrogate pairs as characters, the inverse of `units`."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    return len(units(text))


def cut(text: str, start: int, end: int | None) -> str:
    """Return the units from `start` (from 0) to before `end`."""
    return joined(units(text)[start:end])


def find(text: str, substring: str, start: int) -> int:
    """Return the unit at which a substring starts, -1 if it does not occur."""
    return units(text).find(units(substring), start)
