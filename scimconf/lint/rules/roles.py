"""Rules about how roles reach the application."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.documents import application
from scimconf.kinds.mappings import ALL_ROLES
from scimconf.kinds.roles import going, live_label
from scimconf.lint.mapping_context import EffectiveMapping, MappingContext
from scimconf.lint.rule import SpecIssue

ROLES = "appRoleAssignments"
SINGLE = "SingleAppRoleAssignment"


def roles_twice(around: MappingContext) -> Iterator[SpecIssue]:
    """All roles by one row and one role by another, or roles as a whole beside a part of them."""
    rows = [one for one in around.rows() if one.target == "roles" or one.target.startswith(("roles[", "roles."))]
    for one in rows:
        others = [other for other in rows if other is not one and _clash(one, other)]
        if others and one.row is not None and (one.target == "roles" or one.functions & ALL_ROLES):
            said = f"this ends up in roles, and so does what is mapped to {others[0].target}"
            yield SpecIssue(one.path, said, "Keep one of them.")


def _clash(one: EffectiveMapping, other: EffectiveMapping) -> bool:
    whole = "roles" in (one.target, other.target)
    single = SINGLE in one.functions | other.functions
    return whole or (single and bool((one.functions | other.functions) & ALL_ROLES))


def two_names(around: MappingContext) -> Iterator[SpecIssue]:
    if not any(ROLES in one.attributes for one in around.rows()):
        return
    listed = around.spec.app_roles.roles if around.spec.app_roles is not None else ()
    for index, role in enumerate(listed):
        if not role.absent and role.value and role.value != role.display_name:
            said = f'whether "{role.value}" or "{role.display_name}" is sent is not documented'
            yield SpecIssue(("app_roles", "roles", index), said, "Give the role one name for both.")
    yield from _live_names(around, {role.value for role in listed})


def _live_names(around: MappingContext, listed: set[str | None]) -> Iterator[SpecIssue]:
    """The same of roles that the application has and the spec does not list."""
    live = application.roles(around.snapshot.documents) if around.snapshot is not None else []
    gone = going(around.spec, live)
    for role in live:
        value, shown = role.get("value"), role.get("displayName")
        if value and value != shown and value not in listed and role["id"] not in gone:
            said = f'of the live role {live_label(role)}, whether "{value}" or "{shown}" is sent is not documented'
            path = ("app_roles",) if around.spec.app_roles is not None else ("application",)
            yield SpecIssue(path, said, "Give the role one name for both, in the portal or under app_roles.")
