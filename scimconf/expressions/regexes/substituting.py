"""Replacement texts of .NET: `${name}`, `$1`, `$&`, `$$` and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.errors import ServiceFailure
from scimconf.expressions.regexes.translating import Translation

Part: TypeAlias = str | Callable[[Any], str]

_PIECE = re.compile(r"\$(?:(?P<sign>[$&`'+_])|(?P<number>[0-9]+)|\{(?:(?P<braced>[0-9]+)|(?P<name>\w+))\})")
_MOST = 2**31 - 1
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
        found += [replacement[position : piece.start()], _part(piece, groups)]
        position = piece.end()
    return (*found, replacement[position:])


def _part(piece: re.Match[str], groups: Translation) -> Part:
    if piece["sign"]:
        last = max(groups.numbers, default=0)
        return _group(groups, last) if piece["sign"] == "+" else _SIGNS[piece["sign"]]
    if piece["name"]:
        return _captured(groups.names[piece["name"]]) if piece["name"] in groups.names else piece[0]
    return _numbered(piece, groups)


def _numbered(piece: re.Match[str], groups: Translation) -> Part:
    """All of the digits are the number: `$12` is group 12, and where there is none it stands for itself."""
    digits = (piece["number"] or piece["braced"]).lstrip("0")
    if len(digits) > len(str(_MOST)) or int(digits or 0) > _MOST:
        raise ServiceFailure(f"the replacement has {piece[0]}, a number that .NET does not take")
    number = int(digits or 0)
    return _group(groups, number) if not number or number in groups.numbers else piece[0]


def _group(groups: Translation, number: int) -> Part:
    return _captured(groups.numbers[number]) if number else _SIGNS["&"]


def _captured(inner: str) -> Part:
    return lambda match: match[inner] or ""
