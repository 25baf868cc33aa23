"""`--only` and `--exclude`: which changes of a plan are kept, by address or glob; what they cannot do without comes along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scimconf.plan.change import Action, Change
from scimconf.plan.resource import Address

COMPANIONS: Mapping[str, tuple[str, ...]] = {"attribute_mapping": ("source_attribute", "target_attribute")}
"""Kinds of which a change of the same place goes along: a mapping cannot be written without its definition."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The kept changes; `pulled` are those that were not asked for by themselves, `left_out` how many are not kept."""

    changes: tuple[Change, ...]
    pulled: tuple[Address, ...] = ()
    left_out: int = 0


def select(
    changes: Sequence[Change], only: Sequence[str], exclude: Sequence[str], after: Mapping[str, Sequence[str]]
) -> Selection:
    """The changes that `only` names (all, where it names nothing) and `exclude` does not, with their prerequisites."""
    asked = [
        change
        for change in changes
        if (not only or _matches(change.address, only)) and not _matches(change.address, exclude)
    ]
    kept = {change.address for change in asked}
    pulled: list[Address] = []
    queue = list(asked)
    while queue:
        for needed in _prerequisites(queue.pop(), changes, after):
            if needed.address not in kept:
                kept.add(needed.address)
                pulled.append(needed.address)
                queue.append(needed)
    chosen = tuple(change for change in changes if change.address in kept)
    return Selection(chosen, tuple(pulled), len(changes) - len(chosen))


def _matches(address: Address, patterns: Iterable[str]) -> bool:
    texts = (str(address), address.local)
    return any(fnmatchcase(text, pattern) for pattern in patterns for text in texts)


def _prerequisites(change: Change, changes: Sequence[Change], after: Mapping[str, Sequence[str]]) -> list[Change]:
    """The creations that a change stands on: a whole thing of an earlier kind, or the one of the same name."""
    if change.action is Action.DELETE:
        return []
    earlier = (*after.get(change.kind, ()), *COMPANIONS.get(change.kind, ()))
    rest = change.address.rest
    names = {"", rest, rest.rpartition("/")[2]}
    return [
        other
        for other in changes
        if other.kind in earlier and other.action is not Action.DELETE and other.address.rest in names
    ]
