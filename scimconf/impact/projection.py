"""The provisioning of users by one application before a plan, and after its changes.

The state before comes from the documents that were read; the state after is the state before with the changes applied.
A preview therefore shows what the plan shows, `--only` and `--exclude` included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from scimconf.documents import application, assignments, job, rows, schema, secrets
from scimconf.json_types import Json
from scimconf.kinds import KINDS
from scimconf.kinds.mappings import find_object_mapping, live_schema, schema_reads
from scimconf.kinds.provisioning import SECTION, ProvisioningState
from scimconf.plan import Change
from scimconf.plan.resource import NOTHING
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import ObjectMapping, Spec

_ACTIVE_JOB: Mapping[str, Any] = MappingProxyType({"schedule": {"state": "Active"}})


def documents_read(spec: Spec) -> tuple[Document, ...]:
    return (*schema_reads(), secrets.secrets(spec.connection), assignments.assignments())


def states_before_and_after(
    spec: Spec, snapshot: Snapshot, changes: Sequence[Change]
) -> tuple[ProvisioningState, ProvisioningState]:
    before = _state_before(spec, snapshot)
    after = replace(before, exists=True)
    if "service_principal" not in snapshot.names:
        after = replace(after, scope=None, assigned_users={}, assigned_groups={})
    for kind in KINDS:
        own = [change for change in changes if change.kind == kind.name]
        after = kind.project(after, own, spec, snapshot) if own else after
    return (before if before.exists else replace(before, rows=NOTHING), after)


def warnings(spec: Spec, snapshot: Snapshot) -> Iterable[str]:
    """Yield what limits the previews of all users, as sentences."""
    has_job = "job" in snapshot.names
    has_run = has_job and job.has_run(_job(snapshot))
    if "service_principal" not in snapshot.names:
        yield "The application does not exist yet, so nothing is sent before."
        yield "The mappings of its template are known only once it exists; only the mappings of the spec are shown."
    elif not has_job:
        yield "There is no provisioning job yet, so nothing is sent before."
    elif not has_run:
        yield "The job has never run: no user has been provisioned, so nothing is sent before."
    if has_job and live_schema(snapshot) is None:
        yield "The live schema could not be read; only the mappings of the spec are shown."
    if not spec.provisioning.enabled:
        yield "Provisioning will be off: this is what would be sent if it were on."
    elif has_run and not job.is_on(_job(snapshot)):
        yield "Provisioning is off now; the plan turns it on."
    for name, consequence in (("secrets", "the live scope is unknown"), ("assignments", "assigned users are unknown")):
        if name in snapshot.denied:
            yield f"Graph denied reading {name}, so {consequence}."


def _state_before(spec: Spec, snapshot: Snapshot) -> ProvisioningState:
    location = find_object_mapping(snapshot, SECTION, spec.mappings.get(SECTION, ObjectMapping()))
    state = ProvisioningState()
    if "job" in snapshot.names:
        live = _job(snapshot)
        links = job.links(live)
        state = ProvisioningState(
            exists=job.has_run(live),
            absence="no user has been provisioned yet",
            links=links.state,
            linked_until=links.since,
        )
    if location is not None:
        fields = rows.object_fields(location.mapping)
        definitions = schema.definitions(live_schema(snapshot), location, "target")
        booleans = (str(definition.get("name")) for definition in definitions if definition.get("type") == "Boolean")
        required = (str(definition.get("name")) for definition in definitions if definition.get("required") is True)
        state = replace(
            state,
            rows={str(row["targetAttributeName"]): rows.row_fields(row) for row in schema.rows(location)},
            enabled=fields["enabled"],
            actions=tuple(fields["actions"]),
            filters=fields["filters"],
            boolean_targets=frozenset(booleans),
            required_targets=frozenset(required),
        )
    settings = secrets.settings(snapshot.get("secrets"))
    skip = bool(settings.skip_out_of_scope_deletions)
    state = replace(
        state,
        scope=settings.scope,
        skip_out_of_scope_deletions=skip,
        deletion_threshold=settings.threshold or None,
    )
    return _with_assignments(state, snapshot)


def _job(snapshot: Snapshot) -> Json:
    """Return the job; a job that could not be read is assumed to be active."""
    return next((row for row in snapshot.rows("jobs") if row["id"] == snapshot.names["job"]), _ACTIVE_JOB)


def _with_assignments(state: ProvisioningState, snapshot: Snapshot) -> ProvisioningState:
    if snapshot.get("assignments") is None:
        return replace(state, assigned_users=None, assigned_groups=None)
    live = assignments.assigned(snapshot)
    roles = live.roles()
    users, groups = roles.get("User", {}), roles.get("Group", {})
    names = {id_: live.assignees[id_].name or id_ for id_ in groups}
    labels = {role["id"]: _role_label(role) for role in application.roles(snapshot.documents)}
    return replace(state, assigned_users=users, assigned_groups=groups, group_names=names, role_labels=labels)


def _role_label(role: Json) -> Mapping[str, str]:
    label = {"id": role["id"], "value": role.get("value"), "displayName": role.get("displayName")}
    return {key: str(text) for key, text in label.items() if text}
