"""Finds tokens, which are long, and any part of them in service responses: a message may be cut in the middle of one.

A token has no character that JSON or HTML escapes. So each of its forms (literal, base64 at three alignments,
hexadecimal) is one text, in which every sequence of GRAM characters is known, and a text is searched at every GRAM-th
place only.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

GRAM = 12
"""Characters of a sequence; a part of at least 23 characters has one at a place that is searched."""
SEPARATED = re.compile(r"[0-9a-f]{2}(?:[0-9a-f]{2})?(?:[^0-9a-z]{1,8}(?:0?x|u)?[0-9a-f]{2,4}){11,}")
"""At least 12 bytes in hexadecimal with something between them: `68:75`, `0x68, 0x75`, `\\x68\\x75`, `\\u0068\\u0075`."""
_RUN = re.compile(rf"[a-z0-9._~+/=%\\-]{{{GRAM},}}")
_ESCAPE = re.compile(r"%(?:25){0,3}([0-9a-f]{2})|\\{1,8}(?:u00|x)([0-9a-f]{2})|\\{1,8}(/)")
_SEPARATOR = re.compile(r"[^0-9a-z]{1,8}(?:0?x|u)?")
Span = tuple[int, int]


class TokenParts:
    """The parts of the tokens that were added, in any case; it does not show them when printed."""

    __slots__ = ("_grams", "_starts")

    def __init__(self) -> None:
        self._grams: set[str] = set()
        self._starts: list[re.Pattern[str]] = []

    def add(self, token: str) -> None:
        """Add a token of at least GRAM characters."""
        for form in _forms(token):
            self._grams.update(form[start : start + GRAM] for start in range(len(form) - GRAM + 1))
        for part in filter(None, re.split(r"[^A-Za-z0-9_-]", token)):
            self._starts += map(re.compile, _separated_starts(part[:3]))

    def replace(self, text: str, mask: str) -> str:
        """Return the text with each part of a token replaced."""
        if not self._grams:
            return text
        folded = _folded(text)
        spans = [span for run in _RUN.finditer(folded) for span in self._in_run(folded, run)]
        if any(start.search(folded) for start in self._starts):
            spans += [match.span() for match in SEPARATED.finditer(folded) if self._is_part(_digits(match.group()))]
        return _replaced(text, sorted(spans), mask)

    def _in_run(self, text: str, run: re.Match[str]) -> Iterator[Span]:
        """Yield the places in a run of characters of a token; a run with escapes is one place."""
        plain = _ESCAPE.sub(_unescaped, run.group())
        if plain != run.group() and self._is_part(plain):
            yield run.span()
            return
        end = run.start()
        for start in range(run.start(), run.end() - GRAM + 1, GRAM):
            if start >= end and text[start : start + GRAM] in self._grams:
                first, end = self._extended(text, start, run)
                yield first, end

    def _extended(self, text: str, start: int, run: re.Match[str]) -> Span:
        end = start + GRAM
        while start > run.start() and text[start - 1 : start - 1 + GRAM] in self._grams:
            start -= 1
        while end < run.end() and text[end - GRAM + 1 : end + 1] in self._grams:
            end += 1
        return start, end

    def _is_part(self, text: str) -> bool:
        return any(text[start : start + GRAM] in self._grams for start in range(0, len(text) - GRAM + 1, GRAM))


def _forms(token: str) -> Iterator[str]:
    raw = token.encode("utf-8", "surrogatepass")
    yield _folded(token)
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode().lower()[-(-before * 8 // 6) :]
        yield encoded
        yield encoded.replace("+", "-").replace("/", "_")
    for encoding in ("utf-8", "utf-16-be"):  # in little endian only the first byte differs
        yield token.encode(encoding, "surrogatepass").hex()


def _separated_starts(text: str) -> Iterator[str]:
    """Yield patterns of the first bytes of a text in hexadecimal with something between them."""
    for encoding in ("utf-8", "utf-16-be"):
        yield r"[^0-9a-z]{0,8}(?:0?x|u)?".join(f"{byte:02x}" for byte in text.encode(encoding))


def _folded(text: str) -> str:
    """Return the text in lower case, unless that changes its length, as of a few characters."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(char.lower() if char.isascii() else char for char in text)


def _unescaped(match: re.Match[str]) -> str:
    return match[3] or chr(int(match[1] or match[2], 16)).lower()


def _digits(text: str) -> str:
    return _SEPARATOR.sub("", text)


def _replaced(text: str, spans: Iterable[Span], mask: str) -> str:
    """Return the text with these places, in order, replaced; places that overlap are one."""
    parts, end = [], 0
    for start, last in spans:
        if start >= end:
            parts += [text[end:start], mask]
        end = max(end, last)
    return "".join([*parts, text[end:]])
