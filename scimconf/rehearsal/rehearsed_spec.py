"""The spec as it is rehearsed: with another endpoint and an invented token, and an application that can be created."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from scimconf.sandbox.gallery import BY_NAME
from scimconf.spec.addresses import flags
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import (
    Application,
    Assignments,
    Connection,
    Create,
    GroupAssignment,
    ImportedRows,
    Section,
    Spec,
    UserAssignment,
)
from scimconf.spec.tree import CsvRows

TOKEN_VARIABLE = "SCIMCONF_REHEARSAL_TOKEN"  # noqa: S105  the name of a variable
CUSTOM = "custom"
MAX_USERS = 40
MAX_GROUPS = 10
"""The listed users and groups that a rehearsal provisions; what is over is not assigned."""

_SectionType = TypeVar("_SectionType", bound=Section)
Rename = Callable[[str], str]
"""Returns what a user principal name, a group's display name or an object id is in the rehearsal."""


@dataclass(frozen=True, slots=True)
class RehearsedSpec:
    """A spec that can be applied to the rehearsal's tenant, and how it differs from the file.

    `template` is the gallery template of an application that the tenant has before the apply; empty if the apply creates it.
    `remarks` are sentences about the differences.
    """

    loaded: Loaded
    spec: Spec
    template: str
    remarks: tuple[str, ...]


def rehearsed_spec(loaded: Loaded, address: str, rename: Rename = str) -> RehearsedSpec:
    """Return the spec with the address of the endpoint, whose flags are those of the spec unless it has its own."""
    original = loaded.spec
    assert original is not None
    remarks: list[str] = []
    application, template = _application(original, remarks)
    spec = _copied(
        original,
        application=application,
        connection=_connection(original, address, remarks),
        provisioning=_provisioning(original, remarks),
        assignments=_assignments(original.assignments, rename, remarks),
    )
    return RehearsedSpec(replace(loaded, spec=spec), spec, template, tuple(remarks))


def _copied(section: _SectionType, **fields: Any) -> _SectionType:
    """Return a copy with other values, without the cached properties of the original, such as the listed users."""
    copied = section.model_copy(update=fields)
    for name, attribute in vars(type(section)).items():
        if isinstance(attribute, cached_property):
            copied.__dict__.pop(name, None)
    return copied


def address_with_flags(address: str, base_address: str | None) -> str:
    """Return the address of an endpoint with the flags of a spec's tenant URL, unless it has flags of its own."""
    if flags(address) or not base_address:
        return address
    present = [part for part in base_address.partition("?")[2].split("&") if flags(f"?{part}")]
    return "&".join([address if "?" in address else f"{address}?", *present]).replace("?&", "?") if present else address


def _application(spec: Spec, remarks: list[str]) -> tuple[Application, str]:
    name = spec.application.display_name or spec.name
    create = spec.application.create
    application = _copied(spec.application, display_name=name, app_id=None, object_id=None)
    if create is None:
        is_gallery = name.lower() in BY_NAME and (spec.connection is None or spec.connection.base_address is None)
        return application, name if is_gallery else CUSTOM
    if create.from_template.lower() not in BY_NAME:
        remarks.append(
            f"The gallery of the sandbox has no {create.from_template}: the application is created as a custom one."
        )
        application = _copied(application, create=Create(from_template=CUSTOM))
    return application, ""


def _connection(spec: Spec, address: str, remarks: list[str]) -> Connection:
    """Return a connection with a bearer token to the endpoint."""
    before = spec.connection
    authentication = before.authentication if before is not None else None
    if authentication not in (None, "bearer"):
        remarks.append(
            f"The connection is rehearsed with a bearer token instead of `authentication: {authentication}`."
        )
    return Connection.model_validate(
        {
            "authentication": "bearer",
            "base_address": address_with_flags(address, before.base_address if before is not None else None),
            "secret_token": {"env": TOKEN_VARIABLE},
        }
    )


def _provisioning(spec: Spec, remarks: list[str]) -> Any:
    if spec.provisioning.enabled:
        return spec.provisioning
    remarks.append("The spec does not enable provisioning; the rehearsal does.")
    return _copied(spec.provisioning, enabled=True)


# ---- assignments ----------------------------------------------------------------------------------------------------


def _assignments(assignments: Assignments | None, rename: Rename, remarks: list[str]) -> Assignments | None:
    """Return the assignments with renamed users and groups, at most as many as a rehearsal provisions."""
    if assignments is None:
        return None
    users, groups = _Quota(MAX_USERS), _Quota(MAX_GROUPS)
    limited = _copied(
        assignments,
        users=tuple(_users(users.first(assignments.users), rename)),
        groups=tuple(_groups(groups.first(assignments.groups), rename)),
        imported=tuple(_imported(assignments.imported, users, groups, rename)),
    )
    for label, quota in (("users", users), ("groups", groups)):
        if quota.left_out:
            remarks.append(f"{quota.left_out} of the listed {label} are not part of the rehearsal.")
    return limited


@dataclass(slots=True)
class _Quota:
    """Counts what is still permitted, and what is left out."""

    rest: int
    left_out: int = 0

    def first(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return as many of the rows as are still permitted."""
        taken = rows[: self.rest]
        self.rest -= len(taken)
        self.left_out += len(rows) - len(taken)
        return taken


def _users(rows: Sequence[UserAssignment], rename: Rename) -> Iterator[UserAssignment]:
    for row in rows:
        yield _copied(row, user=rename(row.user))


def _groups(rows: Sequence[GroupAssignment], rename: Rename) -> Iterator[GroupAssignment]:
    for row in rows:
        names = {"name": row.name, "id": row.id}
        yield _copied(row, **{key: rename(name) for key, name in names.items() if name is not None})


def _imported(files: Sequence[ImportedRows], users: _Quota, groups: _Quota, rename: Rename) -> Iterator[ImportedRows]:
    for file in files:
        yield _copied(file, users=_rows(file.users, users, rename), groups=_rows(file.groups, groups, rename))


def _rows(rows: CsvRows, quota: _Quota, rename: Rename) -> CsvRows:
    principals = tuple(map(rename, quota.first(rows.principals)))
    return replace(rows, principals=principals, roles=rows.roles[: len(principals)])
