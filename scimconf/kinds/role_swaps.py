"""Role swaps: assignments of one principal of which a plan creates some and deletes others.

Graph has no update of an assignment. The new role is assigned first and the old one removed last, so that the principal
always has a role; in between it has both.
"""

from __future__ import annotations

from scimconf.kinds.assignment_guards import principal_id
from scimconf.kinds.kind import Changes
from scimconf.kinds.mappings import one_role_targets
from scimconf.plan import Action
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec

KIND = "assignment"


def one_role_swaps(spec: Spec, changes: Changes, snapshot: Snapshot) -> frozenset[tuple[str, str]]:
    """Return the principals that a plan gives another role, if only one role can be sent, as (`user` or `group`, id).

    If Graph did not return the schema, the mapping of roles is unknown, and may take one role.
    """
    principals = _swapped_principals(changes)
    takes_one = bool(principals) and ("schema" in snapshot.denied or bool(one_role_targets(spec, snapshot)))
    return principals if takes_one else frozenset()


def _swapped_principals(changes: Changes) -> frozenset[tuple[str, str]]:
    by_action: dict[Action, set[tuple[str, str]]] = {Action.CREATE: set(), Action.DELETE: set()}
    for change in changes:
        if change.kind == KIND:
            by_action[change.action].add((change.address.rest.partition(":")[0], principal_id(change)))
    return frozenset(by_action[Action.CREATE] & by_action[Action.DELETE])
