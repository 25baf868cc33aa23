"""The provisioning of users by one application before a plan, and after its changes.

The state before comes from the documents that were read; the state after is the state before with the changes applied,
in the normal form that changes and documents share. A preview therefore shows what the plan shows, `--only` and
`--exclude` included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from scimconf.documents import application, job, rows, schema, secrets
from scimconf.kinds import roles
from scimconf.kinds.kind import find_object_mapping, live_schema, schema_reads
from scimconf.kinds.registry import state_part
from scimconf.plan import Change, decode
from scimconf.plan.impact import StatePart
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import ObjectMapping, Spec

Json = Any
Row = Mapping[str, Json]
RolesByPrincipal = Mapping[str, tuple[str, ...]]

SECTION = "users"
_EMPTY: Mapping[str, Any] = MappingProxyType({})
_ACTIVE_JOB: Mapping[str, Any] = MappingProxyType({"schedule": {"state": "Active"}})


def _empty() -> Mapping[str, Any]:
    return _EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningState:
    """How an application provisions users: the attribute mappings, who is in scope, and who is assigned.

    A state that does not exist sends nothing, for the reason `absence`. `rows` maps target attributes to the fields of
    a mapping. `scope` is `all`, `assigned`, or None if unknown. `assigned_users` and `assigned_groups` map principal
    ids to role ids, None if assignments could not be read; `role_labels` are the roles as expressions see them, by id.
    """

    exists: bool = False
    absence: str = "there is no provisioning job"
    rows: Mapping[str, Row] = field(default_factory=_empty)
    enabled: bool = True
    actions: tuple[str, ...] = ("create", "delete", "update")
    filters: Sequence[Json] = ()
    scope: str | None = None
    skip_out_of_scope_deletions: bool = False
    assigned_users: RolesByPrincipal | None = field(default_factory=_empty)
    assigned_groups: RolesByPrincipal | None = field(default_factory=_empty)
    group_names: Mapping[str, str] = field(default_factory=_empty)
    role_labels: Mapping[str, Mapping[str, str]] = field(default_factory=_empty)
    boolean_targets: frozenset[str] = frozenset()


def documents_read(spec: Spec) -> tuple[Document, ...]:
    """Return the documents that define the provisioning of users, whether or not the spec manages them."""
    return (*schema_reads(), secrets.secrets(spec.connection), application.assignments())


def states_before_and_after(
    spec: Spec, snapshot: Snapshot, changes: Sequence[Change]
) -> tuple[ProvisioningState, ProvisioningState]:
    """Return the state as it was read, and the state after the changes."""
    before = _state_before(spec, snapshot)
    after = replace(before, exists=True, role_labels=_role_labels_after(spec, snapshot, changes))
    if "service_principal" not in snapshot.names:
        after = replace(after, scope=None, assigned_users={}, assigned_groups={})
    for change in changes:
        if state_part(change) in _APPLY:
            after = _APPLY[state_part(change)](after, change)
    after = _apply_assignments(after, changes)
    return (before if before.exists else replace(before, rows=_EMPTY), after)


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


def filter_attributes(filters: Iterable[Json]) -> frozenset[str]:
    """Return the names of the attributes that scoping filters read."""
    return frozenset(str(clause["attribute"]) for group in filters for clause in group["all"])


def principal_id(change: Change) -> str:
    """Return the id of the principal of an assignment's change; empty if it has none."""
    resource = change.after or change.before
    key = resource.key if resource is not None else None
    return str(key[0]) if isinstance(key, tuple) else ""


# --- before the plan ------------------------------------------------------------------------------------------------


def _state_before(spec: Spec, snapshot: Snapshot) -> ProvisioningState:
    raw = live_schema(snapshot)
    location = find_object_mapping(snapshot, SECTION, spec.mappings.get(SECTION, ObjectMapping()))
    state = ProvisioningState(exists="job" in snapshot.names and job.has_run(_job(snapshot)))
    if "job" in snapshot.names:
        state = replace(state, absence="no user has been provisioned yet")
    if location is not None:
        fields = rows.object_fields(location.mapping)
        definitions = schema.definitions(raw, location, "target")
        state = replace(
            state,
            rows={str(row["targetAttributeName"]): rows.row_fields(row) for row in schema.rows(location)},
            enabled=fields["enabled"],
            actions=tuple(fields["actions"]),
            filters=fields["filters"],
            boolean_targets=frozenset(
                str(definition.get("name")) for definition in definitions if definition.get("type") == "Boolean"
            ),
        )
    return _with_assignments(_with_settings(state, snapshot), snapshot)


def _job(snapshot: Snapshot) -> Json:
    """Return the job; a job that could not be read is assumed to be active."""
    return next((row for row in snapshot.rows("jobs") if row["id"] == snapshot.names["job"]), _ACTIVE_JOB)


def _with_settings(state: ProvisioningState, snapshot: Snapshot) -> ProvisioningState:
    settings = secrets.settings(snapshot.get("secrets"))
    skips = bool(settings.skip_out_of_scope_deletions)
    return replace(state, scope=settings.scope, skip_out_of_scope_deletions=skips)


