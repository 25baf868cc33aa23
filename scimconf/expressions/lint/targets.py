"""Rules about roles, and about what a target takes."""

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


def direct_roles(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    """The attribute appRoleAssignments, outside of its functions, is a lump of JSON."""
    for part in _raw(root):
        hint = "Write SingleAppRoleAssignment([appRoleAssignments])."
        yield ExpressionIssue(part.offset, f"{_ROLES} is sent as raw JSON without a function around it", hint)


def roles_of_all(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """The documentation says it of the functions. The raw attribute holds the same assignments, so it is a warning there."""
    if context.scope != "all":
        return
    hint = "Write scope: assigned."
    for call in _role_calls(root):
        yield ExpressionIssue(call.offset, f"{call.name} works only where the scope is assigned users and groups", hint)
    for part in _raw(root):
        message = f"{_ROLES} may be empty unless the scope is assigned users and groups"
        yield ExpressionIssue(part.offset, message, hint, "warning")


def adding_roles(root: SourceSpan, _context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in root.calls("AppRoleAssignmentsComplex"):
        hint = "Use AssertiveAppRoleAssignmentsComplex, which replaces them."
        yield ExpressionIssue(call.offset, "AppRoleAssignmentsComplex only adds roles and never removes any", hint)


def role_target(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    for call in _role_calls(root):
        several = call.name != "SingleAppRoleAssignment"
        if several and context.multivalued is False:
            yield ExpressionIssue(call.offset, f"{call.name} gives a list, and {context.target} takes one value")
        if not several and context.multivalued:
            yield ExpressionIssue(call.offset, f"{call.name} gives one role, and {context.target} takes a list")
    if context.target.startswith("roles[") and context.target.endswith(".type"):
        yield ExpressionIssue(
            root.offset, "the type of a role is always WindowsAzureActiveDirectoryRole, whatever is mapped"
        )


def _role_calls(root: SourceSpan) -> Iterator[SourceSpan]:
    return root.calls(*_ROLE_FUNCTIONS)


def _raw(root: SourceSpan) -> Iterator[SourceSpan]:
    """The attribute where none of its functions makes a value of it."""
    inside = {id(each) for call in root.calls() if "AppRole" in call.name for each in call.walk()}
    for part in root.walk():
        if isinstance(part.node, Attribute) and part.node.name == _ROLES and id(part) not in inside:
            yield part


def other_type(root: SourceSpan, context: MappingFacts) -> Iterator[ExpressionIssue]:
    """Texts for a target of truth values, and lists for a target of one value."""
    for result in root.results():
        if (context.target_type or "").lower() == "boolean" and result.text not in (None, "True", "False", ""):
            yield ExpressionIssue(result.offset, f"{context.target} takes True or False", "Case counts.")
        function = find(result.name)
        if context.multivalued is False and function and function.result == "List" and "AppRole" not in result.name:
            yield ExpressionIssue(result.offset, f"{result.name} gives a list, and {context.target} takes one value")
