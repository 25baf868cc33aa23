"""Replacement patterns of .NET: `${name}`, `$1`, `$&`, `$$` and the like."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from scimconf.expressions.dotnet.errors import ServiceFailure
from scimconf.expressions.regexes.translating import Translation

Part: TypeAlias = str | Callable[[Any], str]

_REFERENCE = re.compile(r"\$(?:(?P<sign>[$&`'+_])|(?P<number>[0-9]+)|\{(?:(?P<braced>[0-9]+)|(?P<name>\w+))\})")
_MAX_GROUP = 2**31 - 1
_SIGNS: dict[str, Part] = {
    "$": "$",
    "&": lambda match: str(match[0]),
    "`": lambda match: str(match.string[: match.start()]),
    "'": lambda match: str(match.string[match.end() :]),
    "_": lambda match: str(match.string),
}


def parse_replacement(replacement: str, groups: Translation) -> tuple[Part, ...]:
    """Return the parts of a replacement: literal strings, and functions of a match. Unknown groups are literal."""
    result: list[Part] = []
    position = 0
    for reference in _REFERENCE.finditer(replacement):
        result += [replacement[position : reference.start()], _part(reference, groups)]
        position = reference.end()
    return (*result, replacement[position:])


def _part(reference: re.Match[str], groups: Translation) -> Part:
    sign, name = reference["sign"], reference["name"]
    if sign:
        return _group(groups, max(groups.numbers, default=0)) if sign == "+" else _SIGNS[sign]
    if name:
        return _captured(groups.names[name]) if name in groups.names else reference[0]
    return _numbered(reference, groups)


def _numbered(reference: re.Match[str], groups: Translation) -> Part:
    """Return the part of a number. All digits count: `$12` is group 12, or literal if there is no such group."""
    digits = (reference["number"] or reference["braced"]).lstrip("0")
    if len(digits) > len(str(_MAX_GROUP)) or int(digits or 0) > _MAX_GROUP:
        raise ServiceFailure(f"the replacement has {reference[0]}, a number that .NET rejects")
    number = int(digits or 0)
    return _group(groups, number) if not number or number in groups.numbers else reference[0]


def _group(groups: Translation, number: int) -> Part:
    return _captured(groups.numbers[number]) if number else _SIGNS["&"]


def _captured(inner: str) -> Part:
    return lambda match: match[inner] or ""
