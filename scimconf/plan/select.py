"""`--only` and `--exclude`: which changes of a plan are kept, by address or glob; what they cannot do without comes along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scimconf.plan.change import Action, Change
from scimconf.plan.globs import is_like
from scimconf.plan.resource import Address

COMPANIONS: Mapping[str, tuple[str, ...]] = {"attribute_mapping": ("source_attribute", "target_attribute")}
"""Kinds of which a change of the same place goes along: a mapping cannot be written without its definition."""


_ATTRIBUTE = re.compile(r"\[([^\]]+)\]")


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
    there = {change.address: change for change in changes if change.action is not Action.DELETE}
    kept = {change.address for change in asked}
    pulled: list[Address] = []
    queue = list(asked)
    while queue:
        for needed in _prerequisites(queue.pop(), there, after):
            if needed.address not in kept:
                kept.add(needed.address)
                pulled.append(needed.address)
                queue.append(needed)
    chosen = tuple(change for change in changes if change.address in kept)
    return Selection(chosen, tuple(pulled), len(changes) - len(chosen))


def _matches(address: Address, patterns: Iterable[str]) -> bool:
    texts = (str(address), address.local)
    return any(is_like(text, pattern) for pattern in patterns for text in texts)


def unmatched_patterns(patterns: Iterable[str], known: Sequence[Address]) -> frozenset[str]:
    """The patterns that match nothing at all of what is wanted or seen, whether or not it changes."""
    return frozenset(pattern for pattern in patterns if not any(_matches(one, (pattern,)) for one in known))


def _prerequisites(
    change: Change, there: Mapping[Address, Change], after: Mapping[str, Sequence[str]]
) -> Iterator[Change]:
    """The creations that a change stands on: a whole thing of an earlier kind, or the one of the same name."""
    if change.action is Action.DELETE:
        return
    rest = change.address.rest
    for kind in (*after.get(change.kind, ()), *COMPANIONS.get(change.kind, ())):
        for name in dict.fromkeys(("", rest, rest.rpartition("/")[2], *_read_by(change))):
            needed = there.get(Address(change.address.application, kind, name))
            if needed is not None:
                yield needed


def _read_by(change: Change) -> Iterator[str]:
    """The source attributes that a mapping's expression names, as places of its section."""
    source = change.after.fields.get("source") if change.after is not None else None
    section = change.address.rest.partition("/")[0]
    for name in _ATTRIBUTE.findall(source) if isinstance(source, str) else ():
        yield f"{section}/{name}"
