"""The changes of one application: by kind, each with its sign, its address, its fields, and what it does to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from scimconf.plan import Change, Effect
from scimconf.render.common.escaping import cells, pad, visible
from scimconf.render.labels import by_weight, effect, place, revalued
from scimconf.render.terminal.assignments import KIND as ASSIGNMENT
from scimconf.render.terminal.assignments import assignment_lines, effect_lines
from scimconf.render.terminal.fields import INDENT, brief, facts, field_lines
from scimconf.render.terminal.page import Page


def change_lines(page: Page, changes: Iterable[Change]) -> Iterator[str]:
    """All changes, an empty line between kinds and around whatever takes more than one line."""
    ordered = sorted(changes, key=lambda change: (place(change.kind), change.address, change.action))
    for kind, own in groupby(ordered, key=lambda change: change.kind):
        if kind == ASSIGNMENT:
            yield ""
            yield from assignment_lines(page, own)
        else:
            yield from _spaced(_blocks(page, list(own)))


def _spaced(parts: Iterable[list[str]]) -> Iterator[str]:
    tight = False
    for lines in parts:
        if not tight or len(lines) > 1:
            yield ""
        yield from lines
        tight = len(lines) == 1


def _blocks(page: Page, changes: Sequence[Change]) -> Iterator[list[str]]:
    """Each change's lines; those that fit on one line have their fields in a column of their own."""
    said = [_brief(change) for change in changes]
    widths = [cells(visible(change.address.local)) for change, text in zip(changes, said, strict=True) if text]
    column = min(max(widths, default=0), page.width // 2)
    for change, text in zip(changes, said, strict=True):
        line = _line(page, change, column, text) if text else ""
        yield [line] if line else list(_change(page, change))


def _brief(change: Change) -> str:
    """What a change says besides its address, where that is one field and nothing else."""
    return "" if change.effects - {Effect.RESYNC} or change.impact or facts(change.before) else brief(change)


def _line(page: Page, change: Change, column: int, text: str) -> str:
    """The whole change on one line; empty where it does not fit."""
    style, sign, address = change.action.value, change.action.symbol, visible(change.address.local)
    why, said = _why(change), f" {pad(address, column)}  {text}"
    if cells(f"{sign}{said}{why}") > page.room(2):
        return ""
    edge = 1 + len(address)
    return page.line(2, (style, sign), ("strong", said[:edge]), ("", said[edge:]), ("quiet", why))


def _change(page: Page, change: Change) -> Iterator[str]:
    yield from _head(page, change)
    yield from field_lines(page, change)
    for which in by_weight(change.effects - {Effect.RESYNC}):
        yield from effect_lines(page, which, effect(which, change.kind, change.impact.get(which)))
    if Effect.RESYNC in change.impact:
        yield from effect_lines(page, Effect.RESYNC, revalued(change.impact[Effect.RESYNC]))


def _head(page: Page, change: Change) -> Iterator[str]:
    """Sign and address, and in brackets why."""
    style = change.action.value
    sign, address, why = change.action.symbol, visible(change.address.local), _why(change)
    if cells(f"{sign} {address}{why}") <= page.room(2):
        yield page.line(2, (style, sign), ("strong", f" {address}"), ("quiet", why))
        return
    yield from page.labelled(2, (style, sign), ("strong", f" {address}"), hang=4)
    if why:
        yield from page.prose(INDENT, why.strip(), "quiet", hang=1)


def _why(change: Change) -> str:
    """The reason, and `resync` as a mere word: it is said in full below all changes, once."""
    notes = [visible(change.reason)] if change.reason else []
    notes += ["resync"] if Effect.RESYNC in change.effects else []
    return f"  ({'; '.join(notes)})" if notes else ""
