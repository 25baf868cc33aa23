"""One spec laid over another, for `extends`.

Maps merge key by key. What is owned whole is replaced whole: a mapping row, a definition of an attribute, a secret
reference, every list but these: roles, assignments and tests merge by identity, an entry of the upper file replacing
the entry of the lower one. Of keys that exclude each other the upper file's win.
"""

from __future__ import annotations

from typing import Any

from scimconf.errors import SpecPath, Where
from scimconf.spec.references import is_reference
from scimconf.spec.tree import Rows, Table

OWNED_WHOLE = frozenset({"attributes", "target_attributes", "source_attributes"})
MERGED_LISTS: dict[SpecPath, tuple[str, ...]] = {
    ("app_roles", "roles"): ("value", "display_name"),
    ("assignments", "groups"): ("id", "name"),
    ("assignments", "users"): ("user",),
    ("assignments", "keep"): ("group", "user", "role"),
    ("assignments", "users_from"): (),
    ("assignments", "groups_from"): (),
    ("tests",): ("name",),
}
EXCLUSIVE: dict[SpecPath, tuple[str, ...]] = {
    ("application",): ("display_name", "app_id", "object_id"),
    ("connection",): ("secret_token", "oauth2"),
    ("role_attribute",): ("source", "expression"),
}


def merge(lower: Any, upper: Any, path: SpecPath = ()) -> Any:
    """The upper tree over the lower one; neither is changed."""
    if isinstance(lower, Table) and isinstance(upper, Table) and not _is_whole(path):
        return _tables(lower, upper, path)
    if isinstance(lower, Rows) and isinstance(upper, Rows) and path in MERGED_LISTS:
        return _rows(lower, upper, MERGED_LISTS[path])
    return upper


def _is_whole(path: SpecPath) -> bool:
    return is_reference(path) or (len(path) == 4 and path[0] == "mappings" and path[2] in OWNED_WHOLE)


def _tables(lower: Table, upper: Table, path: SpecPath) -> Table:
    exclusive = EXCLUSIVE.get(path, ())
    decided = any(key in upper for key in exclusive)
    merged = Table()
    for table in (lower, upper):
        for key, value in table.items():
            if table is lower and decided and key in exclusive and key not in upper:
                continue
            merged[key] = merge(merged[key], value, (*path, key)) if key in merged else value
            merged.places[key] = table.places[key]
    return merged


def _rows(lower: Rows, upper: Rows, keys: tuple[str, ...]) -> Rows:
    places: list[Where] = []
    merged = Rows((), places)
    known: dict[tuple[str, str], int] = {}
    for rows in (lower, upper):
        for item, place in zip(rows, rows.places, strict=True):
            names = _identities(item, keys)
            index = next((known[name] for name in names if name in known), None) if rows is upper else None
            if index is None:
                index = len(merged)
                merged.append(item)
                places.append(place)
            else:
                merged[index], places[index] = item, place
            for name in names:
                known.setdefault(name, index)
    return merged


def _identities(item: Any, keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """The names under which an entry is known, the deciding one first; a malformed entry has none."""
    if isinstance(item, str):
        return [("", item)]
    if not isinstance(item, Table):
        return []
    return [(key, item[key].casefold()) for key in keys if isinstance(item.get(key), str)]
