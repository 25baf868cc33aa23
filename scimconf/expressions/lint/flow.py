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
    """Against the application's schema where it is known, otherwise against the attributes that Entra offers."""
    known = context.source_attributes
    if known is None and not context.from_entra:
        return
    for name, offset in root.attributes():
        if known is not None and name not in known:
            yield Complaint(offset, f"the source has no attribute {name}", alike(name, known))
        elif known is None and not is_known(name, context.mapping):
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


def direct_roles(root: Place, _context: Context) -> Iterator[Complaint]:
    """appRoleAssignments outside of its functions is a lump of JSON."""
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
