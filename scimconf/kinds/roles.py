"""What roles and assignments share: the name of a role in addresses, and the ids of roles that the plan creates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from scimconf.documents import application as documents
from scimconf.documents import schema
from scimconf.kinds.mappings import live_schema
from scimconf.plan import decode, encode
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import Role, Spec

_TILDE = "%7E"
_CUSTOM_ROLES = ("~User", "~msiam_access")
"""The roles of an application that was created from the custom template; neither has a value (instantiate response)."""


def label(value: str | None, display_name: str) -> str:
    """Return the name of a role in an address: its value, or `~DISPLAY NAME`; a `~` at the start of a value is encoded."""
    if not value:
        return f"~{encode(display_name)}"
    return _TILDE + encode(value[1:]) if value.startswith("~") else encode(value)


def value_of(name: str) -> str | None:
    """Return the value of the role with that name in addresses; None for a role without a value."""
    if name.startswith("~"):
        return None
    return "~" + decode(name[len(_TILDE) :]) if name.startswith(_TILDE) else decode(name)


def in_words(name: str) -> str:
    """Return the role with that name in addresses as messages name it: by its value, else by its display name in quotes."""
    return value_of(name) or f'"{decode(name.removeprefix("~"))}"'


def label_of(role: Role) -> str:
    return label(role.value, role.display_name)


def live_label(role: Json) -> str:
    return label(role.get("value"), str(role.get("displayName")))


def labels(live: Iterable[Json]) -> dict[str, str]:
    """Return role id → name in addresses; roles of the same name each get eight characters of their id."""
    plain = {role["id"]: live_label(role) for role in live}
    counts = Counter(plain.values())
    return {role_id: f"{name}~{role_id[:8]}" if counts[name] > 1 else name for role_id, name in plain.items()}


def new_ids(spec: Spec, snapshot: Snapshot) -> Mapping[str, str]:
    """Return name → id of every role that the spec lists and that does not exist yet."""
    live = documents.roles(snapshot.documents)
    live_names, live_ids = set(map(live_label, live)), {role["id"] for role in live}
    listed = [role for role in spec.app_roles.roles if not role.absent] if spec.app_roles is not None else ()
    names = [label_of(role) for role in listed if label_of(role) not in live_names]
    return {name: documents.new_role_id(snapshot.names.get("app_id", ""), name, live_ids) for name in names}


def template_roles(spec: Spec, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names in addresses of the roles that a new application gets from its template, as far as known."""
    if not _creates_custom(spec) or not _is_missing(snapshot):
        return ()
    listed = spec.app_roles.roles if spec.app_roles is not None else ()
    deleted = {label_of(role) for role in listed if role.absent}
    return tuple(name for name in _CUSTOM_ROLES if name not in deleted)


def is_nowhere(spec: Spec, snapshot: Snapshot) -> bool:
    """Return whether the application does not exist and the spec does not create it, which is the error K103."""
    return spec.application.create is None and _is_missing(snapshot)


def _creates_custom(spec: Spec) -> bool:
    create = spec.application.create
    return create is not None and create.from_template in ("custom", documents.CUSTOM_TEMPLATE)


def _is_missing(snapshot: Snapshot) -> bool:
    return snapshot.get("service_principals") == []


def imports_roles(snapshot: Snapshot) -> bool:
    """Return whether an inbound rule of the live schema writes the app roles, as Salesforce's template does."""
    raw = live_schema(snapshot)
    live = [location.mapping for location in schema.object_mappings(raw)] if raw is not None else []
    return any(mapping.get("targetObjectName") == "AppRole" and mapping.get("enabled") is not False for mapping in live)


def missing_role_hint(spec: Spec, snapshot: Snapshot) -> str:
    """Return what to write for a role that does not exist. Some gallery applications import theirs in a cycle."""
    if imports_roles(snapshot):
        return (
            "The application imports its roles: start provisioning without this assignment, and add it after a cycle."
        )
    templates = {principal.get("applicationTemplateId") for principal in snapshot.rows("service_principals")}
    creates_gallery = spec.application.create is not None and not _creates_custom(spec)
    if templates <= {None, documents.CUSTOM_TEMPLATE} and not (creates_gallery and not templates):
        return "Declare it under app_roles."
    return "Declare it under app_roles, unless the application imports its roles: then assign it after a cycle."


def going(spec: Spec, live: Iterable[Json]) -> frozenset[str]:
    """Return the ids of the roles that the spec deletes."""
    if spec.app_roles is None:
        return frozenset()
    absent = {label_of(role): role.absent for role in spec.app_roles.roles}
    others = spec.app_roles.unlisted == "delete"
    return frozenset(role["id"] for role in live if absent.get(live_label(role), others and bool(role.get("value"))))
