"""Replacement texts of .NET: `${name}`, `$1`, `$&`, `$$` and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from scimconf.expressions.regexes.translating import Translation

Part: TypeAlias = str | Callable[[Any], str]

_PIECE = re.compile(r"\$(?:(?P<sign>[$&`'+_])|(?P<number>[0-9]+)|\{(?P<name>\w+)\})")
_SIGNS: dict[str, Part] = {
    "$": "$",
    "&": lambda match: str(match[0]),
    "`": lambda match: str(match.string[: match.start()]),
    "'": lambda match: str(match.string[match.end() :]),
    "_": lambda match: str(match.string),
}


def parts(replacement: str, groups: Translation) -> tuple[Part, ...]:
    """The pieces of a replacement; what names no group of the pattern stands for itself."""
    found: list[Part] = []
    position = 0
    for piece in _PIECE.finditer(replacement):
        part, end = _part(piece, groups)
        found += [replacement[position : piece.start()], part]
        position = end
    return (*found, replacement[position:])


def _part(piece: re.Match[str], groups: Translation) -> tuple[Part, int]:
    if piece["sign"]:
        last = max(groups.numbers, default=0)
        return (_group(groups, last) if piece["sign"] == "+" else _SIGNS[piece["sign"]]), piece.end()
    if piece["name"]:
        name = piece["name"]
        if name in groups.names:
            return _captured(groups.names[name]), piece.end()
        known = name.isdecimal() and len(name) < 9 and (int(name) in groups.numbers or int(name) == 0)
        return (_group(groups, int(name)) if known else piece[0]), piece.end()
    return _numbered(piece, groups)


def _numbered(piece: re.Match[str], groups: Translation) -> tuple[Part, int]:
    """`$12` is group 12 where there is one, and otherwise group 1 and a 2."""
    digits = piece["number"][:9]
    while digits:
        if int(digits) == 0 or int(digits) in groups.numbers:
            return _group(groups, int(digits)), piece.start() + 1 + len(digits)
        digits = digits[:-1]
    return piece[0], piece.end()


def _group(groups: Translation, number: int) -> Part:
    return _captured(groups.numbers[number]) if number else _SIGNS["&"]


def _captured(inner: str) -> Part:
    return lambda match: match[inner] or ""
