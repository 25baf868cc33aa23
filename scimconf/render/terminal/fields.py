"""The fields of one change: names in a column, `before → after` beside them, or below if that is too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scimconf.plan import Action, Change, Detail, FieldChange, WriteOnly
from scimconf.render.common.escaping import cells, pad, visible
from scimconf.render.common.fields import detail_path, is_nested, removal_facts, shown_fields
from scimconf.render.common.values import block, inline
from scimconf.render.terminal.page import Page, StyledText

Json = Any
INDENT = 6
_MAX_COLUMN = 28


def field_lines(page: Page, change: Change) -> Iterator[str]:
    """Yield all shown fields, and what Graph computes for a resource that is deleted or replaced."""
    fields = shown_fields(change)
    column = min(max((cells(visible(field.name)) for field in fields), default=0), _MAX_COLUMN)
    for field in fields:
        yield from _field(page, field, change.action, column)
    if removal_facts(change):
        yield from page.prose(INDENT, removal_facts(change), "quiet", hang=1)


def brief(change: Change) -> str:
    """Return the only field of a creation or deletion as `name: value`; empty if there are more fields, or facts."""
    fields = shown_fields(change)
    if change.action in {Action.UPDATE, Action.REPLACE} or len(fields) != 1:
        return ""
    (field,) = fields
    value = _write_only(field) if field.write_only else inline(field.before if field.after is None else field.after)
    return f"{visible(field.name)}: {value}"


def _field(page: Page, field: FieldChange, action: Action, column: int) -> Iterator[str]:
    if field.write_only or isinstance(field.after, WriteOnly):
        yield from _row(page, field.name, column, [("", _write_only(field))])
    elif action in {Action.CREATE, Action.DELETE}:
        yield from _value(page, field.name, column, field.after if action is Action.CREATE else field.before)
    else:
        yield from _both(page, field, column)


def _write_only(field: FieldChange) -> str:
    if not isinstance(field.after, WriteOnly):
        return "(write-only)"
    again = "" if field.before is None else "sent again "
    return f"(write-only, {again}from {field.after.reference})"


def _value(page: Page, name: str, column: int, value: Json) -> Iterator[str]:
    if _fits(page, column, inline(value)):
        yield from _row(page, name, column, [("", inline(value))])
        return
    yield page.line(INDENT, ("", name))
    yield from page.lines(INDENT + 2, block(value, page.space(INDENT + 2)))


def _both(page: Page, field: FieldChange, column: int) -> Iterator[str]:
    before, after = inline(field.before), inline(field.after)
    if not is_nested(field) and _fits(page, column, f"{before} → {after}"):
        yield from _row(page, field.name, column, [("delete", before), ("", " → "), ("create", after)])
        return
    yield page.line(INDENT, ("", field.name))
    if field.details:
        for detail in field.details:
            path = detail_path(detail, field.before, field.after)
            is_bare_position = len(detail.path) == 1 and path.startswith("[")
            yield from _detail(page, "" if is_bare_position else path, detail)
    else:
        yield from _signed(page, "-", "delete", field.before)
        yield from _signed(page, "+", "create", field.after)


def _row(page: Page, name: str, column: int, value: list[StyledText]) -> Iterator[str]:
    if _fits(page, column, "".join(text for _, text in value)):
        yield page.line(INDENT, ("", f"{pad(visible(name), column)}  "), *value)
        return
    yield page.line(INDENT, ("", name))
    yield from page.prose(INDENT + 2, "".join(text for _, text in value))


def _fits(page: Page, column: int, text: str) -> bool:
    return column + 2 + cells(visible(text)) <= page.space(INDENT)


def _signed(page: Page, sign: str, style: str, value: Json) -> Iterator[str]:
    for number, line in enumerate(block(value, page.space(INDENT + 4))):
        yield page.line(INDENT + 2, (style, f"{' ' if number else sign} {line}"))


def _detail(page: Page, path: str, detail: Detail) -> Iterator[str]:
    """Yield an addition or removal after its sign, a replaced value after its path."""
    lead = f"{path}: " if path else ""
    sides = [("-", "delete", detail.before), ("+", "create", detail.after)]
    present = [(sign, style, value) for sign, style, value in sides if value is not None]
    short = " → ".join(inline(value) for _, _, value in present)
    if cells(lead + short) > page.space(INDENT + 4):
        yield from page.prose(INDENT + 2, path) if path else ()
        for sign, style, value in present:
            yield from _signed(page, sign, style, value)
    elif len(present) == 1:
        sign, style, value = present[0]
        yield page.line(INDENT + 2, (style, f"{sign} {lead}{inline(value)}"))
    else:
        before, after = inline(detail.before), inline(detail.after)
        yield page.line(INDENT + 2, ("", lead), ("delete", before), ("", " → "), ("create", after))
