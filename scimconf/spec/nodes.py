"""From PyYAML's nodes to a tree: plain texts stay as written, places are kept, every oddity is a problem.

Nodes are told apart by their `id`, so that PyYAML itself stays behind the one door.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from scimconf.diagnostics import Diagnostic, Location
from scimconf.spec.references import VARIABLE, Variables
from scimconf.spec.tree import NULLS, CsvRows, Plain, Table

MAX_DEPTH = 40
MAX_ALIASED = 10_000
DEFAULT_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str"))
EMPTY = {
    "filters": "[]",
    "actions": "[]",
    "match": "none",
    "default": "none",
    "email": "none",
    "deletion_threshold": "none",
    "enabled": "true",
    "expect": "null",
}


class Mark(Protocol):
    line: int
    column: int


class YamlNode(Protocol):
    """A node of PyYAML's, as far as it matters here."""

    id: str
    tag: str
    value: Any
    style: str | None
    flow_style: bool | None
    start_mark: Mark
    end_mark: Mark


class RefusedError(Exception):
    """A file of which nothing can be used."""

    def __init__(self, problem: Diagnostic) -> None:
        self.problem = problem
        super().__init__(problem.message)


class Builder:
    """Builds the tree of one file."""

    def __init__(self, file: str, lines: list[str], variables: Variables) -> None:
        self.problems: list[Diagnostic] = []
        self._file = file
        self._lines = lines
        self._variables = variables
        self._seen: set[int] = set()
        self._aliased = 0

    def build(self, node: YamlNode, where: Location | None = None, depth: int = 0) -> Any:
        """A map, a list, a text, or None for a null; an empty value is a text of no characters.

        `where` is the place of the key, or of the item, that the node belongs to: complaints stand there.
        """
        where = where or self._where(node)
        self._bound(node, where, depth)
        if node.tag not in DEFAULT_TAGS:
            self._say("S010", where, f"the tag {node.tag.rpartition(':')[2]} is not taken", "Take it out.")
        if node.id == "mapping":
            return self._table(node, depth)
        if node.id == "sequence":
            return self._rows(node, depth)
        return self._scalar(node, where)

    def _bound(self, node: YamlNode, where: Location, depth: int) -> None:
        self._aliased += id(node) in self._seen
        self._seen.add(id(node))
        if depth > MAX_DEPTH or self._aliased > MAX_ALIASED:
            what = "maps and lists are nested too deep" if depth > MAX_DEPTH else "aliases repeat too much"
            raise RefusedError(Diagnostic("S008", what, location=where, hint="Write it out, or use `extends`."))

    def _where(self, node: YamlNode) -> Location:
        return Location(self._file, node.start_mark.line + 1, node.start_mark.column + 1)

    def _say(self, code: str, where: Location, message: str, hint: str) -> None:
        self.problems.append(Diagnostic(code, message, location=where, hint=hint))

    def _scalar(self, node: YamlNode, where: Location) -> Any:
        plain, text = not node.style, str(node.value)
        if plain and text in NULLS:
            return None
        if "${var:" in text:
            # A variable that is the whole value stands as if it were written there without quotes.
            plain = plain or VARIABLE.fullmatch(text) is not None
            text, problems = self._variables.fill(text, where)
            self.problems += problems
        return Plain(text) if plain else text

    def _rows(self, node: YamlNode, depth: int) -> CsvRows:
        rows = CsvRows()
        for item in node.value:
            where = self._where(item)
            rows.places.append(where)
            rows.append(self.build(item, where, depth + 1))
            if _is_empty(item):
                self._say("S006", where, "the item is empty", "Write it, or take the line out.")
        return rows

    def _table(self, node: YamlNode, depth: int) -> Table:
        table = Table()
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            where = self._where(key_node)
            if key in table:
                first = table.places[key].line
                self._say("S005", where, f'"{key}" is written twice, first in line {first}', "Keep one of them.")
                continue
            table.places[key] = where
            if key == "expression" and self._is_mangled(node, value_node, where):
                table[key] = Plain("?")
                if node.flow_style:
                    break  # what follows are pieces of the expression
                continue
            table[key] = self.build(value_node, where, depth + 1)
            if _is_empty(value_node):
                self._no_value(key, where)
        return table

    def _key(self, node: YamlNode) -> str | None:
        if node.id != "scalar" or node.tag not in DEFAULT_TAGS or _is_empty(node):
            hint = "Write `key: value`; a text with odd signs takes quotes."
            self._say("S009", self._where(node), "a key is plain text", hint)
            return None
        if not node.style and node.value == "<<":
            self._say("S010", self._where(node), "merge keys are not taken", "Write the keys out, or use `extends`.")
            return None
        return str(node.value)

    def _no_value(self, key: str, where: Location) -> None:
        written = EMPTY.get(key)
        hint = f"Write `{key}: {written}`, or leave the key out." if written else "Write one, or leave the key out."
        self._say("S006", where, f'"{key}" has no value', hint)

    def _is_mangled(self, row: YamlNode, node: YamlNode, where: Location) -> bool:
        """Whether YAML reads an expression as something else; complains if so."""
        if node.id == "scalar" and (node.style or _is_balanced(str(node.value))):
            return False
        text = self._lines[node.start_mark.line][node.start_mark.column :].rstrip()
        cut = node.id == "scalar" and not row.flow_style
        if cut and " #" not in text:
            return False  # nothing was cut: the expression itself is not whole, which is said of it as an expression
        why = "YAML ends this expression at ` #`" if cut else "YAML reads signs of this expression as its own"
        self._say("S012", where, why, instead(_first_call(text) if row.flow_style else text))
        return True


def instead(expression: str) -> str:
    """The line to write for an expression that YAML would change."""
    quoted = expression.replace("'", "''")
    return f"Write `expression: '{quoted}'`, or a `>-` block."


def _is_empty(node: YamlNode) -> bool:
    return node.id == "scalar" and not node.style and node.value == ""


def _first_call(text: str) -> str:
    """The text up to where its parentheses are closed, without the rest of a flow row."""
    ends = (end for end, (sign, depth) in enumerate(_depths(text), 1) if sign == ")" and depth == 0)
    return text[: next(ends, len(text))]


def _is_balanced(expression: str) -> bool:
    """Whether every quote and parenthesis is closed."""
    return [0, *(depth for _, depth in _depths(expression))][-1] == 0


def _depths(expression: str) -> Iterator[tuple[str, int]]:
    """Each sign, and how many quotes and parentheses are open after it."""
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
