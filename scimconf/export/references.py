"""Live values that a spec would read as a reference: `${var:NAME}` has no other meaning in a spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scimconf.diagnostics import SpecPath, dotted
from scimconf.kinds.exported import ExportedSpec
from scimconf.spec.references import reads_as_reference


def without_references(exported: ExportedSpec) -> None:
    """Remove each part of the tree that contains such a value, and list it among what is omitted."""
    removed: dict[SpecPath, str] = {}
    for path, text in _texts(exported.tree):
        if reads_as_reference(text):
            removed.setdefault(_removable(path), text)
    for path in reversed(removed):  # from the end, so that list positions stay valid
        _remove(exported.tree, path)
        comments = exported.comments.items()
        exported.comments = {place: text for place, text in comments if place[: len(path)] != path}
    for path, text in removed.items():
        place = dotted(path if isinstance(path[-1], str) else path[:-1])
        exported.omitted.append(f"{place}: a spec would read {text} as a reference")


def _texts(value: Any, path: SpecPath = ()) -> Iterator[tuple[SpecPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(part, (*path, key))


def _removable(path: SpecPath) -> SpecPath:
    """Return the path of the smallest part around a value that is not managed if a spec omits it."""
    match path:
        case ("mappings", _, "attributes" | "source_attributes" | "target_attributes", *_):
            return path[:4]
        case ("mappings", _, "filters", *_) | ("app_roles" | "assignments", _, int(), *_):
            return path[:3]
        case ("mappings" | "provisioning", *_) | ("connection", "base_address"):
            return path[:2]
        case _:
            return path[:1]


def _remove(tree: Any, path: SpecPath) -> None:
    """Remove a part, and the list or mapping around it if that is empty then."""
    *parents, last = path
    parent = tree
    for key in parents:
        parent = parent[key]
    del parent[last]
    if not parent and parents:
        _remove(tree, tuple(parents))
