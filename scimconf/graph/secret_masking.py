r"""Finds secrets in service responses, including escaped, URL-encoded, base64 and hexadecimal forms.

The forms cannot be listed, because each character can be escaped by itself: .NET writes `&` in JSON as `\u0026` and
leaves `/`, PHP does the opposite. So a secret becomes a pattern with all forms of each character, in any case. Every
repetition is bounded, so that no text makes the search slow.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from html.entities import codepoint2name
from typing import Any

from scimconf.graph.token_parts import TokenParts

MASK = "***"
BACKSLASHES = r"\\{0,8}"
"""Backslashes before a character or an escape: JSON within JSON doubles them."""
SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\v": "v", "\a": "a", "\0": "0"}
NAMED = {**codepoint2name, ord("'"): "apos"}
SHORTEST = 3
PART = 8
"""Minimum bytes of a secret, and minimum characters of base64 from the middle of a text: shorter ones match anything."""
LONG = 64
"""Characters from which parts of a secret are masked too."""
BETWEEN_BYTES = r"[^0-9a-z]{0,8}(?:0?x|u)?"
"""What may stand between two hexadecimal bytes: `68:75`, `0x68, 0x75`, `%68%75`, `\\x68\\x75`, `\\u0068\\u0075`."""
HINT_BYTES = 4
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")
_Hint = Callable[[str], object]


class SecretMask:
    """Masks the secrets that were added in any text; unlike a pattern, it does not show them when printed.

    Most texts contain no secret. So a text is searched for a few characters of each form first.
    """

    __slots__ = ("_hints", "_pattern", "_texts", "_tokens")

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._hints: dict[str, _Hint] = {}
        self._pattern: re.Pattern[str] | None = None
        self._tokens = TokenParts()

    def add(self, text: str) -> None:
        """Mask a secret in all forms from now on; of one with at least LONG characters also every part."""
        if not text or text in self._texts:
            return
        self._texts.add(text)
        self._pattern = None
        if len(text) >= LONG:
            self._tokens.add(text)
        self._hints.update(_hints(text))

    def mask_text(self, text: str) -> str:
        """Return the text with each secret replaced by stars."""
        text = self._tokens.replace(text, MASK)
        lower = text.casefold()
        if not any(hint(lower) for hint in self._hints.values()):
            return text
        if self._pattern is None:
            self._pattern = masking_pattern(self._texts)
        return self._pattern.sub(MASK, text)


def masking_pattern(texts: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that matches these texts in all forms, the longest first; of long ones see `TokenParts`."""
    longest_first = sorted(texts, key=len, reverse=True)
    forms = [form for text in longest_first for form in _forms(text)]
    return re.compile("|".join(forms) or r"(?!)", re.IGNORECASE | re.DOTALL)


def _forms(text: str) -> Iterator[str]:
    yield from map(_pattern, _literals(text))
    for raw in _raw(text):
        yield BETWEEN_BYTES.join(f"{byte:02x}" for byte in raw)


def _hints(text: str) -> Iterator[tuple[str, _Hint]]:
    """Yield for each form a function that returns whether a text in lower case may contain it, by what it looks for."""
    for literal in _literals(text):
        plain = max(_PLAIN.findall(literal), key=len, default="").casefold()
        yield plain, partial(_contains, plain)
    for raw in _raw(text):
        pattern = BETWEEN_BYTES.join(f"{byte:02x}" for byte in raw[:HINT_BYTES])
        yield pattern, re.compile(pattern).search


def _contains(plain: str, lower: str) -> bool:
    return plain in lower


def _literals(text: str) -> Iterator[str]:
    """Yield the text and its base64. Of a long text, its base64 and what is never escaped have no pattern."""
    is_long = len(text) >= LONG
    if not (is_long and _PLAIN.fullmatch(text)):
        yield text
    if not is_long:
        yield from _encoded(text)


def _raw(text: str) -> Iterator[bytes]:
    """Yield the bytes that a service may write in hexadecimal; those of a long text have no pattern."""
    for encoding in ("utf-8", "utf-16-be", "utf-16-le") if len(text) < LONG else ():
        raw = text.encode(encoding, "surrogatepass")
        if len(raw) >= SHORTEST:
            yield raw


def map_strings(change: Callable[[str], str], value: Any) -> Any:
    """Return a JSON value with every string changed, which keeps it valid JSON, unlike a change of its text."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: map_strings(change, part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [map_strings(change, part) for part in value]
    return value


def _encoded(text: str) -> Iterator[str]:
    """Yield the base64 of the text, by itself and as part of a longer text (`user:token`) at each of three alignments."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) >= SHORTEST:
        yield base64.b64encode(raw).decode().rstrip("=")
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    for before in range(3):
        padded = base64.b64encode(bytes(before) + raw).decode()
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        if last - first >= PART:
            yield padded[first:last]
            yield padded[first:last].replace("+", "-").replace("/", "_")


def _pattern(text: str) -> str:
    """Return the pattern of a text; a run of backslashes (which get doubled) or spaces (which get folded) is one part."""
    return "".join(map(_part, re.findall(r"\\+|\s+|[A-Za-z0-9._-]+|.", text, re.DOTALL)))


def _part(part: str) -> str:
    """Return the pattern of one part; the literal form comes last, since an escape may begin with it."""
    if part[0].isascii() and (part[0].isalnum() or part[0] in "._-"):
        return re.escape(part)  # these are never escaped
    escaped = "".join(f"(?:{'|'.join(_escapes(char))})" for char in part)
    runs = {"\\": r"\\{1,64}", " ": r"\s{1,64}"}
    literal = runs.get(" " if part[0].isspace() else part[0], BACKSLASHES + re.escape(part))
    return f"(?:{escaped}|{literal})"


def _escapes(char: str) -> Iterator[str]:
    """Yield the escapes of a character in JSON, Python, URLs and HTML; the last two also doubled."""
    number = ord(char)
    units = json.dumps(char)[1:-1] if number > 0xFFFF else f"\\u{number:04x}"
    yield "".join(BACKSLASHES + unit for unit in units.split("\\")[1:])
    yield rf"\\{{1,8}}U{number:08x}"
    if char in SHORT:
        yield rf"\\{{1,8}}{SHORT[char]}"
    if char == " ":
        yield r"\+|%(?:25){0,3}2b"
    if number < 0x100:
        yield rf"\\{{1,8}}x{number:02x}"
    yield "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    entities = [f"#0{{0,8}}{number}", f"#x0{{0,8}}{number:x}", *([NAMED[number]] if number in NAMED else [])]
    yield f"&(?:amp;){{0,3}}(?:{'|'.join(entities)});"
