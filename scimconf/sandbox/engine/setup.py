"""What a cycle reads at its start: the configuration of a job, the directory, and what is to be done with which object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scimconf.sandbox.engine.mapping import job_flows
from scimconf.sandbox.engine.quarantine import stamp
from scimconf.sandbox.engine.scope import decide
from scimconf.sandbox.engine.source import read_source
from scimconf.sandbox.engine.state import Changes, JobMemory, JobState
from scimconf.sandbox.engine.values import Json, ObjectFlow, Source
from scimconf.sandbox.engine.work import Policy, Work, deleting_kinds, works
from scimconf.sandbox.synchronization.call import SCHEMA
from scimconf.sandbox.synchronization.connection import stored_secrets
from scimconf.sandbox.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Setup:
    """What a cycle reads at its start: the configuration of the job, the directory and what changed in it."""

    flows: tuple[ObjectFlow, ...]
    policy: Policy
    secrets: Mapping[str, str]
    source: Source
    memory: JobMemory
    changes: Changes | None
    last_change: int
    is_whole: bool
    """Whether all objects are processed: in an initial cycle, or because the roles of the application changed."""


def read_setup(tenant: Tenant, principal: Json, state: JobState) -> Setup:
    """Read what a cycle needs, in one transaction; from an initial cycle on, changes of the directory are noted."""
    schema = tenant.documents.get(SCHEMA, state.job_id) or {}
    secrets = stored_secrets(tenant, principal["id"])
    flows = _first_of_each_kind(job_flows(schema))
    skips = secrets.get("SkipOutOfScopeDeletions", "").lower() == "true"
    with tenant.store.transaction():
        memory, last = state.memory(), state.last_change()
        if memory.watermark is None:
            state.remember(replace(memory, noted_from=last))
        changes = None if memory.watermark is None else state.changes_since(memory.watermark)
        is_whole = changes is None or principal["id"] in changes.ids
        source = read_source(tenant, principal)
    policy = Policy(skips, deleting_kinds(schema, flows))
    return Setup(flows, policy, secrets, source, memory, changes, last, is_whole)


def works_of(tenant: Tenant, state: JobState, setup: Setup) -> list[Work]:
    """Return what is to be done with each object that is due, users before groups."""
    return [work for flow in setup.flows for work in _works_of_flow(tenant, state, setup, flow)]


def _works_of_flow(tenant: Tenant, state: JobState, setup: Setup, flow: ObjectFlow) -> list[Work]:
    links = state.links(flow.kind)
    sync_all = setup.secrets.get("SyncAll", "").lower() == "true"
    scopes = decide(setup.source, flow, tenant.switches, sync_all=sync_all)
    keys = _candidates(tenant, state, setup, flow, links)
    return list(works(flow, keys, scopes, links, setup.policy))


def _candidates(tenant: Tenant, state: JobState, setup: Setup, flow: ObjectFlow, links: Iterable[str]) -> list[str]:
    """Return the ids of the objects to process: all, or those that changed, are in escrow and due, or are staged."""
    objects = setup.source.objects(flow.kind)
    if setup.changes is None or setup.is_whole:
        return list(dict.fromkeys([*objects, *links]))
    groups = [setup.source.groups[key] for key in setup.changes.of_access if key in setup.source.groups]
    members = {member for group in groups for member in group.references.get("members", ())}
    escrows, now = state.escrows(), stamp(tenant.now())
    retried = {key for (kind, key), row in escrows.items() if kind == flow.kind and row.next_attempt <= now}
    staged = {key for kind, key in state.staged() if kind == flow.kind}
    return sorted(setup.changes.ids | members | retried | staged)


def _first_of_each_kind(flows: Iterable[ObjectFlow]) -> tuple[ObjectFlow, ...]:
    """Return the first flow of users and the first of groups, users first."""
    by_kind: dict[str, ObjectFlow] = {}
    for flow in flows:
        by_kind.setdefault(flow.kind, flow)
    return tuple(by_kind[kind] for kind in ("User", "Group") if kind in by_kind)


def deletion_threshold(secrets: Mapping[str, str]) -> int | None:
    """Return the deletion threshold of a job, None if there is none."""
    try:
        settings = json.loads(secrets.get("SyncNotificationSettings") or "{}")
    except ValueError:
        return None
    if not isinstance(settings, dict) or settings.get("DeleteThresholdEnabled") is not True:
        return None
    value = settings.get("DeleteThresholdValue")
    return value if isinstance(value, int) and value > 0 else None
