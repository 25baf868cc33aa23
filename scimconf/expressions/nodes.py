"""The nodes of an expression, as values: equal nodes mean the same tree in the service.

The service stores a tree of Attribute, Constant and Function nodes. Details of the notation that may be needed again (a
number with or without quotes, the keys of a tree) are kept on the nodes, but do not take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["=", "<>", ">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A source attribute, `[mail]`. The service compares its name case-sensitively."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A string. `bare` is true if it was written without quotes: `1`, `-2.5`, `&HFF`, `IgnoreAttributeFlow`.

    Graph stores numbers as quoted constants, so `Mid([x], 1, 1)` and `Mid([x], "1", "1")` are one tree.
    """

    text: str
    bare: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments by position. `None` is an empty argument, which is not the empty string.

    `keys` is set only if the call was read from a source tree whose parameter keys are not in the catalogue. The
    arguments are then in the order of the tree, and the keys allow the same tree to be written again.
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
    """`"t-" & [alias]`: cloud sync's form of Append, which is not documented for applications."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Attribute | Constant | Call | Comparison | Concatenation
