"""Guards of assignments: how many users lose their last role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimconf.kinds.kind import Changes
from scimconf.plan import Action, Change, Effect, Guard
from scimconf.plan.guards import GuardContext

MANY, OF_AT_LEAST, SHARE = 100, 10, 0.3
"""A removal is a mass removal if it concerns more users than MANY, or more than SHARE of at least OF_AT_LEAST users."""
GUARD_IDS = ("group-removed", "mass-removal", "all-assignments-removed")


def assignment_guards(changes: Changes, context: GuardContext) -> Iterator[Guard]:
    """Yield the guards of assignment changes."""
    losing = _losing(changes)
    yield from _group_removed(losing, context)
    yield from _mass_removal([_principal_id(change) for change in losing], context)
    yield from _all_removed(changes, {_principal_id(change) for change in losing}, context)


def _losing(changes: Changes) -> list[Change]:
    """Return the deletions that leave a principal without any role, one for each principal."""
    by_principal: dict[str, Change] = {}
    for change in changes:
        is_deletion = change.action is Action.DELETE and change.before is not None
        if is_deletion and Effect.DEPROVISIONS in change.effects:
            by_principal.setdefault(_principal_id(change), change)
    return list(by_principal.values())


def _principal_id(change: Change) -> str:
    resource = change.before or change.after
    key = resource.key if resource is not None else None
    return str(key[0]) if isinstance(key, tuple) else ""


def _group_removed(losing: Sequence[Change], context: GuardContext) -> Iterator[Guard]:
    for change in losing:
        if change.address.rest.startswith("group:"):
            count = context.members.get(_principal_id(change))
            members = "its members" if count is None else "its 1 member" if count == 1 else f"its {count} members"
            message = f"a group ({members}) would lose its last role assignment"
            yield Guard("group-removed", message, count=count, address=change.address)


def _mass_removal(losing: Sequence[str], context: GuardContext) -> Iterator[Guard]:
    """Count users, not assignments: a group counts for its direct members, or for one user if they cannot be read."""
    members = [context.members.get(principal, 1) for principal in losing]
    count = sum(1 if number is None else number for number in members)
    assigned = [context.members.get(principal, 1) for principal in context.holders]
    total = sum(1 if number is None else number for number in assigned)
    if count > MANY or (total >= OF_AT_LEAST and count > SHARE * total):
        bound = "at least " if None in members else _bound(set(losing), context)
        of_total = f" of {total}" if None not in context.members.values() else ""
        yield Guard("mass-removal", f"{bound}{count}{of_total} users would lose their last role", count=count)


def _bound(losing: set[str], context: GuardContext) -> str:
    """Return "at most " if a user may keep a role through a group, or be counted through two."""
    keeps_group = any(principal in context.groups for principal in context.holders if principal not in losing)
    return "at most " if keeps_group or losing & context.groups else ""


def _all_removed(changes: Changes, losing: set[str], context: GuardContext) -> Iterator[Guard]:
    gains = any(change.action is Action.CREATE for change in changes)
    if losing and set(context.holders) <= losing and not gains:
        message = "no user or group would be assigned any more"
        yield Guard("all-assignments-removed", message, count=len(losing))
