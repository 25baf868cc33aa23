"""Rules about how users are matched in the application, and how they are disabled."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.expressions import Attribute
from scimconf.lint.mapping_context import EffectiveMapping, MappingContext
from scimconf.spec.model import ObjectMapping

SOFT_DELETED = "IsSoftDeleted"
ENABLED = "accountEnabled"
ACTIVE = ("mappings", "users", "attributes", "active")
NOT_DELETED = "Write `active: {expression: 'Not([IsSoftDeleted])'}`."


def never_disabled(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning unless users are updated and a mapping of IsSoftDeleted, which disables them, always applies."""
    users = context.spec.mappings.get("users")
    if users is None:
        return
    rows = [row for row in context.rows() if row.section == "users"]
    for row in rows:
        if row.row is not None and row.target == "active" and row.tree == Attribute(SOFT_DELETED):
            yield Diagnostic("L503", "active would be True for every user who has left", row.path, hint=NOT_DELETED)
    disabling = [row for row in rows if SOFT_DELETED in row.attributes]
    if not any(row.apply == "always" for row in disabling):
        cause = _cause(users, rows, disabling)
        yield from [Diagnostic("L503", message, path, hint=hint) for message, path, hint in cause]
    elif users.actions is not None and "update" not in users.actions:
        message = "users are never updated, so users who leave are not disabled"
        yield Diagnostic("L503", message, ("mappings", "users", "actions"), hint="Add `update`.")


def _cause(
    users: ObjectMapping, rows: list[EffectiveMapping], disabling: list[EffectiveMapping]
) -> Iterator[tuple[str, SpecPath, str]]:
    """Yield message, path and hint for the part of the spec that prevents disabling, if the spec contains it."""
    active = users.attributes.get("active")
    on_creation = [row for row in disabling if row.row is not None]
    if on_creation:
        message = f"{on_creation[0].target} is set on creation only, so users who leave are not disabled"
        yield message, on_creation[0].path, "Delete `apply:`."
    elif active is None:
        if users.unlisted == "delete":
            message = "the mapping of active is deleted, so users who leave are not disabled"
            yield message, ("mappings", "users", "unlisted"), NOT_DELETED
    elif active.absent:
        yield "without the mapping of active, users who leave are not disabled", ACTIVE, NOT_DELETED
    elif any(row.target == "active" and ENABLED in row.attributes for row in rows):
        message = "active depends on accountEnabled only: users who are unassigned or leave the scope stay active"
        hint = """Write `active: {expression: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'}`."""
        yield message, ACTIVE, hint
    else:
        yield "active does not depend on IsSoftDeleted, so users who leave are not disabled", ACTIVE, NOT_DELETED


def shared_match(context: MappingContext) -> Iterator[Diagnostic]:
    """Yield a warning for each matching attribute whose value is the same for all users."""
    for row in context.rows():
        if row.row is not None and row.match is not None and not row.attributes:
            message = f"{row.target} is used for matching, but its value is the same for all users"
            yield Diagnostic("L507", message, row.path, hint="Match by an attribute that is unique for each user.")
