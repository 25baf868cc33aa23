"""Who can use the application, and with which role: app roles, the role attribute, assignments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count, repeat
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, InstanceOf, model_validator
from pydantic.json_schema import SkipJsonSchema

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.spec.model.base import (
    Apply,
    Flag,
    Guid,
    Section,
    SourceName,
    Text,
    Unlisted,
    model_error,
    not_exactly_one,
)
from scimconf.spec.model.testing import RowTest
from scimconf.spec.patterns import ROLE_VALUE, is_guid
from scimconf.spec.tree import CsvRows, YamlMapping


def duplicates(entries: Iterable[tuple[str, str]], key: str) -> Iterator[Diagnostic]:
    """Yield an error for each pair of label and identity, in the list under `key`, whose identity occurred before."""
    identities: set[str] = set()
    for index, (label, identity) in enumerate(entries):
        if identity in identities:
            yield Diagnostic("S305", f"{label} is listed twice", (key, index), hint="Delete one of the entries.")
        identities.add(identity)


class Role(Section):
    """An app role. A listed role is managed completely: omitted fields get their defaults."""

    value: Annotated[str, Field(pattern=ROLE_VALUE)] | None = None
    display_name: Text = Field(default_factory=lambda data: data.get("value") or "")
    description: Text = Field(default_factory=lambda data: data.get("display_name") or "")
    enabled: Flag = True
    allowed_members: tuple[Literal["users", "applications"], ...] = Field(default=("users",), min_length=1)
    absent: Flag = False

    def _errors(self) -> Iterator[Diagnostic]:
        if not self.display_name:
            yield Diagnostic("S202", "the role has neither `value` nor `display_name`", hint="Add `value: NAME`.")

    @property
    def identity(self) -> str:
        return self.value if self.value is not None else f"~{self.display_name}"


class AppRoles(Section):
    """The app roles of the application."""

    unlisted: Unlisted = "keep"
    roles: tuple[Role, ...] = ()

    def _errors(self) -> Iterator[Diagnostic]:
        return duplicates(
            ((f'role "{role.value or role.display_name}"', role.identity) for role in self.roles), "roles"
        )


class RoleAttribute(Section):
    """The target attribute that carries a user's roles: its definition and its mapping in one place."""

    target: Text
    source: SourceName | None = None
    expression: Text | None = None
    apply: Apply = "always"
    tests: tuple[RowTest, ...] = ()

    def _errors(self) -> Iterator[Diagnostic]:
        keys = ("source", "expression")
        if len(self._present(*keys)) != 1:
            yield not_exactly_one("`role_attribute`", keys, "source: appRoleAssignments")


class ProtectedAssignments(Section):
    """Assignments that are never deleted. `*` stands for any characters."""

    group: Text | None = None
    user: Text | None = None
    role: Text | None = None

    def _errors(self) -> Iterator[Diagnostic]:
        if len(self.model_fields_set) != 1:
            hint = "Write one entry for each: `- {group: NAME}` and `- {role: VALUE}`."
            yield Diagnostic("S208", "an entry of `protect` takes exactly one of group, user, role", hint=hint)


