"""Diff two specs offline, with the differ of plans. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from scimconf.documents.secrets import MASK
from scimconf.kinds.kind import Kind
from scimconf.plan import Absent, ApplicationPlan, DesiredItem, Exclusive, ReportOnly, Resource, WriteOnly
from scimconf.plan.diff import diff
from scimconf.plan.resource import Identity
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec

LiveSide = Literal["before", "after"]
"""Which of the two specs was exported from a live application."""


def diff_specs(
    kinds: Sequence[Kind], before: Spec, after: Spec, *, live: LiveSide | None = None, secrets: bool = True
) -> ApplicationPlan:
    """Return the changes from one spec to another. Principals and roles are matched by name.

    If `before` is live, `after` manages it as in a plan. If `after` is live, everything that it has besides is a
    difference, except definitions from its template. Without `secrets`, secrets are equal if both exist.
    """
    compare_secrets = secrets and live is None
    definitions = frozenset(kind.name for kind in kinds if kind.only_written)
    declared = [item for item in _declared(kinds, before, after.name) if isinstance(item, Resource)]
    observed = [_comparable(item, secrets=compare_secrets) for item in declared]
    by_identity = {resource.identity: resource for resource in observed}
    desired: list[DesiredItem] = list(_declared(kinds, after, after.name))
    named: list[Resource | Absent] = [item for item in desired if isinstance(item, (Resource, Absent))]
    if live == "after":
        named = list(_without_template_definitions(named, by_identity, definitions))
    identities = {item.identity for item in named}
    if live == "before":
        observed = [item for item in observed if item.address.kind not in definitions or item.identity in identities]
    else:
        removed = [Absent(item.address, item.key) for item in observed if item.identity not in identities]
        completed = (_completed(item, by_identity.get(item.identity), secrets=compare_secrets) for item in named)
        desired = [*completed, *removed]
    result = diff(desired, observed, {kind.name: kind.traits for kind in kinds})
    order = {kind.name: number for number, kind in enumerate(kinds)}
    changes = tuple(sorted(result.changes, key=lambda change: (order[change.kind], change.address)))
    drift, unmanaged = result.unmanaged_drift, result.unmanaged
    return ApplicationPlan(after.name, changes=changes, unmanaged_drift=drift, unmanaged=unmanaged)


def _without_template_definitions(
    items: Iterable[Resource | Absent], written: Mapping[Identity, Resource], definitions: frozenset[str]
) -> Iterator[Resource | Absent]:
    """Yield the items of a live application; of its attribute definitions only those fields that the spec writes."""
    for item in items:
        if isinstance(item, Absent) or item.address.kind not in definitions:
            yield item
        elif item.identity in written:
            names = written[item.identity].fields
            yield replace(item, fields={name: value for name, value in item.fields.items() if name in names})


def _comparable(resource: Resource, *, secrets: bool) -> Resource:
    """Return a resource with secrets as comparable values: their sources, or only that they exist."""
    fields = {
        name: (value.reference if secrets else MASK) if isinstance(value, WriteOnly) else value
        for name, value in resource.fields.items()
    }
    return replace(resource, fields=fields)


def _completed(item: Resource | Absent, before: Resource | None, *, secrets: bool) -> Resource | Absent:
    """Return the item with None for the fields that only `before` has: between two specs, omitting one is a change."""
    if isinstance(item, Absent):
        return item
    resource = _comparable(item, secrets=secrets)
    absent = {} if before is None else dict.fromkeys(before.fields)
    return replace(resource, fields={**absent, **resource.fields})


def _declared(kinds: Sequence[Kind], spec: Spec, name: str) -> Iterator[DesiredItem]:
    """Yield what a spec declares, under one application name for both specs, so that only the contents differ."""
    for kind in kinds:
        for item in kind.desired(spec, Snapshot()):
            if isinstance(item, (Exclusive, ReportOnly)):
                yield type(item)(replace(item.prefix, application=name))
                continue
            compared = kind.compared_offline(spec, item) if isinstance(item, Resource) else replace(item, key=None)
            if compared is not None:
                yield replace(compared, address=replace(compared.address, application=name))
