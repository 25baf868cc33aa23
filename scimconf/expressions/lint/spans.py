"""An expression together with the position of each of its parts in the text.

The parser does not store positions, since trees of the service have none. But the names, attributes and strings of a text
are in the same order as the nodes of its tree, so that both can be walked side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from scimconf.expressions.catalogue import FUNCTIONS
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression
from scimconf.expressions.tokens import Token, tokens
from scimconf.expressions.visitor import children

_SPELLINGS = MappingProxyType({name.lower(): name for name in FUNCTIONS})


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """A node, its offset in the whole text, and its parts (None: an empty argument)."""

    node: Expression
    offset: int
    whole: str
    parts: tuple[SourceSpan | None, ...]

    @property
    def written(self) -> str:
        """The name of the called function as written; empty if this is not a call."""
        return self.node.name if isinstance(self.node, Call) else ""

    @property
    def name(self) -> str:
        """The name of the called function in the catalogue's spelling; empty if this is not a call.

        A name in another case is an issue of its own, and no reason to skip the other rules.
        """
        return _SPELLINGS.get(self.written.lower(), self.written)

    @property
    def text(self) -> str | None:
        """The string, if this is a constant."""
        return self.node.text if isinstance(self.node, Constant) else None

    def argument(self, position: int) -> SourceSpan | None:
        return self.parts[position] if position < len(self.parts) else None

    def walk(self) -> Iterator[SourceSpan]:
        """Yield this span and all its parts, the outer before the inner."""
        yield self
        for part in self.parts:
            if part is not None:
                yield from part.walk()

    def calls(self, *names: str) -> Iterator[SourceSpan]:
        """Yield the calls of the functions of these names, or of all functions."""
        return (span for span in self.walk() if span.name and (not names or span.name in names))

    def attributes(self) -> Iterator[tuple[str, int]]:
        """Yield the source attributes and their offsets."""
        return ((span.node.name, span.offset) for span in self.walk() if isinstance(span.node, Attribute))

    def branches(self) -> tuple[SourceSpan, ...]:
        """Return the arguments of which one becomes the value; none if the value is computed from them."""
        match self.name:
            case "IIF":
                parts = self.parts[1:]
            case "Switch":
                parts = (*self.parts[1:2], *self.parts[3::2])
            case "Coalesce" | "IgnoreFlowIfNullOrEmpty" | "SelectUniqueValue":
                parts = self.parts
            case _:
                parts = ()
        return tuple(part for part in parts if part is not None)

    def results(self) -> Iterator[SourceSpan]:
        """Yield the spans whose value can be the value of this one."""
        branches = self.branches()
        for branch in branches:
            yield from branch.results()
        if not branches:
            yield self


def locate_parts(text: str, expression: Expression) -> SourceSpan:
    """Return the spans of an expression that was parsed from this text."""
    return _span(text, expression, (token for token in tokens(text) if token.kind not in ("mark", "end")))


def _span(text: str, node: Expression, rest: Iterator[Token]) -> SourceSpan:
    has_token = not isinstance(node, Comparison | Concatenation)
    offset = next(rest).offset if has_token else -1
    nodes = node.arguments if isinstance(node, Call) else children(node)
    parts = tuple(None if part is None else _span(text, part, rest) for part in nodes)
    return SourceSpan(node, offset if has_token else next(part.offset for part in parts if part), text, parts)
