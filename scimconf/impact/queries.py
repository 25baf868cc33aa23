"""What must be read to count the users whom a plan affects. Pure, and without the evaluator of expressions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic
from scimconf.documents.assignments import assigned
from scimconf.impact.projection import documents_read
from scimconf.impact.user_attributes import is_basic
from scimconf.kinds.provisioning import Affected, OnePrincipal, ProvisioningState
from scimconf.kinds.registry import BY_NAME
from scimconf.plan import Change, Effect
from scimconf.plan.impact import ImpactData, Members, UserQuery
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import Spec

if TYPE_CHECKING:
    from scimconf.impact.preview import Preview

_UNRESOLVED = "?"  # begins the id of a principal that could not be found

States = tuple[ProvisioningState, ProvisioningState]


def affected_by(change: Change) -> Mapping[Effect, Affected]:
    """Return whom each effect of a change concerns, as far as it can be counted."""
    affected = BY_NAME[change.kind].affected(change) if change.kind in BY_NAME else {}
    return {effect: users for effect, users in affected.items() if effect in change.effects}


def scope_documents(spec: Spec, changes: Iterable[Change]) -> tuple[Document, ...]:
    """Return the documents that define what users get, if a change needs them; the spec need not manage them."""
    return documents_read(spec) if any(map(affected_by, changes)) else ()


def loses_role(changes: Iterable[Change]) -> bool:
    """Return whether a principal loses its last role of its own."""
    removals = (change for change in changes if change.after is None and Effect.DEPROVISIONS in change.effects)
    return any(isinstance(users, OnePrincipal) for change in removals for users in affected_by(change).values())


def guard_groups(changes: Iterable[Change], snapshot: Snapshot) -> frozenset[str]:
    """Return the groups that guards need: all assigned ones if a principal loses its last role."""
    if not loses_role(changes):
        return frozenset()
    return frozenset(assigned(snapshot).groups)


def assigned_groups(states: States) -> frozenset[str]:
    """Return the ids of the groups that are assigned in one of the states."""
    groups = {group for state in states for group in state.assigned_groups or ()}
    return frozenset(filter(is_resolved, groups))


def user_query(changes: Sequence[Change], evaluator: Preview, members: Members) -> UserQuery | None:
    """Return the users to read; None if no change needs them, or none of them is known."""
    affected = [users for change in changes for users in affected_by(change).values()]
    population = evaluator.population
    ids: Collection[str] = population.ids or ()
    if all(isinstance(users, OnePrincipal) for users in affected):
        ids = {id_ for users in affected if isinstance(users, OnePrincipal) for id_ in principal_ids(users, members)}
    elif population.ids is None:
        return UserQuery(evaluator.properties)
    resolved = tuple(sorted(filter(is_resolved, ids)))
    return UserQuery(evaluator.properties, resolved) if resolved else None


def principal_ids(principal: OnePrincipal, members: Members) -> Collection[str]:
    return members.ids.get(principal.id, ()) if principal.is_group else (principal.id,)


def is_resolved(principal: str) -> bool:
    return bool(principal) and not principal.startswith(_UNRESOLVED)


def warnings(data: ImpactData) -> Iterator[Diagnostic]:
    """Yield K004 if users could not be read as far as the numbers need them."""
    if data.denied:
        message = f"affected users are not counted: Graph denied reading users ({data.denied})"
        yield Diagnostic("K004", message, hint=data.hint, severity="warning")
    elif data.sample is not None and any(map(is_basic, data.sample.users)):
        message = "Graph returned only basic properties of users, so effects that depend on others are undetermined"
        yield Diagnostic("K004", message, hint="Grant User.Read.All.", severity="warning")
