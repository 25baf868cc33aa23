"""Rules about app roles, and about the type of the target attribute."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import find
from scimconf.expressions.lint.issue import ExpressionIssue, MappingFacts
from scimconf.expressions.lint.spans import SourceSpan
from scimconf.expressions.nodes import Attribute

_ROLES = "appRoleAssignments"
_ROLE_FUNCTIONS = (
    *("AppRoleAssignments", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"),
    "SingleAppRoleAssignment",
)


def direct_roles(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """The attribute appRoleAssignments is raw JSON without one of its functions."""
    for span in _raw_roles(root):
        hint = "Write SingleAppRoleAssignment([appRoleAssignments])."
        yield ExpressionIssue(span.offset, f"{_ROLES} without a role function is sent as raw JSON", hint)


def roles_of_all(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """The documentation is about the functions. The raw attribute has the same assignments, so for it this is a warning."""
    if facts.scope != "all":
        return
    hint = "Write scope: assigned."
    for call in root.calls(*_ROLE_FUNCTIONS):
        yield ExpressionIssue(call.offset, f"{call.name} requires the scope of assigned users and groups", hint)
    for span in _raw_roles(root):
        message = f"{_ROLES} may be empty unless the scope is assigned users and groups"
        yield ExpressionIssue(span.offset, message, hint, "warning")


def adding_roles(root: SourceSpan, _facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("AppRoleAssignmentsComplex"):
        hint = "Use AssertiveAppRoleAssignmentsComplex, which replaces them."
        yield ExpressionIssue(call.offset, "AppRoleAssignmentsComplex adds roles and never removes them", hint)


def role_target(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls(*_ROLE_FUNCTIONS):
        returns_list = call.name != "SingleAppRoleAssignment"
        if returns_list and facts.multivalued is False:
            yield ExpressionIssue(call.offset, f"{call.name} returns a list, but {facts.target} is single-valued")
        if not returns_list and facts.multivalued:
            yield ExpressionIssue(call.offset, f"{call.name} returns one role, but {facts.target} is multi-valued")
    if facts.target.startswith("roles[") and facts.target.endswith(".type"):
        message = "the service always sends WindowsAzureActiveDirectoryRole as the type of a role"
        yield ExpressionIssue(root.offset, message)


def _raw_roles(root: SourceSpan) -> Iterator[SourceSpan]:
    """Yield the attribute appRoleAssignments outside its functions."""
    inside = {id(span) for call in root.calls() if "AppRole" in call.name for span in call.walk()}
    for span in root.walk():
        if isinstance(span.node, Attribute) and span.node.name == _ROLES and id(span) not in inside:
            yield span


def other_type(root: SourceSpan, facts: MappingFacts) -> Iterator[ExpressionIssue]:
    """Strings for a boolean target, and lists for a single-valued target."""
    for result in root.results():
        if (facts.target_type or "").lower() == "boolean" and result.text not in (None, "True", "False", ""):
            message = f"{facts.target} expects a boolean, got {result.text!r}"
            yield ExpressionIssue(result.offset, message, 'Write "True" or "False"; they are case-sensitive.')
        function = find(result.name)
        if facts.multivalued is False and function and function.result == "List" and "AppRole" not in result.name:
            yield ExpressionIssue(result.offset, f"{result.name} returns a list, but {facts.target} is single-valued")