def _with_assignments(state: ProvisioningState, snapshot: Snapshot) -> ProvisioningState:
    if snapshot.get("assignments") is None:
        return replace(state, assigned_users=None, assigned_groups=None)
    users: dict[str, tuple[str, ...]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    for row in application.assigned(snapshot.rows("assignments")):
        principals = {"User": users, "Group": groups}.get(row["principalType"])
        if principals is not None:
            principals[row["principalId"]] = (*principals.get(row["principalId"], ()), row["appRoleId"])
        if row["principalType"] == "Group":
            names[row["principalId"]] = row["principalDisplayName"] or row["principalId"]
    labels = {role["id"]: _role_label(role) for role in application.roles(snapshot.documents)}
    return replace(state, assigned_users=users, assigned_groups=groups, group_names=names, role_labels=labels)


def _role_label(role: Json) -> Mapping[str, str]:
    label = {"id": role["id"], "value": role.get("value"), "displayName": role.get("displayName")}
    return {key: str(text) for key, text in label.items() if text}


# --- after the plan -------------------------------------------------------------------------------------------------


def _apply_attribute_mapping(state: ProvisioningState, change: Change) -> ProvisioningState:
    section, _, target = change.address.rest.partition("/")
    if section != SECTION:
        return state
    rows_after = {name: row for name, row in state.rows.items() if name != target}
    if change.after is not None:
        rows_after[target] = change.after.fields
    return replace(state, rows=rows_after)


def _apply_object_mapping(state: ProvisioningState, change: Change) -> ProvisioningState:
    if change.address.rest != SECTION:
        return state
    fields = {field_change.name: field_change.after for field_change in change.fields}
    return replace(
        state,
        enabled=fields.get("enabled", state.enabled),
        actions=tuple(fields.get("actions", state.actions)),
        filters=fields.get("filters", state.filters),
    )


def _apply_settings(state: ProvisioningState, change: Change) -> ProvisioningState:
    fields = {field_change.name: field_change.after for field_change in change.fields}
    skip = fields.get("skip_out_of_scope_deletions", state.skip_out_of_scope_deletions)
    return replace(state, scope=fields.get("scope", state.scope), skip_out_of_scope_deletions=bool(skip))


def _apply_target_attribute(state: ProvisioningState, change: Change) -> ProvisioningState:
    section, _, target = change.address.rest.partition("/")
    is_boolean = change.after is not None and str(change.after.fields.get("type")).lower() == "boolean"
    if section != SECTION or not is_boolean:
        return state
    return replace(state, boolean_targets=state.boolean_targets | {target})


_APPLY: Mapping[StatePart, Callable[[ProvisioningState, Change], ProvisioningState]] = MappingProxyType(
    {
        StatePart.ATTRIBUTE_MAPPINGS: _apply_attribute_mapping,
        StatePart.OBJECT_MAPPINGS: _apply_object_mapping,
        StatePart.SETTINGS: _apply_settings,
        StatePart.TARGET_ATTRIBUTES: _apply_target_attribute,
    }
)


def _apply_assignments(state: ProvisioningState, changes: Iterable[Change]) -> ProvisioningState:
    """Apply all assignments at once, so that the tables are copied once."""
    if state.assigned_users is None or state.assigned_groups is None:
        return state
    users, groups, names = dict(state.assigned_users), dict(state.assigned_groups), dict(state.group_names)
    for change in changes:
        resource = change.after or change.before
        if state_part(change) is not StatePart.ASSIGNMENTS or resource is None or not isinstance(resource.key, tuple):
            continue
        principal, role = resource.key
        is_group = change.address.rest.startswith("group:")
        principals = groups if is_group else users
        roles_left = [held for held in principals.get(principal, ()) if held != role]
        principals[principal] = (*roles_left, role) if change.after is not None else tuple(roles_left)
        if is_group:
            names.setdefault(principal, _group_name(change))
        if not principals[principal]:
            del principals[principal]
    return replace(state, assigned_users=users, assigned_groups=groups, group_names=names)


def _group_name(change: Change) -> str:
    return decode(change.address.rest.partition("/")[0].removeprefix("group:"))


def _role_labels_after(spec: Spec, snapshot: Snapshot, changes: Iterable[Change]) -> Mapping[str, Mapping[str, str]]:
    """Return the labels of the live roles with their new display names, and of the roles that the plan creates."""
    labels = {role["id"]: dict(_role_label(role)) for role in application.roles(snapshot.documents)}
    new_ids = roles.new_ids(spec, snapshot)
    for change in changes:
        if state_part(change) is not StatePart.ROLES or change.after is None:
            continue
        name = change.address.rest
        facts = change.before.facts if change.before is not None else _EMPTY
        role = str(facts.get("id") or new_ids.get(name) or name)
        label = {"id": role, "value": roles.value_of(name), "displayName": change.after.fields.get("display_name")}
        labels[role] = {**labels.get(role, {}), **{key: str(text) for key, text in label.items() if text}}
    return labels
