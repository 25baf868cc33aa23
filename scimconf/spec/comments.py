"""Comments that speak to the lint: `# scimconf: ignore L104, L105 the reason`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

OURS = re.compile(r"#\s*scimconf:\s*(.*)")
IGNORE = re.compile(r"ignore((?:[\s,]+L[0-9]{3}\b)+)(.*)")
RULE = re.compile(r"\bL[0-9]{3}\b", re.IGNORECASE)


class SourceComment(NamedTuple):
    """What a comment ignores, whether it has its line to itself, and whether it seems to want something else."""

    rules: frozenset[str] = frozenset()
    is_alone: bool = False
    is_odd: bool = False


def comments(lines: list[str]) -> Iterator[tuple[int, SourceComment]]:
    """The comments that have a line to themselves, and those that name rules, with the number of their line."""
    for number, line in enumerate(lines, 1):
        text, is_alone = _comment(line), line.lstrip().startswith("#")
        ours = OURS.match(text)
        if ours is not None:
            said = IGNORE.match(ours[1])
            rules = frozenset(RULE.findall(said[1])) if said is not None else frozenset()
            yield number, SourceComment(rules, is_alone, said is None or RULE.search(said[2]) is not None)
        elif is_alone:
            yield number, SourceComment(is_alone=True)


def _comment(line: str) -> str:
    """The comment of a line: what follows a `#` at its beginning or behind a space, outside of quotes."""
    quote, before = "", " "
    for place, sign in enumerate(line):
        if quote:
            is_escaped = quote == '"' and before == "\\"
            quote = "" if sign == quote and not is_escaped else quote
        elif sign == "#" and before.isspace():
            return line[place:]
        elif sign in "\"'" and (before.isspace() or before in "{[," or before == sign == "'"):
            quote = sign
        before = sign
    return ""
