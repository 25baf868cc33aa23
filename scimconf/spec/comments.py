"""Comments for the lint: `# scimconf: ignore L104, L105 the reason`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

DIRECTIVE = re.compile(r"#\s*scimconf:\s*(.*)")
IGNORE = re.compile(r"ignore((?:[\s,]+L[0-9]{3}\b)+)(.*)")
RULE = re.compile(r"\bL[0-9]{3}\b", re.IGNORECASE)


class SourceComment(NamedTuple):
    """A comment: the rules that it ignores, whether the line holds nothing else, and whether it is malformed."""

    rules: frozenset[str] = frozenset()
    is_alone: bool = False
    is_malformed: bool = False


def comments(lines: list[str]) -> Iterator[tuple[int, SourceComment]]:
    """Yield line number and comment for each directive and for each line that is only a comment."""
    for number, line in enumerate(lines, 1):
        text, is_alone = _comment(line), line.lstrip().startswith("#")
        directive = DIRECTIVE.match(text)
        if directive is not None:
            ignore = IGNORE.match(directive[1])
            rules = frozenset(RULE.findall(ignore[1])) if ignore is not None else frozenset()
            yield number, SourceComment(rules, is_alone, ignore is None or RULE.search(ignore[2]) is not None)
        elif is_alone:
            yield number, SourceComment(is_alone=True)


def ignored_with_reason(line: str) -> tuple[tuple[str, ...], str]:
    """Return the rules that the comment of a line ignores, in its order, and its reason."""
    directive = DIRECTIVE.match(_comment(line))
    ignore = IGNORE.match(directive[1]) if directive is not None else None
    return (tuple(RULE.findall(ignore[1])), ignore[2].strip()) if ignore is not None else ((), "")


def _comment(line: str) -> str:
    """Return the comment of a line: from a `#` at its beginning or after a space, outside of quotes."""
    quote, before = "", " "
    for index, sign in enumerate(line):
        if quote:
            is_escaped = quote == '"' and before == "\\"
            quote = "" if sign == quote and not is_escaped else quote
        elif sign == "#" and before.isspace():
            return line[index:]
        elif sign in "\"'" and (before.isspace() or before in "{[," or before == sign == "'"):
            quote = sign
        before = sign
    return ""
