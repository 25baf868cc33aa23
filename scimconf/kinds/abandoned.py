"""Deleted lines: what a former spec named, the new one does not, and is still live.

Taking a line out of a spec does not delete what it was about: it is no longer managed. A reviewer should see that, and
the line that would remove it. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain

from scimconf.kinds import roles
from scimconf.kinds.kind import Kind
from scimconf.plan import Abandoned, Absent, DesiredItem, Exclusive, Resource, decode
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec


def left_behind(
    kinds: Sequence[Kind], former: Spec, desired: Iterable[DesiredItem], snapshot: Snapshot
) -> tuple[Abandoned, ...]:
    """The live things and fields that only the former spec names, each with the line to write."""
    then = {one.identity: one for one in _wanted(kinds, former, snapshot) if isinstance(one, Resource)}
    items = list(desired)
    now = {one.identity: one for one in items if isinstance(one, (Resource, Absent))}
    wholes = {one.prefix for one in items if isinstance(one, Exclusive)}
    found = []
    for one in chain.from_iterable(kind.observed(former, snapshot) for kind in kinds):
        was, new = then.get(one.identity), now.get(one.identity)
        if was is not None and new is None and not wholes & set(one.address.parents()):
            found.append(Abandoned(one.address, line(one)))
        elif was is not None and isinstance(new, Resource):
            found += _fields(was, new, one)
    return tuple(sorted(found, key=lambda behind: behind.address))


def _fields(was: Resource, new: Resource, live: Resource) -> list[Abandoned]:
    """Fields that are no longer written, of a thing that still is."""
    dropped = sorted(name for name in was.fields if name not in new.fields and live.fields.get(name) is not None)
    said = f"nothing: {', '.join(dropped)} stay as they are and are not managed any more"
    return [Abandoned(live.address, said)] if dropped else []


def _wanted(kinds: Sequence[Kind], spec: Spec, snapshot: Snapshot) -> Iterable[object]:
    return chain.from_iterable(kind.desired(spec, snapshot) for kind in kinds)


def line(resource: Resource) -> str:
    """What to write so that it goes; for what cannot be taken away, that it is carried over."""
    kind, parts = resource.address.kind, resource.address.rest.split("/", 1)
    if kind == "attribute_mapping":
        return f"mappings.{parts[0]}.attributes: {json.dumps(parts[1])}: {{absent: true}}"
    if kind == "app_role":
        name = roles.value_of(parts[0])
        key, value = ("display_name", decode(parts[0])[1:]) if name is None else ("value", name)
        return f"app_roles.roles: - {{{key}: {json.dumps(value)}, absent: true}}"
    if kind == "assignment":
        return _assignment(resource)
    return "nothing: it stays as it is and is not managed any more"


def _assignment(resource: Resource) -> str:
    principal, _, role = resource.address.rest.partition("/")
    type_, _, _ = principal.partition(":")
    name = json.dumps(str(resource.facts["principal"]))
    said = json.dumps(roles.value_of(role) or decode(role))
    if type_ == "group":
        return f"assignments.groups: - {{name: {name}, role: {said}, absent: true}}"
    return f"assignments.users: - {{user: {name}, role: {said}, absent: true}}"
