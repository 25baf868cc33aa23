"""The spec of one application as a tree of frozen models.

Field names are the keys of the YAML; `descriptions.toml` says what each means. Short forms are expanded.
`section.wrote("field")` returns whether the spec contains a field; a field that it does not contain is not managed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.spec.model.access import (
    AppRoles,
    Assignment,
    Assignments,
    GroupAssignment,
    ImportedRows,
    ListedPrincipal,
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
    model_error,
    not_exactly_one,
)
from scimconf.spec.model.connection import Connection, KeyVaultSecret, OAuth2, SecretReference
from scimconf.spec.model.mapping import (
    AttributeDefinition,
    Clause,
    Filter,
    Form,
    MappingRow,
    ObjectMapping,
    TargetAttribute,
)
from scimconf.spec.model.operators import OPERATORS, Operator, operator_word, same_spelling
from scimconf.spec.model.ownership import ManualStep, Owner, duplicate_entries
from scimconf.spec.model.testing import MappingTest, RowTest
from scimconf.spec.patterns import EMAIL, SLUG, TENANT

__all__ = [
    "GUARDS", "OPERATORS", "AppRoles", "Application", "Apply", "Assignment", "Assignments", "AttributeDefinition",
    "Clause", "Connection", "Create", "ExemptionEntry", "Filter", "Form", "GroupAssignment", "GuardId", "ImportedRows",
    "Job", "KeyVaultSecret", "ListedPrincipal", "ManualStep", "MappingRow", "MappingTest", "Notifications", "OAuth2", "ObjectMapping", "Operator",
    "ProtectedAssignments", "Provisioning", "Role", "RoleAttribute", "RowTest", "SecretReference", "Section", "Spec",
    "TargetAttribute", "Unlisted", "UserAssignment", "operator_word", "same_spelling",
]  # fmt: skip

GuardId = Literal[
    "tenant-mismatch", "application-created", "scope-widened", "scope-narrowed", "matching-changed", "mass-removal",
    "group-removed", "all-assignments-removed", "deprovisioning-disabled", "role-in-use", "job-replaced", "deletion-threshold-disabled", "initial-start",
    "before-start-unconfirmed", "sign-on-missing", "provisioning-stopped", "endpoint-changed", "secret-redirected", "secret-unavailable", "quarantined", "resources-abandoned",
]  # fmt: skip
GUARDS: tuple[str, ...] = GuardId.__args__  # type: ignore[attr-defined]
STANDARD = ("users", "groups")


class Create(Section):
    """How to create the application if it does not exist."""

    from_template: Text


class Application(Section):
    """The enterprise application that the spec is about. These keys identify it and never rename it."""

    display_name: Text | None = None
    app_id: Guid | None = None
    object_id: Guid | None = None
    create: Create | None = None
    single_sign_on: Literal["saml"] | None = None
    assignment_required: Flag | None = None

    def _errors(self) -> Iterator[Diagnostic]:
        keys = ("display_name", "app_id", "object_id")
        if len(self._present(*keys)) != 1:
            yield not_exactly_one("`application`", keys, "display_name: NAME")
        elif self.create is not None and self.display_name is None:
            message = "`create` needs a display name for the new application"
            yield Diagnostic("S304", message, ("create",), hint="Use `display_name: NAME` instead of the id.")


class Job(Section):
    """The synchronization job, for an application that offers several."""

    template: Text


class Notifications(Section):
    """Who receives an email about failures."""

    email: Annotated[str, Field(pattern=EMAIL)]


class Provisioning(Section):
    """Whether provisioning is on, and its settings. A setting that the spec omits is not changed."""

    enabled: Flag
    scope: Literal["assigned", "all"] | None = None
    notifications: Notifications | None = None
    deletion_threshold: (
        Annotated[Annotated[int, Field(ge=1)] | Literal["none"], BeforeValidator(as_count_or_word)] | None
    ) = None
    skip_out_of_scope_deletions: Flag | None = None


class ExemptionEntry(Section):
    """A guard exemption: allows a change that a guard would block, until a date."""

    guard: GuardId
    address: Text | None = None
    max: Count | None = None
    until: Date
    reason: Text
    overrides_base: Flag = False


def _with_valid_selectors(mappings: dict[str, ObjectMapping]) -> dict[str, ObjectMapping]:
    """Raise errors for selectors in `users` and `groups`, and for missing ones in any other mapping."""
    diagnostics = [error for name, mapping in mappings.items() for error in _selector_errors(name, mapping)]
    if diagnostics:
        raise model_error(*diagnostics)
    return mappings


def _selector_errors(name: str, mapping: ObjectMapping) -> Iterator[Diagnostic]:
    for key in ("rule", "source", "target"):
        if name in STANDARD and mapping.wrote(key):
            message = f"`{name}` takes no rule, source or target"
            yield Diagnostic("S309", message, (name, key), hint=f"Delete `{key}:`.")
        elif name not in STANDARD and key != "rule" and not mapping.wrote(key):
            message = f'the mapping "{name}" needs `{key}`: only `users` and `groups` work without it'
            yield Diagnostic("S309", message, (name,), hint=f"Add `{key}: OBJECT`.")


class Spec(Section):
    """The provisioning configuration of one application."""

    version: Annotated[Literal[1], BeforeValidator(as_version)]
    name: Annotated[str, Field(pattern=SLUG)]
    tenant: Annotated[str, Field(pattern=TENANT)] | None = None
    preset: Annotated[str, Field(pattern=SLUG)] | None = None
    retired: Date | None = None
    application: Application
    owners: tuple[Owner, ...] = ()
    vendor_contact: Text | None = None
    before_start: tuple[ManualStep, ...] = ()
    job: Job | None = None
    connection: Connection | None = None
    provisioning: Provisioning
    mappings: Annotated[
        dict[Annotated[str, Field(pattern=SLUG)], ObjectMapping], AfterValidator(_with_valid_selectors)
    ] = Field(default={})
    app_roles: AppRoles | None = None
    role_attribute: RoleAttribute | None = None
    assignments: Assignments | None = None
    guard_exemptions: tuple[ExemptionEntry, ...] = ()
    tests: tuple[MappingTest, ...] = ()

    def _errors(self) -> Iterator[Diagnostic]:
        yield from self._role_attribute_mapped_twice()
        yield from self._absent_roles_assigned()
        yield from self._duplicate_tests()
        yield from duplicate_entries(self.owners, self.before_start)

    def _role_attribute_mapped_twice(self) -> Iterator[Diagnostic]:
        users, role = self.mappings.get("users"), self.role_attribute
        if users is not None and role is not None and role.target in users.attributes:
            path = ("mappings", "users", "attributes", role.target)
            message = f"`role_attribute` already maps {role.target}"
            yield Diagnostic("S310", message, path, hint="Delete this attribute mapping.")

    def _absent_roles_assigned(self) -> Iterator[Diagnostic]:
        deleted = {role.value for role in self.app_roles.roles if role.absent} if self.app_roles is not None else set()
        if not deleted or self.assignments is None:
            return
        for key, assignments in (("groups", self.assignments.groups), ("users", self.assignments.users)):
            for index, assignment in enumerate(assignments):
                for role in assignment.roles if not assignment.absent else ():
                    if role in deleted:
                        message = f'the role "{role}" is assigned, but `app_roles` deletes it'
                        hint = "Assign another role, or delete `absent: true` from the role."
                        yield Diagnostic("S311", message, ("assignments", key, index, "roles"), hint=hint)

    def _duplicate_tests(self) -> Iterator[Diagnostic]:
        """Yield an error for each repeated test name: a file that extends this one replaces tests by name."""
        names: set[str] = set()
        for index, test in enumerate(self.tests):
            if test.name.casefold() in names:
                message = f"another test is named {quoted(test.name)}"
                yield Diagnostic("S305", message, ("tests", index, "name"), hint="Use another name.")
            names.add(test.name.casefold())
