"""Builds a YAML tree from plain values: which mappings take brackets, which scalars quotes, where comments go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scimconf.diagnostics import SpecPath
from scimconf.render.yaml.ordering import is_foldable
from scimconf.render.yaml.scalars import ESCAPED
from scimconf.render.yaml.tree import Block, Scalar, YamlCollection, YamlDocument, YamlEntry
from scimconf.spec.tree import Plain

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
NAMES = ("attributes", "target_attributes", "source_attributes")
"""Parts of an object mapping whose keys are names; each entry has its own line."""
MEANT = ("email", "deletion_threshold", "match")
"""Keys whose value `none` can only mean none, and takes no quotes."""


@dataclass(frozen=True, slots=True)
class CommentNotes:
    """Comments of a new spec: at the top, above a path, on its line, and at the end of a mapping or list."""

    head: str = ""
    above: Mapping[SpecPath, str] = field(default_factory=dict)
    beside: Mapping[SpecPath, str] = field(default_factory=dict)
    below: Mapping[SpecPath, str] = field(default_factory=dict)


NOTHING = CommentNotes()


def make(tree: Mapping[str, Any], notes: CommentNotes) -> YamlDocument:
    root = _collection(tree, (), notes)
    root.flow = False
    return YamlDocument(_lines(notes.head), root)


def _lines(text: str) -> list[str]:
    """Return the lines of a comment; an empty line is a blank line."""
    lines = (ESCAPED.sub(" ", line) for line in BREAK.split(text))
    return [f"# {line}".rstrip() if line else "" for line in lines] if text else []


def _collection(value: Any, path: SpecPath, notes: CommentNotes) -> YamlCollection:
    keyed = isinstance(value, Mapping)
    node = YamlCollection(keyed, _is_flow(value, path), tail=_lines(notes.below.get(path, "").rstrip()))
    for key, item in value.items() if keyed else enumerate(value):
        below = (*path, key)
        is_scalar = not isinstance(item, Mapping | list | tuple)
        entry = YamlEntry(_scalar(item, below) if is_scalar else _collection(item, below, notes))
        entry.key = Scalar(str(key), '"') if keyed else None
        entry.before = _lines(notes.above.get(below, ""))
        entry.beside = " ".join(_lines(BREAK.sub(" ", notes.beside.get(below, ""))))
        node.entries.append(entry)
    return node


def _is_flow(value: Any, path: SpecPath) -> bool:
    """Return whether a value is written in brackets: small values such as a row, a role, a reference or a list of words."""
    if not isinstance(value, Mapping):
        return not _nests(value)
    lists = [item for item in value.values() if isinstance(item, list | tuple)]
    is_leaf = not any(isinstance(item, Mapping) for item in value.values()) and not any(map(_nests, lists))
    is_section = len(path) == 1 or (len(path) == 2 and path[0] == "mappings")
    is_names = len(path) == 3 and path[0] == "mappings" and path[2] in NAMES
    return is_leaf and (not value or path == ("job",) or not (is_section or is_names))


def _nests(items: Any) -> bool:
    return any(isinstance(item, Mapping | list | tuple) for item in items)


def _scalar(value: Any, path: SpecPath) -> Scalar:
    if value is None or isinstance(value, bool):
        return Scalar({None: "null", True: "true", False: "false"}[value])
    if not isinstance(value, str) or isinstance(value, Plain) or (value == "none" and path[-1] in MEANT):
        return Scalar(str(value))
    block = _block(value)
    return Scalar(value, "|", block=block) if block else Scalar(value, '"')


def _block(text: str) -> Block | None:
    """Return several lines as a `|` block if every line can be in one."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if len(lines) < 2 or not all(is_foldable(line) for line in lines):
        return None
    return Block("|", "" if body != text else "-", lines)
