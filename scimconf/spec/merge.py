"""One spec laid over another, for `extends`.

Maps merge key by key. What is owned whole is replaced whole: a mapping row, a definition of an attribute, a secret
reference, every list but these: roles, assignments and tests merge by identity, an entry of the upper file replacing
the entry of the lower one. Of keys that exclude each other the upper file's win.
"""

from __future__ import annotations

from typing import Any

from scimconf.diagnostics import SpecPath
from scimconf.spec.references import is_reference
from scimconf.spec.tree import CsvRows, Table

OWNED_WHOLE = frozenset({"attributes", "target_attributes", "source_attributes"})
MERGED_LISTS: dict[SpecPath, tuple[str, ...]] = {
    ("app_roles", "roles"): ("value", "display_name"),
    ("assignments", "groups"): ("id", "name"),
    ("assignments", "users"): ("user",),
    ("assignments", "protect"): ("group", "user", "role"),
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
    if isinstance(lower, CsvRows) and isinstance(upper, CsvRows) and path in MERGED_LISTS:
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


def _rows(lower: CsvRows, upper: CsvRows, keys: tuple[str, ...]) -> CsvRows:
    """The lower entries, each replaced by the first upper one that is the same; what an upper file repeats stays, so
    that it is complained of.
    """
    merged = CsvRows(lower, list(lower.places))
    known: dict[tuple[str, str], int] = {}
    for index, item in enumerate(lower):
        for name in _identities(item, keys):
            known.setdefault(name, index)
    replaced: set[int] = set()
    for item, place in zip(upper, upper.places, strict=True):
        found = next((known[name] for name in _identities(item, keys) if name in known), None)
        if found is None or found in replaced:
            merged.append(item)
            merged.places.append(place)
        else:
            merged[found], merged.places[found] = item, place
            replaced.add(found)
    return merged


def _identities(item: Any, keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """The names under which an entry is known, the deciding one first; a malformed entry has none."""
    if isinstance(item, str):
        return [("", item)]
    if not isinstance(item, Table):
        return []
    return [(key, item[key].casefold()) for key in keys if isinstance(item.get(key), str)]
