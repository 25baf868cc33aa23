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
    create = spec.application.create
    creates_gallery = create is not None and create.from_template != "custom"
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
