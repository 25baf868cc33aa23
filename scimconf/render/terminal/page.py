"""The page that lines are written on: so wide, and in colour or not.

Colours are the terminal's own sixteen, which its theme keeps legible on its background; yellow, white and blue are not
among them, since each vanishes on some. No meaning hangs on colour alone: every line also carries a sign or a word.
The codes stand here because rich takes 34 ms to import, and a plan needs seven of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scimconf.render.common.escaping import visible, wrap

Piece = tuple[str, str]
"""A style and the text that wears it; the style may be empty."""

NARROWEST = 24
_CODES: Mapping[str, str] = MappingProxyType(
    {
        "": "",
        "create": "32",
        "update": "36",
        "replace": "1;35",
        "delete": "31",
        "danger": "1;31",
        "strong": "1",
        "quiet": "2",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """Makes finished lines; the only place where an escape sequence is written."""

    width: int = 80
    color: bool = False

    def line(self, indent: int, *pieces: Piece) -> str:
        return " " * indent + "".join(self._ink(style, visible(text)) for style, text in pieces if text)

    def _ink(self, style: str, text: str) -> str:
        code = _CODES[style]
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and code else text

    def room(self, indent: int) -> int:
        """The cells that are left right of an indent."""
        return max(self.width, NARROWEST) - indent

    def prose(self, indent: int, text: str, style: str = "", *, hang: int = 0) -> Iterator[str]:
        """A sentence of any length; the lines after the first are indented by `hang` more."""
        return self.labelled(indent, ("", ""), (style, text), hang=hang)

    def labelled(self, indent: int, label: Piece, rest: Piece, *, hang: int = 0) -> Iterator[str]:
        """A sentence whose beginning wears a style of its own, as far as it stands on the first line."""
        (mark, lead), (style, text) = label, rest
        first, *more = wrap(visible(lead + text), self.room(indent + hang))
        edge = len(visible(lead))
        yield self.line(indent, (mark, first[:edge]), (style, first[edge:]))
        for line in more:
            yield self.line(indent + hang, (style, line))

    def lines(self, indent: int, texts: Iterable[str], style: str = "") -> Iterator[str]:
        for text in texts:
            yield self.line(indent, (style, text))
