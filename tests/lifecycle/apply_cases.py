"""Applies that the tests kill, disturb and run concurrently: the tenant before, the spec, and what it leaves alone.

Beside Writer the tenant has an application that no spec names; Writer has an assignment, a mapping and a key of the
schema that its spec does not name. None of them may ever change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tenant_fixture import WRITER, Rehearsal, all_allowed, exit_code

PAYROLL = {
    "displayName": "Payroll",
    "template": "custom",
    "createdDateTime": "2020-01-01T00:00:00Z",
    "roles": [{"value": "clerk", "displayName": "clerk"}],
    "assignments": [{"user": "mary@contoso.com", "role": "clerk"}, {"group": "AP-Finance", "role": "User"}],
    "secrets": {"BaseAddress": "https://payroll.example.com/scim", "SecretToken": "theirs", "SyncAll": "false"},
    "jobs": [{"template": "scim", "state": "Active", "edits": [{"target": "title", "source": "[city]"}]}],
}
MARKETING = {"displayName": "Marketing operations", "members": ["tim@contoso.com"]}
TENANT = {"groups": [MARKETING], "applications": [PAYROLL]}
EMPLOYEES = {"name": "employees", "all": [{"attribute": "employeeType", "operator": "equals", "value": "Employee"}]}
MANY = 200

Spec = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """An apply of `spec` in a tenant to which `before` was applied, None for a tenant without Writer.

    `loses_roles` are the principals whose last role the spec removes. `switches` are those of the sandbox.
    `paused_for` are endings of paths that may be written only while the job is paused. `ends_as` says whether the
    finished tenant is as the spec demands, beyond an empty plan.
    """

    name: str
    spec: Spec
    before: Spec | None = None
    loses_roles: frozenset[str] = frozenset()
    paused_for: tuple[str, ...] = ()
    switches: dict[str, Any] = field(default_factory=dict)
    ends_as: Callable[[Rehearsal], bool] = lambda _rehearsal: True

    def __hash__(self) -> int:
        return hash(self.name)


# --- specs ----------------------------------------------------------------------------------------------------------


def writer(*edits: Callable[[Spec], object]) -> Spec:
    """Return the example with edits."""
    spec = yaml.safe_load(WRITER.read_text("utf-8"))
    del spec["tests"]
    spec["assignments"]["users_from"] = [str(WRITER.parent / name) for name in spec["assignments"]["users_from"]]
    for edit in edits:
        edit(spec)
    return spec


def single_role(spec: Spec) -> None:
    """Send one role of each user: a cycle in which a user has two fails for this user."""
    spec["mappings"]["users"]["attributes"]["title"] = {"expression": "SingleAppRoleAssignment([appRoleAssignments])"}


def swapped(spec: Spec) -> None:
    spec["assignments"]["groups"][0]["role"] = "admin"
    spec["assignments"]["users"] = [
        {"user": "ada@contoso.com", "role": "member"},
        {"user": "hedy@contoso.com", "role": "admin"},
    ]


def wide(spec: Spec) -> None:
    spec["provisioning"]["scope"] = "all"


def renamed(spec: Spec) -> None:
    spec["app_roles"]["roles"][1] |= {"display_name": "Team member", "description": "Writes"}


def changed(spec: Spec) -> None:
    """Change a mapping, the scope and a role, swap roles, remove a group, and rotate the secret."""
    single_role(spec)
    swapped(spec)
    spec["mappings"]["users"]["filters"] = [EMPLOYEES]
    renamed(spec)
    spec["assignments"]["groups"][1] = {"name": "Writer admins", "absent": True}
    spec["mappings"]["users"]["attributes"]["displayName"] = {"expression": 'Join(" ", [givenName], [surname])'}
    spec["connection"]["secret_token"]["rotation"] = "2026-12"


def with_many(spec: Spec) -> None:
    spec["assignments"]["users"] += [
        {"user": name, "role": "member"} for name in generated_users()
    ]  # in ten batches and one for the rest


@cache
def generated_users() -> tuple[str, ...]:
    tenant = {"generate": {"users": MANY}}
    users = Rehearsal(tenant).state["users"]
    return tuple(user["userPrincipalName"] for user in users[-MANY:])


# --- what the finished tenant has -----------------------------------------------------------------------------------


def has_swapped(rehearsal: Rehearsal) -> bool:
    names = ("Ada Lovelace", "Hedy Lamarr", "Writer editors")
    return [rehearsal.assigned().get(name) for name in names] == [{"member"}, {"admin"}, {"admin"}]


def is_wide(rehearsal: Rehearsal) -> bool:
    return rehearsal.saved()["SyncAll"] == "true"


def is_narrow(rehearsal: Rehearsal) -> bool:
    return rehearsal.saved()["SyncAll"] == "false"


def has_renamed(rehearsal: Rehearsal) -> bool:
    role = rehearsal.roles()["member"]
    return (role["displayName"], role["description"], role["isEnabled"]) == ("Team member", "Writes", True)


def is_changed(rehearsal: Rehearsal) -> bool:
    is_removed = "Writer admins" not in rehearsal.assigned()
    return has_swapped(rehearsal) and has_renamed(rehearsal) and is_removed


def has_many(rehearsal: Rehearsal) -> bool:
    return sum(1 for roles in rehearsal.assigned().values() if roles == {"member"}) >= MANY


FIRST = Case("first", writer(single_role))
CHANGED = Case(
    "changed", writer(single_role, changed), writer(single_role), frozenset({"Writer admins"}), ends_as=is_changed
)
LARGE = Case("200 assignments", writer(single_role, with_many), writer(single_role), ends_as=has_many)
SWAP = Case(
    "swap", writer(single_role, swapped), writer(single_role), paused_for=("/appRoleAssignedTo",), ends_as=has_swapped
)
WIDEN = Case("widen", writer(wide), writer(), paused_for=("/secrets",), ends_as=is_wide)
NARROW = Case("narrow", writer(), writer(wide), paused_for=("/secrets",), ends_as=is_narrow)
RENAME = Case("rename", writer(renamed), writer(), ends_as=has_renamed)


# --- tenants --------------------------------------------------------------------------------------------------------


def write(folder: Path, name: str, spec: Spec) -> Path:
    """Write a spec; return its path."""
    file = folder / f"{name.replace(' ', '-')}.yaml"
    file.write_text(yaml.safe_dump(spec), "utf-8")
    return file


class Tenants:
    """Makes the tenant before each case once, and copies of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tenants: dict[str, Rehearsal] = {}

    def file(self, case: Case) -> Path:
        return write(self._folder, case.name, case.spec)

    def before(self, case: Case) -> Rehearsal:
        """Return a copy of the tenant in which the case begins, with an empty journal."""
        key = case.name + str(case.switches)
        if key not in self._tenants:
            self._tenants[key] = self._make(case)
        return self._tenants[key].copy()

    def _make(self, case: Case) -> Rehearsal:
        generate = {"generate": {"users": MANY}} if case.name == LARGE.name else {}
        rehearsal = Rehearsal({**TENANT, **generate}, **case.switches)
        if case.before is not None:
            file = write(self._folder, f"{case.name} before", case.before)
            assert exit_code(rehearsal.apply(rehearsal.plan(file, all_allowed()), all_allowed())) == 0
            edit_by_hand(rehearsal)
        return rehearsal


def edit_by_hand(rehearsal: Rehearsal) -> None:
    """Add to Writer what its spec does not name: an assignment, a mapping, and a key that scimconf does not know."""
    schema = copy.deepcopy(rehearsal.schema())
    rule = schema["synchronizationRules"][0]
    rule["metadata"] = [*rule.get("metadata", []), {"key": "Contoso", "value": "theirs"}]
    attributes = next(item for item in rule["objectMappings"] if item["sourceObjectName"] == "User")[
        "attributeMappings"
    ]
    phone = next(item for item in attributes if item["targetAttributeName"].startswith("phoneNumbers"))
    phone["defaultValue"] = "theirs"
    rehearsal.put_schema(schema)
    role = rehearsal.roles()["member"]["id"]
    group = next(item for item in rehearsal.state["groups"] if item["displayName"] == MARKETING["displayName"])
    principal = rehearsal.principal()["id"]
    body = {"principalId": group["id"], "resourceId": principal, "appRoleId": role}
    rehearsal.request("POST", f"/servicePrincipals/{principal}/appRoleAssignedTo", body)
    rehearsal.forget()
