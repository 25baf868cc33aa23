"""The smallest pieces of a text: strings, attributes, numbers, words and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias, cast

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.syntax_hints import unexpected

TokenKind: TypeAlias = Literal["string", "attribute", "number", "word", "mark", "end"]


class Token(NamedTuple):
    """A piece, its place, and for strings and attributes the value without quotes or brackets."""

    kind: TokenKind
    text: str
    offset: int


_SPACE = re.compile(r"[ \t\r\n]*")
_PIECE = re.compile(
    r"""
      "(?P<string> (?: \\. | [^"\\] )* )"
    | (?P<number> -?[0-9]+(?:\.[0-9]+)? | &H[0-9A-Fa-f]+\b )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<mark> <> | <= | >= | [=<>(),&] )
    """,
    re.VERBOSE | re.DOTALL,
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IN_BRACKETS = re.compile(r"[\[\]\"]")
_ESCAPE = re.compile(r'\\([\\"])')


def unescape(inner: str) -> str:
    r"""What a string says. Only `\\` and `\"` are escapes; any other backslash stays, since guides print `"\d"`."""
    return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner


def tokens(text: str) -> Iterator[Token]:
    """The pieces one by one, at last an `end`; raises ExpressionError at a character that begins none."""
    position = _skip_space(text, 0)
    while position < len(text):
        if text[position] == "[":
            end = _end_of_attribute(text, position)
            yield Token("attribute", text[position + 1 : end - 1], position)
        else:
            piece = _PIECE.match(text, position)
            if piece is None:
                raise unexpected(text, position)
            kind = cast("TokenKind", piece.lastgroup)
            end = piece.end()
            yield Token(kind, unescape(piece[kind]) if kind == "string" else piece[kind], position)
        position = _skip_space(text, end)
    yield Token("end", "", position)


def is_attribute(text: str) -> bool:
    """Whether the text is one attribute in its brackets, whose own brackets are in pairs."""
    try:
        return _end_of_attribute(text, 0) == len(text)
    except ExpressionError:
        return False


def _skip_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    assert space is not None
    return space.end()


def _end_of_attribute(text: str, start: int) -> int:
    """Where the attribute that opens at `start` is over; brackets within it are balanced, their strings skipped.

    No published expression nests brackets, but SCIM's own names do: `[emails[type eq "work"].value]`.
    """
    depth, quoted = 0, False
    for mark in _IN_BRACKETS.finditer(text, start):
        if mark[0] == '"':
            quoted = depth > 1 and not quoted
        elif not quoted:
            depth += 1 if mark[0] == "[" else -1
        if depth == 0:
            return _named(start, mark.end())
    raise ExpressionError("the attribute's bracket is never closed", start, "Close it with ] behind the name.")


def _named(start: int, end: int) -> int:
    if end == start + 2:
        raise ExpressionError("an attribute without a name", start, "Write the name between the brackets: [mail].")
    return end
