"""Small letters and capitals by .NET: one character for one, and Turkish its own way.

Python maps whole words (`ß` to `SS`, a final sigma by its place); .NET maps each character to one character, and leaves
those alone that would need two.
"""

from __future__ import annotations

import re

from scimconf.expressions.dotnet.errors import ServiceFailure, UndocumentedBehaviour

_CULTURE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TURKIC = frozenset({"tr", "az"})
_DOTTED, _DOTLESS = "\u0130", "\u0131"


def lower(text: str, culture: str = "") -> str:
    if text.isascii() and not culture:
        return text.lower()
    turkic = _mapped(text, culture)
    return "".join([_lower(each, turkic) for each in text])


def upper(text: str, culture: str = "") -> str:
    if text.isascii() and not culture:
        return text.upper()
    turkic = _mapped(text, culture)
    return "".join([_upper(each, turkic) for each in text])


def capital(letter: str) -> str:
    """The form of a letter at the start of a word."""
    title = letter.title()
    return title if len(title) == 1 and letter != _DOTLESS else letter


def _mapped(text: str, culture: str) -> bool:
    """Whether the culture's letters are Turkish ones."""
    if culture and not _CULTURE.fullmatch(culture):
        raise ServiceFailure(f"{culture!r} is not the name of a culture")
    turkic = culture.partition("-")[0].lower() in _TURKIC
    if culture and not turkic and (_DOTTED in text or _DOTLESS in text):
        raise UndocumentedBehaviour(
            f"the case of {_DOTTED} and {_DOTLESS} in the culture {culture} depends on the server's system"
        )
    return turkic


def _lower(letter: str, turkic: bool) -> str:
    if turkic and letter in ("I", _DOTTED):
        return _DOTLESS if letter == "I" else "i"
    small = letter.lower()
    return small if len(small) == 1 else letter


def _upper(letter: str, turkic: bool) -> str:
    if turkic and letter in ("i", _DOTLESS):
        return _DOTTED if letter == "i" else "I"
    large = letter.upper()
    return large if len(large) == 1 and letter != _DOTLESS else capital(letter)  # `ᾳ` has one of its own: `ᾼ`
