"""Lowercase and uppercase as in .NET: character by character, with the rules of Turkish in a Turkic culture.

Python maps whole strings (`ß` to `SS`, a final sigma by its position). .NET maps each character to one character, and
leaves a character unchanged whose other case needs two.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour

_CULTURE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TURKIC = frozenset({"tr", "az"})
_DOTTED, _DOTLESS = "\u0130", "\u0131"


def lower(text: str, culture: str | None = None) -> str:
    """Return the string in lowercase; without a culture in that of the invariant culture."""
    return text.lower() if text.isascii() and not culture else _map_letters(_lower, text, culture or "")


def upper(text: str, culture: str | None = None) -> str:
    """Return the string in uppercase; without a culture in that of the invariant culture."""
    return text.upper() if text.isascii() and not culture else _map_letters(_upper, text, culture or "")


def capital(letter: str) -> str:
    """Return the form of a letter at the start of a word."""
    title = letter.title()
    return title if len(title) == 1 and letter != _DOTLESS else letter


def _map_letters(convert: Callable[[str, bool], str], text: str, culture: str) -> str:
    """Return the string with each letter converted; raise EvaluationStop if the culture is invalid or not supported."""
    if culture and not _CULTURE.fullmatch(culture):
        raise ServiceFailure(f"{culture!r} is not the name of a culture")
    turkic = culture.partition("-")[0].lower() in _TURKIC
    if culture and not turkic and (_DOTTED in text or _DOTLESS in text):
        message = f"the case of {_DOTTED} and {_DOTLESS} in the culture {culture} depends on the server's system"
        raise UndocumentedBehaviour(message)
    return "".join([convert(letter, turkic) for letter in text])


def _lower(letter: str, turkic: bool) -> str:
    if turkic and letter in ("I", _DOTTED):
        return _DOTLESS if letter == "I" else "i"
    mapped = letter.lower()
    return mapped if len(mapped) == 1 else letter


def _upper(letter: str, turkic: bool) -> str:
    if turkic and letter in ("i", _DOTLESS):
        return _DOTTED if letter == "i" else "I"
    mapped = letter.upper()
    return mapped if len(mapped) == 1 and letter != _DOTLESS else capital(letter)  # `ᾳ` has a capital: `ᾼ`
