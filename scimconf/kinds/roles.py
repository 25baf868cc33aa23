"""What roles and assignments share: how a role is named in addresses, and the ids of roles that are yet to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from scimconf.documents import application as documents
from scimconf.plan import decode, encode
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import Role, Spec

_TILDE = "%7E"


def label(value: str | None, display_name: str) -> str:
    """A role in an address: its value, or `~DISPLAY NAME`; no value can be taken for a display name."""
    if not value:
        return f"~{encode(display_name)}"
    return _TILDE + encode(value[1:]) if value.startswith("~") else encode(value)


def value_of(name: str) -> str | None:
    """The value of the role that is so called in addresses; None for a role without one."""
    if name.startswith("~"):
        return None
    return "~" + decode(name[len(_TILDE) :]) if name.startswith(_TILDE) else decode(name)


def label_of(role: Role) -> str:
    return label(role.value, role.display_name)


def live_label(role: Json) -> str:
    return label(role.get("value"), str(role.get("displayName")))


def labels(live: Iterable[Json]) -> dict[str, str]:
    """Role id → its name in addresses; of roles that are called the same, each with eight characters of its id."""
    plain = {role["id"]: live_label(role) for role in live}
    counts = Counter(plain.values())
    return {one: f"{name}~{one[:8]}" if counts[name] > 1 else name for one, name in plain.items()}


def new_ids(spec: Spec, snapshot: Snapshot) -> Mapping[str, str]:
    """Name → id of every role that the spec lists and that is not live."""
    live = documents.roles(snapshot.documents)
    there, taken = set(map(live_label, live)), {role["id"] for role in live}
    listed = [role for role in spec.app_roles.roles if not role.absent] if spec.app_roles is not None else []
    names = [label_of(role) for role in listed if label_of(role) not in there]
    return {name: documents.new_role_id(snapshot.names.get("app_id", ""), name, taken) for name in names}


def going(spec: Spec, live: Iterable[Json]) -> frozenset[str]:
    """The ids of the live roles that the spec removes."""
    if spec.app_roles is None:
        return frozenset()
    absent = {label_of(role): role.absent for role in spec.app_roles.roles}
    others = spec.app_roles.unlisted == "delete"
    return frozenset(role["id"] for role in live if absent.get(live_label(role), others and bool(role.get("value"))))
