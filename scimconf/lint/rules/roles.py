"""Rules about how roles reach the application."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application
from scimconf.expressions import Attribute, Call, Expression, children, spelling
from scimconf.kinds.mappings import ALL_ROLES, ROLES
from scimconf.kinds.mappings import ONE_ROLE as SINGLE
from scimconf.kinds.provisioning import SECTION
from scimconf.kinds.roles import going, live_label
from scimconf.lint.mapping_context import EffectiveMapping, MappingContext

DOCUMENTED_LENGTH = 120
"""The longest value of a role (Graph reference, appRole)."""
UNDOCUMENTED = 'Microsoft does not document whether "{}" or "{}" is sent'


def long_value(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each role value that is longer than Graph documents.

    Graph's reference of appRole says 120; the portal takes longer ones, and Terraform's azuread provider up to 249.
    """
    for index, role in enumerate(context.spec.app_roles.roles if context.spec.app_roles is not None else ()):
        if role.value is not None and len(role.value) > DOCUMENTED_LENGTH and not role.absent:
            message = f"the value has {len(role.value)} characters; Graph documents at most {DOCUMENTED_LENGTH}"
            hint = "The portal takes up to 249. Write a shorter value if Graph refuses this one."
            yield Diagnostic("L514", message, ("app_roles", "roles", index, "value"), hint=hint)


def mapped_twice(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for `roles` that is mapped both as a whole and in parts, or by two kinds of functions."""
    rows = [row for row in context.rows() if row.target == "roles" or row.target.startswith(("roles[", "roles."))]
    for row in rows:
        others = [other for other in rows if other is not row and _conflict(row, other)]
        if others and row.row is not None and (row.target == "roles" or row.functions & ALL_ROLES):
            message = f"{row.target} and {others[0].target} both write the user's roles"
            yield Diagnostic("L501", message, row.path, hint="Keep one of the two mappings.")


def _conflict(row: EffectiveMapping, other: EffectiveMapping) -> bool:
    functions = row.functions | other.functions
    return "roles" in (row.target, other.target) or (SINGLE in functions and bool(functions & ALL_ROLES))


def two_names(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each role whose value and display name differ, if only one of the two is sent."""
    if not any(row.tree is not None and _sends_one_name(row.tree) for row in context.rows()):
        return
    listed = context.spec.app_roles.roles if context.spec.app_roles is not None else ()
    for index, role in enumerate(listed):
        if not role.absent and role.value and role.value != role.display_name:
            message, hint = UNDOCUMENTED.format(role.value, role.display_name), f"Write `display_name: {role.value}`."
            yield Diagnostic("L502", message, ("app_roles", "roles", index), hint=hint)
    yield from _live_names(context, {role.value for role in listed})


def _sends_one_name(tree: Expression) -> bool:
    """Return whether an expression reads the roles other than by the functions that return value and display name."""
    if isinstance(tree, Attribute):
        return tree.name == ROLES
    is_whole = isinstance(tree, Call) and spelling(tree.name) in ALL_ROLES
    return not is_whole and any(map(_sends_one_name, children(tree)))


def _live_names(context: MappingContext, listed: set[str | None]) -> Iterator[Diagnostic]:
    live = application.roles(context.snapshot.documents) if context.snapshot is not None else []
    deleted = going(context.spec, live)
    for role in live:
        value, display_name = role.get("value"), role.get("displayName")
        if value and value != display_name and value not in listed and role["id"] not in deleted:
            message = f"the live role {live_label(role)}: {UNDOCUMENTED.format(value, display_name)}"
            path = ("app_roles" if context.spec.app_roles is not None else "application",)
            hint = f"List the role under `app_roles:` with `display_name: {value}`."
            yield Diagnostic("L502", message, path, hint=hint)


def several_roles(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each listed user or group with several roles, if a mapping of users takes one role."""
    targets = [row.target for row in context.rows() if row.section == SECTION and SINGLE in row.functions]
    assignments = context.spec.assignments
    for principal in assignments.listed if assignments is not None and targets else ():
        if principal.absent or len(principal.roles) < 2:
            continue
        number = len(principal.roles)
        subject = principal.written if principal.type == "user" else f"each member of {principal.description}"
        message = f"{subject} has {number} roles, but {targets[0]} takes one role, so provisioning fails"
        hint = "Write a single role, or send all roles to `roles` with AssertiveAppRoleAssignmentsComplex."
        yield Diagnostic("L511", message, (*principal.path, "roles"), hint=hint)
