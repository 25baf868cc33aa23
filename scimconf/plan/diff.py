"""Compare desired items, from a spec, with observed resources, from a tenant. Both are in the normal form of the kinds.

A field that a desired resource does not have is not managed. An observed resource that the spec does not name is
unmanaged, unless an address above it is managed exclusively.

Resources are matched by identity and compared as canonical JSON. deepdiff only explains nested fields that are known to
differ, and is imported only then. The time is linear in the number of resources. No kind is known by name here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from scimconf.json_types import Json
from scimconf.plan.change import Action, Change, Detail, DiffResult, FieldChange
from scimconf.plan.key_sets import Key, KeyedResources, KeySets, Resources
from scimconf.plan.resource import (
    Absent,
    Address,
    DesiredItem,
    Exclusive,
    Protected,
    ReportOnly,
    Resource,
    Traits,
    WriteOnly,
)

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_ROWS = 1000
"""Rows of a fingerprint that are digested together."""


def canonical(value: Json) -> str:
    """Return the JSON text that values are compared by: the order of keys is irrelevant, and `1` differs from `true`."""
    return _CANONICAL.encode(value)


def diff(
    desired: Iterable[DesiredItem],
    observed: Iterable[Resource],
    traits: Mapping[str, Traits],
    *,
    resend: bool = False,
    key_sets: Iterable[KeySets] = (),
) -> DiffResult:
    """Return the changes that make `observed` equal to `desired`; `resend` writes write-only fields again.

    `key_sets` are further resources in the second form of input.
    """
    items = list(desired)
    by_identity = {resource.identity: resource for resource in observed}
    named = {item.identity for item in items if isinstance(item, (Resource, Absent))}
    protected = {item.identity for item in items if isinstance(item, Protected)} - named
    changes = list(_named(items, by_identity, traits, resend=resend))
    exclusive = {item.prefix: item.reason for item in items if isinstance(item, Exclusive)}
    covered = exclusive.keys() | {item.prefix for item in items if isinstance(item, ReportOnly)}
    drift: list[Resource] = []
    unmanaged: list[Resource] = []
    managed: list[Resource] = []
    managed_fields = {item.identity: item.fields for item in items if isinstance(item, Resource)}
    for identity, resource in by_identity.items():
        is_managed = identity in named or _ancestor(resource, covered) is not None
        if identity in protected or not is_managed:
            unmanaged.append(resource)
            continue
        names = managed_fields.get(identity, resource.fields)
        managed.append(
            replace(resource, fields={name: value for name, value in resource.fields.items() if name in names})
        )
        if identity not in named:
            prefix = _ancestor(resource, exclusive.keys())
            if prefix is None:
                drift.append(resource)
            else:
                changes.append(_deletion(resource, exclusive[prefix]))
    by_key = [diff_key_sets(sets) for sets in key_sets]
    changes += [change for result in by_key for change in result.changes]
    return DiffResult(
        tuple(sort_changes(changes)),
        Resources((*drift, *(resource for result in by_key for resource in result.drift))),
        Resources(unmanaged, (result.unmanaged for result in by_key)),
        Resources(managed, (result.managed for result in by_key)),
    )


@dataclass(frozen=True, slots=True)
class KeyedDifference:
    """The result of the differ for key sets: resources are made for changes and drift only."""

    changes: list[Change]
    drift: list[Resource]
    unmanaged: KeyedResources
    managed: KeyedResources


def diff_key_sets(sets: KeySets) -> KeyedDifference:
    """Return what `diff` returns for the same resources, one by one."""
    changes = [_creation(sets.desired_resource(key)) for key in sets.desired.keys() - sets.observed.keys()]
    changes += [_deletion(sets.observed_resource(key), "absent in spec") for key in sets.absent if key in sets.observed]
    drift: list[Resource] = []
    unmanaged: dict[Key, None] = {}
    unnamed = sets.unnamed()
    owned = sets.owned() if unnamed else {}
    for key in unnamed:
        reason = owned.get(key[0], "not listed" if sets.unlisted == "delete" else None)
        if (reason is None and sets.unlisted == "keep") or sets.is_protected(key):
            unmanaged[key] = None
        elif reason is None:
            drift.append(sets.observed_resource(key))
        else:
            changes.append(_deletion(sets.observed_resource(key), reason))
    managed = [key for key in sets.observed if key not in unmanaged] if unmanaged else list(sets.observed)
    parts = (KeyedResources(sets.prefix, keys, sets.observed_resource) for keys in (list(unmanaged), managed))
    return KeyedDifference(changes, drift, *parts)


def _ancestor(resource: Resource, prefixes: AbstractSet[Address]) -> Address | None:
    return next((address for address in resource.address.parents() if address in prefixes), None)


def sort_changes(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change.address, change.action))


def _named(
    items: Iterable[DesiredItem], observed: Mapping[Any, Resource], traits: Mapping[str, Traits], *, resend: bool
) -> Iterator[Change]:
    for item in items:
        if isinstance(item, Absent):
            if item.identity in observed:
                yield _deletion(observed[item.identity], "absent in spec")
        elif isinstance(item, Resource):
            kind_traits = traits.get(item.address.kind, Traits())
            change = _compare(item, observed.get(item.identity), kind_traits, resend=resend)
            if change is not None:
                yield change


def _deletion(resource: Resource, reason: str) -> Change:
    fields = tuple(FieldChange(name, value, None) for name, value in sorted(resource.fields.items()))
    return Change(resource.address, Action.DELETE, before=resource, fields=fields, reason=reason)


def _creation(after: Resource) -> Change:
    fields = tuple(
        FieldChange(name, None, value, write_only=isinstance(value, WriteOnly))
        for name, value in sorted(after.fields.items())
    )
    return Change(after.address, Action.CREATE, after=after, fields=fields)


def _compare(after: Resource, before: Resource | None, traits: Traits, *, resend: bool) -> Change | None:
    if before is None:
        return _creation(after)
    fields = tuple(_fields(before, after, traits, resend=resend))
    if not fields:
        return None
    replaced = any(field.name in traits.immutable for field in fields)
    return Change(after.address, Action.REPLACE if replaced else Action.UPDATE, before, after, fields)


def _fields(before: Resource, after: Resource, traits: Traits, *, resend: bool) -> Iterator[FieldChange]:
    for name, value in sorted(after.fields.items()):
        if name in traits.computed:
            continue
        old = before.fields.get(name)
        if isinstance(value, WriteOnly):
            if resend or old is None:
                yield FieldChange(name, old, value, write_only=True)
        elif canonical(old) != canonical(value):
            yield FieldChange(name, old, value, explain(old, value))


def explain(before: Json, after: Json) -> tuple[Detail, ...]:
    """Return the nested differences of two containers; nothing for scalars."""
    if type(before) is not type(after) or not isinstance(before, (dict, list)):
        return ()
    from deepdiff import DeepDiff

    # deepdiff matches list items with ==, for which 0, 0.0 and False are equal: with several types, compare by position.
    types = {*_scalar_types(before), *_scalar_types(after)}
    tree = DeepDiff(
        before,
        after,
        view="tree",
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
        zip_ordered_iterables=len(types & {bool, int, float}) > 1,
    )
    details = [
        Detail(tuple(level.path(output_format="list")), _present(level.t1), _present(level.t2))
        for levels in tree.values()
        for level in levels
    ]
    return tuple(sorted(details, key=lambda detail: [(isinstance(part, str), part) for part in detail.path]))


def _scalar_types(value: Json) -> Iterator[type]:
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _scalar_types(part)
    else:
        yield type(value)


def _present(value: Json) -> Json:
    """Return the value; None for deepdiff's marker of a missing value."""
    return None if type(value).__name__ == "NotPresent" else value


def fingerprint(managed: Iterable[Resource]) -> str:
    """Return a digest of the managed resources as observed: identities and fields, without computed facts."""
    resources = managed if isinstance(managed, Resources) else Resources(managed)
    rows = [line for part in resources.keyed for line in part.lines()]
    for resource in resources.resources:
        application, kind, key = resource.identity
        identity = [application, kind, *map(str, key if isinstance(key, tuple) else (key,))]
        rows.append(canonical([identity, dict(resource.fields)]))
    rows.sort()
    digest_of_rows = sha256()
    for start in range(0, len(rows), _ROWS):
        digest_of_rows.update(_utf8("\n" * bool(start) + "\n".join(rows[start : start + _ROWS])))
    return digest_of_rows.hexdigest()


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
