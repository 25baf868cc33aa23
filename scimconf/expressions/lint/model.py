"""What lint rules get (an expression with the positions of its parts, facts of its mapping), and what they report.

The parser does not store positions, since trees of the service have none. But the names, attributes and strings of a
text are in the same order as the nodes of its tree, so that both can be walked side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Literal, NamedTuple, TypeAlias

from scimconf.expressions.catalogue import spelling
from scimconf.expressions.nodes import Attribute, Call, Comparison, Concatenation, Constant, Expression
from scimconf.expressions.tokens import Token, tokens
from scimconf.expressions.visitor import children

Severity: TypeAlias = Literal["error", "warning"]


class MappingFacts(NamedTuple):
    """The mapping of an expression. None means unknown; rules that depend on it are skipped.

    `source_attributes` are those of the application's schema; without them, the built-in list of Entra's is used.
    `apply`, `match`, `scope` and `written` (how the source of the mapping is given) are as in a spec.
    """

    target: str = ""
    target_type: str | None = None
    multivalued: bool | None = None
    match: int | None = None
    apply: str = "always"
    scope: Literal["all", "assigned"] | None = None
    mapping: Literal["users", "groups"] = "users"
    written: Literal["expression", "source", "constant"] = "expression"
    source_attributes: Collection[str] | None = None
    from_entra: bool = True
    to_scim: bool = True

    @property
    def has_filter(self) -> bool:
        """Whether the name of the target selects a single value by a filter: `roles[primary eq "True"].value`."""
        return "[" in self.target

    @property
    def takes_single_value(self) -> bool:
        return self.multivalued is False or self.has_filter


class ExpressionIssue(NamedTuple):
    """What a rule reports: the character in the text (from 0), a message, and what to write instead.

    `check` adds the id of the rule, and lowers the severity to "warning" if that is the severity of the rule.
    """

    offset: int
    message: str
    hint: str = ""
    severity: Severity = "error"
    rule: str = ""


class SourceSpan(NamedTuple):
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
        """The name in the catalogue's spelling, since a name in another case is no reason to skip the other rules."""
        return spelling(self.written)

    @property
    def text(self) -> str | None:
        """The string, if this is a constant."""
        return self.node.text if isinstance(self.node, Constant) else None

    @property
    def attribute(self) -> str:
        """The name of the source attribute; empty if this is not one."""
        return self.node.name if isinstance(self.node, Attribute) else ""

    def issue(self, message: str, hint: str = "", severity: Severity = "error") -> ExpressionIssue:
        return ExpressionIssue(self.offset, message, hint, severity)

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

    def attributes(self) -> Iterator[SourceSpan]:
        return (span for span in self.walk() if span.attribute)

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


class ExpressionRule(NamedTuple):
    """A lint rule: its title, its severity, and a function that yields its issues for a whole expression."""

    title: str
    severity: Severity
    find: Callable[[SourceSpan, MappingFacts], Iterator[ExpressionIssue]]


def locate_parts(text: str, expression: Expression) -> SourceSpan:
    """Return the spans of an expression that was parsed from this text."""
    return _span(text, expression, (token for token in tokens(text) if token.kind not in ("mark", "end")))


def _span(text: str, node: Expression, rest: Iterator[Token]) -> SourceSpan:
    has_token = not isinstance(node, Comparison | Concatenation)
    offset = next(rest).offset if has_token else -1
    nodes = node.arguments if isinstance(node, Call) else children(node)
    parts = tuple(None if part is None else _span(text, part, rest) for part in nodes)
    return SourceSpan(node, offset if has_token else next(part.offset for part in parts if part), text, parts)
