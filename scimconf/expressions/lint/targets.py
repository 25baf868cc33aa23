"""Rules about the target attribute: matching, app roles, and types.

To match, the service searches the target application for the user or group whose attribute equals a value
(`userName eq "…"`), computed from one source attribute: a single string, and the same at each evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import find
from scimconf.expressions.lint.model import ExpressionIssue, MappingFacts, Severity, SourceSpan
from scimconf.expressions.lint.vocabulary import MULTIVALUED, REFERENCES

_CHANGING = frozenset({"Guid", "Now", "RandomString"})
_ROLES = "appRoleAssignments"
_ONE_ROLE, _ADDING = "SingleAppRoleAssignment", "AppRoleAssignmentsComplex"
_ROLE_FUNCTIONS = ("AppRoleAssignments", _ADDING, "AssertiveAppRoleAssignmentsComplex", _ONE_ROLE)

_SAME_LIST = frozenset({"Redact", "RemoveDuplicates", "Trim"})  # functions that return the list that they get


def several_sources(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    names = list(dict.fromkeys(span.attribute for span in root.attributes()))
    if facts.match is not None and len(names) > 1:
        message = f"a matching attribute must use one source attribute, got {', '.join(names)}"
        yield root.issue(message, "Match by one attribute, or compute the value at its source.")


def unsearchable(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Lists, references, and values that change at each evaluation."""
    if facts.match is None:
        return
    hint = "Match by an attribute with a single string."
    if facts.multivalued:
        yield root.issue(f"cannot match by {facts.target}, which is multi-valued", hint)
    for result in root.results():
        if defect := _not_a_string(result, facts):
            yield result.issue(f"cannot match by {defect}", hint)
    for span in _value_parts(root):
        if span.name in _CHANGING:
            yield span.issue(f"cannot match by {span.name}, which returns another value at each evaluation", hint)


def _not_a_string(result: SourceSpan, facts: MappingFacts) -> str:
    """Return what a result is, if it is not a single string. Only Entra's own attributes are known."""
    kind = _result_type(result)
    if kind in ("List", "Reference"):
        return f"{result.name}, which returns a {kind.lower()}"
    name = result.attribute if facts.from_entra else ""
    if name in REFERENCES:
        return f"{name}, which is a reference"
    return f"{name}, which is multi-valued" if name in MULTIVALUED else ""


def _result_type(span: SourceSpan) -> str:
    function = find(span.name)
    return function.result if function else ""


def _value_parts(span: SourceSpan) -> Iterator[SourceSpan]:
    """Yield the span and the parts that its value is computed from, without conditions and keys."""
    yield span
    for part in span.branches() or span.parts:
        if part is not None:
            yield from _value_parts(part)


def direct_roles(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for span in _raw_roles(root):
        hint = f"Write {_ONE_ROLE}([{_ROLES}])."
        yield span.issue(f"{_ROLES} without a role function is sent as raw JSON", hint)


def roles_of_all(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """The documentation is about the functions; the raw attribute has the same assignments, so it gets a warning."""
    if facts.scope != "all":
        return
    hint = "Write scope: assigned."
    for call in root.calls(*_ROLE_FUNCTIONS):
        yield call.issue(f"{call.name} requires the scope of assigned users and groups", hint)
    for span in _raw_roles(root):
        yield span.issue(
            f"{_ROLES} is empty for users who are not assigned, so with scope `all` they get no role", hint, "warning"
        )


def _sent_lists(span: SourceSpan) -> Iterator[SourceSpan]:
    """Yield the calls of role functions whose list is sent; one in Join or in a condition is only read."""
    for result in span.results():
        if result.name in _ROLE_FUNCTIONS:
            yield result
        elif result.name in _SAME_LIST:
            yield from (call for part in result.parts if part for call in _sent_lists(part))


def adding_roles(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in _sent_lists(root):
        if call.name != _ADDING:
            continue
        hint = "Use AssertiveAppRoleAssignmentsComplex, which replaces them."
        yield call.issue(f"{_ADDING} adds roles and never removes them", hint)


def role_target(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """A list for a single value, which is an error where the name of the target says so, and the reverse."""
    severity: Severity = "error" if facts.has_filter else "warning"
    for call in _sent_lists(root) if facts.takes_single_value else ():
        if call.name != _ONE_ROLE:
            message = f"{call.name} returns a list, but {facts.target} is single-valued"
            hint = f"Map it to {facts.target.partition('[')[0]}, " if facts.has_filter else ""
            hint += f"{'or write' if hint else 'Write'} {_ONE_ROLE}([{_ROLES}])."
            yield call.issue(message, hint, severity)
    for call in root.calls(_ONE_ROLE) if facts.multivalued else ():
        message = f"{call.name} returns one role, but {facts.target} is multi-valued"
        yield call.issue(message, "Use AssertiveAppRoleAssignmentsComplex, which returns a list.", "warning")
    if facts.target.startswith("roles[") and facts.target.endswith(".type"):
        message = "the service always sends WindowsAzureActiveDirectoryRole as the type of a role"
        yield root.issue(message, "Delete this mapping.", "warning")


def _raw_roles(root: SourceSpan) -> Iterator[SourceSpan]:
    """Yield the attribute appRoleAssignments outside its functions."""
    inside = {id(span) for call in root.calls() if "AppRole" in call.name for span in call.walk()}
    return (span for span in root.attributes() if span.attribute == _ROLES and id(span) not in inside)


def other_type(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Strings for a boolean target, and lists for a single-valued target."""
    for result in root.results():
        if (facts.target_type or "").lower() == "boolean" and result.text not in (None, "True", "False", ""):
            message = f"{facts.target} expects a boolean, got {result.text!r}"
            yield result.issue(message, 'Write "True" or "False"; they are case-sensitive.')
        if facts.takes_single_value and _result_type(result) == "List" and "AppRole" not in result.name:
            yield result.issue(f"{result.name} returns a list, but {facts.target} is single-valued")
