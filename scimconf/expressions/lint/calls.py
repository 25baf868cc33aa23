"""Rules about functions and the number of their arguments."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import FUNCTIONS, Function, find
from scimconf.expressions.lint.model import ExpressionIssue, MappingFacts, SourceSpan
from scimconf.expressions.lint.vocabulary import name_hint
from scimconf.expressions.nodes import Comparison, Concatenation, Constant

_REQUIRED = ("five",)  # IIF's value for False: optional in Graph's list, not in the reference
_LEFT_OUT = (
    "inputFormat",
)  # required in Graph's list, but Microsoft's own default mappings for Active Directory lack it
_MINIMUM = {"SelectUniqueValue": 2, "Switch": 4, "Join": 2, "Coalesce": 1, "Split": 2}
_LABELS = {"one": "the condition", "four": "the value for True", "five": "the value for False"}
_KEYWORDS = ("vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow", "Unicode", "ASCII", "UTF8")


def unknown_function(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        if call.name not in FUNCTIONS:
            yield call.issue(
                f"unknown function `{call.name}`: apply fails unless Entra has it", name_hint(call.name, FUNCTIONS)
            )


def casing(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        if call.name != call.written:
            yield call.issue(
                f"the documented name of the function is {call.name}, got `{call.written}`", f"Write {call.name}."
            )


def other_dialect(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for span in root.walk():
        function = find(span.name)
        if function and function.dialect == "cloud-sync":
            yield span.issue(f"{span.name} is documented for cloud sync only, not for applications")
        elif function and function.dialect == "graph":
            yield span.issue(f"{span.name} is in Graph's list of functions, but not documented")
        elif isinstance(span.node, Concatenation):
            yield span.issue("& is documented for cloud sync only", "Use Append or Join.")


def arity(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        function = find(call.name)
        if function and (defect := _arity_defect(function, call)):
            yield call.issue(f"{call.name} {defect}")


def _arity_defect(function: Function, call: SourceSpan) -> str:
    """Return what is wrong with the number of arguments; FormatDateTime without all of its own has another rule."""
    if _is_old_format(call):
        return ""
    number, least = len(call.parts), _MINIMUM.get(function.name, 0)
    if not function.repeating and number > len(function.slots):
        return f"takes {_expected_number(function)}, got {number}"
    for position, parameter in enumerate(function.slots):
        required = (parameter.required and parameter.key not in _LEFT_OUT) or parameter.key in _REQUIRED
        if required and call.argument(position) is None:
            return f"requires argument {position + 1} ({_LABELS.get(parameter.key, parameter.key)})"
    return f"takes at least {least} argument{'s' * (least > 1)}" if number < least else ""


def _expected_number(function: Function) -> str:
    number = len(function.slots)
    optional = any(not parameter.required and parameter.key not in _REQUIRED for parameter in function.slots)
    return f"{'at most ' * optional}{number or 'no'} argument{'s' * (number != 1)}"


def pairs(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("Switch"):
        if len(call.parts) >= 4 and len(call.parts) % 2:
            hint = "Write a value after each key. The second argument is the default, which may be empty."
            yield call.issue(f"Switch has {len(call.parts)} arguments: a key without a value", hint)
        elif None in call.parts[2:]:
            yield call.issue("Switch has an empty key or value", 'Write "" for the empty string.')


def old_format(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("FormatDateTime"):
        if _is_old_format(call):
            hint = "Leave the second of four empty: FormatDateTime(source, , in, out)."
            yield call.issue("FormatDateTime takes four arguments according to its reference", hint)
        elif call.argument(2) is None and call.argument(3) is not None:
            hint = "Write the format of the source as third argument: FormatDateTime(source, , in, out)."
            yield call.issue("FormatDateTime without an input format is not in its reference", hint)


def _is_old_format(call: SourceSpan) -> bool:
    return call.name == "FormatDateTime" and len(call.parts) == 3 and None not in call.parts


def no_function(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """An expression of only an attribute or a string should be a mapping of another type."""
    if facts.written == "expression" and (root.attribute or root.text is not None):
        hint = f"Write source: {root.attribute}" if root.attribute else f"Write constant: {root.text}"
        yield root.issue("the expression has no function", hint)


def stray_comparison(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls():
        for position, argument in enumerate(call.parts):
            is_condition = call.name == "CBool" or (call.name == "IIF" and position == 0)
            if argument and isinstance(argument.node, Comparison) and not is_condition:
                yield argument.issue("a comparison is allowed only as the condition of IIF and in CBool")


def keyword(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """A word without quotes that the reference does not know, such as `True`."""
    for span in root.walk():
        is_word = isinstance(span.node, Constant) and span.node.bare and span.node.text.isidentifier()
        if is_word and span.text not in _KEYWORDS and facts.written == "expression":
            hint = f'Write "{span.text}" for the string, or [{span.text}] for the attribute.'
            yield span.issue(f"unquoted word `{span.text}`", hint)


def unique_value(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """SelectUniqueValue must be outermost and applied on creation; it supports neither matching nor SCIM."""
    for call in root.calls("SelectUniqueValue"):
        if call is not root:
            hint = "Move the other functions into its arguments."
            yield call.issue("SelectUniqueValue must be the outermost function", hint)
        if facts.to_scim:
            yield call.issue("SelectUniqueValue works only from HR systems to Active Directory, not for SCIM")
        if facts.match is not None:
            yield call.issue("SelectUniqueValue is not supported for a matching attribute")
        if facts.apply != "on_create":
            yield call.issue("SelectUniqueValue is supported only on object creation", "Write apply: on_create.")
