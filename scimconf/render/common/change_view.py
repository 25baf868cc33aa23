"""The changes of a plan as every output format shows them: one row per resource, one per assigned principal.

All changes of one principal's roles are one row, so that a role swap is an update and not a deletion and a creation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from scimconf.diagnostics import plural
from scimconf.kinds import BY_NAME
from scimconf.kinds.kind import RowPart
from scimconf.plan import Action, Address, ApplicationPlan, Change, Effect, FieldChange, Impact, WriteOnly
from scimconf.render.common.effects import MEMBERS, combine, full_resync, is_about_other_objects, sentence
from scimconf.render.common.escaping import visible
from scimconf.render.common.fields import detail_path, is_nested, removal_facts, shown_fields
from scimconf.render.common.labels import by_weight, counts, kind_order
from scimconf.render.common.values import block

Json = Any
WIDTH = 96
_PRINCIPALS = ("user", "group")


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One property, or one place inside it, as text; a side is None where there is nothing to show."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change, or all changes of one `principal` (`user`, `group`; else empty) with the `roles` that go and come."""

    action: Action
    kind: str
    address: str
    changes: tuple[Change, ...]
    reason: str
    effects: tuple[Effect, ...]
    impact: Mapping[Effect, Impact]
    principal: str
    roles: tuple[str | None, str | None]

    @property
    def facts(self) -> str:
        """What Graph computes for a resource that is deleted or replaced."""
        return "" if self.principal else removal_facts(self.changes[0])

    @property
    def role_change(self) -> str:
        """The roles of a principal: `member → admin`."""
        return " → ".join(side for side in self.roles if side)

    def sentence(self, effect: Effect) -> str:
        return sentence(effect, self.changes, self.impact.get(effect))

    def fields(self) -> list[FieldRow]:
        """Return the properties as text."""
        if self.principal:
            return [FieldRow("role", *self.roles)]
        change = self.changes[0]
        return [row for field in shown_fields(change) for row in _field_rows(field, change.action)]

    @property
    def sentences(self) -> list[tuple[Effect, str]]:
        """Each effect as a sentence; a resync of all users is stated once per application, not per row."""
        effects = [effect for effect in self.effects if effect is not Effect.RESYNC or effect in self.impact]
        return [(effect, self.sentence(effect)) for effect in effects]


def change_rows(changes: Iterable[Change]) -> list[ChangeRow]:
    """Return the rows of a plan in the order in which all formats show them."""
    return [_row(group) for group in _groups(changes)]


def totals(plans: Iterable[ApplicationPlan]) -> Mapping[Action, int]:
    """Return how many rows of these applications each action has."""
    numbers = Counter[Action]()
    for plan in plans:
        shared: dict[str, Action] = {}
        for change in plan.changes:
            part = _row_part(change)
            if part is None:
                numbers[change.action] += 1
            elif shared.setdefault(part.address, change.action) is not change.action:
                shared[part.address] = Action.UPDATE
        numbers.update(shared.values())
    return {action: numbers[action] for action in Action}


Group = Sequence[tuple[Change, RowPart | None]]
"""The changes that share a row, each with its part of the row; a change with a row of its own has no part."""


def _groups(changes: Iterable[Change]) -> list[Group]:
    """Return the changes of each row, in plan order."""
    ordered = sorted(changes, key=_order)
    groups: list[Group] = []
    for _, of_kind in groupby(ordered, key=lambda change: change.kind):
        by_address: dict[str, list[tuple[Change, RowPart | None]]] = {}
        for change in of_kind:
            part = _row_part(change)
            by_address.setdefault(part.address if part else change.address.local, []).append((change, part))
        for own in by_address.values():
            groups += [own] if own[0][1] is not None else [[pair] for pair in own]
    return groups


def _order(change: Change) -> tuple[object, ...]:
    address = change.address
    return kind_order(address.kind), address.application, address.kind, address.rest, change.action


def address_row(address: Address) -> tuple[str, str]:
    """Return the row that shows an address in a plan, and the value that the address has in a row of several."""
    part = _row_part(Change(address, Action.UPDATE))
    return (part.address, part.value) if part else (address.local, "")


def _row_part(change: Change) -> RowPart | None:
    kind = BY_NAME.get(change.kind)
    return kind.row_part(change) if kind is not None else None


def _row(group: Group) -> ChangeRow:
    """Return the row of one change, or of the changes that share a row."""
    changes, part = tuple(change for change, _ in group), group[0][1]
    action = _action(group)
    is_mixed = part is not None and action is not Action.DELETE
    reasons = sorted({change.reason for change in changes if change.reason and not is_mixed})
    effects = tuple(by_weight({effect for change in changes for effect in change.effects}))
    return ChangeRow(
        action,
        visible(changes[0].kind),
        visible(part.address if part else changes[0].address.local),
        changes,
        visible(", ".join(reasons)),
        effects,
        _impact(changes, part, effects),
        part.population if part else "",
        (_role_names(group, removed=True), _role_names(group, removed=False)),
    )


