"""App roles: what people can be assigned as. Graph takes no change of an enabled role, so it is disabled first.

The id of a new role is derived from the application and the role, so that nothing random is in the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from scimconf.documents import application as documents
from scimconf.documents import schema
from scimconf.errors import Problem
from scimconf.kinds.kind import Base, Effects, live_schema
from scimconf.plan import Absent, Action, Change, Effect, Kept, Reported, Resource, Wanted, Whole, decode, encode
from scimconf.spec.model import Role, Spec
from scimconf.wire import Document, Edit, Json, Phase, Read, Snapshot, Step

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

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Problem]:
        if snapshot is None or spec.app_roles is None:
            return
        if snapshot.get("applications") == [] and snapshot.rows("service_principals"):
            yield Problem(
                "K701",
                "the application object is not in this tenant, so its roles cannot be changed here",
                ("app_roles",),
                hint="Take app_roles out; the application's owner decides its roles.",
            )
        yield from _ambiguous(spec, snapshot)
        if _removes(spec) and _is_inbound(snapshot):
            yield Problem(
                "K702",
                "an inbound rule of the live schema writes the app roles, so they are not removed here",
                ("app_roles",),
                hint="Write `unlisted: keep` and take out `absent`.",
            )

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[Wanted]:
        if spec.app_roles is None:
            return
        if spec.app_roles.unlisted != "keep":
            prefix = self.address(spec)
            yield Whole(prefix) if spec.app_roles.unlisted == "remove" else Reported(prefix)
            yield from self._without_value(spec, snapshot)
        for role in spec.app_roles.roles:
            address = self.address(spec, _name(role.value, role.display_name))
            yield Absent(address) if role.absent else Resource(address, _desired(role))

    def _without_value(self, spec: Spec, snapshot: Snapshot) -> Iterator[Wanted]:
        listed = {role.identity for role in spec.app_roles.roles} if spec.app_roles is not None else set()
        for role in documents.roles(snapshot.documents):
            if not role.get("value") and f"~{role.get('displayName')}" not in listed:
                yield Kept(self.address(spec, _name(None, str(role.get("displayName")))))

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        if spec.app_roles is None:
            return
        held = Counter(row["appRoleId"] for row in snapshot.rows("assignments"))
        for role in documents.roles(snapshot.documents):
            address = self.address(spec, _name(role.get("value"), str(role.get("displayName"))))
            facts = {"id": role["id"], "assignments": held[role["id"]]}
            yield Resource(address, _observed(role), facts=facts)

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        for change in self.mine(changes):
            yield from _steps(change, snapshot.names.get("app_id", ""))

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: _effects(change) for change in changes}


def _name(value: str | None, display_name: str) -> str:
    return encode(value) if value else f"~{encode(display_name)}"


def _desired(role: Role) -> Mapping[str, Any]:
    return {
        "display_name": role.display_name,
        "description": role.description,
        "enabled": role.enabled,
        "allowed_members": sorted(role.allowed_members),
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
    fields, identity = resource.fields, decode(change.address.rest)
    value = None if identity.startswith("~") else identity
    return {
        "displayName": fields["display_name"],
        "description": fields["description"],
        "value": value,
        "isEnabled": fields["enabled"],
        "allowedMemberTypes": [_MEMBERS[word] for word in fields["allowed_members"]],
    }


def _steps(change: Change, app_id: str) -> Iterator[Step]:
    document, serves = documents.application(), (change.address,)
    name = decode(change.address.rest)
    known = change.before.facts["id"] if change.before is not None else documents.new_role_id(app_id, name)
    key = (str(known),)
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
        return frozenset({Effect.DESTROYS, Effect.NARROWS} if held else {Effect.DESTROYS})
    shown = change.field("display_name")
    return frozenset({Effect.RESYNC}) if change.before is not None and shown is not None else frozenset()


def _ambiguous(spec: Spec, snapshot: Snapshot) -> Iterator[Problem]:
    live = Counter(
        _name(role.get("value"), str(role.get("displayName"))) for role in documents.roles(snapshot.documents)
    )
    for index, role in enumerate(spec.app_roles.roles if spec.app_roles is not None else ()):
        if live[_name(role.value, role.display_name)] > 1:
            said = f"the application has several roles {role.identity}"
            yield Problem(
                "K703", said, ("app_roles", "roles", index), hint="Give each a value of its own in the portal."
            )


def _removes(spec: Spec) -> bool:
    roles = spec.app_roles
    return roles is not None and (roles.unlisted == "remove" or any(role.absent for role in roles.roles))


def _is_inbound(snapshot: Snapshot) -> bool:
    """Whether a rule of the application's own fills the tenant's app roles."""
    raw = live_schema(snapshot)
    return raw is not None and any(
        one.mapping.get("targetObjectName") == "AppRole" and one.mapping.get("enabled") is not False
        for one in schema.places(raw)
    )
