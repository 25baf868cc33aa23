r"""Scalars on one line: as in the file, without redundant quotes.

Quotes are removed only from strings that cannot be read as anything else: words and addresses, not numbers, dates,
`yes` or `none`. Remaining quotes are double, or single around a string that contains `"` or `\`.
"""

from __future__ import annotations

import json
import re

from scimconf.render.yaml.tree import Scalar

SIMPLE = re.compile(r"[^\W\d](?:[\w./@()=+%~$ -]|:(?=[\w/]))*(?<! )")
WORDS = frozenset({"null", "none", "true", "false", "yes", "no", "on", "off", "y", "n"})
ESCAPED = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that YAML does not allow, that are not visible, or that change the direction of the text around them."""
QUOTED_OR_PAUSE = re.compile(r'"(?:\\.|[^"\\])*(?:"|\\?\Z)|\\.|(?P<pause>(?<! ) (?! ))|.', re.DOTALL)
UNSAFE_IN_FLOW = re.compile(r"[\[\]{},]|^[?:-]|:$|:(?=\s)")


def written(scalar: Scalar, *, in_flow: bool) -> str | None:
    """Return the scalar on one line; None if that would change its meaning."""
    if scalar.folded or scalar.block is not None:
        return None
    if not scalar.style and "\n" not in scalar.text:
        return None if in_flow and UNSAFE_IN_FLOW.search(scalar.text) else scalar.text
    if scalar.keep_quotes or not is_clear(scalar.text, in_flow=in_flow):
        return quoted(scalar.text)
    return scalar.text


def is_clear(text: str, *, in_flow: bool) -> bool:
    """Return whether every YAML reader reads the unquoted text as a string."""
    is_simple = SIMPLE.fullmatch(text) is not None and ESCAPED.search(text) is None
    return is_simple and text.casefold() not in WORDS and not (in_flow and ":" in text)


def quoted(text: str) -> str:
    if ESCAPED.search(text):
        return ESCAPED.sub(_escape, json.dumps(text, ensure_ascii=False))
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def folded(text: str, width: int) -> list[str]:
    """Return the lines of a `>-` block, broken at single spaces outside quotes, preferably after a comma."""
    lines: list[str] = []
    start = 0
    breaks = [match.start() for match in QUOTED_OR_PAUSE.finditer(text) if match["pause"]]
    while len(text) - start > width:
        near = [at for at in breaks if start < at <= start + width]
        at = next((at for at in reversed(near) if text[at - 1] == ","), near[-1] if near else 0)
        at = at or next((at for at in breaks if at > start), 0)
        if not at:
            break
        lines.append(text[start:at])
        start = at + 1
    return [*lines, text[start:]]
