"""The shapes an expression can have, as values: equal shapes mean the same tree at the service.

What the service stores is a tree of Attribute, Constant and Function; these classes say the same in Python. How a thing
happened to be written (a number with or without quotes, the keys a tree came with) is remembered where somebody may
want it back, and takes no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["=", "<>", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A source attribute, `[mail]`; the name is kept to the letter, since the service compares it by case."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A text. `bare` remembers that it was written without quotes: `1`, `-2.5`, `&HFF`, `IgnoreAttributeFlow`.

    Graph stores numbers as quoted constants, so `Mid([x], 1, 1)` and `Mid([x], "1", "1")` are one tree.
    """

    text: str
    bare: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments by position; `None` is an argument that was left empty, which is not `""`.

    `keys` is filled only by a source tree whose parameter keys are not the catalogue's: the arguments then stand in
    the tree's order, and the keys make it possible to write the very tree again.
    """

    name: str
    arguments: tuple[Expression | None, ...] = ()
    keys: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`, the condition of an IIF."""

    left: Expression
    operator: Operator
    right: Expression


@dataclass(frozen=True, slots=True)
class Concatenation:
    """`"t-" & [alias]`; cloud sync's spelling of Append, which applications do not document."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Attribute | Constant | Call | Comparison | Concatenation
