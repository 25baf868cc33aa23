"""The operators of scoping filters: a word for each, and the spellings that Graph may use for it.

Which spelling a job takes is read from its `filterOperators` and compared by `same_spelling`.
"""

from __future__ import annotations

from typing import NamedTuple


class Operator(NamedTuple):
    """Graph's spellings of an operator, and whether it takes no value."""

    spellings: tuple[str, ...]
    unary: bool = False


OPERATORS: dict[str, Operator] = {
    "equals": Operator(("EQUALS",)),
    "not_equals": Operator(("NOT EQUALS",)),
    "is_true": Operator(("IS TRUE",), unary=True),
    "is_false": Operator(("IS FALSE",), unary=True),
    "is_null": Operator(("IS NULL",), unary=True),
    "is_not_null": Operator(("IS NOT NULL",), unary=True),
    "matches": Operator(("REGEX MATCH",)),
    "not_matches": Operator(("NOT REGEX MATCH",)),
    "greater_than": Operator(("GREATER THAN", "Greater_Than")),
    "greater_than_or_equals": Operator(("GREATER THAN OR EQUALS", "Greater_Than_OR_EQUALS")),
    "includes": Operator(("INCLUDES", "Includes")),
    "ends_with": Operator(("ENDS WITH", "ENDS_WITH")),
    "bit_and": Operator(("&",)),
    "not_bit_and": Operator(("!&",)),
}


def same_spelling(text: str) -> str:
    """Return a spelling without case, spaces and underscores; equal operators give equal results."""
    return text.upper().replace("_", "").replace(" ", "")


_WORDS = {same_spelling(spelling): word for word, operator in OPERATORS.items() for spelling in operator.spellings}


def operator_word(spelling: str) -> str | None:
    """Return the word for one of Graph's spellings or for the word itself; None if it is unknown."""
    return spelling if spelling in OPERATORS else _WORDS.get(same_spelling(spelling))
