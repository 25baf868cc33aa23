"""Who can use the application, and with which role: app roles, the role attribute, assignments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from scimconf.diagnostics import Diagnostic
from scimconf.spec.codes import model_error, model_errors
from scimconf.spec.model.base import Apply, Flag, Guid, Section, SourceName, Text, Unlisted
from scimconf.spec.model.testing import RowTest
from scimconf.spec.patterns import ROLE_VALUE
from scimconf.spec.tree import YamlMapping


def duplicates(entries: Iterable[tuple[str, str]], key: str) -> list[Diagnostic]:
    """Return an error for each entry whose identity occurred before.

    `entries` are pairs of label and identity, in the order of the list under `key`.
    """
    identities: set[str] = set()
    diagnostics = []
    for index, (label, identity) in enumerate(entries):
        if identity in identities:
            hint = "Delete one of the entries."
            diagnostics.append(Diagnostic("S305", f"{label} is listed twice", (key, index), hint=hint))
        identities.add(identity)
    return diagnostics


class Role(Section):
    """An app role. A listed role is managed completely: omitted fields get their defaults."""

    value: Annotated[str, Field(pattern=ROLE_VALUE)] | None = Field(
        default=None,
        description="The value that the application receives: up to 120 characters without spaces. Identifies the role.",
    )
    display_name: Text = Field(
        default_factory=lambda data: data.get("value") or "",
        description="The name in the portal. Default: `value`.",
    )
    description: Text = Field(
        default_factory=lambda data: data.get("display_name") or "",
        description="The description in the portal. Default: `display_name`.",
    )
    enabled: Flag = Field(default=True, description="Whether the role can be assigned.")
    allowed_members: tuple[Literal["users", "applications"], ...] = Field(
        default=("users",), min_length=1, description="Who can have the role. `users` includes groups."
    )
    absent: Flag = Field(default=False, description="`true` deletes this role.")

    @model_validator(mode="after")
    def _has_name(self) -> Role:
        if not self.display_name:
            raise model_error("S202", "the role has neither `value` nor `display_name`", "Add `value: NAME`.")
        return self

    @property
    def identity(self) -> str:
        return self.value if self.value is not None else f"~{self.display_name}"


class AppRoles(Section):
    """The app roles of the application."""

    unlisted: Unlisted = Field(
        default="keep",
        description="What to do with live roles that are not listed: `keep` them, `report` them as drift, or `delete` them.",
    )
    roles: tuple[Role, ...] = Field(default=(), description="The roles that the spec manages.")

    @model_validator(mode="after")
    def _unique(self) -> AppRoles:
        diagnostics = duplicates(((f'role "{role.identity}"', role.identity) for role in self.roles), "roles")
        if diagnostics:
            raise model_errors(diagnostics)
        return self


class RoleAttribute(Section):
    """The target attribute that carries a user's roles: its definition and its mapping in one place."""

    target: Text = Field(description="The target attribute. Defined in the application's schema if it is missing.")
    source: SourceName | None = Field(default=None, description="The source attribute, usually `appRoleAssignments`.")
    expression: Text | None = Field(
        default=None,
        description="An expression instead of `source`, such as `SingleAppRoleAssignment([appRoleAssignments])`.",
    )
    apply: Apply = Field(default="always", description="When the value is written, as in an attribute mapping.")
    tests: tuple[RowTest, ...] = Field(default=(), description="Tests of the value for given roles.")

    @model_validator(mode="after")
    def _has_one_source(self) -> RoleAttribute:
        if (self.source is None) == (self.expression is None):
            message = "`role_attribute` takes exactly one of source, expression"
            raise model_error("S208", message, "Keep one of them, for example `source: appRoleAssignments`.")
        return self


