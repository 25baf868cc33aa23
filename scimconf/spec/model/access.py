"""Who may use the application, and as what: roles, the attribute that carries them, assignments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from scimconf.spec.codes import ModelIssue, refuse, refuse_all
from scimconf.spec.model.base import Apply, Flag, Guid, Section, Text, Unlisted
from scimconf.spec.model.testing import RowTest
from scimconf.spec.tree import Table

ROLE_VALUE = r"^[A-Za-z0-9!#$%&'()*+,\-./;<=>?@\[\]^_`{|}~]{1,120}$"


def repeats(identities: Iterable[tuple[str, str]], below: str) -> PydanticCustomError | None:
    """A complaint about each (what, identity) that was there before."""
    seen: set[str] = set()
    said = []
    for index, (what, identity) in enumerate(identities):
        if identity in seen:
            said.append(ModelIssue("S305", f"{what} is listed twice", "Keep one entry.", (below, index)))
        seen.add(identity)
    return refuse_all(said) if said else None


class Role(Section):
    """An app role; what is listed is owned whole."""

    value: Annotated[str, Field(pattern=ROLE_VALUE)] | None = Field(
        default=None, description="What the application receives; up to 120 characters without spaces."
    )
    display_name: Text = Field(
        default_factory=lambda data: data.get("value") or "",
        description="The name that people see; the value where left out.",
    )
    description: Text = Field(
        default_factory=lambda data: data.get("display_name") or "",
        description="What the role is for; the display name where left out.",
    )
    enabled: Flag = Field(default=True, description="Whether the role can be assigned.")
    allowed_members: tuple[Literal["users", "applications"], ...] = Field(
        default=("users",), min_length=1, description="Who can have it; `users` covers groups."
    )
    absent: Flag = Field(default=False, description="`true` removes this role.")

    @model_validator(mode="after")
    def _named(self) -> Role:
        if not self.display_name:
            raise refuse("S202", "a role needs a value or a display_name", "Add `value:`.")
        return self

    @property
    def identity(self) -> str:
        return self.value if self.value is not None else f"~{self.display_name}"


class AppRoles(Section):
    """The app roles of the application."""

    unlisted: Unlisted = Field(
        default="keep",
        description="What becomes of live roles that are not listed: kept, reported as drift, or removed.",
    )
    roles: tuple[Role, ...] = Field(default=(), description="The roles that you care for.")

    @model_validator(mode="after")
    def _once(self) -> AppRoles:
        problem = repeats(((f'role "{role.identity}"', role.identity) for role in self.roles), "roles")
        if problem is not None:
            raise problem
        return self


class RoleAttribute(Section):
    """The attribute of the application that carries a person's roles: declared and mapped in one."""

    target: Text = Field(description="The attribute of the application, declared where it is missing.")
    source: Text | None = Field(default=None, description="The source attribute, usually `appRoleAssignments`.")
    expression: Text | None = Field(
        default=None, description="An expression instead, e.g. `SingleAppRoleAssignment([appRoleAssignments])`."
    )
    apply: Apply = Field(default="always", description="When the value is written.")
    tests: tuple[RowTest, ...] = Field(default=(), description="What this attribute gets from which roles.")

    @model_validator(mode="after")
    def _one(self) -> RoleAttribute:
        if (self.source is None) == (self.expression is None):
            raise refuse("S208", "role_attribute takes exactly one of source, expression", "Keep one of them.")
        return self


class Keep(Section):
    """Assignments that are never removed; `*` stands for any characters."""

    group: Text | None = Field(default=None, description="Groups by name.")
    user: Text | None = Field(default=None, description="Users by user principal name.")
    role: Text | None = Field(default=None, description="Roles by value.")

    @model_validator(mode="after")
    def _one(self) -> Keep:
        if len(self.model_fields_set) != 1:
            raise refuse("S208", "keep takes exactly one of group, user, role", "Write one entry for each.")
        return self


class Assignment(Section):
    """What a user and a group have in common: `role: x` is short for `roles: [x]`."""

    roles: tuple[Text, ...] = Field(default=(), description="The roles on this application, all of them.")
    absent: Flag = Field(
        default=False, description="`true` removes the roles written here, or all where none is written."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "role" not in value:
            return value
        if "roles" in value:
            raise refuse("S208", "an assignment takes exactly one of role, roles", "Keep `roles: [a, b]`.")
        short = Table(value.items(), getattr(value, "places", None))
        short["roles"] = [short.pop("role")]
        return short

    @model_validator(mode="after")
    def _has_roles(self) -> Assignment:
        if not self.roles and not self.absent:
            raise refuse("S202", "an assignment needs a role", "Add `role: VALUE`.")
        if len(set(self.roles)) < len(self.roles):
            raise refuse("S305", "a role is listed twice", "Keep one of them.", ("roles",))
        return self


class GroupAssignment(Assignment):
    """A group and its roles; an `id` beside a name decides."""

    name: Text | None = Field(default=None, description="The group's display name.")
    id: Guid | None = Field(default=None, description="The group's object id, for names that are not unique.")

    @model_validator(mode="after")
    def _named(self) -> GroupAssignment:
        if self.name is None and self.id is None:
            raise refuse("S202", "a group needs a name or an id", "Add `name:`.")
        return self

    @property
    def identity(self) -> str:
        return self.id.lower() if self.id is not None else f"{self.name}"


class UserAssignment(Assignment):
    """A user and their roles."""

    user: Text = Field(description="The user principal name.")

    @property
    def identity(self) -> str:
        return self.user.casefold()


class ImportedRows(Section):
    """The users, or the groups, of one CSV file; made by reading it, never written."""

    file: str = Field(description="The file, as the spec names it.")
    users: tuple[UserAssignment, ...] = Field(default=(), description="Its users, each with all their roles.")
    groups: tuple[GroupAssignment, ...] = Field(default=(), description="Its groups, each with all their roles.")


class Assignments(Section):
    """Who is assigned; a listed principal's roles on this application are owned whole."""

    unlisted: Unlisted = Field(
        description="What becomes of live assignments that are not listed: kept, reported as drift, or removed. No default."
    )
    protect: tuple[Keep, ...] = Field(default=(), description="What is never removed, whatever `unlisted` says.")
    groups: tuple[GroupAssignment, ...] = Field(default=(), description="Groups and their roles.")
    users: tuple[UserAssignment, ...] = Field(default=(), description="Users and their roles.")
    users_from: tuple[Text, ...] = Field(
        default=(), description="CSV files with the columns user and role, relative to the file that says it."
    )
    groups_from: tuple[Text, ...] = Field(
        default=(), description="CSV files with the columns group and role, relative to the file that says it."
    )
    imported: tuple[ImportedRows, ...] = Field(default=(), description="What those files hold.")

    @model_validator(mode="after")
    def _once(self) -> Assignments:
        groups = ((f'group "{one.name or one.id}"', one.identity) for one in self.groups)
        users = ((f'user "{one.user}"', one.identity) for one in self.users)
        problem = repeats(groups, "groups") or repeats(users, "users")
        if problem is not None:
            raise problem
        return self