class Assignment(Section):
    """What the assignment of a user and of a group have in common. `role: x` is short for `roles: [x]`."""

    roles: tuple[Text, ...] = ()
    absent: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _expand_role(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "role" not in value:
            return value
        if "roles" in value:
            message = "an assignment takes exactly one of role, roles"
            raise model_error(Diagnostic("S208", message, hint="Keep `roles: [VALUE, VALUE]`."))
        expanded = YamlMapping(value.items(), getattr(value, "locations", None))
        expanded["roles"] = [expanded.pop("role")]
        return expanded

    def _errors(self) -> Iterator[Diagnostic]:
        if not self.roles and not self.absent:
            yield Diagnostic("S202", "the assignment has no role", hint="Add `role: VALUE`.")
        if len(set(self.roles)) < len(self.roles):
            yield Diagnostic("S305", "a role is listed twice", ("roles",), hint="Delete one of the entries.")


class GroupAssignment(Assignment):
    """The roles of a group. If both are present, `id` identifies the group and `name` is a comment."""

    name: Text | None = None
    id: Guid | None = None

    def _errors(self) -> Iterator[Diagnostic]:
        yield from super()._errors()
        if self.name is None and self.id is None:
            yield Diagnostic("S202", "the group has neither `name` nor `id`", hint="Add `name: DISPLAY NAME`.")

    @property
    def identity(self) -> str:
        return self.id.lower() if self.id is not None else f"{self.name}"


class UserAssignment(Assignment):
    """The roles of a user."""

    user: Text

    @property
    def identity(self) -> str:
        return self.user.casefold()


class ListedPrincipal(NamedTuple):
    """One listed user or group: what identifies it in a tenant, its roles, and the list that has it.

    `by` is what `value` is: an object id in lower case, the user principal name of a user in lower case, or the display
    name of a group. `written` is the value as the spec writes it, `name` that of a group, None if the spec has none.
    """

    type: Literal["user", "group"]
    by: Literal["id", "user", "group"]
    value: str
    written: str
    name: str | None
    roles: tuple[str, ...]
    section: SpecPath
    position: int
    absent: bool = False

    @property
    def path(self) -> SpecPath:
        return (*self.section, self.position)

    @property
    def description(self) -> str:
        return f'{self.by if self.by != "id" else "user or group with the id"} "{self.value}"'


class ImportedRows(Section):
    """The assignments of one CSV file. The loader adds this section; a spec cannot contain it."""

    file: str
    users: InstanceOf[CsvRows] = CsvRows()
    groups: InstanceOf[CsvRows] = CsvRows()


def _listed_group(id_: str | None, name: str | None, *rest: Any) -> ListedPrincipal:
    """Return a listed group; `rest` are the fields from `roles` on."""
    if id_ is not None:
        return ListedPrincipal("group", "id", id_.lower(), id_, name, *rest)
    return ListedPrincipal("group", "group", name or "", name or "", name, *rest)


def _listed_users(
    names: Sequence[str], roles: Iterable[tuple[str, ...]], section: SpecPath, absent: Iterable[bool] = repeat(False)
) -> Iterator[ListedPrincipal]:
    """Return the users of one list, by column: there may be very many."""
    folded = map(str.casefold, names)
    values = [
        name if value == name else value for name, value in zip(names, folded, strict=True)
    ]  # one string, not two
    by = ["id" if is_guid(value) else "user" for value in values]
    return map(
        ListedPrincipal, repeat("user"), by, values, names, repeat(None), roles, repeat(section), count(), absent
    )


def _listed_rows(file: ImportedRows, base: SpecPath) -> Iterator[ListedPrincipal]:
    for at, (written, roles) in enumerate(zip(file.groups.principals, file.groups.roles, strict=True)):
        id_, name = (written, None) if is_guid(written) else (None, written)
        yield _listed_group(id_, name, roles, (*base, "groups"), at)
    yield from _listed_users(file.users.principals, file.users.roles, (*base, "users"))


class Assignments(Section):
    """Who is assigned. All roles of a listed user or group on this application are managed."""

    unlisted: Unlisted
    missing: Literal["warn", "error"] | None = None
    protect: tuple[ProtectedAssignments, ...] = ()
    groups: tuple[GroupAssignment, ...] = ()
    users: tuple[UserAssignment, ...] = ()
    users_from: tuple[Text, ...] = ()
    groups_from: tuple[Text, ...] = ()
    imported: SkipJsonSchema[tuple[ImportedRows, ...]] = ()

    @cached_property
    def listed(self) -> tuple[ListedPrincipal, ...]:
        """All listed users and groups, those of the CSV files included."""
        groups, users = ("assignments", "groups"), ("assignments", "users")
        listed = [
            _listed_group(each.id, each.name, each.roles, groups, at, each.absent)
            for at, each in enumerate(self.groups)
        ]
        names, roles = [each.user for each in self.users], [each.roles for each in self.users]
        listed += _listed_users(names, roles, users, [each.absent for each in self.users])
        for number, file in enumerate(self.imported):
            listed += _listed_rows(file, ("assignments", "imported", number))
        return tuple(listed)

    @cached_property
    def listed_by_name(self) -> Mapping[str, ListedPrincipal]:
        """The listed users that are identified by their user principal name, by it."""
        return {listed.value: listed for listed in self.listed if listed.by == "user"}

    @cached_property
    def listed_otherwise(self) -> tuple[ListedPrincipal, ...]:
        """The listed users that are identified by id, and the listed groups."""
        return tuple(listed for listed in self.listed if listed.by != "user")

    def _errors(self) -> Iterator[Diagnostic]:
        yield from duplicates(
            ((f'group "{group.name or group.id}"', group.identity) for group in self.groups), "groups"
        )
        yield from duplicates(((f'user "{user.user}"', user.identity) for user in self.users), "users")
