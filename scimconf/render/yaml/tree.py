"""A YAML file as people see it: maps and lists in their order, scalars in their style, comments where they belong.

A comment above something is in its `before` (an empty string there is a blank line), one at the end of its line is
`beside` it, one that a blank line parts from what follows is `after` it, and what follows the last entry of a map or a
list is its `tail`.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Block:
    """A `|` or `>` scalar: its lines without their indentation, and what its end means (`-`, `+`, or nothing)."""

    indicator: str
    end: str
    lines: list[str]


@dataclass(slots=True, eq=False)
class Scalar:
    """A scalar; `style` is the quote or block indicator, empty for a plain one.

    `spread`: it stood on several lines. `kept`: its quotes mean something, whatever the text. `folded`: it becomes a
    `>-` block.
    """

    text: str
    style: str = ""
    anchor: str | None = None
    block: Block | None = None
    spread: bool = False
    kept: bool = False
    folded: bool = False


@dataclass(slots=True, eq=False)
class Alias:
    """Another place where an anchored node stands."""

    anchor: str


@dataclass(slots=True, eq=False)
class YamlEntry:
    """A key with its value, or an item of a list; `column` is where the comment beside it stood."""

    value: Node = field(default_factory=lambda: Scalar(""))
    key: Scalar | Alias | None = None
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    beside: str = ""
    column: int = 0


@dataclass(slots=True, eq=False)
class YamlCollection:
    """A map (every entry has a key) or a list; `flow` is the form with brackets."""

    keyed: bool
    flow: bool = False
    anchor: str | None = None
    column: int = 0
    entries: list[YamlEntry] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)


Node = Scalar | Alias | YamlCollection


@dataclass(slots=True, eq=False)
class YamlDocument:
    """A whole file: what stands above its first key, its map, its anchored nodes, and all of its comments."""

    head: list[str]
    root: YamlCollection
    anchors: dict[str, Scalar | YamlCollection] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)


def strip_blanks(lines: list[str]) -> None:
    """Takes away blank lines at the beginning."""
    while lines and not lines[0]:
        del lines[0]
