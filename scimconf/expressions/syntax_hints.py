"""Messages for text that cannot be parsed: common habits from other languages, and what to write instead."""

from __future__ import annotations

import re

from scimconf.expressions.errors import ExpressionError

_ARITHMETIC = "Add to dates with DateAdd. Concatenate strings with Join or Append."
_LOGIC = "For AND, nest a second IIF as second argument; for OR, as third. To negate, use Not() or swap the branches."

# The first pattern that matches at the offset decides. They are compiled only when there is an error.
_HABITS: tuple[tuple[str, str, str], ...] = (
    (r'"(?!(\\.|[^"\\])*")', "the string is not closed", 'Close it with ". Inside a string, write \\" for ".'),
    (r'(?<=")"', "two strings without a comma between them", 'Inside a string, write \\" for ".'),
    (r"//|/\*|#", "comments are not supported inside an expression", "Move the comment into the YAML file."),
    (r"(?i:and|or)\b|(?<=&)&|\|\||!(?!=)", "logical operators are not supported", _LOGIC),
    (r"!=", "unknown operator `!=`", "Write <> for not equal."),
    (r"(?<==)=", "unknown operator `==`", "Write = for equal."),
    (r"['`\u2018\u2019\u201c\u201d\u201e]", "strings need straight double quotes", 'Write "text".'),
    (r"[-+*/]", "arithmetic is not supported", _ARITHMETIC),
    (r"(?<=\w)[.:]", "a name with a dot or a colon needs brackets", "Write [name.part]."),
    (r";", "arguments are separated by commas", "Write , instead of ;."),
    (r"%", "%parameters% are not supported", "They are a feature of Entra Connect. Write a constant."),
    (r"\(", "parentheses are allowed only after a function name", "Remove them, or nest another function."),
    (r"[^\S \t\r\n]", "unsupported white space character", "Replace it with a plain space."),
)


def unexpected(text: str, offset: int, expected: str = "") -> ExpressionError:
    """Return the error for the text at an offset: that of a known habit, otherwise that something else was expected."""
    for pattern, message, hint in _HABITS:
        if re.compile(pattern, re.DOTALL).match(text, offset):
            return ExpressionError(message, offset, hint)
    word = re.compile(r"\w+|.", re.DOTALL).match(text, offset)
    actual = "the end of the expression" if word is None else f"`{word[0]}`"
    message = f"expected {expected}, got {actual}" if expected else f"unexpected {actual}"
    return ExpressionError(message, offset)
