"""App roles. Graph does not allow a change of an enabled role, so a role is disabled before it is changed or deleted.

The id of a new role is derived from the application and the role, so plans contain nothing random.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.documents import assignments
from scimconf.kinds import mappings, roles
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_access import MEMBERS, export_roles
from scimconf.kinds.kind import Changes, Kind, denied_reads, unlisted_items
from scimconf.kinds.provisioning import Affected, ProvisioningState, RolesByPrincipal, UsersWhoMove
from scimconf.plan import Absent, Action, Change, DesiredItem, Effect, Guard, Protected, Resource, decode
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Role, Spec
from scimconf.steps import Edit, Phase, Read, Step

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

_MEMBER_TYPES = {word: type_ for type_, word in MEMBERS.items()}
_FROZEN = frozenset({"display_name", "description", "allowed_members"})
"""Fields that Graph does not allow to change while the role is enabled."""


class AppRoleKind(Kind):
    """`app_role/VALUE`, or `app_role/~DISPLAY NAME` for a role without a value."""

    name = "app_role"
    labels = ("role", "roles")
    after = ("application",)
    guard_ids = ("role-in-use",)
    effects_before_start = frozenset({Effect.DATA_LOSS, Effect.DEPROVISIONS})

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.app_roles is not None:
            yield assignments.assignments()
        if _deletes(spec):
            yield from mappings.schema_reads()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None or spec.app_roles is None:
            return
        if snapshot.get("applications") == [] and snapshot.rows("service_principals"):
            message = "the app registration is in another tenant, so its roles cannot be changed from this tenant"
            hint = "Remove app_roles; the publisher of the application defines its roles."
            yield Diagnostic("K701", message, ("app_roles",), hint=hint)
        yield from _ambiguous(spec, snapshot)
        yield from _beside_imported(spec, snapshot)
        if _deletes(spec):
            yield from _deletion_blocked(snapshot)

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if spec.app_roles is None:
            return
        yield from unlisted_items(spec.app_roles.unlisted, self.address(spec))
        if spec.app_roles.unlisted != "keep":
            names = roles.labels(documents.roles(snapshot.documents)).values()
            without_value = (name for name in names if roles.value_of(name) is None)  # roles of the template
            yield from (Protected(self.address(spec, name)) for name in without_value)
        for role in spec.app_roles.roles:
            address = self.address(spec, roles.label_of(role))
            yield Absent(address) if role.absent else Resource(address, _desired(role))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        if spec.app_roles is None:
            return
        assigned = Counter(role for _, role in assignments.assigned(snapshot).ids)
        live = documents.roles(snapshot.documents)
        names = roles.labels(live)
        for role in live:
            facts = {"id": role["id"], "assignments": assigned[role["id"]]}
            yield Resource(self.address(spec, names[role["id"]]), _observed(role), facts=facts)

    def project(self, state: ProvisioningState, changes: Changes, spec: Spec, snapshot: Snapshot) -> ProvisioningState:
        """The assignments of a deleted role are deleted with it."""
        labels, new_ids = dict(state.role_labels), roles.new_ids(spec, snapshot)
        deleted = {str(change.before.facts.get("id")) for change in changes if change.before and change.after is None}
        for change in changes:
            if change.after is not None:
                name = change.address.rest
                live_id = change.before.facts.get("id") if change.before is not None else None
                role = str(live_id or new_ids.get(name) or name)
                display_name = change.after.fields.get("display_name")
                label = {"id": role, "value": roles.value_of(name), "displayName": display_name}
                labels[role] = {**labels.get(role, {}), **{key: str(text) for key, text in label.items() if text}}
        users, groups = _without(state.assigned_users, deleted), _without(state.assigned_groups, deleted)
        return replace(state, role_labels=labels, assigned_users=users, assigned_groups=groups)

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        return {Effect.DEPROVISIONS: UsersWhoMove()}

    def change_effects(self, change: Change) -> frozenset[Effect]:
        if change.action is Action.DELETE:
            assigned = change.before.facts.get("assignments") if change.before is not None else 0
            return frozenset({Effect.DATA_LOSS, Effect.DEPROVISIONS} if assigned else {Effect.DATA_LOSS})
        is_renamed = change.before is not None and change.field("display_name") is not None
        return frozenset({Effect.RESYNC}) if is_renamed else frozenset()

    def effect_text(self, effect: Effect, change: Change) -> str:
        return "the role and its assignments are deleted" if effect is Effect.DATA_LOSS else ""

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        """Assignments that the plan deletes anyway do not count."""
        for change in changes:
            if change.action is not Action.DELETE or change.before is None:
                continue
            facts = change.before.facts
            count = facts["assignments"] - context.removed_assignments.get(str(facts["id"]), 0)
            if count > 0:
                number = "1 assignment" if count == 1 else f"{count} assignments"
                message = f"the role {roles.in_words(change.address.rest)} would be deleted together with {number}"
                yield Guard("role-in-use", message, count=count, address=change.address)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        new = roles.new_ids(spec, snapshot)
        for change in self.mine(changes):
            role_id = change.before.facts["id"] if change.before is not None else new[change.address.rest]
            yield from _steps(change, str(role_id))

    def export(self, request: ExportRequest) -> ExportedSpec:
        return export_roles(request)

    def removal_snippet(self, resource: Resource) -> str:
        name, value = resource.address.rest, roles.value_of(resource.address.rest)
        key, text = ("display_name", decode(name)[1:]) if value is None else ("value", value)
        return f"app_roles.roles: - {{{key}: {json.dumps(text)}, absent: true}}"


def _without(assigned: RolesByPrincipal | None, deleted: Collection[str]) -> RolesByPrincipal | None:
    """Return the principals with the roles that are left; who has none is left out."""
    if assigned is None or not deleted:
        return assigned
    left = {id_: tuple(role for role in own if role not in deleted) for id_, own in assigned.items()}
    return {id_: own for id_, own in left.items() if own}


def _desired(role: Role) -> Mapping[str, Any]:
    return {
        "display_name": role.display_name,
        "description": role.description,
        "enabled": role.enabled,
        "allowed_members": sorted(set(role.allowed_members)),
    }


def _observed(role: Json) -> Mapping[str, Any]:
    members = role.get("allowedMemberTypes") or ()
    return {
        "display_name": role.get("displayName"),
        "description": role.get("description"),
        "enabled": bool(role.get("isEnabled")),
        "allowed_members": sorted(MEMBERS.get(member, member) for member in members),
    }


def _raw(change: Change, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "displayName": fields["display_name"],
        "description": fields["description"],
        "value": roles.value_of(change.address.rest),
        "isEnabled": fields["enabled"],
        "allowedMemberTypes": [_MEMBER_TYPES[word] for word in fields["allowed_members"]],
    }


def _steps(change: Change, role_id: str) -> Iterator[Step]:
    document, addresses = documents.application(), (change.address,)
    name, key = roles.in_words(change.address.rest), (role_id,)
    is_enabled = change.before is not None and change.before.fields.get("enabled")
    if is_enabled and (change.after is None or any(field.name in _FROZEN for field in change.fields)):
        description = f"disable the role {name}, which Graph requires before a change"
        yield Edit(Phase.STOP, addresses, description, document, "disable_role", key)
        yield Read(Phase.STOP, addresses, f"wait until the role {name} is disabled", document, "disable_role", key)
    if change.after is None:
        yield Edit(Phase.CLEAR, addresses, f"delete the role {name}", document, "remove_role", key)
    else:
        value = _raw(change, change.after.fields)
        description = f"{'create' if change.before is None else 'update'} app role {name}"
        yield Edit(Phase.BUILD, addresses, description, document, "set_role", key, value)


def _ambiguous(spec: Spec, snapshot: Snapshot) -> Iterator[Diagnostic]:
    live = Counter(map(roles.live_label, documents.roles(snapshot.documents)))
    for index, role in enumerate(spec.app_roles.roles if spec.app_roles is not None else ()):
        if live[roles.label_of(role)] > 1:
            message = f"the application has several roles {roles.in_words(roles.label_of(role))}"
            hint = "Give each of them its own value in the portal."
            yield Diagnostic("K703", message, ("app_roles", "roles", index), hint=hint)


def _beside_imported(spec: Spec, snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Warn about new roles of an application that imports its roles: the tutorials of these forbid to edit them."""
    live = set(map(roles.live_label, documents.roles(snapshot.documents)))
    listed = spec.app_roles.roles if spec.app_roles is not None and roles.imports_roles(snapshot) else ()
    for index, role in enumerate(listed):
        if not role.absent and roles.label_of(role) not in live:
            message = f'the application imports its roles, and "{role.value or role.display_name}" is not among them'
            hint = "Delete this entry: a role that the application has arrives with a provisioning cycle."
            yield Diagnostic("K705", message, ("app_roles", "roles", index), hint=hint, severity="warning")


def _deletion_blocked(snapshot: Snapshot) -> Iterator[Diagnostic]:
    """Yield errors if a deletion would be unsafe: its consequences cannot be read, or the service writes the roles."""
    yield from denied_reads(snapshot, "K704", ("app_roles",), "assignments", "schema", "template_schema")
    if roles.imports_roles(snapshot):
        message = "an inbound synchronization rule writes the app roles, so scimconf does not delete any"
        yield Diagnostic("K702", message, ("app_roles",), hint="Write `unlisted: keep` and remove `absent`.")


def _deletes(spec: Spec) -> bool:
    section = spec.app_roles
    return section is not None and (section.unlisted == "delete" or any(role.absent for role in section.roles))
