"""Abandoned resources: the previous spec managed them, the current one omits them, and they still exist.

Removing a line from a spec does not delete its resource; the resource is no longer managed. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from scimconf.kinds.kind import Kind
from scimconf.plan import Abandoned, Absent, DesiredItem, Exclusive, Resource
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec


def find_abandoned(
    kinds: Sequence[Kind], previous: Spec, desired: Iterable[DesiredItem], snapshot: Snapshot
) -> tuple[Abandoned, ...]:
    """Return the abandoned resources and fields, each with the line of a spec that removes it.

    `desired` are the items of the current spec.
    """
    previous_items = chain.from_iterable(kind.desired(previous, snapshot) for kind in kinds)
    before = {item.identity: item for item in previous_items if isinstance(item, Resource)}
    items = list(desired)
    after = {item.identity: item for item in items if isinstance(item, (Resource, Absent))}
    exclusive = {item.prefix for item in items if isinstance(item, Exclusive)}
    abandoned: list[Abandoned] = []
    for kind in kinds:
        for live in kind.observed(previous, snapshot):
            old, new = before.get(live.identity), after.get(live.identity)
            if old is not None and new is None and not exclusive & set(live.address.parents()):
                abandoned.append(Abandoned(live.address, kind.removal_snippet(live)))
            elif old is not None and isinstance(new, Resource):
                abandoned += _fields(old, new, live)
    return tuple(sorted(abandoned, key=lambda item: item.address))


def _fields(old: Resource, new: Resource, live: Resource) -> list[Abandoned]:
    """Return the fields that the current spec omits, of a resource that it still manages."""
    names = sorted(name for name in old.fields if name not in new.fields and live.fields.get(name) is not None)
    snippet = f"nothing: {', '.join(names)} stay as they are and are no longer managed"
    return [Abandoned(live.address, snippet)] if names else []
