"""Rules about how people are found in the application, and how they leave it."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.diagnostics import SpecPath
from scimconf.expressions import Attribute
from scimconf.lint.mapping_context import EffectiveMapping, MappingContext
from scimconf.lint.rule import SpecIssue
from scimconf.spec.model import ObjectMapping

LEFT = "IsSoftDeleted"
BLOCKED = "accountEnabled"


def never_inactive(around: MappingContext) -> Iterator[SpecIssue]:
    """Nobody is deactivated unless a row reads IsSoftDeleted, at every update, and updates are made."""
    users = around.spec.mappings.get("users")
    if users is None:
        return
    rows = [one for one in around.rows() if one.section == "users"]
    for one in rows:
        if one.row is not None and one.target == "active" and one.tree == Attribute(LEFT):
            yield SpecIssue(one.path, "active would be True for everybody who has left", "Write Not([IsSoftDeleted]).")
    leaving = [one for one in rows if LEFT in one.attributes]
    if not any(one.apply == "always" for one in leaving):
        yield from _without(users, rows, leaving)
    elif users.actions is not None and "update" not in users.actions:
        said = "people are never updated, so that nobody who leaves is deactivated"
        yield SpecIssue(("mappings", "users", "actions"), said, "Add update.")


def _without(
    users: ObjectMapping, rows: list[EffectiveMapping], leaving: list[EffectiveMapping]
) -> Iterator[SpecIssue]:
    """What of the spec makes it so; nothing where it only does not say how people leave."""
    path: SpecPath = ("mappings", "users", "attributes", "active")
    row = users.attributes.get("active")
    late = [one for one in leaving if one.row is not None]
    if late:
        said = f"{late[0].target} is set on creation only, so that nobody who leaves is deactivated"
        yield SpecIssue(late[0].path, said, "Take out `apply`.")
    elif row is None:
        if users.unlisted == "delete":
            said = "the mapping of active is removed, so that nobody who leaves is deactivated"
            yield SpecIssue(("mappings", "users", "unlisted"), said, "List active among the attributes.")
    elif row.absent:
        yield SpecIssue(path, "without this mapping nobody who leaves is deactivated", "Keep it.")
    elif any(one.target == "active" and BLOCKED in one.attributes for one in rows):
        said = "active depends on accountEnabled alone: who is unassigned or leaves the scope stays active"
        yield SpecIssue(path, said, 'Write Switch([IsSoftDeleted], , "False", "True", "True", "False").')
    else:
        yield SpecIssue(path, "active does not depend on IsSoftDeleted, so that nobody who leaves is deactivated")


def same_for_all(around: MappingContext) -> Iterator[SpecIssue]:
    for one in around.rows():
        if one.row is not None and one.match is not None and not one.attributes:
            said = "people are matched by something that does not depend on who they are"
            yield SpecIssue(one.path, said, "Match by an attribute that is everybody's own.")
