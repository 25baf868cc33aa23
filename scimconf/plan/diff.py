"""The one differ.

Terms: *wanted* items come from the spec, *observed* resources from the tenant. Both are in the kinds' normal form.

Premise: a field that a desired resource does not hold is not managed. A seen thing that nobody names is left alone,
unless an address above it is ours as a whole.

Method: match by identity in dictionaries, compare canonical JSON, and only then ask deepdiff to explain the nested
fields of what is already known to differ (so it is imported only when two things differ). Everything is linear in the
number of resources; nothing here knows a kind by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from scimconf.plan.change import Action, Change, Detail, DiffResult, FieldChange
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

Json = Any
_PLAIN = Traits()


def canonical(value: Json) -> str:
    """JSON text by which two values are the same or not: key order means nothing, and `1` is not `true`."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def diff(
    wanted: Iterable[DesiredItem],
    observed: Iterable[Resource],
    traits: Mapping[str, Traits],
    *,
    resend: bool = False,
) -> DiffResult:
    """What must change so that `observed` becomes what is wanted; `resend` sends write-only fields once more."""
    items = list(wanted)
    seen = {resource.identity: resource for resource in observed}
    named = {item.identity for item in items if isinstance(item, (Resource, Absent))}
    kept = {item.identity for item in items if isinstance(item, Protected)} - named
    claimed = named | kept
    changes = list(_named(items, seen, traits, resend=resend))
    wholes = {item.prefix: item.reason for item in items if isinstance(item, Exclusive)}
    ruling = wholes.keys() | {item.prefix for item in items if isinstance(item, ReportOnly)}
    reported: list[Resource] = []
    left: list[Resource] = []
    managed: list[Resource] = []
    fields = {item.identity: item.fields for item in items if isinstance(item, Resource)}
    for identity, resource in seen.items():
        ruled = identity in claimed or _ruler(resource, ruling) is not None
        if ruled and identity not in kept:
            managed.append(_narrowed(resource, fields.get(identity)))
        if identity in kept or not ruled:
            left.append(resource)
        elif identity not in claimed:
            whole = _ruler(resource, wholes.keys())
            if whole is None:
                reported.append(resource)
            else:
                changes.append(_deletion(resource, wholes[whole]))
    return DiffResult(_sorted(changes), _ordered(reported), _ordered(left), _ordered(managed))


def _narrowed(resource: Resource, wanted: Mapping[str, Json] | None) -> Resource:
    """A seen thing with the fields that the spec rules; all of them where the thing is ruled as a whole."""
    if wanted is None:
        return resource
    return replace(resource, fields={name: value for name, value in resource.fields.items() if name in wanted})


def _ruler(resource: Resource, prefixes: AbstractSet[Address]) -> Address | None:
    """The nearest address above that is ruled as a whole."""
    return next((address for address in resource.address.parents() if address in prefixes), None)


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda change: (change.address, change.action)))


def _ordered(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """By address, whatever order Graph served them in."""
    return tuple(sorted(resources, key=lambda resource: (resource.address, str(resource.key))))


def _named(
    items: Iterable[DesiredItem],
    seen: Mapping[Any, Resource],
    traits: Mapping[str, Traits],
    *,
    resend: bool,
) -> Iterator[Change]:
    for item in items:
        if isinstance(item, Absent):
            found = seen.get(item.identity)
            if found is not None:
                yield _deletion(found, "absent")
        elif isinstance(item, Resource):
            known = traits.get(item.address.kind, _PLAIN)
            change = _compare(item, seen.get(item.identity), known, resend=resend)
            if change is not None:
                yield change


def _deletion(resource: Resource, reason: str) -> Change:
    fields = tuple(FieldChange(name, value, None) for name, value in sorted(resource.fields.items()))
    return Change(resource.address, Action.DELETE, before=resource, fields=fields, reason=reason)


def _compare(after: Resource, before: Resource | None, traits: Traits, *, resend: bool) -> Change | None:
    if before is None:
        fields = tuple(
            FieldChange(name, None, value, write_only=isinstance(value, WriteOnly))
            for name, value in sorted(after.fields.items())
        )
        return Change(after.address, Action.CREATE, after=after, fields=fields)
    fields = tuple(_fields(before, after, traits, resend=resend))
    if not fields:
        return None
    replaced = any(one.name in traits.immutable for one in fields)
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
    """The nested differences of two containers; nothing for scalars, which explain themselves."""
    if type(before) is not type(after) or not isinstance(before, (dict, list)):
        return ()
    from deepdiff import DeepDiff

    # Lists are matched by ==, to which 0, 0.0 and False are one: where several sorts are there, item by item instead.
    sorts = {*_scalars(before), *_scalars(after)}
    tree = DeepDiff(
        before,
        after,
        view="tree",
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,
        zip_ordered_iterables=len(sorts & {bool, int, float}) > 1,
    )
    details = [
        Detail(tuple(level.path(output_format="list")), _there(level.t1), _there(level.t2))
        for levels in tree.values()
        for level in levels
    ]
    return tuple(sorted(details, key=lambda detail: [(isinstance(part, str), part) for part in detail.path]))


def _scalars(value: Json) -> Iterator[type]:
    """The types of what stands in a container."""
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _scalars(part)
    else:
        yield type(value)


def _there(value: Json) -> Json:
    return None if type(value).__name__ == "NotPresent" else value


def fingerprint(managed: Iterable[Resource]) -> str:
    """A digest of what the spec rules as it was seen: by identity and fields; computed facts do not count."""
    import hashlib

    rows = sorted(canonical([list(map(str, _flat(one.identity))), dict(one.fields)]) for one in managed)
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()


def _flat(identity: tuple[Any, ...]) -> Iterator[Any]:
    for part in identity:
        yield from part if isinstance(part, tuple) else (part,)


def digest(document: Mapping[str, Json]) -> str:
    """The digest of a plan's document, whether or not it carries one: over everything else in it."""
    import hashlib

    rest = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(canonical(rest).encode("utf-8", "surrogatepass")).hexdigest()
