"""The way back for who may use an application: its roles, and who is assigned. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from scimconf.documents import application
from scimconf.documents.application import AssignmentRow
from scimconf.export.exported_spec import ExportedSpec, held
from scimconf.snapshot import Json, Lookup, Principal, Snapshot
from scimconf.spec.patterns import ROLE_VALUE

LONG_LIST = 50
"""More users than this go to a CSV file beside the spec."""
_MEMBERS = {"User": "users", "Application": "applications"}


def namesakes(snapshot: Snapshot) -> Iterator[Lookup]:
    """The groups by name that are to be looked up, to see which names an assigned group has not for itself."""
    for row in snapshot.rows("assignments"):
        for one in snapshot.principals.get(Lookup("id", row["principalId"]), ()):
            if one.type == "group":
                yield Lookup("group", one.name)


def declare_roles(found: ExportedSpec, snapshot: Snapshot, *, full: bool) -> None:
    """The roles that a spec can describe as they are; the others in words."""
    if snapshot.get("applications") == []:
        found.unsaid.append("the application object belongs to another tenant, so its roles are not managed here")
        return
    live = application.roles(snapshot.documents)
    names = Counter(map(_identity, live))
    said = []
    for role in live:
        shown = role.get("value") or role.get("displayName")
        if names[_identity(role)] > 1:
            found.unsaid.append(f"there are several roles {shown}")
        elif not _is_sayable(role):
            found.unsaid.append(f"the role {shown} has a value, a text or members that a spec cannot write")
        elif full or role.get("value"):
            said.append(_role(role))
    if said:
        found.tree["app_roles"] = {"unlisted": "report" if full else "keep", "roles": said}


def _identity(role: Json) -> str:
    return str(role.get("value") or f"~{role.get('displayName')}")


def _is_sayable(role: Json) -> bool:
    members = role.get("allowedMemberTypes")
    has_texts = bool(role.get("displayName")) and bool(role.get("description"))
    has_value = not role.get("value") or re.match(ROLE_VALUE, role["value"]) is not None
    return has_texts and has_value and bool(members) and all(one in _MEMBERS for one in members)


def _role(role: Json) -> dict[str, Any]:
    said: dict[str, Any] = {"value": role["value"]} if role.get("value") else {}
    said["display_name"] = role["displayName"]
    said["description"] = role["description"]
    if not role.get("isEnabled"):
        said["enabled"] = False
    members = sorted(_MEMBERS[one] for one in role["allowedMemberTypes"])
    return said if members == ["users"] else {**said, "allowed_members": members}


def declare_assignments(found: ExportedSpec, snapshot: Snapshot, *, full: bool) -> None:
    """Who is assigned, by names; an id stands beside a group's name where others have the same."""
    names = _role_names(application.roles(snapshot.documents))
    everyone: dict[Principal, list[str]] = {}
    for row in application.assigned(snapshot.rows("assignments")):
        principal = _principal(row, snapshot)
        if principal is None or row["appRoleId"] not in names:
            what = row["principalDisplayName"] or row["principalId"]
            found.unsaid.append(f"the assignment of {what} ({row['principalType']}) is not managed")
        else:
            everyone.setdefault(principal, []).append(names[row["appRoleId"]])
    groups = sorted((one for one in everyone if one.type == "group"), key=lambda one: (one.name, one.id))
    users = sorted((one for one in everyone if one.type == "user"), key=lambda one: one.name)
    said: dict[str, Any] = {"unlisted": "report" if full else "keep"}
    if groups:
        said["groups"] = [{**_group(one, snapshot), **held(everyone[one])} for one in groups]
    if len(users) > LONG_LIST:
        found.people = [(one.name, role) for one in users for role in sorted(everyone[one])]
    elif users:
        said["users"] = [{"user": one.name, **held(everyone[one])} for one in users]
    if everyone:
        found.tree["assignments"] = said


def _principal(row: AssignmentRow, snapshot: Snapshot) -> Principal | None:
    """A user or group that a spec may list; a group that could not be assigned today is left alone."""
    principals = snapshot.principals.get(Lookup("id", row["principalId"]), ())
    if row["principalType"] == "ServicePrincipal" or len(principals) != 1 or not principals[0].name:
        return None
    return principals[0] if principals[0].security_enabled else None


def _group(one: Principal, snapshot: Snapshot) -> dict[str, Any]:
    namesake = len(snapshot.principals.get(Lookup("group", one.name), ())) > 1
    return {"name": one.name, **({"id": one.id} if namesake else {})}


def _role_names(live: list[Json]) -> dict[str, str]:
    """Role id → how an assignment names it; a role that cannot be told from another has no name."""
    counts = Counter(map(_identity, live))
    return {role["id"]: _written(role, counts) for role in live if counts[_identity(role)] == 1}


def _written(role: Json, names: Counter[str]) -> str:
    """The value; for a role without one its display name, marked where that is another's value."""
    shown = str(role.get("displayName"))
    return str(role.get("value") or (f"~{shown}" if shown in names else shown))
