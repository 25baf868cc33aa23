"""Rules about roles, and about what a target takes."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.expressions.catalogue import find
from scimconf.expressions.lint.finding import Complaint, Context
from scimconf.expressions.lint.places import Place
from scimconf.expressions.nodes import Attribute


def direct_roles(root: Place, _context: Context) -> Iterator[Complaint]:
    """The attribute appRoleAssignments, outside of its functions, is a lump of JSON."""
    inside = {id(each) for call in root.calls() if "AppRole" in call.name for each in call.walk()}
    for part in root.walk():
        lump = isinstance(part.node, Attribute) and part.node.name == "appRoleAssignments" and id(part) not in inside
        if lump:
            hint = "Write SingleAppRoleAssignment([appRoleAssignments])."
            yield Complaint(part.offset, "appRoleAssignments is sent as raw JSON without a function around it", hint)


def roles_of_all(root: Place, context: Context) -> Iterator[Complaint]:
    for call in _role_calls(root):
        if context.scope == "all":
            message = f"{call.name} works only where the scope is assigned users and groups"
            yield Complaint(call.offset, message, "Write scope: assigned.")


def adding_roles(root: Place, _context: Context) -> Iterator[Complaint]:
    for call in root.calls("AppRoleAssignmentsComplex"):
        hint = "Use AssertiveAppRoleAssignmentsComplex, which replaces them."
        yield Complaint(call.offset, "AppRoleAssignmentsComplex only adds roles and never removes any", hint)


def role_target(root: Place, context: Context) -> Iterator[Complaint]:
    for call in _role_calls(root):
        several = call.name != "SingleAppRoleAssignment"
        if several and context.multivalued is False:
            yield Complaint(call.offset, f"{call.name} gives a list, and {context.target} takes one value")
        if not several and context.multivalued:
            yield Complaint(call.offset, f"{call.name} gives one role, and {context.target} takes a list")
    if context.target.startswith("roles[") and context.target.endswith(".type"):
        yield Complaint(root.offset, "the type of a role is always WindowsAzureActiveDirectoryRole, whatever is mapped")


def _role_calls(root: Place) -> Iterator[Place]:
    return root.calls("SingleAppRoleAssignment", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex")


def other_type(root: Place, context: Context) -> Iterator[Complaint]:
    """Texts for a target of truth values, and lists for a target of one value."""
    for result in _results(root):
        if (context.target_type or "").lower() == "boolean" and result.text not in (None, "True", "False", ""):
            yield Complaint(result.offset, f"{context.target} takes True or False", "Case counts.")
        function = find(result.name)
        if context.multivalued is False and function and function.result == "List" and "AppRole" not in result.name:
            yield Complaint(result.offset, f"{result.name} gives a list, and {context.target} takes one value")


def _results(root: Place) -> Iterator[Place]:
    """The parts whose value the whole expression can have."""
    match root.name:
        case "IIF":
            inner = root.inner[1:]
        case "Switch":
            inner = (*root.inner[1:2], *root.inner[3::2])
        case "Coalesce" | "IgnoreFlowIfNullOrEmpty" | "SelectUniqueValue":
            inner = root.inner
        case _:
            yield root
            return
    for each in inner:
        if each is not None:
            yield from _results(each)
