"""Lines of a given width, with or without color.

Colors are the terminal's own sixteen, which its theme keeps legible; yellow, white and blue are not used, since each is
invisible on some background. Color never carries meaning alone: every line also has a sign or a word. The escape codes
are written here because importing rich takes 34 ms, and a plan needs seven codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from scimconf.render.common.escaping import visible, wrap

StyledText = tuple[str, str]
"""A style, which may be empty, and a text."""

MIN_WIDTH = 24
_CODES: Mapping[str, str] = MappingProxyType(
    {"create": "32", "update": "36", "replace": "1;35", "delete": "31", "danger": "1;31", "strong": "1", "quiet": "2"}
)


@dataclass(frozen=True, slots=True)
class Page:
    """Formats finished lines; the only place that writes escape sequences."""

    width: int = 80
    color: bool = False

    def line(self, indent: int, *parts: StyledText) -> str:
        """Return one line, not wrapped."""
        return " " * indent + "".join(self._styled(style, visible(text)) for style, text in parts if text)

    def _styled(self, style: str, text: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.color and style else text

    def space(self, indent: int) -> int:
        """Return the columns to the right of an indent."""
        return max(self.width, MIN_WIDTH) - indent

    def prose(self, indent: int, text: str, style: str = "", *, hang: int = 0) -> Iterator[str]:
        """Yield a wrapped sentence; lines after the first are indented by `hang` more."""
        return self.labelled(indent, ("", ""), (style, text), hang=hang)

    def labelled(self, indent: int, label: StyledText, rest: StyledText, *, hang: int = 0) -> Iterator[str]:
        """Yield a wrapped sentence whose label has a style of its own, as far as it fits on the first line."""
        (label_style, lead), (style, text) = label, rest
        first, *more = wrap(visible(lead + text), self.space(indent + hang))
        edge = len(visible(lead))
        yield self.line(indent, (label_style, first[:edge]), (style, first[edge:]))
        for line in more:
            yield self.line(indent + hang, (style, line))

    def lines(self, indent: int, texts: Iterable[str], style: str = "") -> Iterator[str]:
        """Yield each text as a line."""
        for text in texts:
            yield self.line(indent, (style, text))


def joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
