"""An application's mapping of users as it is, and as it will be once a plan's changes are made.

The live side comes from the documents that were read; the other side is the live one under the changes, in the normal
form that plan and documents share. So a preview shows exactly what the plan shows, `--only` and `--exclude` included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from scimconf.documents import application, job, rows, schema, secrets
from scimconf.kinds import roles
from scimconf.kinds.kind import find_object_mapping, live_schema, schema_reads
from scimconf.plan import Change, decode
from scimconf.snapshot import Document, Snapshot
from scimconf.spec.model import ObjectMapping, Spec

Json = Any
Row = Mapping[str, Json]
Roles = Mapping[str, tuple[str, ...]]

SECTION = "users"
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_ON: Mapping[str, Any] = MappingProxyType({"schedule": {"state": "Active"}})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


@dataclass(frozen=True, slots=True)
class ProvisioningState:
    """One side: the rows by target, who is in scope, and who is assigned to what.

    `absent` says why a side that does not exist sends nothing. `scope` is None where it is not known. `users` and `groups` are the roles by the ids of those that hold them, None
    where assignments could not be read; `labels` the roles as expressions see them, by id.
    """

    exists: bool = False
    absent: str = "there is no provisioning job"
    rows: Mapping[str, Row] = field(default_factory=_nothing)
    enabled: bool = True
    actions: tuple[str, ...] = ("create", "delete", "update")
    filters: Sequence[Json] = ()
    scope: str | None = None
    skips: bool = False
    users: Roles | None = field(default_factory=_nothing)
    groups: Roles | None = field(default_factory=_nothing)
    names: Mapping[str, str] = field(default_factory=_nothing)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=_nothing)
    booleans: frozenset[str] = frozenset()


def reads(spec: Spec) -> tuple[Document, ...]:
    """What a preview stands on, whether or not the spec says anything about it."""
    return (*schema_reads(), secrets.secrets(spec.connection), application.assignments())


def states_before_and_after(
    spec: Spec, snapshot: Snapshot, changes: Sequence[Change]
) -> tuple[ProvisioningState, ProvisioningState]:
    """Before and after."""
    before = _live(spec, snapshot)
    after = replace(before, exists=True, labels=_labels(spec, snapshot, changes))
    if "service_principal" not in snapshot.names:
        after = replace(after, scope=None, users={}, groups={})
    for change in changes:
        after = _CHANGED.get(change.kind, _same)(after, change)
    after = _reassigned(after, changes)
    return (before if before.exists else replace(before, rows=_NOTHING), after)


def notices(spec: Spec, snapshot: Snapshot) -> Iterable[str]:
    """What a reader must know before any person is shown."""
    if "service_principal" not in snapshot.names:
        yield "The application does not exist yet, so nothing is sent before."
        yield "What its template maps is known only once it exists; only what the spec lists is shown."
    elif "job" not in snapshot.names:
        yield "There is no provisioning job yet, so nothing is sent before."
    elif not job.has_run(_job(snapshot)):
        yield "The job has never run: nobody was provisioned yet, so nothing is sent before."
    if "job" in snapshot.names and live_schema(snapshot) is None:
        yield "The live schema could not be read; only what the spec lists is shown."
    if not spec.provisioning.enabled:
        yield "Provisioning will be off: this is what would be sent if it were on."
    elif "job" in snapshot.names and job.has_run(found := _job(snapshot)) and not job.is_on(found):
        yield "Provisioning is off now; it will be on."
    for name, said in (("secrets", "the live scope is not known"), ("assignments", "who is assigned is not known")):
        if name in snapshot.denied:
            yield f"Graph refused to show {name}, so {said}."


# --- as it is ------------------------------------------------------------------------------------------------------


def _live(spec: Spec, snapshot: Snapshot) -> ProvisioningState:
    raw = live_schema(snapshot)
    found = find_object_mapping(snapshot, SECTION, spec.mappings.get(SECTION, ObjectMapping()))
    side = ProvisioningState(exists="job" in snapshot.names and job.has_run(_job(snapshot)))
    if "job" in snapshot.names:
        side = replace(side, absent="nobody was provisioned yet")
    if found is not None:
        fields = rows.object_fields(found.mapping)
        definitions = schema.definitions(raw, found, "target")
        side = replace(
            side,
            rows={str(row["targetAttributeName"]): rows.row_fields(row) for row in schema.rows(found)},
            enabled=fields["enabled"],
            actions=tuple(fields["actions"]),
            filters=fields["filters"],
            booleans=frozenset(str(one.get("name")) for one in definitions if one.get("type") == "Boolean"),
        )
    return _held(_set_up(side, snapshot), snapshot)


def _job(snapshot: Snapshot) -> Json:
    """The job; one that could not be read is taken to be on."""
    return next((one for one in snapshot.rows("jobs") if one["id"] == snapshot.names["job"]), _ON)


def _set_up(side: ProvisioningState, snapshot: Snapshot) -> ProvisioningState:
    values = secrets.values(snapshot.get("secrets"))
    everyone = secrets.flag(values.get("SyncAll"))
    scope = None if everyone is None else "all" if everyone else "assigned"
    return replace(side, scope=scope, skips=bool(secrets.flag(values.get("SkipOutOfScopeDeletions"))))


def _held(side: ProvisioningState, snapshot: Snapshot) -> ProvisioningState:
    if snapshot.get("assignments") is None:
        return replace(side, users=None, groups=None)
    users: dict[str, tuple[str, ...]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    for row in application.assigned(snapshot.rows("assignments")):
        mine = {"User": users, "Group": groups}.get(row["principalType"])
        if mine is not None:
            mine[row["principalId"]] = (*mine.get(row["principalId"], ()), row["appRoleId"])
        if row["principalType"] == "Group":
            names[row["principalId"]] = row["principalDisplayName"] or row["principalId"]
    labels = {role["id"]: _label(role) for role in application.roles(snapshot.documents)}
    return replace(side, users=users, groups=groups, names=names, labels=labels)


def _label(role: Json) -> Mapping[str, str]:
    shown = {"id": role["id"], "value": role.get("value"), "displayName": role.get("displayName")}
    return {key: str(text) for key, text in shown.items() if text}


# --- as it will be -------------------------------------------------------------------------------------------------


def _same(side: ProvisioningState, _change: Change) -> ProvisioningState:
    return side


def _mapped(side: ProvisioningState, change: Change) -> ProvisioningState:
    section, _, target = change.address.rest.partition("/")
    if section != SECTION:
        return side
    kept = {name: row for name, row in side.rows.items() if name != target}
    return replace(side, rows=kept if change.after is None else {**kept, target: change.after.fields})


def _object(side: ProvisioningState, change: Change) -> ProvisioningState:
    if change.address.rest != SECTION:
        return side
    now = {one.name: one.after for one in change.fields}
    return replace(
        side,
        enabled=now.get("enabled", side.enabled),
        actions=tuple(now.get("actions", side.actions)),
        filters=now.get("filters", side.filters),
    )


def _settled(side: ProvisioningState, change: Change) -> ProvisioningState:
    now = {one.name: one.after for one in change.fields}
    skips = now.get("skip_out_of_scope_deletions", side.skips)
    return replace(side, scope=now.get("scope", side.scope), skips=bool(skips))


def _defined(side: ProvisioningState, change: Change) -> ProvisioningState:
    section, _, target = change.address.rest.partition("/")
    is_boolean = change.after is not None and str(change.after.fields.get("type")).lower() == "boolean"
    if section != SECTION or not is_boolean:
        return side
    return replace(side, booleans=side.booleans | {target})


_CHANGED = {
    "attribute_mapping": _mapped,
    "object_mapping": _object,
    "settings": _settled,
    "target_attribute": _defined,
}


def _reassigned(side: ProvisioningState, changes: Iterable[Change]) -> ProvisioningState:
    """All assignments at once, since each by itself would copy the whole table."""
    if side.users is None or side.groups is None:
        return side
    users, groups, names = dict(side.users), dict(side.groups), dict(side.names)
    for change in changes:
        resource = change.after or change.before
        if change.kind != "assignment" or resource is None:
            continue
        key: Any = resource.key
        is_group = change.address.rest.startswith("group:")
        mine, (owner, role) = (groups if is_group else users), key
        left = [one for one in mine.get(owner, ()) if one != role]
        mine[owner] = (*left, role) if change.after is not None else tuple(left)
        if is_group:
            names.setdefault(owner, _name(change))
        if not mine[owner]:
            del mine[owner]
    return replace(side, users=users, groups=groups, names=names)


def _name(change: Change) -> str:
    return decode(change.address.rest.partition("/")[0].removeprefix("group:"))


def _labels(spec: Spec, snapshot: Snapshot, changes: Iterable[Change]) -> Mapping[str, Mapping[str, str]]:
    """The roles as they will be: the live ones with their new display names, and those that are to come."""
    labels = {role["id"]: dict(_label(role)) for role in application.roles(snapshot.documents)}
    new = roles.new_ids(spec, snapshot)
    for change in changes:
        if change.kind != "app_role" or change.after is None:
            continue
        name = change.address.rest
        facts = change.before.facts if change.before is not None else _NOTHING
        role = str(facts.get("id") or new.get(name) or name)
        shown = {"id": role, "value": roles.value_of(name), "displayName": change.after.fields.get("display_name")}
        labels[role] = {**labels.get(role, {}), **{key: str(text) for key, text in shown.items() if text}}
    return labels
