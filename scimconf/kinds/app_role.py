"""App roles: what people can be assigned as. Graph takes no change of an enabled role, so it is disabled first.

The id of a new role is derived from the application and the role, so that nothing random is in the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from scimconf.diagnostics import Diagnostic
from scimconf.documents import application as documents
from scimconf.documents import schema
from scimconf.kinds import roles
from scimconf.kinds.kind import Base, Effects, live_schema, refused, schema_reads
from scimconf.plan import (
    Absent,
    Action,
    Change,
    DesiredItem,
    Effect,
    Exclusive,
    Protected,
    ReportOnly,
    Resource,
    decode,
)
from scimconf.snapshot import Document, Json, Snapshot
from scimconf.spec.model import Role, Spec
from scimconf.steps import Edit, Phase, Read, Step

_MEMBERS = {"users": "User", "applications": "Application"}
_WORDS = {value: word for word, value in _MEMBERS.items()}
_FROZEN = frozenset({"display_name", "description", "allowed_members"})
"""What Graph lets nobody change while the role is enabled."""


class AppRoleKind(Base):
    """`app_role/VALUE`, or `app_role/~DISPLAY NAME` for a role without a value."""

    name = "app_role"
    after = ("application",)

    def reads(self, spec: Spec) -> Iterable[Document]:
        if spec.app_roles is not None:
            yield documents.assignments()
        if _removes(spec):
            yield from schema_reads()

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        if snapshot is None or spec.app_roles is None:
            return
        if snapshot.get("applications") == [] and snapshot.rows("service_principals"):
            yield Diagnostic(
                "K701",
                "the application object is not in this tenant, so its roles cannot be changed here",
                ("app_roles",),
                hint="Take app_roles out; the application's owner decides its roles.",
            )
        yield from _ambiguous(spec, snapshot)
        for needed in ("assignments", "schema", "template_schema") if _removes(spec) else ():
            permission = "Application.Read.All" if needed == "assignments" else "Synchronization.Read.All"
            yield from refused(snapshot, needed, "K704", ("app_roles",), permission)
        if _removes(spec) and _is_inbound(snapshot):
            yield Diagnostic(
                "K702",
                "an inbound rule of the live schema writes the app roles, so they are not removed here",
                ("app_roles",),
                hint="Write `unlisted: keep` and take out `absent`.",
            )

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        if spec.app_roles is None:
            return
        if spec.app_roles.unlisted != "keep":
            prefix = self.address(spec)
            yield Exclusive(prefix) if spec.app_roles.unlisted == "delete" else ReportOnly(prefix)
            yield from self._without_value(spec, snapshot)
        for role in spec.app_roles.roles:
            address = self.address(spec, roles.label_of(role))
            yield Absent(address) if role.absent else Resource(address, _desired(role))

    def _without_value(self, spec: Spec, snapshot: Snapshot) -> Iterator[DesiredItem]:
        """The template's own roles have no value; they stay unless they are listed."""
        for name in roles.labels(documents.roles(snapshot.documents)).values():
            if roles.value_of(name) is None:
                yield Protected(self.address(spec, name))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        if spec.app_roles is None:
            return
        held = Counter(row["appRoleId"] for row in documents.assigned(snapshot.rows("assignments")))
        live = documents.roles(snapshot.documents)
        names = roles.labels(live)
        for role in live:
            facts = {"id": role["id"], "assignments": held[role["id"]]}
            yield Resource(self.address(spec, names[role["id"]]), _observed(role), facts=facts)

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        new = roles.new_ids(spec, snapshot)
        for change in self.mine(changes):
            name = change.address.rest
            yield from _steps(change, str(change.before.facts["id"]) if change.before is not None else new[name])

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: _effects(change) for change in changes}


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
        "allowed_members": sorted(_WORDS.get(one, one) for one in members),
    }


def _raw(change: Change, resource: Resource) -> Mapping[str, Any]:
    fields = resource.fields
    return {
        "displayName": fields["display_name"],
        "description": fields["description"],
        "value": roles.value_of(change.address.rest),
        "isEnabled": fields["enabled"],
        "allowedMemberTypes": [_MEMBERS[word] for word in fields["allowed_members"]],
    }


def _steps(change: Change, role_id: str) -> Iterator[Step]:
    document, serves = documents.application(), (change.address,)
    name, key = roles.value_of(change.address.rest) or decode(change.address.rest), (role_id,)
    if change.before is not None and _needs_disabling(change):
        yield Edit(Phase.STOP, serves, f"disable the role {name}, as Graph demands", document, "disable_role", key)
        yield Read(Phase.STOP, serves, f"wait until {name} is disabled", document, "disable_role", key)
    if change.after is None:
        yield Edit(Phase.CLEAR, serves, f"remove the role {name}", document, "remove_role", key)
    else:
        says = f"set the role {name}"
        yield Edit(Phase.BUILD, serves, says, document, "set_role", key, dict(_raw(change, change.after)))


def _needs_disabling(change: Change) -> bool:
    was_on = change.before is not None and change.before.fields.get("enabled")
    return bool(was_on) and (change.after is None or any(one.name in _FROZEN for one in change.fields))


def _effects(change: Change) -> frozenset[Effect]:
    if change.action is Action.DELETE:
        held = change.before.facts.get("assignments") if change.before is not None else 0
        return frozenset({Effect.DATA_LOSS, Effect.DEPROVISIONS} if held else {Effect.DATA_LOSS})
    shown = change.field("display_name")
    return frozenset({Effect.RESYNC}) if change.before is not None and shown is not None else frozenset()


def _ambiguous(spec: Spec, snapshot: Snapshot) -> Iterator[Diagnostic]:
    live = Counter(map(roles.live_label, documents.roles(snapshot.documents)))
    for index, role in enumerate(spec.app_roles.roles if spec.app_roles is not None else ()):
        if live[roles.label_of(role)] > 1:
            said = f"the application has several roles {role.identity}"
            yield Diagnostic(
                "K703", said, ("app_roles", "roles", index), hint="Give each a value of its own in the portal."
            )


def _removes(spec: Spec) -> bool:
    one = spec.app_roles
    return one is not None and (one.unlisted == "delete" or any(role.absent for role in one.roles))


def _is_inbound(snapshot: Snapshot) -> bool:
    """Whether a rule of the application's own fills the tenant's app roles."""
    raw = live_schema(snapshot)
    return raw is not None and any(
        one.mapping.get("targetObjectName") == "AppRole" and one.mapping.get("enabled") is not False
        for one in schema.object_mappings(raw)
    )
