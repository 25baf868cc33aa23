"""The changes of one application as diff blocks, which forges color: a sign first, fields before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from scimconf.plan import Effect
from scimconf.render.common.change_view import ChangeRow, FieldRow
from scimconf.render.common.effects import SEVERE
from scimconf.render.common.labels import count
from scimconf.render.common.long_lists import Excerpt, omission, principal_excerpts
from scimconf.render.markdown.escaping import prose
from scimconf.render.markdown.truncation import MarkdownPart, SectionGroup

_MAX_BRIEF = 60


def groups(rows: Iterable[ChangeRow], *, full: bool = False) -> list[SectionGroup]:
    """Return one block per kind; each row is a part that is shown as a whole or left out.

    Of many principals with the same change, the first and the last are shown; `full` shows all.
    """
    blocks = []
    for kind, group in groupby(rows, key=lambda row: row.kind):
        kind_rows = list(group)
        parts = tuple(_principal_parts(kind_rows, full=full) if kind_rows[0].principal else _parts(kind_rows))
        blocks.append(SectionGroup(f"**{prose(count(len(kind_rows), kind))}**\n\n```diff\n", parts, "```\n\n"))
    return blocks


def _parts(rows: Iterable[ChangeRow]) -> Iterator[MarkdownPart]:
    """Yield the rows, with an empty line around every row of more than one line."""
    after_long = False
    for number, row in enumerate(rows):
        text = "\n".join(lines(row)) + "\n"
        is_long = text.count("\n") > 1
        yield MarkdownPart(f"\n{text}" if number and (after_long or is_long) else text)
        after_long = is_long


def _principal_parts(rows: Sequence[ChangeRow], *, full: bool) -> Iterator[MarkdownPart]:
    """Yield the rows of principals, each on one line, and one line for those that are omitted."""
    for own in principal_excerpts(rows, full=full):
        yield from _parts(own.first)
        if own.omitted:
            yield MarkdownPart(_omission(own), own.omitted)
        yield from _parts(own.last)


def _omission(rows: Excerpt[ChangeRow]) -> str:
    number, roles = omission(rows)
    return f"{rows.first[0].action.symbol} {number}  {roles}\n"


def lines(row: ChangeRow) -> Iterator[str]:
    """Yield the lines of one row; each begins with a sign or at least four spaces."""
    head = f"{row.action.symbol} {row.address}"
    if row.principal:
        yield f"{head}  {row.role_change}{_notes(row, row.effects)}"
        return
    notes = _notes(row, [effect for effect in row.effects if effect is Effect.RESYNC])
    fields = row.fields()
    brief = _brief(row, fields)
    if brief:
        yield f"{head}  {brief}{notes}"
        return
    yield f"{head}{notes}"
    for field in fields:
        yield from _field(field)
    if row.facts:
        yield f"    {row.facts}"
    for effect, sentence in row.sentences:
        yield f"{'!' if effect in SEVERE else ' '}   {sentence}"


def _brief(row: ChangeRow, fields: list[FieldRow]) -> str:
    """Return the row's only field if it is short and nothing else is to be shown."""
    if len(fields) != 1 or row.facts or row.sentences:
        return ""
    sides = [side for side in (fields[0].before, fields[0].after) if side is not None]
    text = f"{fields[0].label}: {sides[0]}"
    return text if len(sides) == 1 and "\n" not in text and len(text) <= _MAX_BRIEF else ""


def _notes(row: ChangeRow, effects: Iterable[Effect]) -> str:
    notes = [*filter(None, [row.reason]), *(effect.value for effect in effects)]
    return f"  ({'; '.join(notes)})" if notes else ""


def _field(field: FieldRow) -> Iterator[str]:
    for sign, side in (("-", field.before), ("+", field.after)):
        if side is None:
            continue
        first, *more = side.split("\n")
        if more:
            yield f"{sign}   {field.label}:"
            yield from (f"{sign}     {line}" for line in (first, *more))
        else:
            yield f"{sign}   {field.label}: {first}"
