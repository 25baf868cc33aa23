"""Rules about attributes, conditions, and absent values."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.dotnet import casing
from scimconf.expressions.dotnet.errors import EvaluationStop
from scimconf.expressions.lint.model import ExpressionIssue, MappingFacts, SourceSpan
from scimconf.expressions.lint.vocabulary import ATTRIBUTES, BOOLEANS, REFERENCES, is_known, name_hint
from scimconf.expressions.nodes import Comparison

_NULL_TESTS = ("IsNull", "IsNullOrEmpty", "IsPresent")
_BOOLEAN_FUNCTIONS = (*_NULL_TESTS, "IsString", "Not", "CBool")
_FALLIBLE = frozenset({"CDate", "ConvertFromBase64", "DateFromNum", "FormatDateTime", "Item", "NumFromDate"})
_GUARD = "IgnoreFlowIfNullOrEmpty"
_CASES = {"ToLower": casing.lower, "ToUpper": casing.upper}


def unknown_attribute(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Check against the schema of the application, if it is known."""
    known = facts.source_attributes
    for span in root.attributes():
        if known is not None and span.attribute not in known:
            yield span.issue(f"unknown source attribute `{span.attribute}`", name_hint(span.attribute, known))


def unlisted_attribute(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Check against the attributes that Entra offers, if the schema of the application is unknown."""
    if facts.source_attributes is None and facts.from_entra:
        for span in root.attributes():
            if not is_known(span.attribute, facts.mapping):
                message = f"`{span.attribute}` is not a source attribute that Entra offers to applications"
                yield span.issue(message, name_hint(span.attribute, ATTRIBUTES[facts.mapping]))


def null_condition(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """A condition that tests whether an attribute is absent fails if it is."""
    for call in root.calls("IIF"):
        condition, hint = call.argument(0), _alternative(root, call, facts)
        for test in condition.calls(*_NULL_TESTS) if condition else ():
            yield test.issue(f"an IIF with {test.name} fails if the attribute is absent", hint)
        if condition and isinstance(condition.node, Comparison) and any(p and p.text == "" for p in condition.parts):
            yield condition.issue("an IIF that compares with the empty string fails if the attribute is absent", hint)


def failing_branch(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """A function that fails for some values of an attribute: IIF may evaluate it for users who get the other value."""
    reported = set[int]()
    for call in root.calls("IIF"):
        for function in (function for branch in call.branches() for function in _fallible(branch)):
            if function.offset not in reported:
                reported.add(function.offset)
                name, attribute = function.name, next(function.attributes()).attribute
                hint = (
                    f"Put the condition inside, with a value that {name} accepts: {name}(IIF(…, [{attribute}], …), …)."
                )
                yield function.issue(f"{name} may also fail for users who get the other value of the IIF", hint)


def _fallible(span: SourceSpan) -> Iterator[SourceSpan]:
    """Yield the outermost calls that fail for some values of a source attribute."""
    if span.name in _FALLIBLE and any(span.attributes()):
        yield span
        return
    for part in filter(None, span.parts):
        yield from _fallible(part)


def _alternative(root: SourceSpan, call: SourceSpan, facts: MappingFacts) -> str:
    """Return what to write to test whether a value is absent; no other rule reports it."""
    switch = 'Switch([x], [x], "", "instead")'
    if root.name == _GUARD or not facts.from_entra:
        return f"Write {switch}."
    if call is root:
        return f"Write {_GUARD}({switch})."
    return f"Write {switch}, and put {_GUARD} around the whole expression."


def ignoring_condition(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("IIF"):
        condition = call.argument(0)
        for guard in condition.calls(_GUARD) if condition else ():
            yield guard.issue(f"{_GUARD} cannot be a condition", "Put it around the whole expression.")


def ignoring_inside(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    conditions = {call.argument(0) for call in root.calls("IIF")}
    for call in root.calls(_GUARD):
        if call is not root and not any(condition and call in condition.walk() for condition in conditions):
            yield call.issue(f"{_GUARD} is not documented inside another function", "Make it the outermost function.")


def truth_in_switch(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """The reference warns of these functions as the source of a Switch; the same goes for their negation."""
    for call in root.calls("Switch"):
        test = call.argument(0)
        while test and test.name == "Not":
            test = test.argument(0)
        if test and test.name in _NULL_TESTS:
            hint = f'{_alternative(root, call, facts)} The key "" matches an absent value.'
            yield test.issue(f"{test.name} should not be the source of a Switch", hint)
        elif test and test.name == "IsString":
            yield test.issue("IsString should not be the source of a Switch", "Make it the condition of an IIF.")


def reference_in_switch(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        source = call.argument(0)
        if source and source.attribute in REFERENCES:
            yield source.issue(f"a reference such as {source.attribute} should not be the source of a Switch")


def default_to_null(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """According to the documentation, the service may send null instead of a default."""
    for call in root.calls("Switch"):
        guarded = root.name == _GUARD or not facts.from_entra
        if call.argument(1) and len(call.parts) > 2 and not guarded:
            hint = f"Put {_GUARD} around {'it' if call is root else 'the whole expression'}."
            yield call.issue("a Switch with a default may send null instead of the default", hint)


def dead_key(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        source, previous = call.argument(0), set[str]()
        for key in call.parts[2::2]:
            if source and key and key.text is not None:
                if key.text in previous:
                    yield key.issue(f'duplicate key "{key.text}"; only the first one is used')
                elif hint := _never_equal(source, key.text):
                    yield key.issue(f'the key "{key.text}" never matches', hint)
                previous.add(key.text)


def _never_equal(source: SourceSpan, key: str) -> str:
    """Return a hint why the value of a source is never equal to a key; empty if it can be."""
    if source.attribute in BOOLEANS and key not in ("True", "False", ""):
        return f"{source.attribute} is True or False, case-sensitive."
    if source.name in _BOOLEAN_FUNCTIONS and key not in ("True", "False"):
        return f"{source.name} returns True or False, case-sensitive."
    if source.name in _CASES:
        cased = _in_case(source, key)
        return "" if cased == key else f'Write "{cased}".'
    return ""


def _in_case(source: SourceSpan, key: str) -> str:
    """Return a key in the case of its source, or unchanged if the culture is unknown or invalid."""
    culture = source.argument(1)
    if culture is not None and culture.text is None:
        return key
    try:
        return _CASES[source.name](key, culture.text if culture else None)
    except EvaluationStop:
        return key
