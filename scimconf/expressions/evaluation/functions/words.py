"""Functions of words: selecting, capitalizing, splitting."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from scimconf.expressions.dotnet import casing
from scimconf.expressions.dotnet.errors import UndocumentedCase
from scimconf.expressions.dotnet.utf16 import WHITE

_SEPARATORS = frozenset(
    {"Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"}
)
"""The Unicode categories that end a word in .NET's ToTitleCase."""


def word(source: str | None, number: int, delimiters: str) -> str:
    """Return the word with a number, from 1; each character of the delimiters ends a word."""
    if source is None or number < 1:
        return ""
    words = _split_at_any(source, delimiters)
    results = {_nth(words, number), _nth([text for text in words if text], number)}
    if len(results) > 1:
        raise UndocumentedCase("with adjacent delimiters")
    return results.pop()


def split(source: str, delimiter: str | None) -> tuple[str, ...]:
    """Return the list of the strings between the delimiters."""
    if not delimiter:
        raise UndocumentedCase("without a delimiter")
    if len(delimiter) > 1 and any(character in source for character in delimiter):
        raise UndocumentedCase("with a delimiter of several characters")
    values = tuple(source.split(delimiter))
    if "" in values:
        raise UndocumentedCase("with empty values")
    if any(value != value.strip(WHITE) for value in values):
        raise UndocumentedCase("with white space around a value")
    return values


def p_case(source: str, separators: str | None) -> str:
    """Return the string with each word capitalized."""
    if separators == "":
        raise UndocumentedCase("with an empty string of separators")
    return _default_separators(source) if separators is None else _own_separators(source, frozenset(separators))


def _default_separators(source: str) -> str:
    """Return the string in title case as .NET's ToTitleCase does.

    A character that is not a letter neither has a capital nor ends a word, so the first letter of `3rd` is its `r`. The
    list of separators in the reference has the apostrophe, .NET's does not.
    """
    result = _capitalize(source, _is_separator, str.isalpha)
    if "'" in source and result != _capitalize(source, _is_separator_but_apostrophe, str.isalpha):
        raise UndocumentedCase("with an apostrophe: its reference and .NET contradict each other")
    return result


def _own_separators(source: str, separators: frozenset[str]) -> str:
    result = _capitalize(source, separators.__contains__, lambda _character: True)
    if result != _capitalize(source, separators.__contains__, str.isalpha):
        raise UndocumentedCase("with a word that does not start with a letter")
    return result


def _capitalize(source: str, separates: Callable[[str], bool], starts: Callable[[str], bool]) -> str:
    """Return the string in lowercase, with a capital at the start of each word."""
    characters: list[str] = []
    in_word = False
    for character in casing.lower(source):
        first = not in_word and starts(character)
        characters.append(casing.capital(character) if first else character)
        in_word = (in_word or first) and not separates(character)
    return "".join(characters)


def _is_separator(character: str) -> bool:
    return unicodedata.category(character) in _SEPARATORS


def _is_separator_but_apostrophe(character: str) -> bool:
    return character != "'" and _is_separator(character)


def _split_at_any(source: str, delimiters: str) -> list[str]:
    if not delimiters:
        return [source]
    first = delimiters[0]
    return source.translate(dict.fromkeys(map(ord, delimiters), first)).split(first)


def _nth(words: list[str], number: int) -> str:
    return words[number - 1] if number <= len(words) else ""