def _action(group: Group) -> Action:
    action = group[0][0].action
    return action if all(change.action is action for change, _ in group) else Action.UPDATE


def _impact(group: Sequence[Change], part: RowPart | None, effects: Iterable[Effect]) -> Mapping[Effect, Impact]:
    """Return the impact of a row; a user counts as one and is the example, a group stands for its members."""
    counted = {effect: change.impact[effect] for change in group for effect in change.impact}
    if part is None:
        return counted
    subject = part.subject if part.population == "user" else f"{MEMBERS} {part.subject}"
    named = {effect: replace(impact, examples=_examples(impact, subject)) for effect, impact in counted.items()}
    return {**_user_impact(subject, effects), **named} if part.population == "user" else named


def _user_impact(subject: str, effects: Iterable[Effect]) -> Mapping[Effect, Impact]:
    """Return the impact of effects on one user that were not counted."""
    return {
        effect: Impact(1, precision="exact" if effect is Effect.RESYNC else "at_most", examples=(subject,))
        for effect in effects
    }


def _examples(impact: Impact, subject: str) -> tuple[str, ...]:
    """Return whom to name for the impact on a principal: nobody if it affects no user."""
    return (subject,) if impact.count or impact.undetermined else ()


def _role_names(group: Group, *, removed: bool) -> str | None:
    names = [part.value for change, part in group if part is not None and (change.action is Action.DELETE) is removed]
    return ", ".join(map(visible, names)) or None


def by_effect(rows: Sequence[ChangeRow]) -> Mapping[Effect, Sequence[ChangeRow]]:
    """Return the rows that have each effect, the most severe effect first."""
    groups = {effect: [row for row in rows if effect in row.effects] for effect in Effect}
    return {effect: group for effect, group in groups.items() if group}


def combined_sentence(effect: Effect, rows: Sequence[ChangeRow], plans: Iterable[ApplicationPlan]) -> str:
    """Return one effect of several rows of these plans as one sentence about users, each of whom counts once."""
    resyncs_all = [row for row in rows if not row.principal] if effect is Effect.RESYNC else []
    if resyncs_all:
        return full_resync(len(resyncs_all))
    groups = [row for row in rows if is_about_other_objects(effect, row.changes)]
    if 0 < len(groups) < len(rows):
        users = [row for row in rows if row not in groups]
        return f"{combined_sentence(effect, users, plans)}; {combined_sentence(effect, groups, plans)}"
    changes = [change for row in rows for change in row.changes]
    impact = combine([row.impact.get(effect) for row in rows])
    total = next((plan.impact.get(effect) for plan in plans if _is_about(plan, effect, changes)), None)
    if impact is not None and total is not None and len(rows) > 1:
        impact = replace(total, examples=impact.examples)
    return sentence(effect, changes, impact)


def _is_about(plan: ApplicationPlan, effect: Effect, changes: Iterable[Change]) -> bool:
    """Return whether these are all changes of a plan that have an effect."""
    addresses = {change.address for change in changes if effect in change.effects}
    return bool(addresses) and addresses == {change.address for change in plan.changes if effect in change.effects}


def cause(rows: Sequence[ChangeRow]) -> str:
    """Return what causes an effect: `1 role, 3 users, 1 group`; assignments are counted by principal."""
    kinds = Counter(row.kind for row in rows if not row.principal)
    names = (row.principal for row in rows if row.principal)
    principals = Counter(name if name in _PRINCIPALS else "other principal" for name in names)
    parts = [plural(principals[name], name) for name in (*_PRINCIPALS, "other principal") if principals[name]]
    return ", ".join([counts(kinds), *parts] if kinds else parts)


def _field_rows(change: FieldChange, action: Action) -> Iterator[FieldRow]:
    label = visible(change.name)
    if change.write_only or isinstance(change.after, WriteOnly):
        yield FieldRow(label, _write_only(change.before), _write_only(change.after))
    elif action is Action.CREATE:
        yield FieldRow(label, None, text(change.after))
    elif action is Action.DELETE:
        yield FieldRow(label, text(change.before), None)
    elif is_nested(change):
        for detail in change.details:
            before, after = (None if side is None else text(side) for side in (detail.before, detail.after))
            yield FieldRow(f"{label} {detail_path(detail, change.before, change.after)}", before, after)
    else:
        yield FieldRow(label, text(change.before), text(change.after))


def _write_only(side: Json) -> str | None:
    return None if side is None else text(side) if isinstance(side, WriteOnly) and side.reference else "(write-only)"


def text(value: Json) -> str:
    """Return a value in as many lines as it needs."""
    return "\n".join(block(value, WIDTH))
