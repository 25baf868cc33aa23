"""A spec as it was read: ordinary dicts, lists and texts that remember where they stand.

A plain (unquoted) scalar stays the characters that were written; the field it ends up in says whether it is a text,
a number or a boolean. So `NO`, `0010` and `1.10` stay what they are where a text is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any

from scimconf.diagnostics import Location, SpecPath

INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS = {
    word: value for value, words in ((True, "true True TRUE"), (False, "false False FALSE")) for word in words.split()
}
DIGITS = 1000
NULLS = frozenset({"null", "Null", "NULL", "~"})


class Plain(str):
    """A scalar without quotes."""

    __slots__ = ()


class Table(dict[str, Any]):
    """A map that knows the place of each key."""

    __slots__ = ("places",)

    def __init__(self, entries: Iterable[tuple[str, Any]] = (), places: dict[str, Location] | None = None) -> None:
        super().__init__(entries)
        self.places = {} if places is None else places


class CsvRows(list[Any]):
    """A list that knows the place of each item."""

    __slots__ = ("places",)

    def __init__(self, items: Iterable[Any] = (), places: list[Location] | None = None) -> None:
        super().__init__(items)
        self.places = [] if places is None else places


def core(value: Any) -> Any:
    """What YAML 1.2's core schema makes of a scalar; quoted texts and everything else stay themselves.

    An integer of more digits than anybody counts with is a text, since Python would not read it.
    """
    if not isinstance(value, Plain):
        return value
    if value in WORDS:
        return WORDS[value]
    if INTEGER.fullmatch(value):
        if len(value) > DIGITS:
            return str(value)
        return int(value, 0) if value[:2] in ("0o", "0x") else int(value)
    if FLOAT.fullmatch(value):
        return float(value)
    return str(value)


def plain_json(value: Any) -> Any:
    """A whole tree by the core schema, without places."""
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return core(value)


def out_of_reach(value: Any, path: SpecPath = ()) -> Iterator[SpecPath]:
    """The places of numbers that JSON cannot hold: too large for a float, or an integer that nobody reads."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from out_of_reach(item, (*path, key))
    elif isinstance(value, Plain) and (INTEGER.fullmatch(value) or FLOAT.fullmatch(value)):
        number = core(value)
        if isinstance(number, str) or not isfinite(number):
            yield path


def place_of(tree: Any, path: SpecPath) -> Location | None:
    """The place of a path, or of the nearest thing around it that was written."""
    found: Location | None = None
    for part in path:
        if isinstance(tree, Table):
            key = "role" if part == "roles" and "role" in tree else str(part)
            found = tree.places.get(key, found)
            tree = tree.get(key)
        elif isinstance(tree, CsvRows) and isinstance(part, int) and part < len(tree):
            found = tree.places[part]
            tree = tree[part]
        else:
            break
    return found
