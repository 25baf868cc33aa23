"""The functions of the mapping language: one table, read by the parser's users, the source trees and the sandbox.

The engine names a function's parameters (`Find`, `switchValue`), the documentation's prose names them differently, and
no published table gives all of the engine's names. `keys_seen` says whether ours were read in a real answer or a real
tree; the others are assumed to be `source` or the documented name. A tree that says otherwise wins: see
`sources.from_source`. A tenant's own truth is GET …/schema/functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, cast

from scimconf.expressions.functions import PAGES, ROWS, SEEN_KEYS

ParameterType: TypeAlias = Literal["String", "Integer", "Reference", "Binary", "Boolean", "DateTime"]
ResultType: TypeAlias = Literal["String", "Integer", "Boolean", "DateTime", "Reference", "List", "Any", "Nothing"]
Dialect: TypeAlias = Literal["application", "cloud-sync", "graph"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `infix` ones take no argument of their own: a comparison's operator and right side fill them."""

    key: str
    type: ParameterType
    required: bool
    repeats: bool
    infix: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `dialect` says who documents it: `graph` is metadata only, never described in prose.

    `slots` are the parameters that stand at a fixed place among a text's arguments; `repeating` is the one that takes
    all arguments behind them, always the last.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ResultType
    doc: str
    source: str
    dialect: Dialect
    keys_seen: bool
    slots: tuple[Parameter, ...]
    repeating: Parameter | None

    def parameter(self, position: int) -> Parameter | None:
        """What the argument at a position (from 0) fills; None where there is one argument too many."""
        return self.slots[position] if position < len(self.slots) else self.repeating


def _parameter(spec: str) -> Parameter:
    """Read one entry of a row: `key`, then `:Type`, then `?` optional, `*` repeating or `~` infix."""
    key, _, kind = spec.rstrip("?*~").partition(":")
    marks = spec[len(spec.rstrip("?*~")) :]
    return Parameter(
        key=key,
        type=cast("ParameterType", kind or "String"),
        required="?" not in marks and "~" not in marks,
        repeats="*" in marks,
        infix="~" in marks,
    )


def _functions() -> Iterator[tuple[str, Function]]:
    for signature, result, page, doc in ROWS:
        name, *specs = signature.split()
        dialect, source = PAGES[page]
        parameters = tuple(map(_parameter, specs))
        yield (
            name,
            Function(
                name=name,
                parameters=parameters,
                result=cast("ResultType", result),
                doc=doc,
                source=source,
                dialect=cast("Dialect", dialect),
                keys_seen=name in SEEN_KEYS,
                slots=tuple(each for each in parameters if not each.repeats and not each.infix),
                repeating=next((each for each in parameters if each.repeats), None),
            ),
        )


FUNCTIONS: Mapping[str, Function] = MappingProxyType(dict(_functions()))


def find(name: str) -> Function | None:
    """The function of exactly this spelling: the documentation calls the syntax case-sensitive."""
    return FUNCTIONS.get(name)
