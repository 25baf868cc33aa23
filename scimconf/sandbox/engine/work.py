"""What a cycle does with each object, from its scope and its link: the table of Entra's documentation, without requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from scimconf.sandbox.engine.state import Link
from scimconf.sandbox.engine.values import Json, ObjectFlow, Scope


class Task(Enum):
    """What is done with an object. RELEASE and KEEP send nothing: a released object is not managed any more."""

    PROVISION = "provision"
    DISABLE = "disable"
    DELETE = "delete"
    RELEASE = "release"
    FORGET = "forget"
    KEEP = "keep"


DEPROVISIONING = frozenset({Task.DISABLE, Task.DELETE})
"""The tasks that the deletion threshold counts."""

OUT_OF_SCOPE = frozenset({Scope.NOT_ASSIGNED, Scope.FILTERED})
"""Objects that lost their assignment or fail a filter: they are disabled, and not managed afterwards."""


@dataclass(frozen=True, slots=True)
class Work:
    """The task for an object, with its scope and its link if it has one. `reason` says why nothing is done."""

    flow: ObjectFlow
    object_id: str
    task: Task
    scope: Scope
    link: Link | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.flow.kind, self.object_id


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of a job that decide what happens to an object that leaves the scope.

    `deletes` are the kinds whose target object has no attribute to disable it: they are deleted instead.
    """

    skips_out_of_scope: bool = False
    deletes: frozenset[str] = frozenset()


def decide(flow: ObjectFlow, object_id: str, scope: Scope, link: Link | None, policy: Policy) -> Work:
    """Return the work for an object."""
    if scope is Scope.IN:
        return Work(flow, object_id, Task.PROVISION, scope, link)
    if link is None:
        return Work(flow, object_id, Task.KEEP, scope, None, "NotEffectivelyEntitled")
    task, reason = _task_of_managed(flow, scope, link, policy)
    if (task is Task.DELETE and "Delete" not in flow.actions) or (
        task is Task.DISABLE and "Update" not in flow.actions
    ):
        return Work(
            flow, object_id, _without_request(scope), scope, link, f"{task.value} is not a target object action"
        )
    return Work(flow, object_id, task, scope, link, reason)


def _task_of_managed(flow: ObjectFlow, scope: Scope, link: Link, policy: Policy) -> tuple[Task, str]:
    if scope is Scope.PURGED:
        return (Task.DELETE, "") if link.state != "unmanaged" else (Task.FORGET, "it was not managed any more")
    if link.state != "active":
        is_released = link.state == "disabled" and scope in OUT_OF_SCOPE
        return (Task.RELEASE if is_released else Task.KEEP), "it is already disabled"
    if scope in OUT_OF_SCOPE and policy.skips_out_of_scope:
        return Task.RELEASE, "SkipOutOfScopeDeletions"
    if flow.kind == "Group" or flow.kind in policy.deletes:
        return Task.DELETE, ""
    if flow.disables or scope is Scope.ACCOUNT_DISABLED:
        return Task.DISABLE, ""
    return _without_request(scope), "no mapping reads IsSoftDeleted"


def _without_request(scope: Scope) -> Task:
    """Return the task of an object that leaves the scope without a request; one that is purged is forgotten."""
    if scope is Scope.PURGED:
        return Task.FORGET
    return Task.RELEASE if scope in OUT_OF_SCOPE else Task.KEEP


def deleting_kinds(schema: Json, flows: Iterable[ObjectFlow]) -> frozenset[str]:
    """Return the kinds whose target object has no attribute with `active` in its name, so that it cannot be disabled."""
    directories = schema.get("directories") or ()
    objects = {entry.get("name"): entry for directory in directories for entry in directory.get("objects") or ()}
    return frozenset(flow.kind for flow in flows if not _can_disable(objects.get(flow.target_object)))


def _can_disable(definition: Json | None) -> bool:
    if definition is None:
        return True
    return any("active" in str(attribute.get("name")).lower() for attribute in definition.get("attributes") or ())


def works(
    flow: ObjectFlow, object_ids: Iterable[str], scopes: Mapping[str, Scope], links: Mapping[str, Link], policy: Policy
) -> Iterator[Work]:
    """Yield the work for objects; one without a scope does not exist any more, and without a link is no work."""
    for key in object_ids:
        if key in scopes or key in links:
            yield decide(flow, key, scopes.get(key, Scope.PURGED), links.get(key), policy)
