"""Functions of strings: concatenating, cutting, searching, replacing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scimconf.expressions.dotnet import casing, utf16
from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedCase
from scimconf.expressions.evaluation.arguments import ABSENT, MAX_SIZE, bounded, to_string, too_long
from scimconf.expressions.evaluation.values import TypedValue

COMPARISONS = ("vbTextCompare", "vbBinaryCompare")


def append(source: str, suffix: str) -> str:
    return bounded(source + suffix)


def strip_spaces(source: str) -> str:
    return source.replace(" ", "")


def trim(source: TypedValue) -> TypedValue:
    """Return a string, or each value of a list, without white space at both ends."""
    if isinstance(source, tuple):
        return tuple(value.strip(utf16.WHITE) if isinstance(value, str) else value for value in source)
    return to_string(source).strip(utf16.WHITE)


def join(separator: str, sources: Iterable[tuple[str, ...]]) -> str:
    """Return the values with the separator between them; empty values are left out like absent ones.

    The sources are read one by one, until the result is longer than MAX_SIZE.
    """
    values: list[str] = []
    size = -len(separator)
    for source in sources:
        present = [value for value in source if value]
        size += sum(map(len, present)) + len(present) * len(separator)
        values += present
        if size > MAX_SIZE:
            too_long()
    if not values:
        raise UndocumentedCase("with no values")
    return separator.join(values)


def length(source: str | None) -> int:
    return utf16.length(source or "")


def left(source: str | None, count: int) -> str:
    """Return a number of characters from the start, all of them if the number is negative."""
    return (source or "") if count < 0 else utf16.cut(source or "", 0, count)


def mid(source: str, start: int, count: int | None) -> str:
    """Return a number of characters from a position (from 1), or fewer at the end of the string."""
    if count is None:
        raise UndocumentedCase("without a length for applications, only for cloud sync")
    if start < 1 or count < 0 or start > utf16.length(source):
        raise UndocumentedCase("with a start outside the string or a negative length")
    return utf16.cut(source, start - 1, start - 1 + count)


def in_str(value: str, substring: str, start: int | None, comparison: str | None) -> int:
    """Return the position of a substring (from 1), 0 if it does not occur."""
    if comparison is not None and comparison not in COMPARISONS:
        raise ServiceFailure(f"{comparison!r} is not a comparison type. Valid types: {', '.join(COMPARISONS)}")
    begin = 1 if start is None else start
    if not substring or not 1 <= begin <= utf16.length(value):
        raise UndocumentedCase("with an empty string to find or a start outside the string")
    exact = utf16.find(value, substring, begin - 1) + 1
    ignoring_case = utf16.find(casing.lower(value), casing.lower(substring), begin - 1) + 1
    if comparison == "vbBinaryCompare" or exact == ignoring_case:
        return exact
    if comparison is None:
        raise UndocumentedCase("without a comparison type if the case differs")
    if not (value + substring).isascii():
        raise UndocumentedCase("with vbTextCompare and characters outside ASCII")
    return ignoring_case


_REPLACE_ARGUMENTS = ("find", "expression", "group", "replacement", "fallback", "template")


def replace(source: str | None, *arguments: Any) -> str:
    """Return the result of one of the five modes of Replace, which the present arguments select.

    An argument is None if it is left empty. The fallback, an attribute that is used if the source is empty, is a tuple
    of its value, which may be absent.
    """
    from scimconf.expressions.regexes.matching import pattern  # slow to import, and rare

    find, expression, group, replacement, fallback, template = arguments
    text = to_string(source) if fallback is None else source or ""
    pairs = zip(_REPLACE_ARGUMENTS, arguments, strict=True)
    match tuple(name for name, value in pairs if value is not None):
        case ("find", "replacement"):
            return _everywhere(text, find, replacement)
        case ("find", "template"):
            return _everywhere(template, find, text)
        case ("expression", "replacement"):
            return pattern(expression).replaced(text, replacement)
        case ("expression", "group", "replacement") if "$" in replacement:
            raise UndocumentedCase("with $ in the replacement of a group")
        case ("expression", "group", "replacement"):
            return pattern(expression).replaced_in(text, group, replacement)
        case ("expression", "group", "fallback") if not text and fallback[0] is None:
            raise UndocumentedCase(ABSENT)
        case ("expression", "group", "fallback"):
            return text or pattern(expression).captured(fallback[0], group)
        case _:
            raise UndocumentedCase("with this combination of arguments")


def _everywhere(source: str, find: str, replacement: str) -> str:
    if not find:
        raise UndocumentedCase("with an empty string to find")
    if source.count(find) * len(replacement) > MAX_SIZE:
        too_long()
    return bounded(source.replace(find, replacement))
