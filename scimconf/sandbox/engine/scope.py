"""Which objects are provisioned: those assigned, or all, that pass the scoping filters and are not disabled or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimconf.expressions.evaluation import AttributeValue, Undetermined, in_scope
from scimconf.sandbox.engine.source import is_known
from scimconf.sandbox.engine.values import SOFT_DELETED, ObjectFlow, Scope, Source, SourceObject
from scimconf.sandbox.switches import Switches

UNKNOWN: Any = object()
"""The value of an attribute that the sandbox does not know: the evaluator has no result for it."""


def decide(source: Source, flow: ObjectFlow, switches: Switches, *, sync_all: bool) -> dict[str, Scope]:
    """Return the scope of each object of the flow's kind by id; an id that is not in the result is PURGED."""
    entitled = None if sync_all else _entitled(source, flow)
    objects = source.objects(flow.kind)
    return {key: _scope(source, flow, objects[key], entitled, switches) for key in objects}


def filter_gap(flow: ObjectFlow, source_object: SourceObject) -> str:
    """Return why it is not known whether an object passes the scoping filters; empty if it is known."""
    passes = in_scope(flow.filters, _filtered_attributes(flow, source_object)) if flow.filters else True
    return passes.reason if isinstance(passes, Undetermined) else ""


def _entitled(source: Source, flow: ObjectFlow) -> frozenset[str]:
    """Return the ids of the assigned objects; users also as direct members of an assigned group, never of nested ones."""
    if flow.kind == "Group":
        return source.assigned
    groups = [source.groups[key] for key in source.assigned if key in source.groups]
    return source.assigned.union(*(group.references.get("members", ()) for group in groups))


def _scope(
    source: Source, flow: ObjectFlow, source_object: SourceObject, entitled: frozenset[str] | None, switches: Switches
) -> Scope:
    if source_object.id in source.deleted:
        return Scope.SOFT_DELETED
    if entitled is not None and source_object.id not in entitled:
        return Scope.NOT_ASSIGNED
    if not _passes(flow, source_object, switches):
        return Scope.FILTERED
    if source_object.kind == "User" and source_object.attributes.get("accountEnabled") is False:
        return Scope.ACCOUNT_DISABLED
    return Scope.IN


def _passes(flow: ObjectFlow, source_object: SourceObject, switches: Switches) -> bool:
    passes = in_scope(flow.filters, _filtered_attributes(flow, source_object)) if flow.filters else True
    return switches.undetermined_filter == "includes" if isinstance(passes, Undetermined) else passes


def _filtered_attributes(flow: ObjectFlow, source_object: SourceObject) -> Mapping[str, AttributeValue]:
    """Return the attributes for filters. Whether an object is in scope is not known before its scope is decided."""
    names = {str(clause["attribute"]) for group in flow.filters for clause in group["all"]}
    unknown = {name: UNKNOWN for name in names if name == SOFT_DELETED or not is_known(flow.kind, name)}
    return {**source_object.attributes, **unknown}
