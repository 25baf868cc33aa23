"""Generated objects for measurements: many users, groups and assignments, and one application whose provisioning is on.

Names and ids depend on the number only, so that the same numbers make the same tenant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import cycle

from scimconf.sandbox.directory import users_and_groups as directory
from scimconf.sandbox.http_types import Json
from scimconf.sandbox.tenant import Tenant, stable_id

MAX_GENERATED = 1_000_000
"""Users, or groups, that can be generated: more do not fit in memory."""
APPLICATION = "Generated"
ROLE = "User"
ADDRESS = "https://generated.example.com/scim"
_NUMBER = re.compile(r"\d{1,7}", re.ASCII)


class GenerateError(ValueError):
    """The numbers of a generated tenant are invalid."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many users, groups and assignments a generated tenant has; the first users are those that are assigned."""

    users: int = 0
    groups: int = 0
    assignments: int = 0

    @classmethod
    def parse(cls, text: str) -> Numbers:
        """Return the numbers in `users=1000,groups=10,assignments=500`; raise GenerateError if one is invalid."""
        names = [field.name for field in fields(cls)]
        numbers: dict[str, int] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            if name not in names or name in numbers or not _NUMBER.fullmatch(value):
                hint = f"Write each of {', '.join(names)} at most once, such as users=1000,assignments=500"
                raise GenerateError(f"{part.strip()!r} is not NAME=NUMBER. {hint}")
            numbers[name] = int(value)
            if numbers[name] > MAX_GENERATED:
                raise GenerateError(f"{name}={value}: at most {MAX_GENERATED:,} can be generated")
        result = cls(**numbers)
        if result.assignments > result.users:
            message = f"assignments={result.assignments}: each user is assigned at most once"
            raise GenerateError(f"{message}. Write users={result.assignments} or more")
        return result

    def tenant(self) -> Json:
        """Return the description of the tenant, as a tenant file has it: Contoso with the generated objects."""
        assign = {"application": APPLICATION, "role": ROLE, "users": self.assignments}
        application = {
            "displayName": APPLICATION,
            "template": "custom",
            "secrets": {"BaseAddress": ADDRESS, "SecretToken": "generated"},
            "jobs": [{"template": "scim", "state": "Active"}],
        }
        return {
            "generate": {"users": self.users, "groups": self.groups, "assign": assign},
            "applications": [application],
        }

    def spec_files(self) -> dict[str, str]:
        """Return the files of a spec by name; its plan in the generated tenant shows no changes."""
        rows = (f"{user_name(number)},{ROLE}\n" for number in range(1, self.assignments + 1))
        return {"scimconf.yaml": _SPEC, "assignments.csv": "".join(["user,role\n", *rows])}


_SPEC = f"""\
# The application of `scimconf sandbox serve --generate`; planning it shows no changes.
version: 1
name: generated
tenant: contoso.com
application: {{display_name: {APPLICATION}}}
connection: {{base_address: "{ADDRESS}", secret_token: {{env: GENERATED_SCIM_TOKEN}}}}
provisioning: {{enabled: true}}
assignments:
  unlisted: delete
  users_from: [assignments.csv]
"""


def user_name(number: int) -> str:
    """Return the user principal name of a generated user; they are counted from 1."""
    return f"user{number:05d}@contoso.com"


def add_users(tenant: Tenant, count: int) -> list[Json]:
    """Store generated users; return id, user principal name and display name of each."""
    users = [
        {"id": stable_id(f"generated/user/{number}"), "userPrincipalName": user_name(number), "displayName": name}
        for number, name in ((number, f"User {number:05d}") for number in range(1, count + 1))
    ]
    common = directory.new_user(
        tenant, {"id": stable_id("generated"), "userPrincipalName": user_name(0), "givenName": "User"}
    )
    tenant.documents.put_many("user", (common | user | _other_names(user) for user in users))
    return users


def _other_names(user: Json) -> Json:
    mail: str = user["userPrincipalName"]
    return {"mail": mail, "mailNickname": mail.partition("@")[0], "surname": user["displayName"].rpartition(" ")[2]}


def add_groups(tenant: Tenant, count: int, users: Sequence[Json]) -> None:
    """Store generated groups; each of the users is a member of one of them, in turn."""
    ids = [stable_id(f"generated/group/{number}") for number in range(1, count + 1)]
    groups = ({"id": key, "displayName": f"Group {number:05d}"} for number, key in enumerate(ids, 1))
    tenant.documents.put_many("group", (directory.new_group(tenant, group) for group in groups))
    members = ((group, user["id"]) for group, user in zip(cycle(ids), users, strict=False))
    tenant.store.run_many("INSERT INTO members (group_id, member_id) VALUES (?, ?)", members)
