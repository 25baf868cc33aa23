"""A YAML document as parsed: dicts, lists and strings that know their position in the file; and the rows of CSV files.

A plain (unquoted) scalar keeps the characters that were written. The field that it ends up in decides whether it is a
string, a number or a boolean, so `NO`, `0010` and `1.10` stay unchanged where a string is expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from scimconf.diagnostics import Location, SpecPath
from scimconf.spec.patterns import is_guid

INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS = dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
MAX_DIGITS = 1000
NULLS = frozenset({"null", "Null", "NULL", "~"})


class Plain(str):
    """A scalar without quotes."""

    __slots__ = ()


class SecretFile(str):
    """The path of a secret file relative to the working directory; `from_spec` is its path relative to the spec."""

    __slots__ = ("from_spec",)
    from_spec: str

    @classmethod
    def of(cls, path: str, from_spec: str) -> SecretFile:
        file = cls(path)
        file.from_spec = from_spec
        return file


class YamlMapping(dict[str, Any]):
    """A mapping that knows the location of each key."""

    __slots__ = ("locations",)

    def __init__(self, entries: Iterable[tuple[str, Any]] = (), locations: dict[str, Location] | None = None) -> None:
        super().__init__(entries)
        self.locations = {} if locations is None else locations


class YamlList(list[Any]):
    """A list that knows the location of each item."""

    __slots__ = ("locations",)

    def __init__(self, items: Iterable[Any] = (), locations: list[Location] | None = None) -> None:
        super().__init__(items)
        self.locations = [] if locations is None else locations

    def add(self, item: Any, location: Location) -> None:
        self.append(item)
        self.locations.append(location)


@dataclass(frozen=True, slots=True)
class CsvRows:
    """The assignments of a CSV file by column: principals as they were first written, and the roles of each.

    `lines` are those of the first row of each principal, `more_lines` by position those of all rows of a principal with
    several. A row in the form that a spec has, with its locations, is made when a diagnostic needs it.
    """

    file: str = ""
    column: Literal["user", "group"] = "user"
    principals: tuple[str, ...] = ()
    roles: tuple[tuple[str, ...], ...] = ()
    lines: Sequence[int] = field(default=(), compare=False, repr=False)
    more_lines: Mapping[int, Sequence[int]] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.principals)

    def key(self, index: int) -> str:
        """Return the key of the principal in a spec: `user`, or for a group `id` or `name`."""
        return "user" if self.column == "user" else "id" if is_guid(self.principals[index]) else "name"

    def location(self, index: int) -> Location:
        return Location(self.file, self.lines[index], 1)

    def row(self, index: int) -> YamlMapping:
        key, location = self.key(index), self.location(index)
        lines = self.more_lines.get(index, (location.line,))
        roles = YamlList(self.roles[index], [Location(self.file, line, 1) for line in lines])
        return YamlMapping(((key, self.principals[index]), ("roles", roles)), {key: location, "roles": location})


def core(value: Any) -> Any:
    """Return the value of a plain scalar by YAML 1.2's core schema; return any other value unchanged.

    An integer of more than 1000 digits stays a string, because Python refuses to convert it.
    """
    if not isinstance(value, Plain):
        return value
    if value in WORDS:
        return WORDS[value]
    if INTEGER.fullmatch(value):
        if len(value) > MAX_DIGITS:
            return str(value)
        return int(value, 0) if value[:2] in ("0o", "0x") else int(value)
    if FLOAT.fullmatch(value):
        return float(value)
    return str(value)


def plain_json(value: Any) -> Any:
    """Return a whole tree by the core schema, as plain dicts and lists."""
    if isinstance(value, dict):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return core(value)


def unrepresentable_numbers(value: Any, path: SpecPath = ()) -> Iterator[SpecPath]:
    """Yield the paths of numbers that JSON cannot represent: beyond a float's range, or with too many digits."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from unrepresentable_numbers(item, (*path, key))
    elif isinstance(value, Plain) and (INTEGER.fullmatch(value) or FLOAT.fullmatch(value)):
        number = core(value)
        if isinstance(number, str) or not _fits_float(number):
            yield path


def _fits_float(number: float) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # an integer of more than 308 digits
        return False


def locate(tree: Any, path: SpecPath) -> Location | None:
    """Return the location of a path, or of the closest part of it that is in the file."""
    location: Location | None = None
    for part in path:
        if isinstance(tree, YamlMapping):
            key = "role" if part == "roles" and "role" in tree else str(part)
            location = tree.locations.get(key, location)
            tree = tree.get(key)
        elif isinstance(tree, YamlList) and isinstance(part, int) and part < len(tree):
            location = tree.locations[part]
            tree = tree[part]
        elif isinstance(tree, CsvRows) and isinstance(part, int) and part < len(tree):
            location, tree = tree.location(part), tree.row(part)
        else:
            break
    return location
