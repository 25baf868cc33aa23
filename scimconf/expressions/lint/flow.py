"""Rules about attributes, conditions, and values that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.lint.finding import Complaint, Context
from scimconf.expressions.lint.places import Place
from scimconf.expressions.lint.vocabulary import ATTRIBUTES, BOOLEANS, REFERENCES, alike, is_known
from scimconf.expressions.nodes import Attribute, Comparison

_NULL_TESTS = ("IsNull", "IsNullOrEmpty", "IsPresent")
_TRUTHS = (*_NULL_TESTS, "IsString", "Not", "CBool")


def unknown_attribute(root: Place, context: Context) -> Iterator[Complaint]:
    """Against the application's schema, where it is known."""
    known = context.source_attributes
    for name, offset in root.attributes() if known is not None else ():
        if known is not None and name not in known:
            yield Complaint(offset, f"the source has no attribute {name}", alike(name, known))


def unlisted_attribute(root: Place, context: Context) -> Iterator[Complaint]:
    """Against the attributes that Entra offers, where the application's schema is not known."""
    if context.source_attributes is None and context.from_entra:
        for name, offset in root.attributes():
            if not is_known(name, context.mapping):
                hint = alike(name, ATTRIBUTES[context.mapping])
                yield Complaint(offset, f"{name} is not among the attributes that Entra offers to applications", hint)


def several_sources(root: Place, context: Context) -> Iterator[Complaint]:
    names = list(dict.fromkeys(name for name, _ in root.attributes()))
    if context.match is not None and len(names) > 1:
        message = f"a matching attribute is made of one source attribute, and this reads {', '.join(names)}"
        yield Complaint(root.offset, message, "Match by one attribute, or compute the value at its source.")


def null_condition(root: Place, _context: Context) -> Iterator[Complaint]:
    """A condition that asks whether an attribute is absent fails where it is."""
    hint = 'Write Switch([x], [x], "", "instead").'
    for call in root.calls("IIF"):
        condition = call.argument(0)
        for test in condition.calls(*_NULL_TESTS) if condition else ():
            yield Complaint(test.offset, f"an IIF over {test.name} fails where the attribute is absent", hint)
        if condition and isinstance(condition.node, Comparison) and any(p and p.text == "" for p in condition.inner):
            yield Complaint(
                condition.offset, "an IIF that compares with the empty text fails where there is none", hint
            )


def ignoring_condition(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("IIF"):
        condition = call.argument(0)
        for inner in condition.calls("IgnoreFlowIfNullOrEmpty") if condition else ():
            hint = "Put it around the whole IIF."
            yield Complaint(inner.offset, "IgnoreFlowIfNullOrEmpty cannot be a condition", hint)


def ignoring_inside(root: Place, _context: Context) -> Iterator[Complaint]:
    conditions = {call.argument(0) for call in root.calls("IIF")}
    for call in root.calls("IgnoreFlowIfNullOrEmpty"):
        if call is not root and not any(condition and call in condition.walk() for condition in conditions):
            hint = "Put it outermost."
            yield Complaint(
                call.offset, "what IgnoreFlowIfNullOrEmpty does inside of a function is not documented", hint
            )


def truth_in_switch(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("Switch"):
        source = call.argument(0)
        if source and source.name in _NULL_TESTS:
            hint = 'Switch over the attribute; the key "" stands for one that is absent.'
            yield Complaint(source.offset, f"{source.name} should not be the source of a Switch", hint)


def reference_in_switch(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("Switch"):
        source = call.argument(0)
        if source and isinstance(source.node, Attribute) and source.node.name in REFERENCES:
            yield Complaint(source.offset, f"Switch should not be used for a reference such as {source.node.name}")


def default_to_null(root: Place, context: Context) -> Iterator[Complaint]:
    """The documentation admits that the service may send null instead of a default."""
    for call in root.calls("Switch"):
        default = call.argument(1)
        if context.from_entra and default and len(call.inner) > 2:
            hint = "Put IgnoreFlowIfNullOrEmpty around it, or write it as an IIF."
            if root.name != "IgnoreFlowIfNullOrEmpty":
                yield Complaint(
                    call.offset, "with Entra as the source, a Switch with a default may empty the target", hint
                )


def dead_key(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("Switch"):
        source, seen = call.argument(0), set[str]()
        for key in call.inner[2::2]:
            if source and key and key.text is not None:
                if key.text in seen:
                    yield Complaint(key.offset, f'the key "{key.text}" stands there twice; the first one wins')
                elif said := _never(source, key.text):
                    yield Complaint(key.offset, f'the key "{key.text}" never fits', said)
                seen.add(key.text)


def _never(source: Place, key: str) -> str:
    """Why a source cannot give a key, as a hint."""
    node = source.node
    if isinstance(node, Attribute) and node.name in BOOLEANS and key not in ("True", "False", ""):
        return f"{node.name} is True or False, and case counts."
    if source.name in _TRUTHS and key not in ("True", "False"):
        return f"{source.name} gives True or False, and case counts."
    if source.name in ("ToLower", "ToUpper"):
        cased = key.lower() if source.name == "ToLower" else key.upper()
        return "" if cased == key else f'Write "{cased}".'
    return ""
