r"""How a secret looks when it comes back: whoever echoes it may have written it in one escaping or another, or in several.

Premise: forms cannot be listed, since each character can be escaped by itself (.NET writes `&` in JSON as `\u0026` and
leaves `/`, PHP does the opposite, HTML escapes quotes or does not). So an echo is a pattern: at each character any of
the ways to write it, in any case. Every repetition in it has a bound, so that no text makes the search slow.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from html.entities import codepoint2name
from typing import Any

BACKSLASHES = r"\\{0,8}"
"""Before a sign or an escape: JSON within JSON doubles them each time."""
SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\v": "v", "\a": "a", "\0": "0"}
NAMED = {**codepoint2name, ord("'"): "apos"}
SHORTEST = 3
CUT_OUT = 8
"""Of fewer bytes base64 could be anything, as could fewer characters of base64 that begins in the middle."""


def echoes(texts: Iterable[str]) -> re.Pattern[str]:
    """What finds every echo of these texts, the longest first."""
    listed = sorted(texts, key=len, reverse=True)
    forms = [_written(form) for text in listed for form in (text, *_encoded(text))]
    return re.compile("|".join(forms) or r"(?!)", re.IGNORECASE | re.DOTALL)


def throughout(change: Callable[[str], str], value: Any) -> Any:
    """A JSON value with every text in it changed: done before it is written, so that it stays JSON whatever a text holds."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: throughout(change, part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [throughout(change, part) for part in value]
    return value


def _encoded(text: str) -> Iterator[str]:
    """Base64, of the text by itself and as a part of something (`user:token`), at each of the three alignments."""
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) >= SHORTEST:
        yield base64.b64encode(raw).decode().rstrip("=")
        yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw).decode()
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        if last - first >= CUT_OUT:
            yield whole[first:last]
            yield whole[first:last].replace("+", "-").replace("/", "_")


def _written(text: str) -> str:
    """A text as a pattern. A run of backslashes or of spaces is one thing: the former are doubled, the latter folded."""
    return "".join(map(_part, re.findall(r"\\+|\s+|[A-Za-z0-9._-]+|.", text, re.DOTALL)))


def _part(part: str) -> str:
    """A run or a sign in each way that it may be written; as it is comes last, since an escape may begin with it."""
    if part[0].isascii() and (part[0].isalnum() or part[0] in "._-"):
        return re.escape(part)  # nothing escapes these
    escaped = "".join(f"(?:{'|'.join(_escapes(char))})" for char in part)
    return f"(?:{escaped}|{_plain(part)})"


def _plain(part: str) -> str:
    if part[0] == "\\":
        return r"\\{1,64}"
    return r"\s{1,64}" if part[0].isspace() else BACKSLASHES + re.escape(part)


def _escapes(char: str) -> Iterator[str]:
    """By its number: in JSON and in Python, in a URL, in HTML; the last two also twice."""
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
    named = [f"#0{{0,8}}{number}", f"#x0{{0,8}}{number:x}", *([NAMED[number]] if number in NAMED else [])]
    yield f"&(?:amp;){{0,3}}(?:{'|'.join(named)});"
