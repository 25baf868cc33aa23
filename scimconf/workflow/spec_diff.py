"""Two specs against each other: the same differ, with no tenant in between. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from scimconf.documents.secrets import MASK
from scimconf.kinds.kind import Kind
from scimconf.plan import Absent, ApplicationPlan, DesiredItem, Exclusive, ReportOnly, Resource, WriteOnly
from scimconf.plan.diff import diff
from scimconf.snapshot import Snapshot
from scimconf.spec.model import Spec

Live = Literal["one", "other"]
"""Which of the two is an application as it is, where the other one is what somebody wrote."""


def diff_specs(
    kinds: Sequence[Kind], one: Spec, other: Spec, *, live: Live | None = None, secrets: bool = True
) -> ApplicationPlan:
    """What must change so that the first says what the second says; principals and roles go by their names.

    Where the first is an application as it is (`live`), the second rules it as a plan would: what it does not list is
    left alone, unless it says otherwise. Where the second one is, everything that it has besides is a difference, but
    no definition that came with its template. An application does not tell where its secrets are kept: `secrets` is
    whether both do.
    """
    secrets = secrets and live is None
    definitions = frozenset(kind.name for kind in kinds if kind.only_written)
    before = [_shown(item, secrets=secrets) for item in _said(kinds, one, other.name) if isinstance(item, Resource)]
    wanted = list(_said(kinds, other, other.name))
    said = [item for item in wanted if isinstance(item, (Resource, Absent))]
    there = {item.identity: item for item in before}
    if live == "other":
        said = [
            compared
            for item in said
            if (compared := _compared(item, there.get(item.identity), definitions)) is not None
        ]
    named = {item.identity for item in said}
    if live == "one":
        before = [item for item in before if item.address.kind not in definitions or item.identity in named]
    else:
        gone = [Absent(item.address, item.key) for item in before if item.identity not in named]
        wanted = [*(_whole(item, there.get(item.identity), secrets=secrets) for item in said), *gone]
    difference = diff(wanted, before, {kind.name: kind.traits for kind in kinds})
    order = {kind.name: number for number, kind in enumerate(kinds)}
    changes = sorted(difference.changes, key=lambda change: (order[change.kind], change.address))
    return ApplicationPlan(
        other.name, changes=tuple(changes), unmanaged_drift=difference.unmanaged_drift, unmanaged=difference.unmanaged
    )


def _compared(
    item: Resource | Absent, written: Resource | None, definitions: frozenset[str]
) -> Resource | Absent | None:
    """What an application has, and of its definitions only what a spec writes of them, if it does."""
    if isinstance(item, Absent) or item.address.kind not in definitions:
        return item
    if written is None:
        return None
    return replace(item, fields={name: value for name, value in item.fields.items() if name in written.fields})


def _shown(item: Resource, *, secrets: bool) -> Resource:
    """A secret as something to compare: where it is kept, or only that there is one."""
    return replace(
        item,
        fields={
            name: (value.reference if secrets else MASK) if isinstance(value, WriteOnly) else value
            for name, value in item.fields.items()
        },
    )


def _whole(item: Resource | Absent, before: Resource | None, *, secrets: bool) -> Resource | Absent:
    """With the fields that only the first says: between two specs, what is no longer said is a difference."""
    if isinstance(item, Absent):
        return item
    shown = _shown(item, secrets=secrets)
    return shown if before is None else replace(shown, fields={**dict.fromkeys(before.fields), **shown.fields})


def _said(kinds: Sequence[Kind], spec: Spec, name: str) -> Iterator[DesiredItem]:
    """Yield what a spec declares, under one name for both, so that only their contents differ."""
    for kind in kinds:
        for item in kind.desired(spec, Snapshot()):
            if isinstance(item, (Exclusive, ReportOnly)):
                yield type(item)(replace(item.prefix, application=name))
                continue
            compared = kind.compared_offline(spec, item) if isinstance(item, Resource) else replace(item, key=None)
            if compared is not None:
                yield replace(compared, address=replace(compared.address, application=name))
