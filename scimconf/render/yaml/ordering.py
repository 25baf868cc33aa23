"""Sorts a tree into canonical order and marks how scalars are written.

The canonical order of keys is that of the spec model, a section's own keys before inherited ones.

An anchor belongs to the first occurrence of its node: when the order changes, node and alias change places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from scimconf.diagnostics import SpecPath
from scimconf.render.yaml.scalars import ESCAPED
from scimconf.render.yaml.tree import Alias, Node, Scalar, YamlCollection, YamlDocument, YamlEntry, strip_blanks
from scimconf.spec.model import OPERATORS, STANDARD
from scimconf.spec.model.types import is_section, type_at
from scimconf.spec.references import VARIABLE
from scimconf.spec.tree import NULLS, Plain, core

HEADING = ("version", "name", "tenant", "preset", "retired", "extends")
"""The keys that identify the spec; every other top-level key begins a section."""
BESIDE = {"roles": "role", "application": "extends"}
"""Keys of the file that the model lacks, placed before the model's key that they belong to."""
MODELINE = re.compile(r"#\s*(yaml-language-server:|\$schema[:=])")
FOLDABLE = re.compile("(?! )[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]+(?<! )")


def arrange(document: YamlDocument) -> None:
    """Sort the document in place. Editor lines move to the top; comments after the last blank line go to the first key."""
    strip_blanks(document.head)
    head = [line for line in document.head if MODELINE.match(line)]
    others = [line for line in document.head if not MODELINE.match(line)]
    cut = max((index + 1 for index, line in enumerate(others) if not line), default=0)
    if not cut or not document.root.entries:
        cut = len(others)
    document.head = head + others[:cut]
    if others[cut:]:
        document.root.entries[0].before = others[cut:]
    _Arranger(document.anchors).node(document.root, ())


def is_foldable(text: str) -> bool:
    """Return whether a block can contain this text, without an indentation indicator and without escapes."""
    return FOLDABLE.fullmatch(text) is not None and ESCAPED.search(text) is None


class _Arranger:
    def __init__(self, anchors: dict[str, Scalar | YamlCollection]) -> None:
        self._anchors = anchors
        self._defined: set[str] = set()

    def node(self, node: Node, path: SpecPath) -> Node:
        """Return the node, or an alias if its anchor is already defined."""
        if isinstance(node, Alias) and node.anchor not in self._defined:
            node = self._anchors[node.anchor]
        if isinstance(node, Alias):
            return node
        if node.anchor is not None:
            if node.anchor in self._defined:
                return Alias(node.anchor)
            self._defined.add(node.anchor)
        if isinstance(node, Scalar):
            _mark(node, path)
        else:
            self._collection(node, path)
        return node

    def _collection(self, node: YamlCollection, path: SpecPath) -> None:
        if node.keyed:
            order = {key: place for place, key in enumerate(known(path))}
            node.entries.sort(key=lambda entry: order.get(self._key(entry), len(order)))
        for index, entry in enumerate(node.entries):
            part: str | int = index
            if entry.key is not None:
                part = self._key(entry)
                key = self.node(entry.key, (*path, part, ""))
                assert not isinstance(key, YamlCollection)
                entry.key = key
            entry.value = self.node(entry.value, (*path, part))

    def _key(self, entry: YamlEntry) -> str:
        key = self._anchors[entry.key.anchor] if isinstance(entry.key, Alias) else entry.key
        assert isinstance(key, Scalar)
        return key.text


def _mark(scalar: Scalar, path: SpecPath) -> None:
    scalar.keep_quotes = scalar.anchor is not None or (is_operator(path) and scalar.text not in OPERATORS)
    if is_expression(path) and is_foldable(scalar.text) and scalar.style != ">":
        is_call = "(" in scalar.text or "[" in scalar.text
        is_text = bool(scalar.style) or not _is_special(scalar.text)
        scalar.folded = is_text and (is_call or scalar.anchor is None)


def _is_special(text: str) -> bool:
    """Return whether a plain scalar is not a string, or is a variable."""
    return text in NULLS or not isinstance(core(Plain(text)), str) or VARIABLE.fullmatch(text) is not None


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
