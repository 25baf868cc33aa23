"""Rules about matching attributes.

The service searches the target application for the user or group whose attribute equals a value (`userName eq "…"`),
computed from one source attribute. The value must be a single string, and the same at each evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import find
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.lint.vocabulary import MULTIVALUED, REFERENCES
from scimconf.expressions.nodes import Attribute

_CHANGING = frozenset({"Guid", "Now", "RandomString"})


def several_sources(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    names = list(dict.fromkeys(name for name, _ in root.attributes()))
    if facts.match is not None and len(names) > 1:
        message = f"a matching attribute must use one source attribute, got {', '.join(names)}"
        yield ExpressionIssue(root.offset, message, "Match by one attribute, or compute the value at its source.")


def unsearchable(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Lists, references, and values that change at each evaluation."""
    if facts.match is None:
        return
    hint = "Match by an attribute with a single string."
    if facts.multivalued:
        yield ExpressionIssue(root.offset, f"cannot match by {facts.target}, which is multi-valued", hint)
    for result in root.results():
        if defect := _not_a_string(result, facts):
            yield ExpressionIssue(result.offset, f"cannot match by {defect}", hint)
    for span in _value_parts(root):
        if span.name in _CHANGING:
            message = f"cannot match by {span.name}, which returns another value at each evaluation"
            yield ExpressionIssue(span.offset, message, hint)


def _not_a_string(result: SourceSpan, facts: MappingFacts) -> str:
    """Return what a result is, if it is not a single string. Only Entra's own attributes are known."""
    function = find(result.name)
    kind = function.result if function else ""
    if kind in ("List", "Reference"):
        return f"{result.name}, which returns a {kind.lower()}"
    name = result.node.name if isinstance(result.node, Attribute) and facts.from_entra else ""
    if name in REFERENCES:
        return f"{name}, which is a reference"
    return f"{name}, which is multi-valued" if name in MULTIVALUED else ""


def _value_parts(span: SourceSpan) -> Iterator[SourceSpan]:
    """Yield the span and the parts that its value is computed from, without conditions and keys."""
    yield span
    for part in span.branches() or span.parts:
        if part is not None:
            yield from _value_parts(part)
