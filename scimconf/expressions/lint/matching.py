"""Rules about what people and groups are matched by.

The service asks the target for the one whose attribute equals a value (`userName eq "…"`), made of one attribute of
the source. So it must be one text, and the same one each time.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import find
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.lint.vocabulary import MULTIVALUED, REFERENCES
from scimconf.expressions.nodes import Attribute

_FRESH = frozenset({"Guid", "Now", "RandomString"})


def several_sources(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    names = list(dict.fromkeys(name for name, _ in root.attributes()))
    if context.match is not None and len(names) > 1:
        message = f"a matching attribute is made of one source attribute, and this reads {', '.join(names)}"
        yield ExpressionIssue(root.offset, message, "Match by one attribute, or compute the value at its source.")


def unsearchable(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """Lists, references, and what is another value each time."""
    if context.match is None:
        return
    hint = "Match by an attribute of one text."
    if context.multivalued:
        yield ExpressionIssue(root.offset, f"{context.target} takes several values, and a search compares one", hint)
    for result in root.results():
        if said := _no_text(result, context):
            yield ExpressionIssue(result.offset, f"{said}, and a search looks for one text", hint)
    for part in _flowing(root):
        if part.name in _FRESH:
            said = f"{part.name} gives another value each time, so that nobody is found again"
            yield ExpressionIssue(part.offset, said, hint)


def _no_text(result: SourceSpan, context: MappingFacts) -> str:
    """What a result is, if it is no single text. Of attributes that are not Entra's own nothing is known."""
    function = find(result.name)
    kind = function.result if function else ""
    if kind in ("List", "Reference"):
        return f"{result.name} gives a {kind.lower()}"
    name = result.node.name if isinstance(result.node, Attribute) and context.from_entra else ""
    if name in REFERENCES:
        return f"{name} refers to other objects"
    return f"{name} has several values" if name in MULTIVALUED else ""


def _flowing(part: SourceSpan) -> Iterator[SourceSpan]:
    """The part and whatever its value is made of: no conditions, and not what a Switch compares."""
    yield part
    for each in part.branches() or part.inner:
        if each is not None:
            yield from _flowing(each)
