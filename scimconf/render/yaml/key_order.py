"""The canonical order of keys: that of the spec's model, with what is particular to a section before what is shared."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from scimconf.diagnostics import SpecPath
from scimconf.spec.model import STANDARD
from scimconf.spec.model.types import is_section, type_at

HEADING = ("version", "name", "tenant", "extends")
"""The keys that say which spec this is; every other top-level key begins a section."""
BESIDE = {"roles": "role", "application": "extends"}
"""Keys of the file that the model does not have, each before the one that it goes with."""


def known(path: SpecPath) -> Sequence[str]:
    """The keys that the spec knows in the map at a path; none where they are names of the author's own."""
    return _known(tuple(0 if isinstance(part, int) else part for part in path))


def is_expression(path: SpecPath) -> bool:
    """Whether an expression of the mapping language stands here."""
    in_row = len(path) == 5 and path[0] == "mappings" and path[2] == "attributes" and path[4] == "expression"
    return in_row or path == ("role_attribute", "expression")


def is_operator(path: SpecPath) -> bool:
    """Whether quotes say that a word is Graph's own spelling."""
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
