"""The spec: what is wanted of one application, as a frozen tree.

Attribute names are the keys of the YAML. Short forms are written out here, so that a reader of this tree meets one
shape; whether a field was written at all is `section.wrote("field")`, and what was not written is not managed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from scimconf.spec.codes import ModelIssue, quoted, refuse, refuse_all
from scimconf.spec.model.access import (
    AppRoles,
    Assignment,
    Assignments,
    GroupAssignment,
    ImportedRows,
    Keep,
    Role,
    RoleAttribute,
    UserAssignment,
)
from scimconf.spec.model.base import (
    EMAIL,
    SLUG,
    TENANT,
    Apply,
    Count,
    Date,
    Flag,
    Guid,
    Section,
    Text,
    Unlisted,
    as_count_or_word,
    as_version,
)
from scimconf.spec.model.connection import Connection, KeyVaultSecret, OAuth2, SecretReference
from scimconf.spec.model.mapping import AttributeDefinition, Clause, Filter, Form, MappingRow, ObjectMapping
from scimconf.spec.model.operators import OPERATORS, Operator, operator_word, same_spelling
from scimconf.spec.model.testing import MappingTest, RowTest

__all__ = [
    "GUARDS",
    "OPERATORS",
    "AppRoles",
    "Application",
    "Apply",
    "Assignment",
    "Assignments",
    "AttributeDefinition",
    "Clause",
    "Connection",
    "Create",
    "ExemptionEntry",
    "Filter",
    "Form",
    "GroupAssignment",
    "GuardId",
    "ImportedRows",
    "Job",
    "Keep",
    "KeyVaultSecret",
    "MappingRow",
    "MappingTest",
    "Notifications",
    "OAuth2",
    "ObjectMapping",
    "Operator",
    "Provisioning",
    "Role",
    "RoleAttribute",
    "RowTest",
    "SecretReference",
    "Section",
    "Spec",
    "Unlisted",
    "UserAssignment",
    "operator_word",
    "same_spelling",
]  # fmt: skip

GuardId = Literal[
    "tenant-mismatch", "application-created", "scope-widened", "scope-narrowed", "matching-changed", "mass-removal",
    "group-removed", "all-assignments-removed", "deprovisioning-disabled", "role-in-use", "job-replaced", "deletion-threshold-disabled", "initial-start",
    "endpoint-changed", "secret-unavailable", "quarantined", "resources-abandoned",
]  # fmt: skip
GUARDS: tuple[str, ...] = GuardId.__args__  # type: ignore[attr-defined]
STANDARD = ("users", "groups")


class Create(Section):
    """What a missing application is made from."""

    from_template: Text = Field(description="`custom`, a template's id, or the display name of a gallery application.")


class Application(Section):
    """Which application this is about; identifies it and never renames it."""

    display_name: Text | None = Field(default=None, description="The application's display name; must be unique.")
    app_id: Guid | None = Field(default=None, description="The application (client) id.")
    object_id: Guid | None = Field(default=None, description="The object id of the service principal.")
    create: Create | None = Field(
        default=None, description="Makes the application where it is missing; without this its absence is a problem."
    )
    single_sign_on: Literal["saml"] | None = Field(
        default=None, description="The single sign-on that is expected; checked and reported, never changed."
    )

    @model_validator(mode="after")
    def _one(self) -> Application:
        if sum(way is not None for way in (self.display_name, self.app_id, self.object_id)) != 1:
            raise refuse(
                "S208", "an application takes exactly one of display_name, app_id, object_id", "Keep one of them."
            )
        if self.create is not None and self.display_name is None:
            raise refuse(
                "S304", "create needs display_name, the name of what it makes", "Use display_name.", ("create",)
            )
        return self


class Job(Section):
    """Which synchronization job, where the application offers several."""

    template: Text = Field(description="The template's id, e.g. `scim`.")


class Notifications(Section):
    """Who hears of failures."""

    email: Annotated[str, Field(pattern=EMAIL)] = Field(description="An address, or `none` to switch the mails off.")


class Provisioning(Section):
    """The switch, and the settings around it; a setting that is not written is carried over."""

    enabled: Flag = Field(description="Whether provisioning is on. The one setting that every spec must write.")
    scope: Literal["assigned", "all"] | None = Field(
        default=None, description="Only assigned users and groups, or everyone in the directory."
    )
    notifications: Notifications | None = Field(default=None, description="Mails about failures.")
    deletion_threshold: (
        Annotated[Annotated[int, Field(ge=1)] | Literal["none"], BeforeValidator(as_count_or_word)] | None
    ) = Field(default=None, description="Deletions in one cycle that stop it, at least 1; or `none`.")
    skip_out_of_scope_deletions: Flag | None = Field(
        default=None, description="Whether people who leave the scope are left alone instead of disabled."
    )


class ExemptionEntry(Section):
    """Opens a guard for a while."""

    guard: GuardId = Field(description="The guard's id.")
    address: Text | None = Field(default=None, description="Only for this address.")
    max: Count | None = Field(default=None, description="Only up to this number.")
    until: Date = Field(description="The last day of the permit, as `2026-12-31`.")
    reason: Text = Field(description="The reason, e.g. the number of a change request.")
    overrides_base: Flag = Field(
        default=False, description="Says that this opens more than the base file's permits do."
    )


class Spec(Section):
    """What is wanted of one application's provisioning."""

    version: Annotated[Literal[1], BeforeValidator(as_version)] = Field(description="The version of this format: 1.")
    name: Annotated[str, Field(pattern=SLUG)] = Field(
        description="The name that addresses and reports begin with: letters, digits, `-`, `_`, `.`."
    )
    tenant: Annotated[str, Field(pattern=TENANT)] | None = Field(
        default=None, description="The tenant's id or one of its verified domains; any other tenant is refused."
    )
    application: Application = Field(description="Which application this is about.")
    job: Job | None = Field(default=None, description="Which synchronization job, where there are several.")
    connection: Connection | None = Field(default=None, description="How the application is reached.")
    provisioning: Provisioning = Field(description="The switch, and the settings around it.")
    mappings: dict[Annotated[str, Field(pattern=SLUG)], ObjectMapping] = Field(
        default={}, description="What flows: `users`, `groups`, or a name of your own with `source` and `target`."
    )
    app_roles: AppRoles | None = Field(default=None, description="The roles that the application offers.")
    role_attribute: RoleAttribute | None = Field(
        default=None, description="The attribute of the application that carries a person's roles."
    )
    assignments: Assignments | None = Field(default=None, description="Who is assigned, and as what.")
    guard_exemptions: tuple[ExemptionEntry, ...] = Field(default=(), description="Guards that are open for a while.")
    tests: tuple[MappingTest, ...] = Field(default=(), description="What the mappings make of which people.")

    @field_validator("mappings", mode="after")
    @classmethod
    def _selectors(cls, mappings: dict[str, ObjectMapping]) -> dict[str, ObjectMapping]:
        said = [one for name, mapping in mappings.items() for one in _selectors(name, mapping)]
        if said:
            raise refuse_all(said)
        return mappings

    @model_validator(mode="after")
    def _together(self) -> Spec:
        said = [*_mapped_twice(self), *_assigned_absent(self), *_tested_twice(self)]
        if said:
            raise refuse_all(said)
        return self


