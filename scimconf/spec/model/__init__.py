"""The spec of one application as a tree of frozen models.

Field names are the keys of the YAML. Short forms are expanded. `section.wrote("field")` tells whether the spec contains
a field; a field that it does not contain is not managed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from scimconf.diagnostics import Diagnostic
from scimconf.spec.codes import model_error, model_errors, quoted
from scimconf.spec.model.access import (
    AppRoles,
    Assignment,
    Assignments,
    GroupAssignment,
    ImportedRows,
    ProtectedAssignments,
    Role,
    RoleAttribute,
    UserAssignment,
)
from scimconf.spec.model.base import (
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
from scimconf.spec.patterns import EMAIL, SLUG, TENANT

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
    "KeyVaultSecret",
    "MappingRow",
    "MappingTest",
    "Notifications",
    "OAuth2",
    "ObjectMapping",
    "Operator",
    "ProtectedAssignments",
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
    """How to create the application if it does not exist."""

    from_template: Text = Field(
        description="`custom` for a non-gallery application, the display name of a gallery application, or a template id."
    )


class Application(Section):
    """The enterprise application that the spec is about. These keys identify it and never rename it."""

    display_name: Text | None = Field(default=None, description="The display name. Must be unique in the tenant.")
    app_id: Guid | None = Field(default=None, description="The application (client) id.")
    object_id: Guid | None = Field(default=None, description="The object id of the enterprise application.")
    create: Create | None = Field(
        default=None,
        description="Create the application if it does not exist. Without this key a missing application is an error.",
    )
    single_sign_on: Literal["saml"] | None = Field(
        default=None, description="The expected single sign-on mode. It is checked and reported, never changed."
    )
    assignment_required: Flag | None = Field(
        default=None,
        description="Whether only assigned users and groups can sign in to the application. Provisioning ignores it.",
    )

    @model_validator(mode="after")
    def _has_one_identity(self) -> Application:
        if sum(identity is not None for identity in (self.display_name, self.app_id, self.object_id)) != 1:
            message = "`application` takes exactly one of display_name, app_id, object_id"
            raise model_error("S208", message, "Keep one of them, for example `display_name: NAME`.")
        if self.create is not None and self.display_name is None:
            message = "`create` needs a display name for the new application"
            raise model_error("S304", message, "Use `display_name: NAME` instead of the id.", ("create",))
        return self


class Job(Section):
    """The synchronization job, for an application that offers several."""

    template: Text = Field(description="The id of the job's template, such as `scim`.")


class Notifications(Section):
    """Who receives an email about failures."""

    email: Annotated[str, Field(pattern=EMAIL)] = Field(description="An email address, or `none` to send no emails.")


class Provisioning(Section):
    """Whether provisioning is on, and its settings. A setting that the spec omits is not changed."""

    enabled: Flag = Field(description="Whether provisioning is on. Required.")
    scope: Literal["assigned", "all"] | None = Field(
        default=None, description="Whom to provision: `assigned` users and groups only, or `all` users and groups."
    )
    notifications: Notifications | None = Field(default=None, description="Emails about failures.")
    deletion_threshold: (
        Annotated[Annotated[int, Field(ge=1)] | Literal["none"], BeforeValidator(as_count_or_word)] | None
    ) = Field(
        default=None,
        description="The number of deletions in one cycle at which the service stops, at least 1; or `none` for no limit.",
    )
    skip_out_of_scope_deletions: Flag | None = Field(
        default=None,
        description="Whether users who leave the scope are left unchanged instead of being disabled in the application.",
    )


class ExemptionEntry(Section):
    """A guard exemption: allows a change that a guard would block, until a date."""

    guard: GuardId = Field(description="The id of the guard.")
    address: Text | None = Field(
        default=None, description="Allow only changes at this address. Default: changes at any address."
    )
    max: Count | None = Field(
        default=None, description="Allow at most this many users, assignments or objects. Default: any number."
    )
    until: Date = Field(description="The last day on which the exemption is valid (UTC), such as `2026-12-31`.")
    reason: Text = Field(description="The reason, such as the number of a change request.")
    overrides_base: Flag = Field(
        default=False, description="Confirms that this exemption allows more than those of the base file."
    )


class Spec(Section):
    """The provisioning configuration of one application."""

    version: Annotated[Literal[1], BeforeValidator(as_version)] = Field(description="The version of this format: 1.")
    name: Annotated[str, Field(pattern=SLUG)] = Field(
        description="The name of the spec, the first part of addresses. Letters, digits, `-`, `_` and `.`."
    )
    tenant: Annotated[str, Field(pattern=TENANT)] | None = Field(
        default=None,
        description="The tenant id or a verified domain of the tenant. Changes to any other tenant are blocked.",
    )
    application: Application = Field(description="The enterprise application that the spec is about.")
    job: Job | None = Field(default=None, description="The synchronization job, if the application offers several.")
    connection: Connection | None = Field(default=None, description="How to connect to the target application.")
    provisioning: Provisioning = Field(description="Whether provisioning is on, and its settings.")
    mappings: dict[Annotated[str, Field(pattern=SLUG)], ObjectMapping] = Field(
        default={},
        description="The object mappings: `users`, `groups`, or a name of your own with `source` and `target`.",
    )
    app_roles: AppRoles | None = Field(default=None, description="The app roles of the application.")
    role_attribute: RoleAttribute | None = Field(
        default=None, description="The target attribute that carries a user's roles."
    )
    assignments: Assignments | None = Field(
        default=None, description="The users and groups that are assigned, and their roles."
    )
    guard_exemptions: tuple[ExemptionEntry, ...] = Field(
        default=(), description="Changes that are allowed although a guard would block them."
    )
    tests: tuple[MappingTest, ...] = Field(default=(), description="Tests of the mappings for given users.")

    @field_validator("mappings", mode="after")
    @classmethod
    def _check_selectors(cls, mappings: dict[str, ObjectMapping]) -> dict[str, ObjectMapping]:
        diagnostics = [issue for name, mapping in mappings.items() for issue in _selector_errors(name, mapping)]
        if diagnostics:
            raise model_errors(diagnostics)
        return mappings

    @model_validator(mode="after")
    def _check_sections(self) -> Spec:
        diagnostics = [*_mapped_twice(self), *_absent_roles_assigned(self), *_duplicate_tests(self)]
        if diagnostics:
            raise model_errors(diagnostics)
        return self


def _selector_errors(name: str, mapping: ObjectMapping) -> list[Diagnostic]:
    """Return errors for selectors in `users` and `groups`, and for missing ones in any other mapping."""
    present = [key for key in ("rule", "source", "target") if mapping.wrote(key)]
    if name in STANDARD:
        message = f"`{name}` takes no rule, source or target"
        return [Diagnostic("S309", message, (name, key), hint=f"Delete `{key}:`.") for key in present]
    message = f'the mapping "{name}" needs `{{key}}`: only `users` and `groups` work without it'
    return [
        Diagnostic("S309", message.format(key=key), (name,), hint=f"Add `{key}: OBJECT`.")
        for key in ("source", "target")
        if key not in present
    ]


def _mapped_twice(spec: Spec) -> list[Diagnostic]:
    users = spec.mappings.get("users")
    if users is None or spec.role_attribute is None or spec.role_attribute.target not in users.attributes:
        return []
    target = spec.role_attribute.target
    path: tuple[Any, ...] = ("mappings", "users", "attributes", target)
    return [Diagnostic("S310", f"`role_attribute` already maps {target}", path, hint="Delete this attribute mapping.")]


def _duplicate_tests(spec: Spec) -> list[Diagnostic]:
    """Return an error for each repeated test name: a file that extends this one replaces tests by name."""
    return [
        Diagnostic(
            "S305", f"another test is named {quoted(test.name)}", ("tests", index, "name"), hint="Use another name."
        )
        for index, test in enumerate(spec.tests)
        if test.name.casefold() in {earlier.name.casefold() for earlier in spec.tests[:index]}
    ]


def _absent_roles_assigned(spec: Spec) -> list[Diagnostic]:
    deleted = {role.value for role in spec.app_roles.roles if role.absent} if spec.app_roles is not None else set()
    if not deleted or spec.assignments is None:
        return []
    lists = {"groups": spec.assignments.groups, "users": spec.assignments.users}
    return [
        Diagnostic(
            "S311",
            f'the role "{role}" is assigned, but `app_roles` deletes it',
            ("assignments", key, index, "roles"),
            hint="Assign another role, or delete `absent: true` from the role.",
        )
        for key, assignments in lists.items()
        for index, assignment in enumerate(assignments)
        if not assignment.absent
        for role in assignment.roles
        if role in deleted
    ]
