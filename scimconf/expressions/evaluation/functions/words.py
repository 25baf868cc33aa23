"""Functions of words and letters: selecting, capitalizing, splitting, replacing diacritics."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator

from scimconf.expressions.dotnet import casing
from scimconf.expressions.dotnet.errors import ConflictingSources, UndocumentedCase
from scimconf.expressions.dotnet.utf16 import WHITE

# The Unicode categories, or their first letters, that end a word in .NET's ToTitleCase.
_SEPARATORS = ("Z", "P", "S", "Cc", "Cf")

# The table of NormalizeDiacritics in the documentation, which has the same rows in uppercase. Many entries are a letter
# with combining marks, so both sides are compared in the composed form. Letters that are not in the table (đ, þ, ŋ, œ,
# Vietnamese and Greek ones) are not changed.
_DIACRITICS = {
    "a": "ä à â ã å á ą ă ā ā\u0301 ā\u0300 ā\u0302 ā\u0303 ǟ ā\u0308 ǡ a\u0331 å\u0304",
    "ae": "æ ǣ",
    "c": "ç č ć c\u0304 c\u0331",
    "d": "ď d\u0304 ḏ",
    "e": "ë è é ê ę ě ė ē ḗ ḕ ē\u0302 ē\u0303 ê\u0304 e\u0331 ë\u0304 e\u030a\u0304",
    "g": "ğ ḡ g\u0331",
    "i": "ï î ì í \u0131 ī ī\u0301 ī\u0300 ī\u0302 ī\u0303 i\u0331",
    "l": "ľ ł l\u0304 ḹ ḻ",
    "n": "ñ ń ň n\u0304 ṉ",
    "o": "ö ò ő õ ô ó ō ṓ ṑ ō\u0302 ō\u0303 ȫ ō\u0308 ǭ ȭ ȱ o\u0331",
    "oe": "ø ø\u0304 œ\u0304",
    "r": "ř r\u0304 ṟ ṝ",
    "s": "š ś ș ş s\u0304 s\u0331",
    "t": "ť ț t\u0304 ṯ",
    "u": "ü ù û ú ů ű ū ū\u0301 ū\u0300 ū\u0302 ū\u0303 u\u0307\u0304 ǖ ṻ ṳ\u0304 u\u0331",
    "y": "ÿ ý ȳ ȳ\u0301 ȳ\u0300 ȳ\u0303 y\u0331",
    "z": "ź ž ż z\u0304 ẕ",
}
_PLAIN = {letter: plain for plain, letters in _DIACRITICS.items() for letter in letters.split()}
_PLAIN |= {letter.upper(): plain.upper() for letter, plain in _PLAIN.items()} | {"İ": "I", "ß": "ss"}
_LONGEST = max(len(unicodedata.normalize("NFD", letter)) for letter in _PLAIN)
"""The longest entry, in code points; longer sequences of marks are not composed, which would be slow."""


def word(source: str | None, number: int, delimiters: str) -> str:
    """Return the word with a number, from 1; each character of the delimiters ends a word."""
    if source is None or number < 1:
        return ""
    first = delimiters[:1]
    words = source.translate(dict.fromkeys(map(ord, delimiters), first)).split(first) if delimiters else [source]
    results = {"".join(texts[number - 1 : number]) for texts in (words, [text for text in words if text])}
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
    """Return the string with each word capitalized, without separators as .NET's ToTitleCase does.

    For .NET, a character that is not a letter neither has a capital nor ends a word: the first letter of `3rd` is its
    `r`. The list of separators in the reference has the apostrophe, .NET's does not.
    """
    if separators == "":
        raise UndocumentedCase("with an empty string of separators")
    ends = separators or {character for character in source if unicodedata.category(character).startswith(_SEPARATORS)}
    result = _capitalize(source, ends, letters_only=True)
    if separators is None and "'" in ends and result != _capitalize(source, set(ends) - {"'"}, letters_only=True):
        raise ConflictingSources("its reference says that an apostrophe separates words, in .NET it does not")
    if separators and result != _capitalize(source, ends, letters_only=False):
        raise UndocumentedCase("with a word that does not start with a letter")
    return result


def _capitalize(source: str, separators: Collection[str], *, letters_only: bool) -> str:
    """Return the string in lowercase, with a capital at the start of each word, or at its first letter."""
    characters: list[str] = []
    in_word = False
    for character in casing.lower(source):
        first = not in_word and (character.isalpha() or not letters_only)
        characters.append(casing.capital(character) if first else character)
        in_word = (in_word or first) and character not in separators
    return "".join(characters)


def normalize_diacritics(source: str) -> str:
    """Return the string with each letter of the table replaced by its plain form."""
    if source.isascii():
        return source
    return "".join(
        letter if len(letter) > _LONGEST else _PLAIN.get(unicodedata.normalize("NFC", letter), letter)
        for letter in _letters(source)
    )


def _letters(source: str) -> Iterator[str]:
    """Yield each character together with its combining marks."""
    start = 0
    for position in range(1, len(source) + 1):
        if position == len(source) or not unicodedata.combining(source[position]):
            yield source[start:position]
            start = position
