"""What is read from Graph: a Document describes one readable resource, a Snapshot is the result of reading.

All values are frozen. A path or a query may contain placeholders in braces (`{service_principal}`), which `substitute` replaces by the names
that were bound from documents read earlier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypedDict

Json = Any
"""Raw JSON as Graph serves it: dicts, lists, strings, numbers, booleans, None."""

Names = Mapping[str, str]
HOLE = re.compile(r"\{\{|\{([a-z_]+)\}")
"""A name in braces; a brace that is meant is doubled."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A secret by the reference that names it: `env`, `file` or `key_vault`; the value lives in the live room only."""

    source: Literal["env", "file", "key_vault"]
    name: str
    vault: str = ""
    version: str = ""

    def __str__(self) -> str:
        return self.name if self.source != "key_vault" else f"{self.vault} {self.name}"


class AssignmentRow(TypedDict):
    """One appRoleAssignment, only what a plan needs of it."""

    id: str
    principalId: str
    principalType: str
    principalDisplayName: str | None
    appRoleId: str


@dataclass(frozen=True, slots=True)
class Document:
    """A thing that Graph serves at one URL.

    `path` may hold names in braces; the document is read once all of them are bound. `binds` says which names can
    be given once it has arrived, from all documents read so far. `written` says how edits reach it: `put` (the whole), `put_values` (the whole
    set of key-value pairs), `patch` (the named properties), or `never`. `empty_is_late` marks collections that are
    empty only for as long as a fresh application has not arrived everywhere. Of a set of values, `references` name
    those that read back masked, `plain` are those that the spec holds itself, and `partial` allows to write only the changed ones when one of them is not at hand. `seen_in` is the collection of
    one through which a plan saw this document, where it was not read by itself. An `optional` one may be missing.
    """

    name: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    collection: bool = False
    row: Literal["", "assignment"] = ""
    binds: Callable[[Json], Mapping[str, str]] | None = None
    written: Literal["never", "put", "put_values", "patch"] = "never"
    properties: tuple[str, ...] = ()
    empty_may_be_stale: bool = False
    references: tuple[tuple[str, SecretRef], ...] = ()
    plain: tuple[tuple[str, str], ...] = ()
    partial: bool = False
    seen_in: str = ""
    optional: bool = False

    @property
    def required_names(self) -> frozenset[str]:
        return frozenset[str]().union(placeholders(self.path), *(placeholders(value) for _, value in self.query))


@dataclass(frozen=True, slots=True)
class Lookup:
    """A principal to be found: a user or group by id, a user by its UPN, a group by its name."""

    by: Literal["id", "user", "group"]
    value: str


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, group or service principal of the tenant; `name` is the UPN of a user, else the display name."""

    id: str
    type: Literal["user", "group", "servicePrincipal"]
    name: str
    display_name: str = ""
    security_enabled: bool = True


@dataclass(frozen=True, slots=True)
class DeniedRead:
    """A read that Graph refused (401, 403): a value, so that a plan with few permissions degrades and says so."""

    status: int
    code: str
    path: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tenant as it was read for one application: documents by name, bound names, principals by lookup.

    `denied` are the documents whose read Graph denied. While `complete` is False, missing documents may still arrive.
    """

    documents: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    denied: Mapping[str, DeniedRead] = field(default_factory=lambda: MappingProxyType({}))
    names: Names = field(default_factory=lambda: MappingProxyType({}))
    principals: Mapping[Lookup, tuple[Principal, ...]] = field(default_factory=lambda: MappingProxyType({}))
    complete: bool = True

    def get(self, name: str) -> Json | None:
        """The document of that name, or None when it could not be read or is not there."""
        return self.documents.get(name)

    def rows(self, name: str) -> list[Json]:
        return list(self.documents.get(name) or ())


def placeholders(value: Json) -> frozenset[str]:
    """The names in braces of a path or of all strings of a body."""
    if isinstance(value, str):
        return frozenset(name for name in HOLE.findall(value) if name)
    if isinstance(value, Mapping):
        return frozenset[str]().union(*(placeholders(part) for part in value.values()))
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return frozenset[str]().union(*(placeholders(part) for part in value))
    return frozenset()


def escape_placeholders(text: str) -> str:
    """A text in which nothing is a name to be filled in."""
    return text.replace("{", "{{")


def substitute(value: Json, names: Names) -> Json:
    """The same value with every name in braces replaced; a KeyError means that a name was never given."""
    if isinstance(value, str):
        return HOLE.sub(lambda hole: names[hole.group(1)] if hole.group(1) else "{", value)
    if isinstance(value, Mapping):
        return {key: substitute(part, names) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [substitute(part, names) for part in value]
    return value
