"""Guards of assignments: how many users lose their last role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scimconf.diagnostics import plural
from scimconf.kinds.kind import Changes
from scimconf.plan import Action, Change, Effect, Guard

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

MANY, OF_AT_LEAST, SHARE = 100, 10, 0.3
"""A removal is a mass removal if it concerns more users than MANY, or more than SHARE of at least OF_AT_LEAST users."""
GUARD_IDS = ("group-removed", "mass-removal", "all-assignments-removed")


def assignment_guards(changes: Changes, context: GuardContext) -> Iterator[Guard]:
    losing = _losing(changes)
    yield from _group_removed(losing, context)
    yield from _mass_removal(context)
    yield from _all_removed(changes, {principal_id(change) for change in losing}, context)


def _losing(changes: Changes) -> list[Change]:
    """Return the deletions that leave a principal without any role, one for each principal."""
    by_principal: dict[str, Change] = {}
    for change in changes:
        is_deletion = change.action is Action.DELETE and change.before is not None
        if is_deletion and Effect.DEPROVISIONS in change.effects:
            by_principal.setdefault(principal_id(change), change)
    return list(by_principal.values())


def principal_id(change: Change) -> str:
    """Return the id of the principal that gains or loses a role."""
    resource = change.before or change.after
    key = resource.key if resource is not None else None
    return str(key[0]) if isinstance(key, tuple) else ""


def _group_removed(losing: Sequence[Change], context: GuardContext) -> Iterator[Guard]:
    for change in losing:
        if change.address.rest.startswith("group:"):
            count = context.members.get(principal_id(change))
            members = "its members" if count is None else "its 1 member" if count == 1 else f"its {count} members"
            message = f"a group ({members}) would lose its last role assignment"
            yield Guard("group-removed", message, count=count, address=change.address)


def _mass_removal(context: GuardContext) -> Iterator[Guard]:
    """Count users, not assignments; who keeps a role through a group does not count."""
    losing = context.losing
    if losing is None:
        return
    count, total = losing.count, losing.total or 0
    if count > MANY or (total >= OF_AT_LEAST and count > SHARE * total):
        bound = {"exact": "", "at_least": "at least ", "at_most": "at most "}[losing.precision]
        of_total = f" of {total}" if None not in context.members.values() else ""
        users = f"{count}{of_total} users" if of_total else plural(count, "user")
        yield Guard("mass-removal", f"{bound}{users} would lose their last role", count=count)


def _all_removed(changes: Changes, losing: set[str], context: GuardContext) -> Iterator[Guard]:
    gains = any(change.action is Action.CREATE for change in changes)
    if losing and set(context.holders) <= losing and not gains:
        message = "no user or group would remain assigned"
        yield Guard("all-assignments-removed", message, count=len(losing))
