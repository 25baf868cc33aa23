"""The fields of a change that every output format shows, and the path of a difference inside a field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimconf.kinds import BY_NAME
from scimconf.plan import Action, Change, Detail, FieldChange, Resource
from scimconf.render.common.escaping import visible
from scimconf.render.common.labels import shorten_ids
from scimconf.render.common.values import inline

Json = Any
_FACTS = ("id", "assignments", "quarantine")
_EMPTY: tuple[Json, ...] = (None, [], {}, ())


def shown_fields(change: Change) -> list[FieldChange]:
    """Return the fields to show: all that change; of a creation or deletion those that are not empty or default."""
    if change.action in {Action.UPDATE, Action.REPLACE}:
        return list(change.fields)
    defaults = BY_NAME[change.kind].defaults if change.kind in BY_NAME else {}
    return [field for field in change.fields if field.write_only or _is_informative(field, defaults)]


def _is_informative(field: FieldChange, defaults: Mapping[str, Json]) -> bool:
    value = field.before if field.after is None else field.after
    return value not in _EMPTY and not (field.name in defaults and defaults[field.name] == value)


def removal_facts(change: Change) -> str:
    """Return what Graph computes for a resource that is deleted or replaced; empty for other changes."""
    if change.before is None or change.action not in {Action.DELETE, Action.REPLACE}:
        return ""
    return facts(change.before)


def facts(resource: Resource) -> str:
    """Return what Graph computes for a resource, in parentheses: `(id 3f1c0a77, assignments 2)`; empty for none."""
    values = [(name, resource.facts.get(name)) for name in _FACTS]
    parts = [f"{name} {shorten_ids(inline(value))}" for name, value in values if value not in (None, "")]
    return f"({', '.join(parts)})" if parts else ""


def is_nested(field: FieldChange) -> bool:
    """Return whether the difference lies inside a value, so that its details say more than both whole values."""
    return any(len(detail.path) > 1 or isinstance(detail.path[-1], str) for detail in field.details if detail.path)


def detail_path(detail: Detail, before: Json, after: Json) -> str:
    """Return the path of a nested difference, `employees.all[2].value`; a list item with a name goes by its name."""
    text, sides = "", (before, after)
    for part in detail.path:
        sides = (_child(sides[0], part), _child(sides[1], part))
        name = _shared_name(sides) or (part if isinstance(part, str) else "")
        if name:
            text += f".{name}" if text else name
        else:
            text += f"[{part}]"
    return visible(text)


def _child(value: Json, part: str | int) -> Json:
    if isinstance(part, int):
        return value[part] if isinstance(value, list) and part < len(value) else None
    return value.get(part) if isinstance(value, Mapping) else None


def _shared_name(sides: tuple[Json, Json]) -> str:
    """Return the name of a list item if both sides that have the item agree on it."""
    names = {side["name"] for side in sides if isinstance(side, Mapping) and isinstance(side.get("name"), str)}
    return names.pop() if len(names) == 1 else ""
