"""The export of app roles and assignments."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from scimconf.documents import application
from scimconf.documents.assignments import AssignmentRow, assigned
from scimconf.kinds.exported import ExportedSpec, ExportRequest, role_keys
from scimconf.snapshot import BY_ID, Json, Lookup, Principal, Snapshot
from scimconf.spec.patterns import ROLE_VALUE

MAX_USERS = 50
"""More users than this are exported to a CSV file."""
MEMBERS = {"User": "users", "Application": "applications"}


def export_roles(request: ExportRequest) -> ExportedSpec:
    """Return the roles that a spec can express; without `full` only those that have a value."""
    part, snapshot = ExportedSpec(), request.snapshot
    if snapshot.get("applications") == []:
        part.omitted.append("the app registration is in another tenant, so its roles are not managed here")
        return part
    live = application.roles(snapshot.documents)
    counts = Counter(map(_identity, live))
    exported = []
    for role in live:
        name = role.get("value") or role.get("displayName")
        if counts[_identity(role)] > 1:
            part.omitted.append(f"the application has several roles {name}")
        elif not _is_expressible(role):
            part.omitted.append(f"the role {name} has a value, a text or members that a spec cannot express")
        elif request.full or role.get("value"):
            exported.append(_role(role))
    if exported:
        part.tree["app_roles"] = {"unlisted": "report" if request.full else "keep", "roles": exported}
    return part


def _identity(role: Json) -> str:
    return str(role.get("value") or f"~{role.get('displayName')}")


def _is_expressible(role: Json) -> bool:
    members = role.get("allowedMemberTypes")
    has_texts = bool(role.get("displayName")) and bool(role.get("description"))
    has_value = not role.get("value") or re.match(ROLE_VALUE, role["value"]) is not None
    return has_texts and has_value and bool(members) and all(member in MEMBERS for member in members)


def _role(role: Json) -> dict[str, Any]:
    exported: dict[str, Any] = {"value": role["value"]} if role.get("value") else {}
    exported["display_name"] = role["displayName"]
    exported["description"] = role["description"]
    if not role.get("isEnabled"):
        exported["enabled"] = False
    members = sorted(MEMBERS[member] for member in role["allowedMemberTypes"])
    return exported if members == ["users"] else {**exported, "allowed_members": members}


def export_assignments(request: ExportRequest) -> ExportedSpec:
    """Return the assigned principals by name; a group has its id as well, so that the spec follows a rename."""
    part, snapshot = ExportedSpec(), request.snapshot
    names = _role_names(application.roles(snapshot.documents))
    roles: dict[Principal, list[str]] = {}
    for row in assigned(snapshot):
        principal = _principal(row, snapshot)
        if principal is None or row["appRoleId"] not in names:
            _leave_out(part, row, snapshot, "" if principal is None else "a spec cannot name its role")
        else:
            roles.setdefault(principal, []).append(names[row["appRoleId"]])
    principals = sorted(roles, key=lambda principal: (principal.name, principal.id))
    groups, users = ([each for each in principals if each.type == type_] for type_ in ("group", "user"))
    section: dict[str, Any] = {"unlisted": "report" if request.full else "keep"}
    if groups:
        section["groups"] = [{"name": group.name, "id": group.id, **role_keys(roles[group])} for group in groups]
    if len(users) > MAX_USERS:
        part.csv_users = [(user.name, role) for user in users for role in sorted(roles[user])]
    elif users:
        section["users"] = [{"user": user.name, **role_keys(roles[user])} for user in users]
    if roles:
        part.tree["assignments"] = section
    return part


def _principal(row: AssignmentRow, snapshot: Snapshot) -> Principal | None:
    """Return the user or group of an assignment; None if a spec cannot list it, such as a group without security."""
    principals = snapshot.principals.get(Lookup("id", row["principalId"]), ())
    if row["principalType"] == "ServicePrincipal" or len(principals) != 1 or not principals[0].name:
        return None
    return principals[0] if principals[0].security_enabled else None


def _leave_out(part: ExportedSpec, row: AssignmentRow, snapshot: Snapshot, reason: str) -> None:
    """Add an assignment to what the spec does not contain; `reason` is "" if it is its principal."""
    from scimconf import permissions

    subject = f"the assignment of {row['principalDisplayName'] or row['principalId']} ({row['principalType']})"
    denied = snapshot.denied.get(BY_ID.get(row["principalType"].lower(), ""))
    if reason or denied is None or snapshot.principals.get(Lookup("id", row["principalId"])):
        part.omitted.append(f"{subject} is not managed: {reason or _reason(row, snapshot)}")
        return
    permission = permissions.required("GET", denied.path)
    assert permission is not None  # the table has users and groups
    part.unread[f"{subject}: Graph denied reading its name ({denied.status})"] = permission.least


def _reason(row: AssignmentRow, snapshot: Snapshot) -> str:
    """Return why a spec cannot list the principal of an assignment."""
    if row["principalType"] == "ServicePrincipal":
        return "a spec lists users and groups only"
    principals = snapshot.principals.get(Lookup("id", row["principalId"]), ())
    if not principals:
        return "it was deleted"
    return "it has no name" if not principals[0].name else "the group is not security-enabled"


def _role_names(live: list[Json]) -> dict[str, str]:
    """Return role id → its name in an assignment; roles of the same name have none."""
    counts = Counter(map(_identity, live))
    return {role["id"]: _role_name(role, counts) for role in live if counts[_identity(role)] == 1}


def _role_name(role: Json, counts: Counter[str]) -> str:
    """Return the value, else the display name, with `~` if it is also the value of another role."""
    name = str(role.get("displayName"))
    return str(role.get("value") or (f"~{name}" if name in counts else name))
