"""Addressed resources, and the items by which a spec declares them.

An address is `NAME:kind/scope/rest`. A resource is matched by its key, which contains Graph's ids if it has any. Its
fields are JSON in a normal form, so that equal values compare equal.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from scimconf.json_types import Json

Identity = tuple[str, str, Hashable]
NOTHING: Mapping[str, Json] = MappingProxyType({})
_ENCODED = str.maketrans({"%": "%25", "/": "%2F", ":": "%3A"})


def encode(part: str) -> str:
    """Return the name of a principal or role as part of an address; `user:` and `group:` are added afterwards."""
    return part.translate(_ENCODED)


def decode(part: str) -> str:
    return part.replace("%3A", ":").replace("%2F", "/").replace("%25", "%") if "%" in part else part


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """The place of a resource: the name of the application, the kind, and the path within the kind."""

    application: str
    kind: str
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.application}:{self.local}"

    @property
    def local(self) -> str:
        """The address without the application."""
        return f"{self.kind}/{self.rest}" if self.rest else self.kind

    def under(self, part: str) -> Address:
        return Address(self.application, self.kind, f"{self.rest}/{part}" if self.rest else part)

    def parents(self) -> Iterator[Address]:
        """Yield the addresses above this one, the closest first and the kind's own address last."""
        rest = self.rest
        while rest:
            rest, _, _ = rest.rpartition("/")
            yield Address(self.application, self.kind, rest)


@dataclass(frozen=True, slots=True)
class WriteOnly:
    """Replaces a value that is sent and never read back; `reference` says where it comes from."""

    reference: str


class _Matched:
    """Base of what is matched by its key or, without a key, by its address."""

    __slots__ = ()
    address: Address
    key: Hashable

    @property
    def identity(self) -> Identity:
        rest = self.address.rest if self.key is None else self.key
        return (self.address.application, self.address.kind, rest)


@dataclass(frozen=True, slots=True)
class Resource(_Matched):
    """One addressed resource. `facts` are computed by Graph (ids, counts): shown, but never compared.

    A desired resource has only the fields that the spec writes; other fields are not managed.
    """

    address: Address
    fields: Mapping[str, Json] = field(default_factory=lambda: NOTHING)
    key: Hashable = None
    facts: Mapping[str, Json] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Absent(_Matched):
    address: Address
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class Protected(_Matched):
    """Protects one observed resource from deletion by an exclusive prefix."""

    address: Address
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Exclusive ownership of a prefix: observed resources below it that are not desired are deleted, with this reason."""

    prefix: Address
    reason: str = "not listed"


@dataclass(frozen=True, slots=True)
class ReportOnly:
    """Reports observed resources below a prefix that are not desired as unmanaged drift, and keeps them."""

    prefix: Address


DesiredItem = Resource | Absent | Exclusive | ReportOnly | Protected


class Traits(NamedTuple):
    """Fields of a kind that are `computed`, so never compared, or `immutable`: their change replaces the resource."""

    computed: frozenset[str] = frozenset()
    immutable: frozenset[str] = frozenset()


def is_like(text: str, pattern: str) -> bool:
    """Return whether the whole text matches a pattern, in which only `*` is special.

    Each part between two stars is matched at its first occurrence: a later one could not match more. The time is linear,
    since patterns come from a spec or the command line and texts from a tenant.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return text == pattern
    *middle, last = parts
    if not text.startswith(first):
        return False
    end = len(first)
    for part in middle:
        start = text.find(part, end)
        if start < 0:
            return False
        end = start + len(part)
    return len(text) - end >= len(last) and text.endswith(last)
