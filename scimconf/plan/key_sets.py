"""Resources without fields as sets of keys, so that a Resource is made only for a key that is shown or changes.

An application can have a hundred thousand assignments. Which of them a spec changes follows from their keys alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from json.encoder import encode_basestring
from typing import TypeAlias, overload

from scimconf.plan.resource import Absent, Address, DesiredItem, Exclusive, Protected, ReportOnly, Resource

Key: TypeAlias = tuple[str, ...]
"""The key of a resource. The first part is its owner: a spec can own all keys of an owner."""
Keys: TypeAlias = Mapping[Key, object]
"""A set of keys in a fixed order; the values are not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySets:
    """Both sides of a kind whose resources have no fields, below the address `prefix`.

    - `desired` must exist and `absent` must not. Other keys of an owner that `owned` returns are deleted, for this reason.
    - `unlisted` says what the spec makes of all others: `delete`, `report` (as drift) or `keep`; those for which
      `is_protected` is true are kept in each case.
    - `desired_resource` and `observed_resource` make the resource of a key, `owner_address` the address above it.
    """

    prefix: Address
    observed: Keys = field(default_factory=dict)
    desired: Keys = field(default_factory=dict)
    absent: Keys = field(default_factory=dict)
    owned: Callable[[], Mapping[str, str]] = dict
    unlisted: str = "keep"
    is_protected: Callable[[Key], bool] = lambda _key: False
    observed_resource: Callable[[Key], Resource]
    desired_resource: Callable[[Key], Resource]
    owner_address: Callable[[str], Address]

    def observed_resources(self) -> Iterator[Resource]:
        """Yield the observed resources, all of them made."""
        return map(self.observed_resource, self.observed)

    def items(self) -> Iterator[DesiredItem]:
        """Yield what the spec declares as the items of the differ, all of them made."""
        items: dict[str, list[DesiredItem]] = {}
        for owner, reason in self.owned().items():
            items[owner] = [Exclusive(self.owner_address(owner), reason)]
        for key in self.desired:
            items.setdefault(key[0], []).append(self.desired_resource(key))
        for key in self.absent:
            items.setdefault(key[0], []).append(Absent(self.desired_resource(key).address, key))
        yield from chain.from_iterable(items.values())
        if self.unlisted != "keep":
            yield Exclusive(self.prefix) if self.unlisted == "delete" else ReportOnly(self.prefix)
            for key in filter(self.is_protected, self.unnamed()):
                yield Protected(self.observed_resource(key).address, key)

    def unnamed(self) -> list[Key]:
        """Return the observed keys that the spec does not name."""
        if self.observed.keys() <= self.desired.keys():
            return []
        return [key for key in self.observed if key not in self.desired and key not in self.absent]


@dataclass(frozen=True, slots=True)
class KeyedResources:
    """The observed resources with these keys, each made when it is asked for."""

    prefix: Address
    keys: Sequence[Key]
    resource: Callable[[Key], Resource] = field(compare=False, repr=False)

    def lines(self) -> Iterator[str]:
        """Yield what `diff.fingerprint` digests for each resource: `[[application, kind, *key],{}]` as canonical JSON."""
        text = encode_basestring
        before = f"[[{text(self.prefix.application)},{text(self.prefix.kind)}"
        return (f"{before},{','.join(map(text, key))}],{{}}]" for key in self.keys)


class Resources(Sequence[Resource]):
    """Observed resources, sorted by address. Those of key sets are made whenever the items are read, not for a count."""

    __slots__ = ("keyed", "resources")

    def __init__(self, resources: Iterable[Resource] = (), keyed: Iterable[KeyedResources] = ()) -> None:
        self.resources = sort_resources(resources)
        self.keyed = tuple(part for part in keyed if part.keys)

    def __len__(self) -> int:
        return len(self.resources) + sum(len(part.keys) for part in self.keyed)

    def __iter__(self) -> Iterator[Resource]:
        if not self.keyed:
            return iter(self.resources)
        keyed = [part.resource(key) for part in self.keyed for key in part.keys]
        return iter(sort_resources((*self.resources, *keyed)))

    @overload
    def __getitem__(self, index: int) -> Resource: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Resource]: ...

    def __getitem__(self, index: int | slice) -> Resource | Sequence[Resource]:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(len(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def counts_by_kind(resources: Sequence[Resource]) -> Counter[str]:
    """Return the number of resources of each kind, without making any."""
    if not isinstance(resources, Resources):
        return Counter(resource.address.kind for resource in resources)
    counts = counts_by_kind(resources.resources)
    for part in resources.keyed:
        counts[part.prefix.kind] += len(part.keys)
    return counts


def sort_resources(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Sort by address, independent of the order in which Graph returned the resources."""
    return tuple(sorted(resources, key=lambda resource: (resource.address, str(resource.key))))


NO_RESOURCES = Resources()
