"""Rules about functions and how many arguments they have."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import FUNCTIONS, Function, find
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.lint.vocabulary import alike
from scimconf.expressions.nodes import Attribute, Comparison, Concatenation, Constant

_REQUIRED = ("five",)  # IIF's value for False: optional in Graph's list, not in the reference
_LEAST = {"SelectUniqueValue": 2, "Switch": 4, "Join": 2, "Coalesce": 1, "Split": 2}
_FOR_PEOPLE = {"one": "the condition", "four": "the value for True", "five": "the value for False"}
_KEYWORDS = ("vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow", "Unicode", "ASCII", "UTF8")


def unknown_function(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        if call.name not in FUNCTIONS:
            yield ExpressionIssue(
                call.offset, f"no published list has a function {call.name}", alike(call.name, FUNCTIONS)
            )


def casing(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        if call.name != call.written:
            yield ExpressionIssue(
                call.offset, f"the function is spelt {call.name}, and case counts", f"Write {call.name}."
            )


def other_dialect(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for part in root.walk():
        function = find(part.name)
        if function and function.dialect == "cloud-sync":
            yield ExpressionIssue(part.offset, f"{part.name} is documented for cloud sync only, not for applications")
        elif function and function.dialect == "graph":
            yield ExpressionIssue(part.offset, f"Graph lists {part.name}, and no page describes what it does")
        elif isinstance(part.node, Concatenation):
            yield ExpressionIssue(part.offset, "& is documented for cloud sync only", "Use Append or Join.")


def arity(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        function = find(call.name)
        said = _arity(function, call) if function else ""
        if said:
            yield ExpressionIssue(call.offset, f"{call.name} {said}")


def _arity(function: Function, call: SourceSpan) -> str:
    """What is wrong with the number of arguments; a FormatDateTime of three has a rule of its own."""
    if function.name == "FormatDateTime" and len(call.inner) == 3 and None not in call.inner:
        return ""
    if not function.repeating and len(call.inner) > len(function.slots):
        return f"takes {_counted(function)}, not {len(call.inner)}"
    for place, parameter in enumerate(function.slots):
        if (parameter.required or parameter.key in _REQUIRED) and call.argument(place) is None:
            return f"lacks its argument {place + 1} ({_FOR_PEOPLE.get(parameter.key, parameter.key)})"
    least = _LEAST.get(function.name, 0)
    return f"takes at least {least} argument{'s' * (least > 1)}" if len(call.inner) < least else ""


def _counted(function: Function) -> str:
    """How many arguments a function takes, in words."""
    most = len(function.slots)
    optional = any(not each.required and each.key not in _REQUIRED for each in function.slots)
    return f"{'at most ' * optional}{most or 'no'} argument{'s' * (most != 1)}"


def pairs(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        if len(call.inner) >= 4 and len(call.inner) % 2:
            hint = "Behind the default, which may be empty, a value follows each key."
            yield ExpressionIssue(call.offset, f"Switch has {len(call.inner)} arguments: a key lacks its value", hint)
        elif None in call.inner[2:]:
            yield ExpressionIssue(call.offset, "Switch has an empty key or value", 'Write "" for the empty text.')


def old_format(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("FormatDateTime"):
        if len(call.inner) == 3 and None not in call.inner:
            hint = "Leave the second of four empty: FormatDateTime(source, , in, out)."
            yield ExpressionIssue(call.offset, "FormatDateTime takes four arguments by its reference", hint)


def no_function(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """An expression that is only an attribute or a text is a mapping of another type."""
    if context.written != "expression":
        return
    if isinstance(root.node, Attribute):
        yield ExpressionIssue(root.offset, "an expression is made of functions", f"Write source: {root.node.name}")
    elif isinstance(root.node, Constant):
        yield ExpressionIssue(root.offset, "an expression is made of functions", f"Write constant: {root.node.text}")


def stray_comparison(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        for place, argument in enumerate(call.inner):
            condition = call.name == "CBool" or (call.name == "IIF" and place == 0)
            if argument and isinstance(argument.node, Comparison) and not condition:
                yield ExpressionIssue(argument.offset, "a comparison stands only as the condition of IIF, and in CBool")


def keyword(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """`True` without quotes is no text that the reference knows."""
    for part in root.walk():
        bare = isinstance(part.node, Constant) and part.node.bare and part.node.text.isidentifier()
        if bare and part.text not in _KEYWORDS and context.written == "expression":
            hint = f'Write "{part.text}" for the text, [{part.text}] for the attribute.'
            yield ExpressionIssue(part.offset, f"{part.text} is no word of the language", hint)


def unique_value(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """SelectUniqueValue: outermost, on creation, not for matching, and not for SCIM."""
    for call in root.calls("SelectUniqueValue"):
        if call is not root:
            yield ExpressionIssue(
                call.offset, "SelectUniqueValue stands only outermost", "Put the other functions inside of it."
            )
        if context.to_scim:
            yield ExpressionIssue(
                call.offset, "SelectUniqueValue works only from HR systems to Active Directory, not for SCIM"
            )
        if context.match is not None:
            yield ExpressionIssue(call.offset, "SelectUniqueValue cannot be used for a matching attribute")
        if context.apply != "on_create":
            hint = "Write apply: on_create."
            yield ExpressionIssue(call.offset, "SelectUniqueValue may be applied on creation only", hint)
