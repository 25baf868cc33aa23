"""Truncation to a forge's limit: parts are shown whole or left out, and what is left out is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from scimconf.diagnostics import plural
from scimconf.render.markdown.escaping import size

MIN_SHARE = 1_000
"""A section that needs more than this gets at least this much or nothing; less would show nothing useful."""

LINE = 100
"""The space for the line that counts what is left out."""


@dataclass(frozen=True, slots=True)
class MarkdownPart:
    """A piece of text, and how many changes it shows."""

    text: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class SectionGroup:
    """Parts between a head and a tail; a group without parts is empty.

    If `more` names what the parts are (singular, plural), a last line counts what is left out; otherwise the section
    counts it. An `extra` group is shown only if nothing is left out.
    """

    head: str
    parts: tuple[MarkdownPart, ...]
    tail: str = ""
    more: tuple[str, str] | None = None
    extra: bool = False

    @property
    def number(self) -> int:
        """The number of changes that the group shows."""
        return 0 if self.more else sum(part.number for part in self.parts)

    @property
    def size(self) -> int:
        return size(self.head) + size(self.tail) + sum(size(part.text) for part in self.parts)


def shares(needs: Sequence[int], space: int) -> list[int]:
    """Divide the space fairly: needs below a fair share leave the rest to the others."""
    least = accumulate(min(need, MIN_SHARE) for need in needs)
    served = max(sum(need <= space for need in least), min(len(needs), 1))
    spaces = [0] * len(needs)
    for place, index in enumerate(sorted(range(served), key=needs.__getitem__)):
        spaces[index] = min(needs[index], space // (served - place))
        space -= spaces[index]
    return spaces


def fill(parts: Iterable[MarkdownPart], space: int) -> tuple[str, int]:
    """Return as many of the first parts as fit, and the number of changes in the others."""
    fitting: list[str] = []
    left_out, left, full = 0, space, False
    for part in parts:
        need = size(part.text)
        if full or need > left:
            full = full or need <= space  # a part that could never fit does not exclude later parts
            left_out += part.number
        else:
            fitting.append(part.text)
            left -= need
    return "".join(fitting), left_out


def fit(group: SectionGroup, space: int) -> tuple[str, int]:
    """Return the group within `space`, and how many changes are left out."""
    reserve = LINE if group.more and group.size > space else 0
    inside, left_out = fill(group.parts, space - reserve - size(group.head) - size(group.tail))
    if not inside:
        return "", group.number
    if group.more:
        last = f"- {left_out_of(left_out, *group.more)}\n" if left_out else ""
        return f"{group.head}{inside}{last}{group.tail}", 0
    return f"{group.head}{inside}{group.tail}", left_out


def fit_all(groups: Sequence[SectionGroup], space: int) -> tuple[str, int]:
    """Return all groups, each with a fair share of the space, and how many changes are left out."""
    spaces = shares([group.size for group in groups], space)
    fitted = [fit(group, share) for group, share in zip(groups, spaces, strict=True)]
    return "".join(text for text, _ in fitted), sum(left_out for _, left_out in fitted)


def left_out_of(number: int, singular: str, plural_form: str) -> str:
    """Return the sentence that replaces what is left out."""
    return f"{plural(number, f'more {singular}', f'more {plural_form}')}, see the artifact."
