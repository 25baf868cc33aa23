"""The digest of a plan's JSON document, computed in parts: the document may have very many changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256

from scimconf.json_types import Json
from scimconf.plan.diff import canonical

PART_DEPTH = 4
"""The levels of a document above its parts: applications, one of them, its changes, one of them."""


class Items:
    """An array of JSON whose items are made each time it is iterated, so that not all of them are in memory."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Iterable[Json]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Json]:
        return iter(self._make())


class CanonicalText(str):
    """The canonical text of a value, in the place of the value."""

    __slots__ = ()


def digest(document: Mapping[str, Json]) -> str:
    """Return the digest of a plan's JSON document, computed without the `digest` that it may contain."""
    result = sha256()
    for part in _canonical_parts({key: value for key, value in document.items() if key != "digest"}, PART_DEPTH):
        result.update(part.encode("utf-8", "surrogatepass"))
    return result.hexdigest()


def _canonical_parts(value: Json, depth: int) -> Iterator[str]:
    """Yield the canonical text of a value; containers above the depth are divided. `Items` are an array."""
    if depth and isinstance(value, dict):
        for number, key in enumerate(sorted(value)):
            yield f"{',' if number else '{'}{canonical(key)}:"
            yield from _canonical_parts(value[key], depth - 1)
        yield "}" if value else "{}"
    elif depth and isinstance(value, list | Items):
        before = "["
        for item in value:
            yield before
            yield from _canonical_parts(item, depth - 1)
            before = ","
        yield "]" if before == "," else "[]"
    else:
        yield value if isinstance(value, CanonicalText) else canonical(value)
