"""Writes a sorted tree as text.

Two spaces per level, one blank line between sections, at most one elsewhere. A mapping or list in brackets stays on one
line if it fits and contains no comment; else every entry has its own line. A trailing comment keeps its column if the
line leaves space.
"""

from __future__ import annotations

from collections.abc import Iterable

from scimconf.render.yaml.ordering import HEADING, known
from scimconf.render.yaml.scalars import folded, quoted, written
from scimconf.render.yaml.tree import Alias, Block, Node, Scalar, YamlCollection, YamlDocument, YamlEntry, strip_blanks

WIDTH = 100
STEP = 2


def layout(document: YamlDocument) -> str:
    page = _Page()
    page.comments(document.head, 0)
    if not document.root.entries:
        page.put(0, "{}")
    page.entries(document.root, 0, is_root=True)
    return "\n".join(page.lines) + "\n"


def _is_heading(entry: YamlEntry) -> bool:
    return isinstance(entry.key, Scalar) and entry.key.text in HEADING


def _is_section(entry: YamlEntry) -> bool:
    is_known = isinstance(entry.key, Scalar) and entry.key.text in known(())
    return not _is_heading(entry) and (is_known or isinstance(entry.value, YamlCollection))


class _Page:
    """The lines written so far. `_lead` replaces the indentation of the next line: the dashes of list items.

    `_is_open`: the last line belongs to a block that keeps its trailing blank lines, so that none may be added.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._lead = ""
        self._is_open = False

    def put(self, indent: int, text: str, beside: str = "", column: int = 0) -> None:
        line = (self._lead or " " * indent) + text
        self.lines.append(f"{line:<{max(column, len(line) + STEP)}}{beside}" if beside else line)
        self._lead, self._is_open = "", False

    def blank(self) -> None:
        if self.lines and self.lines[-1] and not self._is_open:
            self.lines.append("")

    def comments(self, lines: Iterable[str], indent: int) -> None:
        """Write comments and blank lines; those of the first entry of a list item go above its dash."""
        if self._lead:
            indent = len(self._lead) - len(self._lead.lstrip())
        for line in lines:
            if line:
                self.lines.append(" " * indent + line)
                self._is_open = False
            else:
                self.blank()

    def entries(self, node: YamlCollection, indent: int, *, is_root: bool = False) -> None:
        above: YamlEntry | None = None
        for entry in node.entries:
            if above is None or (is_root and _is_heading(entry) and not any(entry.before)):
                strip_blanks(entry.before)
            if above is not None and (above.after or (is_root and _is_section(entry))):
                self.blank()
            self.entry(entry, indent)
            above = entry
        self.comments(node.tail, indent)

    def entry(self, entry: YamlEntry, indent: int) -> None:
        above = list(entry.before)
        name = "-" if entry.key is None else _key(entry.key)
        anchor = f" &{entry.value.anchor}" if not isinstance(entry.value, Alias) and entry.value.anchor else ""
        line = _line(entry.value, in_flow=False)
        if isinstance(entry.value, YamlCollection) and entry.value.entries:
            is_short = line is not None and indent + len(name) + len(anchor) + 1 + len(line) <= WIDTH
            line = line if is_short else None
        if isinstance(entry.value, Scalar) and (line is None or _is_long(entry.value, line, indent + len(name))):
            self.comments(above, indent)
            self._block(entry, entry.value, indent, name + anchor)
        elif isinstance(entry.value, YamlCollection) and line is None:
            self._collection(entry, entry.value, above, indent, name + anchor)
        else:
            empty = entry.value.tail if isinstance(entry.value, YamlCollection) else []
            self.comments([*above, *empty], indent)
            self.put(indent, f"{name}{anchor} {line}", entry.beside, entry.column)
        self.comments(entry.after, indent)

    def _block(self, entry: YamlEntry, value: Scalar, indent: int, name: str) -> None:
        block = value.block
        if block is None or value.folded:
            block = Block(">", "-", folded(value.text, WIDTH - indent - STEP))
        digit = STEP if next(filter(None, block.lines), "")[:1] == " " else ""
        self.put(indent, f"{name} {block.indicator}{digit}{block.end}", entry.beside, entry.column)
        self.lines += [" " * (indent + STEP) + line if line else "" for line in block.lines]
        self._is_open = block.end == "+"

    def _collection(self, entry: YamlEntry, value: YamlCollection, above: list[str], indent: int, name: str) -> None:
        column = 0 if value.flow else entry.column
        if name == "-":
            self.comments([*above, entry.beside] if entry.beside else above, indent)
            self._lead = (self._lead or " " * indent) + "- "
        else:
            self.comments(above, indent)
            self.put(indent, name, entry.beside, column)
        self.entries(value, indent + STEP)


def _key(key: Scalar | Alias) -> str:
    if isinstance(key, Alias):
        return f"*{key.anchor} :"
    text = written(key, in_flow=False) or quoted(key.text)
    return f"&{key.anchor} {text}:" if key.anchor else f"{text}:"


def _is_long(scalar: Scalar, line: str, space: int) -> bool:
    """Return whether a scalar of several lines stays on several lines."""
    return scalar.spread and not scalar.keep_quotes and "\n" not in scalar.text and len(line) + space > WIDTH


def _line(node: Node, *, in_flow: bool) -> str | None:
    """Return a node on one line, of any length; None if it needs several."""
    if isinstance(node, Alias):
        return f"*{node.anchor}"
    return written(node, in_flow=in_flow) if isinstance(node, Scalar) else _brackets(node)


def _brackets(node: YamlCollection) -> str | None:
    """Return a flow mapping or list on one line; None if it is not one, or contains a comment or a block."""
    if not node.flow or (node.tail and node.entries):
        return None
    parts = [_flow_entry(entry) for entry in node.entries]
    if None in parts:
        return None
    text = ", ".join(filter(None, parts))
    return f"{{{text}}}" if node.keyed else f"[{text}]"


def _flow(node: Node) -> str | None:
    """Return a node inside brackets."""
    text = _line(node, in_flow=True)
    is_anchored = text is not None and not isinstance(node, Alias) and node.anchor is not None
    return f"&{node.anchor} {text}" if is_anchored else text


def _flow_entry(entry: YamlEntry) -> str | None:
    value = _flow(entry.value)
    if value is None or entry.beside or any(entry.before):
        return None
    if entry.key is None:
        return value
    key = _flow(entry.key)
    return None if key is None else f"{key} : {value}" if isinstance(entry.key, Alias) else f"{key}: {value}"
