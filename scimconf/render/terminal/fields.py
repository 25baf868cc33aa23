"""The fields of one change: names in a column, `before → after` beside them, or below where that is too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scimconf.plan import Action, Change, Detail, FieldChange, Resource, WriteOnly
from scimconf.render.common.escaping import cells, pad, visible
from scimconf.render.common.values import block, inline
from scimconf.render.labels import USUAL, short
from scimconf.render.terminal.page import Page, Piece

Json = Any
INDENT = 6
_COLUMN = 28
_FACTS = ("id", "assignments", "quarantine")
_NOTHING: tuple[Json, ...] = (None, [], {}, ())


def field_lines(page: Page, change: Change) -> Iterator[str]:
    """All fields that say something, and what Graph counts of a thing that goes."""
    shown = shown_fields(change)
    column = min(max((cells(visible(one.name)) for one in shown), default=0), _COLUMN)
    for one in shown:
        yield from _field(page, one, change.action, column)
    if change.action in {Action.DELETE, Action.REPLACE} and facts(change.before):
        yield from page.prose(INDENT, facts(change.before), "quiet", hang=1)


def shown_fields(change: Change) -> list[FieldChange]:
    """What changes; of a thing that comes or goes as a whole, what is neither empty nor as usual."""
    if change.action in {Action.UPDATE, Action.REPLACE}:
        return list(change.fields)
    usual = USUAL.get(change.kind, {})
    return [one for one in change.fields if one.write_only or _says(one, usual)]


def _says(one: FieldChange, usual: Mapping[str, Json]) -> bool:
    side = one.before if one.after is None else one.after
    return side not in _NOTHING and not (one.name in usual and usual[one.name] == side)


def brief(change: Change) -> str:
    """The only field of a thing that comes or goes, on one line; empty where there are more, or something to add."""
    shown = shown_fields(change)
    if change.action in {Action.UPDATE, Action.REPLACE} or len(shown) != 1:
        return ""
    (one,) = shown
    value = _write_only(one) if one.write_only else inline(one.before if one.after is None else one.after)
    return f"{visible(one.name)}: {value}"


def facts(resource: Resource | None) -> str:
    """What Graph counts and names about a resource, in brackets; ids in short."""
    known = resource.facts if resource and resource.address.kind != "assignment" else {}
    said = [f"{name} {short(inline(known[name]))}" for name in _FACTS if known.get(name) not in (None, "")]
    return f"({', '.join(said)})" if said else ""


def _field(page: Page, one: FieldChange, action: Action, column: int) -> Iterator[str]:
    if one.write_only or isinstance(one.after, WriteOnly):
        yield from _row(page, one.name, column, [("", _write_only(one))])
    elif action is Action.CREATE:
        yield from _value(page, one.name, column, one.after)
    elif action is Action.DELETE:
        yield from _value(page, one.name, column, one.before)
    else:
        yield from _both(page, one, column)


def _write_only(one: FieldChange) -> str:
    if not isinstance(one.after, WriteOnly):
        return "(write-only)"
    again = "" if one.before is None else "sent again "
    return f"(write-only, {again}from {one.after.reference})"


def _value(page: Page, name: str, column: int, value: Json) -> Iterator[str]:
    whole = inline(value)
    if _fits(page, column, whole):
        yield page.line(INDENT, ("", f"{pad(visible(name), column)}  {whole}"))
        return
    yield page.line(INDENT, ("", name))
    yield from page.lines(INDENT + 2, block(value, page.room(INDENT + 2)))


def _both(page: Page, one: FieldChange, column: int) -> Iterator[str]:
    before, after = inline(one.before), inline(one.after)
    if not _deep(one) and _fits(page, column, f"{before} → {after}"):
        yield from _row(page, one.name, column, [("delete", before), ("", " → "), ("create", after)])
        return
    yield page.line(INDENT, ("", one.name))
    if one.details:
        yield from _details(page, one)
    else:
        yield from _signed(page, "-", "delete", one.before)
        yield from _signed(page, "+", "create", one.after)


def _deep(one: FieldChange) -> bool:
    """Whether the difference is inside of something, where the details say more than the two wholes."""
    return any(len(detail.path) > 1 or isinstance(detail.path[-1], str) for detail in one.details if detail.path)


def _row(page: Page, name: str, column: int, value: list[Piece]) -> Iterator[str]:
    if _fits(page, column, "".join(text for _, text in value)):
        yield page.line(INDENT, ("", f"{pad(visible(name), column)}  "), *value)
        return
    yield page.line(INDENT, ("", name))
    yield from page.prose(INDENT + 2, "".join(text for _, text in value))


def _fits(page: Page, column: int, text: str) -> bool:
    return column + 2 + cells(visible(text)) <= page.room(INDENT)


def _signed(page: Page, sign: str, style: str, value: Json) -> Iterator[str]:
    for number, line in enumerate(block(value, page.room(INDENT + 4))):
        yield page.line(INDENT + 2, (style, f"{' ' if number else sign} {line}"))


def _details(page: Page, one: FieldChange) -> Iterator[str]:
    for detail in one.details:
        yield from _detail(page, _path(detail, one.before, one.after), detail)


def _detail(page: Page, path: str, detail: Detail) -> Iterator[str]:
    """What was added or taken away after its sign; what became something else after its path."""
    lead = f"{path}: " if path else ""
    sides = [("-", "delete", detail.before), ("+", "create", detail.after)]
    told = [(sign, style, value) for sign, style, value in sides if value is not None]
    short = " → ".join(inline(value) for _, _, value in told)
    if cells(lead + short) > page.room(INDENT + 4):
        yield from page.prose(INDENT + 2, path) if path else ()
        for sign, style, value in told:
            yield from _signed(page, sign, style, value)
    elif len(told) == 1:
        sign, style, value = told[0]
        yield page.line(INDENT + 2, (style, f"{sign} {lead}{inline(value)}"))
    else:
        before, after = inline(detail.before), inline(detail.after)
        yield page.line(INDENT + 2, ("", lead), ("delete", before), ("", " → "), ("create", after))


def _path(detail: Detail, before: Json, after: Json) -> str:
    """`employees.all[2].value`: an item of a list by its name, where it has one; a bare position says nothing."""
    text, sides = "", (before, after)
    for part in detail.path:
        sides = (_inside(sides[0], part), _inside(sides[1], part))
        text = _joined(text, part, _name(sides))
    return "" if len(detail.path) == 1 and text.startswith("[") else text


def _joined(text: str, part: str | int, name: str) -> str:
    if isinstance(part, int) and not name:
        return f"{text}[{part}]"
    said = name or str(part)
    return visible(f"{text}.{said}" if text else said)


def _inside(side: Json, part: str | int) -> Json:
    if isinstance(part, int):
        return side[part] if isinstance(side, list) and part < len(side) else None
    return side.get(part) if isinstance(side, Mapping) else None


def _name(sides: tuple[Json, Json]) -> str:
    """The name of a list's item, where both sides that have it agree."""
    names = {side["name"] for side in sides if isinstance(side, Mapping) and isinstance(side.get("name"), str)}
    return names.pop() if len(names) == 1 else ""
