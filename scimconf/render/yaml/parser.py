"""Parses YAML text into a tree with its comments, using ruamel.yaml; the only module that imports it.

A comment at the end of a line belongs to the entry on that line. A comment on its own line belongs to the entry that
follows, unless it is indented deeper: then it is the tail of the collection that just ended.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import BlockEntryToken, ScalarToken, Token

from scimconf.render.yaml.comments import Lines, YamlComment, comments_between
from scimconf.render.yaml.tree import Alias, Block, Node, Scalar, YamlCollection, YamlDocument, YamlEntry, strip_blanks

BLOCKS = ("|", ">")


class UnreadableError(Exception):
    """The text cannot be parsed; line and column count from 1, or are 0 if unknown."""

    def __init__(self, message: str, line: int, column: int) -> None:
        self.line = line
        self.column = column
        super().__init__(message)


def read(text: str) -> YamlDocument:
    """Return the tree of a text with one mapping; line breaks must be line feeds."""
    try:
        events, tokens = _parse(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        raise UnreadableError(str(getattr(error, "problem", None) or "not readable"), line, column) from error
    return _YamlReader(text, events, tokens).document()


def _parse(text: str) -> tuple[list[Event], list[Token]]:
    """Return events and tokens by the rules of YAML 1.1, like libyaml; no scalar is resolved."""
    tokens: list[Token] = []

    class Recorder(Scanner):
        def get_token(self) -> Any:
            token = super().get_token()
            tokens.append(token)
            return token

    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    yaml.Scanner = Recorder
    return list(yaml.parse(text)), tokens


class _YamlReader:
    """Walks the events and assigns the comments."""

    def __init__(self, text: str, events: list[Event], tokens: list[Token]) -> None:
        self._text = text
        self._lines = Lines(text)
        self._events = deque(event for event in events if not isinstance(event, StreamStartEvent | DocumentStartEvent))
        self._dashes = [token.start_mark.index for token in tokens if isinstance(token, BlockEntryToken)]
        spans = [(token.start_mark.index, token.end_mark.index, _is_block(token)) for token in tokens]
        self._block_starts = {end: start for start, end, is_block in spans if is_block}
        self._comments = deque(comments_between(text, self._lines, spans))
        self._all_comments = [comment.text for comment in self._comments]
        self._last: YamlEntry | None = None
        self._anchors: dict[str, Scalar | YamlCollection] = {}

    def document(self) -> YamlDocument:
        start = self._events[0].start_mark.index
        head = self._gap(None, start, start)
        root = self._collection(self._events.popleft())
        for comment in self._take(len(self._text)):
            home = self._home(root, comment.column)
            self._give(comment, root.tail if home is None else home)
        return YamlDocument(head, root, self._anchors, self._all_comments)

    def _take(self, stop: int) -> Iterator[YamlComment]:
        while self._comments and self._comments[0].index < stop:
            yield self._comments.popleft()

    def _give(self, comment: YamlComment, home: list[str]) -> None:
        """Add a comment to the entry on its line, or else to `home`."""
        if not comment.is_beside or self._last is None:
            home += ["", comment.text] if self._lines.is_blank(comment.line - 1) else [comment.text]
        elif self._last.beside:
            self._last.before.append(comment.text)
        else:
            self._last.beside, self._last.column = comment.text, comment.column

    def _gap(self, before: Node | None, start: int, stop: int) -> list[str]:
        """Return the lines above an entry; comments that are indented deeper go to the collection before it.

        The entry begins at `start`, including its dash; `stop` is the start of its key or value.
        """
        line, column = self._lines.place(start)
        lines: list[str] = []
        for comment in self._take(stop):
            deeper = self._home(before, comment.column) if not lines and comment.column > column else None
            self._give(comment, lines if deeper is None else deeper)
        if self._lines.is_blank(line - 1):
            lines.append("")
        return lines

    def _home(self, node: Node | None, column: int) -> list[str] | None:
        """Return the tail of the innermost collection that a comment in this column can belong to."""
        home = None
        while isinstance(node, YamlCollection) and not node.flow and node.column <= column:
            home, node = node.tail, node.entries[-1].value
        return home

    def _node(self, column: int) -> Node:
        event = self._events.popleft()
        if isinstance(event, AliasEvent):
            return Alias(str(event.anchor))
        node = self._scalar(event, column) if isinstance(event, ScalarEvent) else self._collection(event)
        if node.anchor is not None:
            self._anchors[node.anchor] = node
        return node

    def _collection(self, event: Any) -> YamlCollection:
        node = YamlCollection(isinstance(event, MappingStartEvent), bool(event.flow_style), event.anchor)
        while not isinstance(self._events[0], MappingEndEvent | SequenceEndEvent):
            self._entry(node)
        end = self._events.popleft()
        if node.flow:
            node.tail = [line for line in self._gap(None, end.start_mark.index, end.start_mark.index) if line]
        return node

    def _entry(self, node: YamlCollection) -> None:
        start = stop = self._events[0].start_mark.index
        if not node.keyed and not node.flow:
            start = self._dashes[bisect_left(self._dashes, stop) - 1]
        column = self._lines.place(start)[1]
        if not node.entries:
            node.column = column
        entry = YamlEntry(before=self._gap(node.entries[-1].value if node.entries else None, start, stop))
        if node.flow:
            entry.before = [line for line in entry.before if line]
        elif node.entries:
            node.entries[-1].after = _parted(entry.before)
        else:
            strip_blanks(entry.before)
        node.entries.append(entry)
        self._last = entry
        if node.keyed:
            key = self._node(column)
            assert not isinstance(key, YamlCollection)
            entry.key = key
        value: Any = self._events[0]
        if isinstance(value, ScalarEvent | AliasEvent) or value.flow_style:
            for comment in self._take(value.start_mark.index):
                self._give(comment, entry.before)  # between a key and its value: moved above both
        entry.value = self._node(column)
        if not isinstance(entry.value, YamlCollection) or entry.value.flow:
            self._last = entry

    def _scalar(self, event: Any, column: int) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        scalar = Scalar(event.value, event.style or "", event.anchor)
        if scalar.style in BLOCKS:
            scalar.block = _block(scalar, self._text[self._block_starts[end] : end], column)
        else:
            scalar.spread = "\n" in self._text[start:end]
        return scalar


def _is_block(token: Token) -> bool:
    return isinstance(token, ScalarToken) and token.style in BLOCKS


def _parted(lines: list[str]) -> list[str]:
    """Remove and return the comments that a blank line separates from the entry below."""
    cut = lines.index("") if "" in lines else 0
    above = lines[:cut]
    del lines[:cut]
    return above


def _block(scalar: Scalar, source: str, column: int) -> Block | None:
    """Return the lines of a block as written; None for an empty block."""
    header, _, content = source.partition("\n")
    indicators = header.partition("#")[0]
    digits = "".join(sign for sign in indicators if sign.isdigit())
    end = "+" if "+" in indicators else "-" if "-" in indicators else ""
    lines = content.removesuffix("\n").split("\n")
    first = next((line for line in lines if line.strip(" ")), "")
    indent = column + int(digits) if digits else len(first) - len(first.lstrip(" "))
    lines = [line[indent:] for line in lines]
    if not scalar.text.endswith("\n"):
        end = "-"  # also where the file ends within the block
    while end != "+" and lines and not lines[-1]:
        del lines[-1]
    return Block(scalar.style, end, lines) if lines else None
