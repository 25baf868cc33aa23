"""Rules about functions and the number of their arguments."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import FUNCTIONS, Function, find
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.lint.vocabulary import name_hint
from scimconf.expressions.nodes import Attribute, Comparison, Concatenation, Constant

_REQUIRED = ("five",)  # IIF's value for False: optional in Graph's list, not in the reference
_MINIMUM = {"SelectUniqueValue": 2, "Switch": 4, "Join": 2, "Coalesce": 1, "Split": 2}
_LABELS = {"one": "the condition", "four": "the value for True", "five": "the value for False"}
_KEYWORDS = ("vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow", "Unicode", "ASCII", "UTF8")


def unknown_function(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        if call.name not in FUNCTIONS:
            yield ExpressionIssue(call.offset, f"unknown function `{call.name}`", name_hint(call.name, FUNCTIONS))


def casing(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        if call.name != call.written:
            message = f"function names are case-sensitive, got `{call.written}`"
            yield ExpressionIssue(call.offset, message, f"Write {call.name}.")


def other_dialect(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for span in root.walk():
        function = find(span.name)
        if function and function.dialect == "cloud-sync":
            yield ExpressionIssue(span.offset, f"{span.name} is documented for cloud sync only, not for applications")
        elif function and function.dialect == "graph":
            yield ExpressionIssue(span.offset, f"{span.name} is in Graph's list of functions, but not documented")
        elif isinstance(span.node, Concatenation):
            yield ExpressionIssue(span.offset, "& is documented for cloud sync only", "Use Append or Join.")


def arity(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        function = find(call.name)
        defect = _arity_defect(function, call) if function else ""
        if defect:
            yield ExpressionIssue(call.offset, f"{call.name} {defect}")


def _arity_defect(function: Function, call: SourceSpan) -> str:
    """Return what is wrong with the number of arguments; a FormatDateTime of three has its own rule."""
    if _is_old_format(call):
        return ""
    if not function.repeating and len(call.parts) > len(function.slots):
        return f"takes {_expected_number(function)}, got {len(call.parts)}"
    for position, parameter in enumerate(function.slots):
        if (parameter.required or parameter.key in _REQUIRED) and call.argument(position) is None:
            return f"requires argument {position + 1} ({_LABELS.get(parameter.key, parameter.key)})"
    minimum = _MINIMUM.get(function.name, 0)
    return f"takes at least {minimum} argument{'s' * (minimum > 1)}" if len(call.parts) < minimum else ""


def _expected_number(function: Function) -> str:
    number = len(function.slots)
    optional = any(not parameter.required and parameter.key not in _REQUIRED for parameter in function.slots)
    return f"{'at most ' * optional}{number or 'no'} argument{'s' * (number != 1)}"


def pairs(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        if len(call.parts) >= 4 and len(call.parts) % 2:
            hint = "Write a value after each key. The second argument is the default, which may be empty."
            yield ExpressionIssue(call.offset, f"Switch has {len(call.parts)} arguments: a key without a value", hint)
        elif None in call.parts[2:]:
            yield ExpressionIssue(call.offset, "Switch has an empty key or value", 'Write "" for the empty string.')


def old_format(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("FormatDateTime"):
        if _is_old_format(call):
            hint = "Leave the second of four empty: FormatDateTime(source, , in, out)."
            yield ExpressionIssue(call.offset, "FormatDateTime takes four arguments according to its reference", hint)


def _is_old_format(call: SourceSpan) -> bool:
    return call.name == "FormatDateTime" and len(call.parts) == 3 and None not in call.parts


def no_function(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """An expression of only an attribute or a string should be a mapping of another type."""
    message = "the expression has no function"
    if facts.written == "expression" and isinstance(root.node, Attribute):
        yield ExpressionIssue(root.offset, message, f"Write source: {root.node.name}")
    elif facts.written == "expression" and isinstance(root.node, Constant):
        yield ExpressionIssue(root.offset, message, f"Write constant: {root.node.text}")


def stray_comparison(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        for position, argument in enumerate(call.parts):
            is_condition = call.name == "CBool" or (call.name == "IIF" and position == 0)
            if argument and isinstance(argument.node, Comparison) and not is_condition:
                message = "a comparison is allowed only as the condition of IIF and in CBool"
                yield ExpressionIssue(argument.offset, message)


def keyword(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """A word without quotes that the reference does not know, such as `True`."""
    for span in root.walk():
        is_word = isinstance(span.node, Constant) and span.node.bare and span.node.text.isidentifier()
        if is_word and span.text not in _KEYWORDS and facts.written == "expression":
            hint = f'Write "{span.text}" for the string, or [{span.text}] for the attribute.'
            yield ExpressionIssue(span.offset, f"unquoted word `{span.text}`", hint)


def unique_value(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """SelectUniqueValue must be outermost and applied on creation; it supports neither matching nor SCIM."""
    for call in root.calls("SelectUniqueValue"):
        if call is not root:
            message = "SelectUniqueValue must be the outermost function"
            yield ExpressionIssue(call.offset, message, "Move the other functions into its arguments.")
        if facts.to_scim:
            message = "SelectUniqueValue works only from HR systems to Active Directory, not for SCIM"
            yield ExpressionIssue(call.offset, message)
        if facts.match is not None:
            yield ExpressionIssue(call.offset, "SelectUniqueValue is not supported for a matching attribute")
        if facts.apply != "on_create":
            message = "SelectUniqueValue is supported only on object creation"
            yield ExpressionIssue(call.offset, message, "Write apply: on_create.")