def _selectors(name: str, mapping: ObjectMapping) -> list[ModelIssue]:
    written = [key for key in ("rule", "source", "target") if mapping.wrote(key)]
    if name in STANDARD:
        return [ModelIssue("S309", f"{name} finds its objects itself", "Take it out.", (name, key)) for key in written]
    return [
        ModelIssue(
            "S309",
            f'a mapping of your own needs {key}; only "users" and "groups" do without',
            f"Add `{key}:`.",
            (name,),
        )
        for key in ("source", "target")
        if key not in written
    ]


def _mapped_twice(spec: Spec) -> list[ModelIssue]:
    users = spec.mappings.get("users")
    if users is None or spec.role_attribute is None or spec.role_attribute.target not in users.attributes:
        return []
    path: tuple[Any, ...] = ("mappings", "users", "attributes", spec.role_attribute.target)
    return [ModelIssue("S310", "role_attribute maps this attribute already", "Take this row out.", path)]


def _tested_twice(spec: Spec) -> list[ModelIssue]:
    """A name of a test is how a file over this one replaces it."""
    return [
        ModelIssue(
            "S305", f"a test is called {quoted(test.name)} already", "Give it another name.", ("tests", index, "name")
        )
        for index, test in enumerate(spec.tests)
        if test.name.casefold() in {one.name.casefold() for one in spec.tests[:index]}
    ]


def _assigned_absent(spec: Spec) -> list[ModelIssue]:
    gone = {role.value for role in spec.app_roles.roles if role.absent} if spec.app_roles is not None else set()
    if not gone or spec.assignments is None:
        return []
    listed = {"groups": spec.assignments.groups, "users": spec.assignments.users}
    return [
        ModelIssue(
            "S311",
            f'role "{role}" is absent by app_roles',
            "Assign another role.",
            ("assignments", key, index, "roles"),
        )
        for key, assignments in listed.items()
        for index, one in enumerate(assignments)
        if not one.absent
        for role in one.roles
        if role in gone
    ]
