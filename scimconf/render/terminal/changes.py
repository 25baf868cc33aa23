"""The changes of one application by kind: sign, address, fields, and the effects on users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from scimconf.plan import ApplicationPlan, Effect
from scimconf.render.common.change_view import ChangeRow, by_effect, combined_sentence
from scimconf.render.common.effects import SEVERE
from scimconf.render.common.escaping import cells, pad
from scimconf.render.common.long_lists import Excerpt, excerpt_lines, omission, principal_excerpts
from scimconf.render.terminal.fields import INDENT, brief, field_lines
from scimconf.render.terminal.page import Page, StyledText

_MAX_COLUMN = 55


def change_lines(page: Page, rows: Iterable[ChangeRow], plan: ApplicationPlan, *, full: bool = False) -> Iterator[str]:
    """Yield the rows of a plan, with an empty line between kinds and around every row of more than one line.

    Of many principals with the same change, the first and the last are shown; `full` shows all.
    """
    for _, group in groupby(rows, key=lambda row: row.kind):
        kind_rows = list(group)
        is_tight = False
        is_principal = bool(kind_rows[0].principal)
        for lines in [_principal_lines(page, kind_rows, plan, full=full)] if is_principal else _blocks(page, kind_rows):
            block = list(lines)
            if not is_tight or len(block) > 1:
                yield ""
            yield from block
            is_tight = len(block) == 1


def _blocks(page: Page, rows: Sequence[ChangeRow]) -> Iterator[Iterable[str]]:
    """Yield the lines of each row; rows that fit on one line have their field in a common column."""
    texts = ["" if row.sentences or row.facts else brief(row.changes[0]) for row in rows]
    widths = [cells(row.address) for row, text in zip(rows, texts, strict=True) if text]
    column = min(max(widths, default=0), page.width // 2)
    for row, text in zip(rows, texts, strict=True):
        line = _single_line(page, row, column, text) if text else ""
        yield [line] if line else _block(page, row)


def _single_line(page: Page, row: ChangeRow, column: int, text: str) -> str:
    """Return the row on one line; empty if it does not fit."""
    notes, rest = _notes(row), f" {pad(row.address, column)}  {text}"
    if cells(f"{row.action.symbol}{rest}{notes}") > page.space(2):
        return ""
    edge = 1 + len(row.address)
    return page.line(2, _sign(row), ("strong", rest[:edge]), ("", rest[edge:]), ("quiet", notes))


def _block(page: Page, row: ChangeRow) -> Iterator[str]:
    yield from _head(page, row, ("strong", f" {row.address}"))
    yield from field_lines(page, row.changes[0])
    for effect, sentence in row.sentences:
        yield from _effect(page, effect, sentence)


def _head(page: Page, row: ChangeRow, address: StyledText, *roles: StyledText) -> Iterator[str]:
    """Yield sign, address, roles and notes on one line, or roles and notes below if they do not fit."""
    rest = [*roles, ("quiet", _notes(row))]
    text = "".join(part for _, part in rest)
    if cells(f"{row.action.symbol}{address[1]}{text}") <= page.space(2):
        yield page.line(2, _sign(row), address, *rest)
        return
    yield from page.labelled(2, _sign(row), (address[0], address[1].rstrip()), hang=4)
    if text:
        yield from page.prose(INDENT, text.strip(), "" if roles else "quiet", hang=0 if roles else 1)


def _sign(row: ChangeRow) -> StyledText:
    return row.action.value, row.action.symbol


def _notes(row: ChangeRow) -> str:
    """Return the reason, and `resync` as a word: its sentence is printed once, below all changes."""
    notes = [row.reason] if row.reason else []
    notes += ["resync"] if Effect.RESYNC in row.effects and not row.principal else []
    return f"  ({'; '.join(notes)})" if notes else ""


def _principal_lines(page: Page, rows: Sequence[ChangeRow], plan: ApplicationPlan, *, full: bool) -> Iterator[str]:
    """Yield one line per principal, then each effect of all assignments once."""
    excerpts = principal_excerpts(rows, full=full)
    listed = [row for own in excerpts for row in (*own.first, *own.last)]
    column = min(max(cells(row.address) for row in listed), _MAX_COLUMN, page.width // 2)
    for own in excerpts:
        yield from excerpt_lines(own, lambda row: _principal(page, row, column), partial(_omission, page, own, column))
    for effect, affected in by_effect(rows).items():
        yield from _effect(page, effect, combined_sentence(effect, affected, [plan]))


def _principal(page: Page, row: ChangeRow, column: int) -> Iterator[str]:
    removed, added = row.roles
    is_swap = bool(removed and added)
    roles = [("delete", removed), ("", " → "), ("create", added)] if is_swap else [("", row.role_change)]
    yield from _head(page, row, ("", f" {pad(row.address, column)}  "), *roles)


def _omission(page: Page, rows: Excerpt[ChangeRow], column: int) -> str:
    number, roles = omission(rows)
    return page.line(
        2, _sign(rows.first[0]), ("", f" {pad(number, column)}  {roles}"), ("quiet", "  (--full lists all)")
    )


def _effect(page: Page, effect: Effect, sentence: str) -> Iterator[str]:
    """Yield an effect; severe ones are marked with `!`, with or without color."""
    label = ("danger", "! ") if effect in SEVERE else ("", "")
    yield from page.labelled(INDENT, label, ("", sentence), hang=2)
