"""Words: picking them, capitalising them, splitting at what is between them."""

from __future__ import annotations

import unicodedata

from scimconf.expressions.dotnet import casing
from scimconf.expressions.dotnet.outcomes import OpenError
from scimconf.expressions.dotnet.units import WHITE

_BETWEEN = frozenset({"Zs", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"})
_APOSTROPHES = "'\u2019"


def word(source: str | None, wanted: int, delimiters: str) -> str:
    """The word with that number; any character of the delimiters ends one."""
    if source is None or wanted < 1:
        return ""
    pieces = _split_any(source, delimiters)
    readings = {_nth(pieces, wanted), _nth([piece for piece in pieces if piece], wanted)}
    if len(readings) > 1:
        raise OpenError("whether delimiters side by side have an empty word between them is not documented")
    return readings.pop()


def split(source: str, delimiter: str | None) -> tuple[str, ...]:
    """The list between the delimiters."""
    if not delimiter:
        raise OpenError("only Graph's own list of functions has it without a delimiter")
    if len(delimiter) > 1 and any(character in source for character in delimiter):
        raise OpenError("whether several characters are one delimiter or each is one is not documented")
    pieces = tuple(source.split(delimiter))
    if "" in pieces:
        raise OpenError("whether empty values stay in the list is not documented")
    if any(piece != piece.strip(WHITE) for piece in pieces):
        raise OpenError("whether spaces around the values stay is not documented, and the one example drops them")
    return pieces


def title(source: str, separators: str | None) -> str:
    """Each word with a capital first and small letters behind."""
    if separators == "":
        raise OpenError("what no separators at all mean is not documented")
    out, inside = [], False
    for character in source:
        between = _separates(character, separators)
        if not between and not inside and separators is None and not character.isalpha():
            raise OpenError(
                "which letter .NET takes for the first of a word that begins with a digit is not documented"
            )
        out.append(casing.lower(character) if inside and not between else casing.capital(casing.lower(character)))
        inside = not between
    if separators is None and _has_apostrophe(source):
        raise OpenError("whether a capital follows an apostrophe is not documented: the list says so, .NET does not")
    return "".join(out)


def _separates(character: str, separators: str | None) -> bool:
    if separators is not None:
        return character in separators
    return unicodedata.category(character) in _BETWEEN


def _has_apostrophe(source: str) -> bool:
    """Whether one stands right between letters."""
    return any(
        mark in _APOSTROPHES and before.isalpha() and behind.isalpha()
        for before, mark, behind in zip(source, source[1:], source[2:], strict=False)
    )


def _split_any(source: str, delimiters: str) -> list[str]:
    pieces = [""]
    for character in source:
        if character in delimiters:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


def _nth(pieces: list[str], wanted: int) -> str:
    return pieces[wanted - 1] if wanted <= len(pieces) else ""
