"""The canonical order of keys: that of the spec model, a section's own keys before inherited ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from scimconf.diagnostics import SpecPath
from scimconf.spec.model import STANDARD, Section, Spec

HEADING = ("version", "name", "tenant", "extends")
"""The keys that identify the spec; every other top-level key begins a section."""
BESIDE = {"roles": "role", "application": "extends"}
"""Keys of the file that the model lacks, placed before the model's key that they belong to."""


def known(path: SpecPath) -> Sequence[str]:
    """Return the keys of the mapping at a path; empty if its keys are names that the author chooses."""
    return _known(tuple(0 if isinstance(part, int) else part for part in path))


def is_expression(path: SpecPath) -> bool:
    """Return whether the value at the path is an expression."""
    in_row = len(path) == 5 and path[0] == "mappings" and path[2] == "attributes" and path[4] == "expression"
    return in_row or path == ("role_attribute", "expression")


def is_operator(path: SpecPath) -> bool:
    """Return whether the value is an operator, where quotes mean that Graph's own spelling is used."""
    return path[:1] == ("mappings",) and path[-1:] == ("operator",)


@cache
def _known(path: SpecPath) -> Sequence[str]:
    place: Any = Spec
    for part in path:
        place = _below(place, part)
    if path == ("mappings",):
        return STANDARD
    if not _is_section(place):
        return ()
    shared = [name for base in place.__bases__ for name in getattr(base, "model_fields", ())]
    own = [name for name in place.model_fields if name not in shared]
    return tuple(dict.fromkeys(key for name in (*own, *shared) for key in (BESIDE.get(name, name), name)))


def _is_section(place: Any) -> bool:
    return isinstance(place, type) and issubclass(place, Section)


def _below(place: Any, part: str | int) -> Any:
    """Return the type of a section's field, or of the items of a mapping or list; None if unknown."""
    if _is_section(place):
        field = place.model_fields.get(part)
        return _bare(field.annotation) if field is not None else None
    arguments = get_args(place)
    return _bare(arguments[1 if get_origin(place) is dict else 0]) if arguments else None


def _bare(annotation: Any) -> Any:
    """Return a type without annotations; of a union the last member that is not None."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        arms = get_args(annotation)
        annotation = (
            arms[0] if get_origin(annotation) is Annotated else [arm for arm in arms if arm is not NoneType][-1]
        )
    return annotation
