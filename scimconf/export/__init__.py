"""Generate a spec from a live application. Pure.

A plan of the generated spec shows no changes. So the kinds export every value in the normal form in which they compare,
and list in words what a spec cannot express.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scimconf.diagnostics import SpecPath, dotted
from scimconf.kinds import KINDS
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.exported_mappings import section_selectors
from scimconf.spec.model import ObjectMapping, Provisioning, Spec
from scimconf.spec.references import reads_as_reference

__all__ = ["ExportRequest", "ExportedSpec", "everything", "export_spec", "without_references"]


def everything(name: str, identified: Mapping[str, str]) -> Spec:
    """Return a spec that manages all documents of an application, so that all of them are read."""
    return Spec.model_validate(
        {
            "version": 1,
            "name": name,
            "application": dict(identified),
            "connection": {"base_address": "https://localhost"},
            "provisioning": {"enabled": False, "scope": "assigned"},
            "mappings": {"users": {"enabled": True}, "groups": {"enabled": True}},
            "app_roles": {},
            "assignments": {"unlisted": "report"},
        }
    )


def export_spec(tenant: str, request: ExportRequest) -> ExportedSpec:
    """Return the spec of one application, its keys in the canonical order."""
    exported = ExportedSpec({"version": 1, "name": request.name, **({"tenant": tenant} if tenant else {})})
    for kind in KINDS:
        exported.add(kind.export(request))
    tree = _ordered(exported.tree, Spec.model_fields)
    tree["provisioning"] = _ordered(tree["provisioning"], Provisioning.model_fields)
    if "mappings" in tree:
        selectors = section_selectors(request)
        tree["mappings"] = {
            name: {**selectors[name], **_ordered(tree["mappings"][name], ObjectMapping.model_fields)}
            for name in selectors
            if name in tree["mappings"]
        }
    exported.tree = tree
    return exported


def _ordered(section: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: section[name] for name in names if name in section}


def without_references(exported: ExportedSpec) -> None:
    """Remove each part with a text that a spec would read as `${var:NAME}`, and list it among what is omitted."""
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
