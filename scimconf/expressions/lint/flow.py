"""Rules about attributes, conditions, and values that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.dotnet import casing
from scimconf.expressions.dotnet.errors import EvaluationStop
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.lint.vocabulary import ATTRIBUTES, BOOLEANS, REFERENCES, alike, is_known
from scimconf.expressions.nodes import Attribute, Comparison

_NULL_TESTS = ("IsNull", "IsNullOrEmpty", "IsPresent")
_TRUTHS = (*_NULL_TESTS, "IsString", "Not", "CBool")
_GUARD = "IgnoreFlowIfNullOrEmpty"
_CASES = {"ToLower": casing.lower, "ToUpper": casing.upper}


def unknown_attribute(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """Against the application's schema, where it is known."""
    known = context.source_attributes
    for name, offset in root.attributes() if known is not None else ():
        if known is not None and name not in known:
            yield ExpressionIssue(offset, f"the source has no attribute {name}", alike(name, known))


def unlisted_attribute(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """Against the attributes that Entra offers, where the application's schema is not known."""
    if context.source_attributes is None and context.from_entra:
        for name, offset in root.attributes():
            if not is_known(name, context.mapping):
                hint = alike(name, ATTRIBUTES[context.mapping])
                yield ExpressionIssue(
                    offset, f"{name} is not among the attributes that Entra offers to applications", hint
                )


def null_condition(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """A condition that asks whether an attribute is absent fails where it is."""
    for call in root.calls("IIF"):
        condition, hint = call.argument(0), _instead(root, call, context)
        for test in condition.calls(*_NULL_TESTS) if condition else ():
            yield ExpressionIssue(test.offset, f"an IIF over {test.name} fails where the attribute is absent", hint)
        if condition and isinstance(condition.node, Comparison) and any(p and p.text == "" for p in condition.inner):
            yield ExpressionIssue(
                condition.offset, "an IIF that compares with the empty text fails where there is none", hint
            )


def _instead(root: SourceSpan, call: SourceSpan, context: MappingFacts) -> str:
    """What to write where somebody asks whether something is there: nothing that another rule finds fault with."""
    switch = 'Switch([x], [x], "", "instead")'
    if root.name == _GUARD or not context.from_entra:
        return f"Write {switch}."
    if call is root:
        return f"Write {_GUARD}({switch})."
    return f"Write {switch}, and put {_GUARD} around the whole expression."


def ignoring_condition(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("IIF"):
        condition = call.argument(0)
        for inner in condition.calls(_GUARD) if condition else ():
            hint = "Put it around the whole expression."
            yield ExpressionIssue(inner.offset, f"{_GUARD} cannot be a condition", hint)


def ignoring_inside(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    conditions = {call.argument(0) for call in root.calls("IIF")}
    for call in root.calls(_GUARD):
        if call is not root and not any(condition and call in condition.walk() for condition in conditions):
            hint = "Put it outermost."
            yield ExpressionIssue(call.offset, f"what {_GUARD} does inside of a function is not documented", hint)


def truth_in_switch(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """The reference warns of the tests of its own page; turned around by Not they are no better."""
    for call in root.calls("Switch"):
        test = _turned(call.argument(0))
        if test and test.name in _NULL_TESTS:
            hint = f'{_instead(root, call, context)} The key "" stands for one that is absent.'
            yield ExpressionIssue(test.offset, f"{test.name} should not be the source of a Switch", hint)
        elif test and test.name == "IsString":
            hint = "Make it the condition of an IIF."
            yield ExpressionIssue(test.offset, "IsString should not be the source of a Switch", hint)


def _turned(part: SourceSpan | None) -> SourceSpan | None:
    """What stands inside of any number of Not."""
    while part and part.name == "Not":
        part = part.argument(0)
    return part


def reference_in_switch(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        source = call.argument(0)
        if source and isinstance(source.node, Attribute) and source.node.name in REFERENCES:
            yield ExpressionIssue(
                source.offset, f"Switch should not be used for a reference such as {source.node.name}"
            )


def default_to_null(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """The documentation admits that the service may send null instead of a default."""
    for call in root.calls("Switch"):
        guarded = root.name == _GUARD or not context.from_entra
        if call.argument(1) and len(call.inner) > 2 and not guarded:
            hint = f"Put {_GUARD} around {'it' if call is root else 'the whole expression'}."
            yield ExpressionIssue(
                call.offset, "with Entra as the source, a Switch with a default may empty the target", hint
            )


def dead_key(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        source, seen = call.argument(0), set[str]()
        for key in call.inner[2::2]:
            if source and key and key.text is not None:
                if key.text in seen:
                    yield ExpressionIssue(key.offset, f'the key "{key.text}" stands there twice; the first one wins')
                elif said := _never(source, key.text):
                    yield ExpressionIssue(key.offset, f'the key "{key.text}" never fits', said)
                seen.add(key.text)


def _never(source: SourceSpan, key: str) -> str:
    """Why a source cannot give a key, as a hint."""
    node = source.node
    if isinstance(node, Attribute) and node.name in BOOLEANS and key not in ("True", "False", ""):
        return f"{node.name} is True or False, and case counts."
    if source.name in _TRUTHS and key not in ("True", "False"):
        return f"{source.name} gives True or False, and case counts."
    if source.name in _CASES:
        cased = _cased(source, key)
        return "" if cased == key else f'Write "{cased}".'
    return ""


def _cased(source: SourceSpan, key: str) -> str:
    """A key in the case that its source gives; the key itself where the culture is not known, or makes no sense."""
    culture = source.argument(1)
    if culture is not None and culture.text is None:
        return key
    try:
        return _CASES[source.name](key, culture.text or "" if culture else "")
    except EvaluationStop:
        return key
