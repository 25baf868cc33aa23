"""Addressed things, before anything is compared: what is wanted, what was seen, and what rules a list.

An address is `NAME:kind/scope/rest` and is made for people. A resource is matched by its key, which holds Graph's ids
where there are ids; its fields are JSON in a normal form, so that equal things are equal.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

Json = Any
NOTHING: Mapping[str, Json] = MappingProxyType({})
_ENCODED = str.maketrans({"%": "%25", "/": "%2F", ":": "%3A"})


def encode(part: str) -> str:
    """A principal or a role inside an address; `user:` and `group:` prefixes are added afterwards."""
    return part.translate(_ENCODED)


def decode(part: str) -> str:
    """The principal or role that was encoded."""
    return part.replace("%3A", ":").replace("%2F", "/").replace("%25", "%")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a resource stands: the application's name in reports, the kind, and what is its own within the kind."""

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
        """The addresses above this one, nearest first; the kind's own address comes last."""
        rest = self.rest
        while rest:
            rest, _, _ = rest.rpartition("/")
            yield Address(self.application, self.kind, rest)


@dataclass(frozen=True, slots=True)
class WriteOnly:
    """In place of a value that is sent and never read back: where it comes from. Only its presence can be compared."""

    reference: str


@dataclass(frozen=True, slots=True)
class Resource:
    """One addressed thing. `facts` are computed by Graph (ids, counts): carried, shown, never compared.

    A desired resource holds only the fields that are written: what it does not hold is not managed.
    """

    address: Address
    fields: Mapping[str, Json] = field(default_factory=lambda: NOTHING)
    key: Hashable = None
    facts: Mapping[str, Json] = field(default_factory=lambda: NOTHING)

    @property
    def identity(self) -> tuple[str, str, Hashable]:
        own = self.address.rest if self.key is None else self.key
        return (self.address.application, self.address.kind, own)


@dataclass(frozen=True, slots=True)
class Absent:
    """One named thing that must not be there."""

    address: Address
    key: Hashable = None

    @property
    def identity(self) -> tuple[str, str, Hashable]:
        own = self.address.rest if self.key is None else self.key
        return (self.address.application, self.address.kind, own)


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Everything under this address is ours: what is seen there and not wanted is deleted, for this reason."""

    prefix: Address
    reason: str = "not listed"


@dataclass(frozen=True, slots=True)
class ReportOnly:
    """What is seen under this address and not wanted is told as drift, and left."""

    prefix: Address


@dataclass(frozen=True, slots=True)
class Protected:
    """One seen thing that no `Whole` takes."""

    address: Address
    key: Hashable = None

    @property
    def identity(self) -> tuple[str, str, Hashable]:
        own = self.address.rest if self.key is None else self.key
        return (self.address.application, self.address.kind, own)


DesiredItem = Resource | Absent | Exclusive | ReportOnly | Protected


@dataclass(frozen=True, slots=True)
class Traits:
    """Facts about a kind's fields, for the one differ.

    `computed` fields are never compared; a change of an `immutable` one makes the resource be replaced.
    """

    computed: frozenset[str] = frozenset()
    immutable: frozenset[str] = frozenset()
