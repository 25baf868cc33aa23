"""Tokens of an expression: strings, attributes, numbers, words and punctuation marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias, cast

from scimconf.expressions.errors import ExpressionError
from scimconf.expressions.syntax_hints import unexpected

TokenKind: TypeAlias = Literal["string", "attribute", "number", "word", "mark", "space", "end"]


class Token(NamedTuple):
    """A token: its kind, its text (of strings and attributes without quotes or brackets), and its offset."""

    kind: TokenKind
    text: str
    offset: int


_TOKEN = re.compile(
    r"""
      "(?P<string> (?: \\. | [^"\\] )* )"
    | (?P<number> -?[0-9]+(?:\.[0-9]+)? | &H[0-9A-Fa-f]+\b )
    | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
    | (?P<mark> <> | <= | >= | [=<>(),&] )
    | (?P<space> [ \t\r\n]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTRIBUTE = re.compile(r"\[[^\[\]()]*\]")
_MARK = re.compile(r"[\[\]()]")
_ESCAPE = re.compile(r'\\([\\"])')


def unescape(inner: str) -> str:
    r"""Return the value of a string. Only `\\` and `\"` are escapes; other backslashes stay: guides print `"\d"`."""
    return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens but white space, then one of kind `end`; raise ExpressionError where no token starts."""
    position = 0
    while position < len(text):
        if text[position] == "[":
            end = _end_of_attribute(text, position)
            yield Token("attribute", text[position + 1 : end - 1], position)
        else:
            match = _TOKEN.match(text, position)
            if match is None:
                raise unexpected(text, position)
            kind, end = cast("TokenKind", match.lastgroup), match.end()
            if kind != "space":
                yield Token(kind, unescape(match[kind]) if kind == "string" else match[kind], position)
        position = end
    yield Token("end", "", position)


def is_attribute(text: str) -> bool:
    """Return whether the text is one attribute in brackets."""
    return len(text) > 2 and _ATTRIBUTE.fullmatch(text) is not None


def _end_of_attribute(text: str, start: int) -> int:
    """Return the end of the attribute that opens at `start`. No attribute of Entra has brackets or parentheses."""
    match = _ATTRIBUTE.match(text, start)
    if match is None:
        mark = _MARK.search(text, start + 1)
        if mark is not None and mark[0] == "(":
            hint = "Write functions outside the brackets, such as ToLower([mail])."
            raise ExpressionError("an attribute name cannot contain `(`", mark.start(), hint)
        hint = "Write ] after the name, which has no brackets or parentheses."
        raise ExpressionError("the bracket of the attribute is not closed", start, hint)
    if match.end() == start + 2:
        raise ExpressionError("attribute without a name", start, "Write the name between the brackets: [mail].")
    return match.end()
