"""The changes of one application as blocks that a forge colours: a sign first, fields before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from scimconf.plan import Effect
from scimconf.render.common.change_view import ChangeItem, ChangeRow
from scimconf.render.common.escaping import visible
from scimconf.render.labels import DANGERS, count, effect, revalued
from scimconf.render.markdown.escaping import prose
from scimconf.render.markdown.truncation import MarkdownPart, SectionGroup

_BRIEF = 60


def groups(told: Iterable[ChangeItem]) -> list[SectionGroup]:
    """A block for every kind, each item a part that is shown as a whole."""
    found = []
    for kind, own in groupby(told, key=lambda item: item.kind):
        parts = tuple(_parts(own))
        number = sum(part.number for part in parts)
        found.append(SectionGroup(f"**{prose(count(number, kind))}**\n\n```diff\n", parts, "```\n\n"))
    return found


def _parts(told: Iterable[ChangeItem]) -> Iterator[MarkdownPart]:
    """An empty line around whatever takes more than one."""
    spaced = False
    for number, item in enumerate(told):
        text = "\n".join(lines(item)) + "\n"
        is_long = text.count("\n") > 1
        yield MarkdownPart(f"\n{text}" if number and (spaced or is_long) else text, item.number)
        spaced = is_long


def lines(item: ChangeItem) -> Iterator[str]:
    """One item; no line begins with fewer than four spaces, unless it begins with a sign."""
    head = f"{item.action.symbol} {item.address}"
    if item.principal:
        yield f"{head}  {_roles(item.rows[0])}{_why(item, item.effects)}"
        return
    why = _why(item, [one for one in item.effects if one is Effect.RESYNC])
    brief = _brief(item)
    if brief:
        yield f"{head}  {brief}{why}"
        return
    yield f"{head}{why}"
    for row in item.rows:
        yield from _row(row)
    if item.facts:
        yield f"    {item.facts}"
    if Effect.RESYNC in item.impact:
        yield f"    {visible(revalued(item.impact[Effect.RESYNC]))}"
    for one in item.effects:
        if one is not Effect.RESYNC:
            yield f"{'!' if one in DANGERS else ' '}   {effect(one, item.kind, item.impact.get(one))}"


def _brief(item: ChangeItem) -> str:
    """The only thing to say beside the address, where that fits on its line."""
    if len(item.rows) != 1 or item.facts or item.impact or set(item.effects) - {Effect.RESYNC}:
        return ""
    row = item.rows[0]
    sides = [side for side in (row.before, row.after) if side is not None]
    said = f"{row.label}: {sides[0]}"
    return said if len(sides) == 1 and "\n" not in said and len(said) <= _BRIEF else ""


def _roles(row: ChangeRow) -> str:
    return " → ".join(side for side in (row.before, row.after) if side)


def _why(item: ChangeItem, effects: Iterable[Effect]) -> str:
    notes = [*filter(None, [item.why]), *(one.value for one in effects)]
    return f"  ({'; '.join(notes)})" if notes else ""


def _row(row: ChangeRow) -> Iterator[str]:
    for sign, side in (("-", row.before), ("+", row.after)):
        if side is None:
            continue
        first, *more = side.split("\n")
        if more:
            yield f"{sign}   {row.label}:"
            yield from (f"{sign}     {line}" for line in (first, *more))
        else:
            yield f"{sign}   {row.label}: {first}"
