"""What is live and would be read as a reference, were it written in a spec: `${var:NAME}` has no other meaning there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scimconf.diagnostics import SpecPath, dotted
from scimconf.export.exported_spec import ExportedSpec
from scimconf.spec.references import ENVIRONMENT, VARIABLE


def reads_as_reference(text: str) -> bool:
    """Whether a part of a text stands for something else when a spec is read."""
    return any(pattern.search(text) for pattern in (VARIABLE, ENVIRONMENT))


def without_references(found: ExportedSpec) -> None:
    """Takes out what holds such a text, as a whole thing that can be left out, and tells it among what is not said."""
    told: dict[SpecPath, str] = {}
    for path, text in _texts(found.tree):
        if reads_as_reference(text):
            told.setdefault(_thing(path), text)
    for path in reversed(told):  # from behind, so that the places in a list stay true
        _take_out(found.tree, path)
        found.comments = {at: said for at, said in found.comments.items() if at[: len(path)] != path}
    for path, text in told.items():
        place = dotted(path if isinstance(path[-1], str) else path[:-1])
        found.unsaid.append(f"{place}: {text} would be read as a reference")


def _texts(value: Any, path: SpecPath = ()) -> Iterator[tuple[SpecPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(part, (*path, key))


def _thing(path: SpecPath) -> SpecPath:
    """The smallest part of a spec that holds a place and is left unmanaged where it is not written."""
    match path:
        case ("mappings", _, "attributes" | "source_attributes" | "target_attributes", *_):
            return path[:4]
        case ("mappings", _, "filters", *_) | ("app_roles" | "assignments", _, int(), *_):
            return path[:3]
        case ("mappings" | "provisioning", *_) | ("connection", "base_address"):
            return path[:2]
        case _:
            return path[:1]


def _take_out(tree: Any, path: SpecPath) -> None:
    """A part, and the list or map around it that has nothing else in it."""
    *above, last = path
    holder = tree
    for part in above:
        holder = holder[part]
    del holder[last]
    if not holder and above:
        _take_out(tree, tuple(above))
