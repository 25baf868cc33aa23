"""A plan's changes as a page tells them: one item a thing, one an assigned principal, fields as two texts.

Nothing here knows Markdown or HTML; both pages are made of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Any

from scimconf.plan import Action, Change, Detail, Effect, FieldChange, Impact, WriteOnly
from scimconf.render.common.escaping import visible
from scimconf.render.common.values import block
from scimconf.render.labels import by_weight, counts, place, plural
from scimconf.render.terminal.assignments import KIND, split
from scimconf.render.terminal.fields import facts, shown_fields

Json = Any
WIDTH = 96
ASSIGNMENT = KIND


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One property, or one place inside of it. A side is None where there is nothing to show."""

    label: str
    before: str | None
    after: str | None


NOTHING: Mapping[Effect, Impact] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """What is told together: one change, or all changes of one principal's roles."""

    action: Action
    kind: str
    address: str
    why: str = ""
    effects: tuple[Effect, ...] = ()
    rows: tuple[ChangeRow, ...] = ()
    facts: str = ""
    number: int = 1
    impact: Mapping[Effect, Impact] = field(default_factory=lambda: NOTHING)

    @property
    def principal(self) -> str:
        """`user` or `group`, where an assignment is told; else empty."""
        return self.address.removeprefix(f"{ASSIGNMENT}/").partition(":")[0] if self.kind == ASSIGNMENT else ""


def items(changes: Iterable[Change]) -> Iterator[ChangeItem]:
    """All changes in the order in which every page tells of them."""
    ordered = sorted(changes, key=lambda change: (place(change.kind), change.address, change.action))
    for kind, own in groupby(ordered, key=lambda change: change.kind):
        listed = list(own)
        yield from _principals(listed) if kind == ASSIGNMENT else map(_item, listed)


def _item(change: Change) -> ChangeItem:
    gone = change.action in {Action.DELETE, Action.REPLACE}
    return ChangeItem(
        change.action,
        visible(change.kind),
        visible(change.address.local),
        visible(change.reason),
        tuple(by_weight(change.effects)),
        tuple(row for one in shown_fields(change) for row in _rows(one, change.action)),
        facts(change.before) if gone else "",
        impact=change.impact,
    )


def _principals(changes: Iterable[Change]) -> Iterator[ChangeItem]:
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(split(change.address.rest)[0], []).append(change)
    for name, own in groups.items():
        actions = {change.action for change in own}
        action = actions.pop() if len(actions) == 1 else Action.UPDATE
        reasons = sorted({change.reason for change in own if change.reason}) if action is Action.DELETE else []
        effects = by_weight({one for change in own for one in change.effects})
        rows = (ChangeRow("role", _roles(own, gone=True), _roles(own, gone=False)),)
        yield ChangeItem(
            action,
            ASSIGNMENT,
            f"{ASSIGNMENT}/{name}",
            visible(", ".join(reasons)),
            tuple(effects),
            rows,
            number=len(own),
            impact={which: one.impact[which] for one in own for which in one.impact},
        )


def _roles(changes: Sequence[Change], *, gone: bool) -> str | None:
    """The roles that go, or those that come."""
    return ", ".join(split(one.address.rest)[1] for one in changes if (one.action is Action.DELETE) is gone) or None


# --- effects --------------------------------------------------------------------------------------------------------


def by_effect(told: Iterable[ChangeItem]) -> Mapping[Effect, Sequence[ChangeItem]]:
    """The items that have an effect, the gravest effect first."""
    found: dict[Effect, list[ChangeItem]] = {which: [] for which in Effect}
    for item in told:
        for which in item.effects:
            found[which].append(item)
    return {which: those for which, those in found.items() if those}


def people(which: Effect, told: Sequence[ChangeItem]) -> str:
    """`; at most 34 users`: whom an effect is about in all, where that is known of every change that has it."""
    known = [item.impact[which] for item in told if which in item.impact]
    if which is Effect.RESYNC or len(known) < len(told):
        return ""
    return f"; {known[0] if len(known) == 1 else Impact(sum(one.count for one in known), precision='at_most')}"


def because(told: Iterable[ChangeItem]) -> str:
    """`1 role, 3 people, 1 group`: the changes by kind; of assignments, whom they are for."""
    kinds, principals = Counter[str](), Counter[str]()
    for item in told:
        if item.kind == ASSIGNMENT:
            principals[item.principal] += 1
        else:
            kinds[item.kind] += item.number
    said = [counts(kinds)] if kinds else []
    if principals["user"]:
        said.append(plural(principals.pop("user"), "person", "people"))
    if principals["group"]:
        said.append(plural(principals.pop("group"), "group"))
    rest = principals.total()
    return ", ".join([*said, *([plural(rest, "other principal")] if rest else [])])


# --- fields --------------------------------------------------------------------------------------------------------


def _rows(one: FieldChange, action: Action) -> Iterator[ChangeRow]:
    label = visible(one.name)
    if one.write_only or isinstance(one.after, WriteOnly):
        yield ChangeRow(label, _hidden(one.before), _hidden(one.after))
    elif action is Action.CREATE:
        yield ChangeRow(label, None, text(one.after))
    elif action is Action.DELETE:
        yield ChangeRow(label, text(one.before), None)
    elif any(len(detail.path) > 1 or isinstance(detail.path[-1], str) for detail in one.details if detail.path):
        yield from (_inner(label, one, detail) for detail in one.details)
    else:
        yield ChangeRow(label, text(one.before), text(one.after))


def _hidden(side: Json) -> str | None:
    if isinstance(side, WriteOnly) and side.reference:
        return text(side)
    return None if side is None else "(write-only)"


def _inner(label: str, one: FieldChange, detail: Detail) -> ChangeRow:
    sides = [None if side is None else text(side) for side in (detail.before, detail.after)]
    return ChangeRow(f"{label} {_path(detail, one.before, one.after)}", sides[0], sides[1])


def text(value: Json) -> str:
    """A value in as many lines as it needs."""
    return "\n".join(block(value, WIDTH))


def _path(detail: Detail, before: Json, after: Json) -> str:
    """`employees.all[2].value`: an item of a list by its name, where it has one."""
    said, sides = "", (before, after)
    for part in detail.path:
        sides = (_inside(sides[0], part), _inside(sides[1], part))
        name = _name(sides) or (part if isinstance(part, str) else "")
        said += f".{name}" if said and name else name or f"[{part}]"
    return visible(said)


def _inside(side: Json, part: str | int) -> Json:
    if isinstance(part, int):
        return side[part] if isinstance(side, list) and part < len(side) else None
    return side.get(part) if isinstance(side, Mapping) else None


def _name(sides: tuple[Json, Json]) -> str:
    """The name of a list's item, where both sides that have it agree."""
    names = {side["name"] for side in sides if isinstance(side, Mapping) and isinstance(side.get("name"), str)}
    return names.pop() if len(names) == 1 else ""
