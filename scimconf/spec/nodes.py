"""Turns PyYAML's nodes into a tree that knows its locations, and reports YAML that a spec must not contain.

Nodes are distinguished by their `id`, so that only `spec.load` imports PyYAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.references import VARIABLE, Variables
from scimconf.spec.tree import NULLS, Plain, YamlList, YamlMapping

MAX_DEPTH = 40
MAX_ALIASED = 10_000
MAX_SCALAR = 100_000
NO_TEXT = re.compile("[\x00\ud800-\udfff]")
"""Characters that JSON readers and databases do not take: NUL, and how Python decodes bytes that are no UTF-8."""
DEFAULT_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str"))
EMPTY_VALUES = {
    **dict.fromkeys(("filters", "actions"), "[]"),
    **dict.fromkeys(("match", "default", "email", "deletion_threshold"), "none"),
    "enabled": "true",
    "expect": "null",
}
"""What the author of a key without a value may have meant."""


class YamlNode(Protocol):
    """The attributes of a PyYAML node that are used here. Lines and columns of its mark count from 0."""

    id: str
    tag: str
    value: Any
    style: str | None
    flow_style: bool | None
    start_mark: Any


class FileError(Exception):
    """A file that cannot be used at all."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


class Builder:
    """Builds the tree of one file and collects its diagnostics."""

    def __init__(self, file: str, lines: list[str], variables: Variables) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._file = file
        self._lines = lines
        self._variables = variables
        self._visited: set[int] = set()
        self._aliased = 0

    def build(self, node: YamlNode, location: Location | None = None, depth: int = 0) -> Any:
        """Return a mapping, a list, a string, or None for a null; an empty value is an empty string.

        `location` is that of the key or the list item that the node belongs to; diagnostics point to it.
        """
        location = location or self._location(node)
        self._check_limits(node, location, depth)
        if node.tag not in DEFAULT_TAGS:
            self._report("S010", location, f"the YAML tag {node.tag.rpartition(':')[2]} is not allowed", "Delete it.")
        if node.id == "mapping":
            return self._mapping(node, depth)
        if node.id == "sequence":
            return self._list(node, depth)
        return self._scalar(node, location)

    def _check_limits(self, node: YamlNode, location: Location, depth: int) -> None:
        self._aliased += id(node) in self._visited
        self._visited.add(id(node))
        message = f"aliases repeat more than {MAX_ALIASED:,} nodes" if self._aliased > MAX_ALIASED else ""
        message = f"nested more than {MAX_DEPTH} levels deep" if depth > MAX_DEPTH else message
        if message:
            raise FileError(Diagnostic("S008", message, location=location, hint="Write it out, or use `extends`."))

    def _location(self, node: YamlNode) -> Location:
        return Location(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _report(self, code: str, location: Location, message: str, hint: str) -> None:
        self.diagnostics.append(Diagnostic(code, message, location=location, hint=hint))

    def _scalar(self, node: YamlNode, location: Location) -> Any:
        is_plain, text = not node.style, str(node.value)
        if is_plain and text in NULLS:
            return None
        if "${var:" in text:
            # A variable that is the whole value counts as written without quotes.
            is_plain = is_plain or VARIABLE.fullmatch(text) is not None
            text, diagnostics = self._variables.substitute(text, location)
            self.diagnostics += diagnostics
        self.diagnostics += (error.located(location) for error in unusable(text))
        return Plain(text) if is_plain else text

    def _list(self, node: YamlNode, depth: int) -> YamlList:
        items = YamlList()
        for item in node.value:
            location = self._location(item)
            items.add(self.build(item, location, depth + 1), location)
            if _is_empty(item):
                self._report("S006", location, "the list item is empty", "Write a value, or delete the line.")
        return items

    def _mapping(self, node: YamlNode, depth: int) -> YamlMapping:
        mapping = YamlMapping()
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            location = self._location(key_node)
            if key in mapping:
                message = f"duplicate key `{key}`, first used in line {mapping.locations[key].line}"
                self._report("S005", location, message, "Delete one of them.")
                continue
            mapping.locations[key] = location
            if key == "expression" and self._is_mangled(node, value_node, location):
                mapping[key] = Plain("?")
                if node.flow_style:
                    break  # the following keys are pieces of the expression
                continue
            mapping[key] = self.build(value_node, location, depth + 1)
            if _is_empty(value_node):
                hint = f"Write `{key}: {EMPTY_VALUES.get(key, 'VALUE')}`, or delete the key."
                self._report("S006", location, f"`{key}` has no value", hint)
        return mapping

    def _key(self, node: YamlNode) -> str | None:
        if node.id != "scalar" or node.tag not in DEFAULT_TAGS or _is_empty(node):
            hint = "Write `key: value`, with the key in quotes if it contains special characters."
            self._report("S009", self._location(node), "a key must be a string", hint)
            return None
        if not node.style and node.value == "<<":
            hint = "Write the keys out, or use `extends`."
            self._report("S010", self._location(node), "merge keys (`<<`) are not allowed", hint)
            return None
        self.diagnostics += (error.located(self._location(node)) for error in unusable(str(node.value)))
        return str(node.value)

    def _is_mangled(self, row: YamlNode, node: YamlNode, location: Location) -> bool:
        """Return whether YAML reads an expression as something else, and report it if so."""
        if node.id == "scalar" and (node.style or _is_balanced(str(node.value))):
            return False
        text = self._lines[node.start_mark.line][node.start_mark.column :].rstrip()
        is_cut = node.id == "scalar" and not row.flow_style
        if is_cut and " #" not in text:
            return False  # nothing was cut: the expression itself is incomplete, which its parser reports
        message = "YAML interprets the brackets or commas of this expression"
        message = "YAML ends this expression at ` #`, which begins a comment" if is_cut else message
        self._report("S012", location, message, quoted_expression(_first_call(text) if row.flow_style else text))
        return True


def unusable(text: str) -> Sequence[Diagnostic]:
    """Return the error of a value that is too long, or contains a character that cannot be sent."""
    if len(text) > MAX_SCALAR:
        message = f"a value of {len(text):,} characters; at most {MAX_SCALAR:,} are allowed"
        return (Diagnostic("S008", message, hint="Shorten it."),)
    if text.isprintable() or not (match := NO_TEXT.search(text)):
        return ()
    name = "NUL (U+0000)" if match[0] == "\0" else "a byte that is not UTF-8"
    return (Diagnostic("S015", f"character {match.start() + 1} of the value is {name}", hint="Delete it."),)


def quoted_expression(expression: str) -> str:
    """Return the hint for an expression that YAML would change: the line to write."""
    quoted = expression.replace("'", "''")
    return f"Write `expression: '{quoted}'`, or use a `>-` block."


def _is_empty(node: YamlNode) -> bool:
    return node.id == "scalar" and not node.style and node.value == ""


def _first_call(text: str) -> str:
    """Return the first function call of a text, without the rest of a flow mapping."""
    ends = (end for end, (sign, depth) in enumerate(_depths(text), 1) if sign == ")" and depth == 0)
    return text[: next(ends, len(text))]


def _is_balanced(expression: str) -> bool:
    return [0, *(depth for _, depth in _depths(expression))][-1] == 0


def _depths(expression: str) -> Iterator[tuple[str, int]]:
    """Yield each character with the number of quotes and parentheses that are open after it."""
    depth, is_quoted, is_escaped = 0, False, False
    for sign in expression:
        if is_escaped:
            is_escaped = False
        elif is_quoted:
            is_escaped, is_quoted = sign == "\\", sign != '"'
        elif sign == '"':
            is_quoted = True
        else:
            depth += (sign == "(") - (sign == ")")
        yield sign, depth + is_quoted
