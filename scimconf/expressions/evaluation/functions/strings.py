"""Texts: putting together, cutting, counting."""

from __future__ import annotations

from collections.abc import Iterable

from scimconf.expressions.dotnet import casing, utf16
from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour
from scimconf.expressions.evaluation.arguments import MAX_SIZE, bounded
from scimconf.expressions.evaluation.functions.words import title
from scimconf.expressions.evaluation.values import TypedValue

COMPARISONS = ("vbTextCompare", "vbBinaryCompare")


def append(source: str, suffix: str) -> str:
    return bounded(source + suffix)


def strip_spaces(source: str) -> str:
    return source.replace(" ", "")


def trim(source: TypedValue) -> TypedValue:
    """White space at both ends; of a list, at those of each value."""
    if isinstance(source, tuple):
        return tuple(each.strip(utf16.WHITE) if isinstance(each, str) else each for each in source)
    assert isinstance(source, str)
    return source.strip(utf16.WHITE)


def join(separator: str, sources: Iterable[tuple[str, ...]]) -> str:
    """The values that are there, with the separator between them; empty ones are as if they were absent.

    The sources come one by one, and no more of them are had than a text may be long.
    """
    kept: list[str] = []
    size = -len(separator)
    for source in sources:
        there = [value for value in source if value]
        size += sum(map(len, there)) + len(there) * len(separator)
        kept += there
        if size > MAX_SIZE:
            raise UndocumentedBehaviour("the text grows too long to be tried here")
    if not kept:
        raise UndocumentedBehaviour("whether nothing to join makes an empty text or no value is not documented")
    return separator.join(kept)


def length(source: str | None) -> int:
    return utf16.length(source or "")


def left(source: str | None, count: int) -> str:
    """So many characters from the start; all of them where the number is less than zero."""
    return (source or "") if count < 0 else utf16.cut(source or "", 0, count)


def mid(source: str, start: int, count: int | None) -> str:
    """A stretch, cut off where the text ends."""
    if count is None:
        raise UndocumentedBehaviour("only cloud sync's reference shows it without a length")
    if start < 1 or count < 0 or start > utf16.length(source):
        raise UndocumentedBehaviour(
            "a stretch that begins outside of the text, or is shorter than nothing, is not documented"
        )
    return utf16.cut(source, start - 1, start - 1 + count)


def in_str(value: str, sought: str, start: int | None, kind: str | None) -> int:
    """The place of a text in another, 0 where it is absent."""
    if kind is not None and kind not in COMPARISONS:
        raise ServiceFailure(f"{kind!r} is not a kind of comparison; there are {' and '.join(COMPARISONS)}")
    begin = 1 if start is None else start
    if not sought or not 1 <= begin <= utf16.length(value):
        raise UndocumentedBehaviour("searching for nothing, or from outside of the text, is not documented")
    binary = utf16.find(value, sought, begin - 1) + 1
    ignoring = utf16.find(casing.lower(value), casing.lower(sought), begin - 1) + 1
    if kind == "vbBinaryCompare" or binary == ignoring:
        return binary
    if kind is None:
        raise UndocumentedBehaviour("whether it heeds the case by itself is not documented")
    if not (value + sought).isascii():
        raise UndocumentedBehaviour("how vbTextCompare compares letters beyond ASCII is not documented")
    return ignoring


def to_lower(source: str, culture: str | None) -> str:
    return casing.lower(source, culture or "")


def to_upper(source: str, culture: str | None) -> str:
    return casing.upper(source, culture or "")


def p_case(source: str, separators: str | None) -> str:
    return title(source, separators)
