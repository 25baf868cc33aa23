"""What people write by mistake, and what to tell them: habits of other languages that the mapping language refuses."""

from __future__ import annotations

import re

from scimconf.expressions.errors import ExpressionError

_NO_ARITHMETIC = ("there is no arithmetic", "Add to dates with DateAdd; join texts with Join or Append.")
_NO_COMMENTS = ("there are no comments inside an expression", "Put the comment into the YAML file, above the mapping.")
_ONE_CONDITION = (
    "conditions cannot be joined or negated by an operator",
    "Nest a second IIF: as the second argument for AND, as the third for OR. To negate, use Not() or swap the branches.",
)
_QUOTES = ("text stands in straight double quotes", 'Write "text".')
_NO_GROUPS = ("parentheses stand only behind a function's name", "Leave them out, or nest another function.")

# The first pattern that fits at the place decides. They are compiled when something is wrong, not at every start.
_HABITS: tuple[tuple[str, tuple[str, str]], ...] = (
    (r'"(?!(\\.|[^"\\])*")', ("the text is never closed", 'Close it with ". Inside a text, write \\" for ".')),
    (r'(?<=")"', ("two texts stand side by side", 'Inside a text, write \\" for ".')),
    (r"//|/\*|#", _NO_COMMENTS),
    (r"(?i:and|or)\b|(?<=&)&|\|\||!(?!=)", _ONE_CONDITION),
    (r"!=", ("the operator is <>", "Write <> for not equal.")),
    (r"(?<==)=", ("one operator is enough", "Write = for equal.")),
    (r"['`\u2018\u2019\u201c\u201d\u201e]", _QUOTES),
    (r"[-+*/]", _NO_ARITHMETIC),
    (r"(?<=\w)[.:]", ("a name with dots or colons stands in brackets", "Write [name.part].")),
    (r";", ("arguments are separated by commas", "Write , for ;.")),
    (r"%", ("there are no %parameters%", "They belong to Entra Connect; write a constant.")),
    (r"\(", _NO_GROUPS),
    (r"[^\S \t\r\n]", ("a space of an unusual kind", "Type the space again; it came with a copied text.")),
)


def unexpected(text: str, offset: int, missing: str = "", hint: str = "") -> ExpressionError:
    """The error for what stands at an offset: by a known habit, otherwise by what is missing before it."""
    for pattern, (message, advice) in _HABITS:
        if re.compile(pattern, re.DOTALL).match(text, offset):
            return ExpressionError(message, offset, advice)
    found = _found(text, offset)
    return ExpressionError(f"{missing} is missing before {found}" if missing else f"unexpected {found}", offset, hint)


def _found(text: str, offset: int) -> str:
    word = re.compile(r"\w+|.", re.DOTALL).match(text, offset)
    return "the end" if word is None else f"`{word[0]}`"
