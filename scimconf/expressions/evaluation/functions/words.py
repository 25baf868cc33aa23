"""Words: picking them, capitalising them, splitting at what is between them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from scimconf.expressions.dotnet import casing
from scimconf.expressions.dotnet.errors import UndocumentedBehaviour
from scimconf.expressions.dotnet.utf16 import WHITE

_BETWEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"})


def word(source: str | None, wanted: int, delimiters: str) -> str:
    """The word with that number; any character of the delimiters ends one."""
    if source is None or wanted < 1:
        return ""
    pieces = _split_any(source, delimiters)
    readings = {_nth(pieces, wanted), _nth([piece for piece in pieces if piece], wanted)}
    if len(readings) > 1:
        raise UndocumentedBehaviour("whether delimiters side by side have an empty word between them is not documented")
    return readings.pop()


def split(source: str, delimiter: str | None) -> tuple[str, ...]:
    """The list between the delimiters."""
    if not delimiter:
        raise UndocumentedBehaviour("only Graph's own list of functions has it without a delimiter")
    if len(delimiter) > 1 and any(character in source for character in delimiter):
        raise UndocumentedBehaviour("whether several characters are one delimiter or each is one is not documented")
    pieces = tuple(source.split(delimiter))
    if "" in pieces:
        raise UndocumentedBehaviour("whether empty values stay in the list is not documented")
    if any(piece != piece.strip(WHITE) for piece in pieces):
        raise UndocumentedBehaviour(
            "whether spaces around the values stay is not documented, and the one example drops them"
        )
    return pieces


def title(source: str, separators: str | None) -> str:
    """Each word with a capital first and small letters behind."""
    if separators == "":
        raise UndocumentedBehaviour("what no separators at all mean is not documented")
    return _by_dotnet(source) if separators is None else _by_separators(source, frozenset(separators))


def _by_dotnet(source: str) -> str:
    """As ToTitleCase: what is no letter has no capital and ends no word, so the first letter of `3rd` is its `r`.

    The reference's list of separators has the apostrophe, which .NET's has not.
    """
    said = _capitals(source, _between, str.isalpha)
    if "'" in source and said != _capitals(source, lambda each: each != "'" and _between(each), str.isalpha):
        raise UndocumentedBehaviour(
            "whether a capital follows an apostrophe is not documented: the list says so, .NET does not"
        )
    return said


def _by_separators(source: str, separators: frozenset[str]) -> str:
    said = _capitals(source, separators.__contains__, lambda _each: True)
    if said != _capitals(source, separators.__contains__, str.isalpha):
        raise UndocumentedBehaviour(
            "whether the first letter of a word that begins with none is a capital is not documented"
        )
    return said


def _capitals(source: str, between: Callable[[str], bool], begins: Callable[[str], bool]) -> str:
    """The text in small letters, with a capital wherever a word begins."""
    out: list[str] = []
    inside = False
    for character in casing.lower(source):
        first = not inside and begins(character)
        out.append(casing.capital(character) if first else character)
        inside = (inside or first) and not between(character)
    return "".join(out)


def _between(character: str) -> bool:
    return unicodedata.category(character) in _BETWEEN


def _split_any(source: str, delimiters: str) -> list[str]:
    if not delimiters:
        return [source]
    first = delimiters[0]
    return source.translate(dict.fromkeys(map(ord, delimiters), first)).split(first)


def _nth(pieces: list[str], wanted: int) -> str:
    return pieces[wanted - 1] if wanted <= len(pieces) else ""
