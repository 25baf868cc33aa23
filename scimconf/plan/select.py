"""`--only` and `--exclude`: the selected changes of a plan. Prerequisites of selected changes are included automatically."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan.change import Action, Change
from scimconf.plan.resource import Address, is_like

_ATTRIBUTE = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected changes, the addresses that are included only as prerequisites, and the number of other changes."""

    changes: tuple[Change, ...]
    prerequisites: tuple[Address, ...] = ()
    excluded: int = 0


def select(
    changes: Sequence[Change], only: Sequence[str], exclude: Sequence[str], requires: Mapping[str, Sequence[str]]
) -> Selection:
    """Return the changes that match `only` (all if it is empty) and not `exclude`, with their prerequisites.

    `requires` maps a kind to the kinds whose creations its changes may depend on.
    """
    selected = [change for change in changes if is_selected(change.address, only, exclude)]
    by_address = {change.address: change for change in changes if change.action is not Action.DELETE}
    addresses = {change.address for change in selected}
    prerequisites: list[Address] = []
    queue = list(selected)
    while queue:
        for needed in _prerequisites(queue.pop(), by_address, requires):
            if needed.address not in addresses:
                addresses.add(needed.address)
                prerequisites.append(needed.address)
                queue.append(needed)
    included = tuple(change for change in changes if change.address in addresses)
    return Selection(included, tuple(prerequisites), len(changes) - len(included))


def is_selected(address: Address, only: Sequence[str], exclude: Sequence[str]) -> bool:
    """Return whether an address matches `only` (any address if it is empty) and not `exclude`."""
    return (not only or _matches(address, only)) and not _matches(address, exclude)


def can_select_below(prefix: Address, only: Sequence[str], exclude: Sequence[str]) -> bool:
    """Return whether these patterns can select an address below the prefix."""
    texts = (f"{prefix}/", f"{prefix.local}/")
    is_excluded = any(pattern.endswith("*") and is_like(text, pattern) for pattern in exclude for text in texts)
    return not is_excluded and (not only or any(_can_begin(text, pattern) for pattern in only for text in texts))


def _can_begin(text: str, pattern: str) -> bool:
    """Return whether a text that begins with `text` can match the pattern."""
    first, star, _ = pattern.partition("*")
    return first.startswith(text) or (bool(star) and text.startswith(first))


def _matches(address: Address, patterns: Iterable[str]) -> bool:
    texts = (str(address), address.local)
    return any(is_like(text, pattern) for pattern in patterns for text in texts)


def unmatched_patterns(patterns: Iterable[str], known: Sequence[Address]) -> frozenset[str]:
    """Return the patterns that match no desired or observed address, whether or not it changes."""
    return frozenset(pattern for pattern in patterns if not any(_matches(address, (pattern,)) for address in known))


def _prerequisites(
    change: Change, by_address: Mapping[Address, Change], requires: Mapping[str, Sequence[str]]
) -> Iterator[Change]:
    """Yield the changes of required kinds that concern the kind as a whole, the same name, or an attribute that is read."""
    if change.action is Action.DELETE:
        return
    rest = change.address.rest
    for kind in requires.get(change.kind, ()):
        for name in dict.fromkeys(("", rest, rest.rpartition("/")[2], *_source_attributes(change))):
            needed = by_address.get(Address(change.address.application, kind, name))
            if needed is not None:
                yield needed


def _source_attributes(change: Change) -> Iterator[str]:
    """Yield the attributes that the source of a mapping names, as names within its section."""
    source = change.after.fields.get("source") if change.after is not None else None
    section = change.address.rest.partition("/")[0]
    for name in _ATTRIBUTE.findall(source) if isinstance(source, str) else ():
        yield f"{section}/{name}"
