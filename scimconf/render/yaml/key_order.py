"""The canonical order of keys: that of the spec model, a section's own keys before inherited ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from scimconf.diagnostics import SpecPath
from scimconf.spec.model import STANDARD
from scimconf.spec.model.types import is_section, type_at

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
    if path == ("mappings",):
        return STANDARD
    section = type_at(path)
    if not is_section(section):
        return ()
    shared = [name for base in section.__bases__ for name in getattr(base, "model_fields", ())]
    own = [name for name in section.model_fields if name not in shared]
    return tuple(dict.fromkeys(key for name in (*own, *shared) for key in (BESIDE.get(name, name), name)))
