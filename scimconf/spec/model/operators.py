"""The operators of scoping filters: a word for each, and the spellings under which Graph may know it.

Which spelling a live job takes is read from its `filterOperators`, compared by `same_spelling`.
"""

from __future__ import annotations

from typing import NamedTuple


class Operator(NamedTuple):
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
    """The form in which two spellings of one operator are equal: case, spaces and underscores aside."""
    return text.upper().replace("_", "").replace(" ", "")


_WORDS = {same_spelling(spelling): word for word, operator in OPERATORS.items() for spelling in operator.spellings}


def operator_word(spelling: str) -> str | None:
    """The word for one of Graph's spellings, or for the word itself; None where it is not known."""
    return spelling if spelling in OPERATORS else _WORDS.get(same_spelling(spelling))