class ProtectedAssignments(Section):
    """Assignments that are never deleted. `*` stands for any characters."""

    group: Text | None = Field(default=None, description="Assignments of groups with this display name.")
    user: Text | None = Field(default=None, description="Assignments of users with this user principal name.")
    role: Text | None = Field(default=None, description="Assignments of the role with this value.")

    @model_validator(mode="after")
    def _has_one_key(self) -> ProtectedAssignments:
        if len(self.model_fields_set) != 1:
            hint = "Write one entry for each: `- {group: NAME}` and `- {role: VALUE}`."
            raise model_error("S208", "an entry of `protect` takes exactly one of group, user, role", hint)
        return self


class Assignment(Section):
    """What the assignment of a user and of a group have in common. `role: x` is short for `roles: [x]`."""

    roles: tuple[Text, ...] = Field(
        default=(), description="All roles of this user or group on this application, by value. Others are deleted."
    )
    absent: Flag = Field(
        default=False, description="`true` deletes the listed roles, or all assignments if no role is listed."
    )

    @model_validator(mode="before")
    @classmethod
    def _expand_role(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "role" not in value:
            return value
        if "roles" in value:
            message = "an assignment takes exactly one of role, roles"
            raise model_error("S208", message, "Keep `roles: [VALUE, VALUE]`.")
        expanded = YamlMapping(value.items(), getattr(value, "locations", None))
        expanded["roles"] = [expanded.pop("role")]
        return expanded

    @model_validator(mode="after")
    def _has_roles(self) -> Assignment:
        if not self.roles and not self.absent:
            raise model_error("S202", "the assignment has no role", "Add `role: VALUE`.")
        if len(set(self.roles)) < len(self.roles):
            raise model_error("S305", "a role is listed twice", "Delete one of the entries.", ("roles",))
        return self


class GroupAssignment(Assignment):
    """The roles of a group. If both are present, `id` identifies the group and `name` is a comment."""

    name: Text | None = Field(default=None, description="The group's display name.")
    id: Guid | None = Field(default=None, description="The group's object id, for display names that are not unique.")

    @model_validator(mode="after")
    def _has_name(self) -> GroupAssignment:
        if self.name is None and self.id is None:
            raise model_error("S202", "the group has neither `name` nor `id`", "Add `name: DISPLAY NAME`.")
        return self

    @property
    def identity(self) -> str:
        return self.id.lower() if self.id is not None else f"{self.name}"


class UserAssignment(Assignment):
    """The roles of a user."""

    user: Text = Field(description="The user principal name.")

    @property
    def identity(self) -> str:
        return self.user.casefold()


class ImportedRows(Section):
    """The assignments of one CSV file. The loader adds this section; a spec cannot contain it."""

    file: str = Field(description="The file, as the spec names it.")
    users: tuple[UserAssignment, ...] = Field(default=(), description="The users of the file, each with all roles.")
    groups: tuple[GroupAssignment, ...] = Field(default=(), description="The groups of the file, each with all roles.")


class Assignments(Section):
    """Who is assigned. All roles of a listed user or group on this application are managed."""

    unlisted: Unlisted = Field(
        description="What to do with live assignments that are not listed: `keep` them, `report` them as drift, or "
        "`delete` them. Required."
    )
    protect: tuple[ProtectedAssignments, ...] = Field(
        default=(), description="Assignments that are never deleted, whatever `unlisted` says."
    )
    groups: tuple[GroupAssignment, ...] = Field(default=(), description="Groups and their roles.")
    users: tuple[UserAssignment, ...] = Field(default=(), description="Users and their roles.")
    users_from: tuple[Text, ...] = Field(
        default=(), description="CSV files with the columns `user,role`. Paths are relative to this file."
    )
    groups_from: tuple[Text, ...] = Field(
        default=(), description="CSV files with the columns `group,role`. Paths are relative to this file."
    )
    imported: tuple[ImportedRows, ...] = Field(default=(), description="The assignments of these files.")

    @model_validator(mode="after")
    def _unique(self) -> Assignments:
        groups = ((f'group "{group.name or group.id}"', group.identity) for group in self.groups)
        users = ((f'user "{user.user}"', user.identity) for user in self.users)
        diagnostics = duplicates(groups, "groups") or duplicates(users, "users")
        if diagnostics:
            raise model_errors(diagnostics)
        return self
