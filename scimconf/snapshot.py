"""What is read from Graph: a Document describes one readable resource, a Snapshot is the result of reading.

A path or a query may contain placeholders, such as `{service_principal}`, bound from documents that were read earlier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar, cast

from scimconf.json_types import Json as Json  # noqa: PLC0414  re-exported

if TYPE_CHECKING:
    from scimconf.permissions import Granted

Value = TypeVar("Value")
Derived = TypeVar("Derived")
Names = Mapping[str, str]
"""Placeholder → value."""
BY_ID: Mapping[str, str] = MappingProxyType({"user": "users_by_id", "group": "groups_by_id"})
"""The names of denied reads of principals by id, by the type of the principal."""
DELETED: Mapping[str, str] = MappingProxyType(
    {"user": "deleted_users", "group": "deleted_groups", "id": "deleted_items"}
)
PLACEHOLDER = re.compile(r"\{\{|\{([a-z_]+)\}")
"""A placeholder, or a doubled brace, which stands for a literal one."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A reference to a secret, never its value; `name` is the variable, the path or the name in the Key Vault."""

    source: Literal["env", "file", "key_vault"]
    name: str
    vault: str = ""
    version: str = ""

    def __str__(self) -> str:
        return self.name if self.source != "key_vault" else f"{self.vault} {self.name}"


@dataclass(frozen=True, slots=True)
class Consistency:
    """How a document behaves while a new application is replicated within Graph.

    An empty collection is read again if it may be stale and the application is new, or if `must_have_rows` decides so
    from the documents read so far, of which those with the names `needs` are waited for. `created` returns the
    createdDateTime from the one document that shows it.
    """

    empty_may_be_stale: bool = False
    must_have_rows: Callable[[Mapping[str, Json]], bool] | None = None
    needs: tuple[str, ...] = ()
    created: Callable[[Json], str | None] | None = None


class Lookup(NamedTuple):
    """A search for a principal: a user or group by id, a user by user principal name, a group by display name.

    `deleted` searches the recently deleted users and groups instead.
    """

    by: Literal["id", "user", "group"]
    value: str
    deleted: bool = False


class PageFold(Protocol):
    """Makes one value of the pages of a collection while they arrive."""

    def add(self, rows: Sequence[Json]) -> Iterable[Lookup]:
        """Add the rows of a page; return the lookups of the principals that no earlier page names."""

    def result(self) -> Json:
        """Return the value of all pages: a collection whose items are the rows."""


@dataclass(frozen=True, slots=True)
class Document:
    """One readable resource: a URL, how it is read, and how edits are written to it.

    - `path` and `query` may contain placeholders; the document is read once all of them are bound.
    - `collection`: its raw JSON is the list of its rows, with `row`, a TypedDict, decoded with only its fields. With
      `fold`, which returns a new PageFold, it is the value that this makes of its pages; with `resolves_principals` the
      users and groups that a page names are looked up while the next pages are read.
    - `binds` returns the names that can be bound, from all documents read so far.
    - `written` says how edits are written: `put` the whole document, `put_values` the whole set of key/value pairs,
      `patch` those of `properties` that changed, or `never`.
    - `references` are the keys of a set of values that Graph masks, with where each value is kept; `plain` are values
      that the spec contains. `partial` allows a write of the changed keys only, if a masked value has no reference.
    - `read_as` is the collection in which the plan read this document, if it was not read by itself.
    - `optional`: a 404 is not an error.
    - `constant`: no apply changes it, so that it is read once in a command; an empty one is read again.
    """

    name: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    collection: bool = False
    row: type | None = None
    fold: Callable[[], PageFold] | None = None
    resolves_principals: bool = False
    binds: Callable[[Mapping[str, Json]], Names] | None = None
    written: Literal["never", "put", "put_values", "patch"] = "never"
    properties: tuple[str, ...] = ()
    references: tuple[tuple[str, SecretRef], ...] = ()
    plain: tuple[tuple[str, str], ...] = ()
    partial: bool = False
    read_as: str = ""
    optional: bool = False
    constant: bool = False
    consistency: Consistency = Consistency()

    @property
    def required_names(self) -> frozenset[str]:
        return frozenset[str]().union(placeholders(self.path), *(placeholders(value) for _, value in self.query))


class Principal(NamedTuple):
    """A user, group or service principal; `name` is the UPN of a user, else the display name."""

    id: str
    type: Literal["user", "group", "servicePrincipal"]
    name: str
    display_name: str = ""
    security_enabled: bool = True


class DeletedPrincipal(NamedTuple):
    """A user or group in the recycle bin; `day` is the day of the deletion in UTC (ISO 8601)."""

    id: str
    day: str


class DeniedRead(NamedTuple):
    """A read that Graph refused with 401 or 403: a value, so that a plan with few permissions reports what it lacks."""

    status: int
    code: str
    path: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The result of reading the tenant for one application: raw JSON and denied reads by the document's name.

    `names` are bound placeholders, `principals` the matches of each lookup, `deleted` the result of each lookup in the
    recycle bin (None: not there, or not readable). `complete` is False while reading is in progress, when a missing
    document may still arrive. `denied` also has the reads of principals by id (`BY_ID`, by the type) and of the recycle
    bin (`DELETED`, by the lookup's `by`). If any read was denied, `granted` are the permissions of the access token, or
    None if they are unknown.
    """

    documents: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    denied: Mapping[str, DeniedRead] = field(default_factory=lambda: MappingProxyType({}))
    names: Names = field(default_factory=lambda: MappingProxyType({}))
    principals: Mapping[Lookup, tuple[Principal, ...]] = field(default_factory=lambda: MappingProxyType({}))
    complete: bool = True
    deleted: Mapping[Lookup, DeletedPrincipal | None] = field(default_factory=lambda: MappingProxyType({}))
    granted: Granted | None = None
    derived: dict[Hashable, tuple[object, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def derive(self, function: Callable[[Value, Snapshot], Derived], value: Value) -> Derived:
        """Return `function(value, self)`; it is computed once for each function and value.

        The function is pure, and does not depend on `complete` and `granted`.
        """
        key = (function, id(value))
        if key not in self.derived:
            self.derived[key] = (value, function(value, self))  # the value, so that no other one gets its id
        return cast("Derived", self.derived[key][1])

    def revised(self, **changes: Any) -> Snapshot:
        """Return the snapshot with another `complete` or `granted`, and with what was derived from it."""
        snapshot = replace(self, **changes)
        snapshot.derived.update(self.derived)
        return snapshot

    def get(self, name: str) -> Json | None:
        return self.documents.get(name)

    def rows(self, name: str) -> list[Json]:
        """Return the rows of a collection, none if it was not read."""
        return list(self.documents.get(name) or ())


def placeholders(value: Json) -> frozenset[str]:
    """Return the names of all placeholders in the strings of a JSON value."""
    if isinstance(value, str):
        return frozenset(name for name in PLACEHOLDER.findall(value) if name)
    parts = value.values() if isinstance(value, Mapping) else value
    nested = isinstance(parts, Iterable) and not isinstance(parts, bytes)
    return frozenset[str]().union(*(placeholders(part) for part in parts)) if nested else frozenset()


def escape_placeholders(text: str) -> str:
    """Return the text with its braces doubled, so that it contains no placeholder."""
    return text.replace("{", "{{")


def substitute(value: Json, names: Names) -> Json:
    """Return a JSON value with every placeholder replaced; raise KeyError for a name that is not bound."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda match: names[match.group(1)] if match.group(1) else "{", value)
    if isinstance(value, Mapping):
        return {key: substitute(part, names) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [substitute(part, names) for part in value]
    return value
