"""An expression together with where each part of it stands in the text.

The parser keeps no places, since trees of the service have none. But a text's names, attributes and texts come in the
same order as the parts of its tree, so reading both side by side gives each part its place.
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
    """A part: its expression, its offset in the whole text, and what stands in it (None: an empty argument)."""

    node: Expression
    offset: int
    whole: str
    inner: tuple[SourceSpan | None, ...]

    @property
    def written(self) -> str:
        """The name of the function that is called here, to the letter; nothing where none is called."""
        return self.node.name if isinstance(self.node, Call) else ""

    @property
    def name(self) -> str:
        """The function that is called here, by the catalogue's spelling, or nothing.

        Other case is a finding of its own, and no reason to look away from the rest.
        """
        return _SPELLINGS.get(self.written.lower(), self.written)

    @property
    def text(self) -> str | None:
        """The text that stands here, if it is one."""
        return self.node.text if isinstance(self.node, Constant) else None

    def argument(self, position: int) -> SourceSpan | None:
        return self.inner[position] if position < len(self.inner) else None

    def walk(self) -> Iterator[SourceSpan]:
        """The part itself and all that is in it, the outer before the inner."""
        yield self
        for each in self.inner:
            if each is not None:
                yield from each.walk()

    def calls(self, *names: str) -> Iterator[SourceSpan]:
        """The calls of the functions of these names, or of any."""
        return (each for each in self.walk() if each.name and (not names or each.name in names))

    def attributes(self) -> Iterator[tuple[str, int]]:
        """The source attributes and where they stand."""
        return ((each.node.name, each.offset) for each in self.walk() if isinstance(each.node, Attribute))

    def branches(self) -> tuple[SourceSpan, ...]:
        """The arguments of which one becomes the value; none where the value is made of them."""
        match self.name:
            case "IIF":
                inner = self.inner[1:]
            case "Switch":
                inner = (*self.inner[1:2], *self.inner[3::2])
            case "Coalesce" | "IgnoreFlowIfNullOrEmpty" | "SelectUniqueValue":
                inner = self.inner
            case _:
                inner = ()
        return tuple(each for each in inner if each is not None)

    def results(self) -> Iterator[SourceSpan]:
        """The parts whose value this one can have."""
        branches = self.branches()
        for each in branches:
            yield from each.results()
        if not branches:
            yield self


def places(text: str, expression: Expression) -> SourceSpan:
    """The parts of an expression that was parsed from this very text."""
    return _place(text, expression, _named(text))


def _named(text: str) -> Iterator[Token]:
    """The pieces of the text that stand for parts: no marks."""
    return (token for token in tokens(text) if token.kind not in ("mark", "end"))


def _place(text: str, node: Expression, rest: Iterator[Token]) -> SourceSpan:
    named = not isinstance(node, Comparison | Concatenation)
    offset = next(rest).offset if named else -1
    parts = node.arguments if isinstance(node, Call) else children(node)
    inner = tuple(None if each is None else _place(text, each, rest) for each in parts)
    return SourceSpan(node, offset if named else _first(inner), text, inner)


def _first(inner: tuple[SourceSpan | None, ...]) -> int:
    """Where something without a name of its own begins: with the first of its parts."""
    return next(each.offset for each in inner if each is not None)
