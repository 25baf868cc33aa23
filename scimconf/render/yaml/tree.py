"""A YAML file as a tree: mappings and lists in order, scalars with their style, comments at their entries.

A comment above an entry is in its `before` (an empty string is a blank line), one at the end of its line is `beside`, one
that a blank line separates from the next entry is `after`, and comments after the last entry of a collection are its
`tail`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Block:
    """A `|` or `>` scalar: its lines without indentation, and its chomping indicator (`-`, `+`, or empty)."""

    indicator: str
    end: str
    lines: list[str]


@dataclass(slots=True, eq=False)
class Scalar:
    """A scalar; `style` is the quote or block indicator, empty for a plain scalar.

    `spread`: it was on several lines. `keep_quotes`: its quotes are significant. `folded`: it becomes a `>-` block.
    """

    text: str
    style: str = ""
    anchor: str | None = None
    block: Block | None = None
    spread: bool = False
    keep_quotes: bool = False
    folded: bool = False


@dataclass(slots=True, eq=False)
class Alias:
    """A reference to an anchored node."""

    anchor: str


@dataclass(slots=True, eq=False)
class YamlEntry:
    """A key with its value, or an item of a list; `column` is the column of its trailing comment."""

    value: Node = field(default_factory=lambda: Scalar(""))
    key: Scalar | Alias | None = None
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    beside: str = ""
    column: int = 0


@dataclass(slots=True, eq=False)
class YamlCollection:
    """A mapping (every entry has a key) or a list; `flow` means written in brackets."""

    keyed: bool
    flow: bool = False
    anchor: str | None = None
    column: int = 0
    entries: list[YamlEntry] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)


Node = Scalar | Alias | YamlCollection


@dataclass(slots=True, eq=False)
class YamlDocument:
    """A whole file: comments above its first key, its mapping, its anchored nodes, and all of its comments."""

    head: list[str]
    root: YamlCollection
    anchors: dict[str, Scalar | YamlCollection] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)


def strip_blanks(lines: list[str]) -> None:
    """Remove leading blank lines in place."""
    while lines and not lines[0]:
        del lines[0]
