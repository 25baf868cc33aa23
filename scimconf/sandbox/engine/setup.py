"""What a cycle reads at its start: the configuration of a job, the directory, and what is to be done with which object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scimconf.expressions.evaluation import EvaluationContext
from scimconf.sandbox.directory.users_and_groups import ORGANIZATION
from scimconf.sandbox.engine.exchange import Exchange
from scimconf.sandbox.engine.log import LogContext
from scimconf.sandbox.engine.mapping import job_flows, with_wrong_mapping
from scimconf.sandbox.engine.provision import JobContext
from scimconf.sandbox.engine.quarantine import stamp
from scimconf.sandbox.engine.scope import decide
from scimconf.sandbox.engine.source import members_of, read_source
from scimconf.sandbox.engine.state import Changes, JobMemory, JobState
from scimconf.sandbox.engine.values import Json, ObjectFlow, Source
from scimconf.sandbox.engine.work import Policy, Work, deleting_kinds, works
from scimconf.sandbox.synchronization.call import SCHEMA
from scimconf.sandbox.synchronization.connection import stored_secrets
from scimconf.sandbox.tenant import Tenant

_MANY = 10_000


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
    due: frozenset[str] | None
    """The ids of the objects to process, None for all of them."""


def read_setup(tenant: Tenant, principal: Json, state: JobState, only: frozenset[str] | None = None) -> Setup:
    """Read what a cycle needs, in one transaction; from an initial cycle on, changes of the directory are noted.

    `only` are the ids of the objects to process, whether or not they changed; None leaves it to the cycle.
    """
    schema = tenant.documents.get(SCHEMA, state.job_id) or {}
    secrets = stored_secrets(tenant, principal["id"])
    flows = with_wrong_mapping(_first_of_each_kind(job_flows(schema)), tenant.switches.wrong_mapping)
    skips = secrets.get("SkipOutOfScopeDeletions", "").lower() == "true"
    with tenant.store.transaction():
        memory, last = state.memory(), state.last_change()
        if memory.watermark is None:
            state.remember(replace(memory, noted_from=last))
        changes = None if memory.watermark is None else state.changes_since(memory.watermark)
        due = only if only is not None or changes is None else _due(tenant, principal, state, changes)
        source = read_source(tenant, principal, due)
    policy = Policy(skips, deleting_kinds(schema, flows))
    return Setup(flows, policy, secrets, source, memory, changes, last, due)


def _due(tenant: Tenant, principal: Json, state: JobState, changes: Changes) -> frozenset[str] | None:
    """Return the objects of an incremental cycle: those that changed, are in escrow and due, or are staged.

    A group that was assigned or unassigned changes its direct members. None is all objects: the roles of the application
    changed, or so many objects that a complete read is faster.
    """
    now = stamp(tenant.now())
    retried = {key for (_, key), row in state.escrows().items() if row.next_attempt <= now}
    staged = {key for _, key in state.staged()}
    ids = changes.ids | members_of(tenant, changes.of_access) | retried | staged
    return None if principal["id"] in changes.ids or len(ids) > _MANY else frozenset(ids)


def job_context(tenant: Tenant, principal: Json, state: JobState, cycle_id: str, exchange: Exchange) -> JobContext:
    """Return what the provisioning of all objects of a job needs; expressions see the time at which it begins."""
    schema = tenant.documents.get(SCHEMA, state.job_id) or {}
    rule: Json = next(iter(schema.get("synchronizationRules") or ()), {})
    organization = tenant.stored_value(ORGANIZATION)
    names = (str(rule.get(name) or "") for name in ("sourceDirectoryName", "targetDirectoryName"))
    log = LogContext(organization["id"], state.job_id, cycle_id, principal, *names)
    domains = organization.get("verifiedDomains") or ()
    domain = next((entry["name"] for entry in domains if entry.get("isDefault")), None)
    evaluation = EvaluationContext(now=tenant.now(), tenant_domain=domain)
    return JobContext(exchange, state, log, exchange.dialect, tenant.switches, evaluation)


def works_of(tenant: Tenant, state: JobState, setup: Setup) -> list[Work]:
    """Return what is to be done with each object that is due, users before groups."""
    return [work for flow in setup.flows for work in _works_of_flow(tenant, state, setup, flow)]


def _works_of_flow(tenant: Tenant, state: JobState, setup: Setup, flow: ObjectFlow) -> list[Work]:
    links = state.links(flow.kind, setup.due)
    sync_all = setup.secrets.get("SyncAll", "").lower() == "true"
    scopes = decide(setup.source, flow, tenant.switches, sync_all=sync_all)
    keys = dict.fromkeys([*scopes, *links]) if setup.due is None else sorted(setup.due)
    return list(works(flow, keys, scopes, links, setup.policy))


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
