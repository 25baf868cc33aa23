"""Fitting a page into a forge's limit: parts are whole or not there, and what is not there is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from scimconf.render.labels import plural
from scimconf.render.markdown.escaping import size

LEAST = 1_000
"""Who needs more than this gets at least so much or nothing, since less shows nothing worth reading."""

LINE = 100
"""What the line takes that counts what is left out."""


@dataclass(frozen=True, slots=True)
class MarkdownPart:
    """A piece of text, and how many changes it tells of."""

    text: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class SectionGroup:
    """Parts between a head and a tail; without any part there is neither.

    What is left out of it is counted in a last line where `more` names it, one and many; else whoever fits it says so.
    An `extra` one is there only where all have room.
    """

    head: str
    parts: tuple[MarkdownPart, ...]
    tail: str = ""
    more: tuple[str, str] | None = None
    extra: bool = False

    @property
    def number(self) -> int:
        """The changes that it tells of."""
        return 0 if self.more else sum(part.number for part in self.parts)

    @property
    def size(self) -> int:
        return size(self.head) + size(self.tail) + sum(size(part.text) for part in self.parts)


def shares(needs: Sequence[int], room: int) -> list[int]:
    """The room divided: whoever needs less leaves the rest to the others; nobody gets more than needed."""
    least = accumulate(min(need, LEAST) for need in needs)
    served = max(sum(need <= room for need in least), min(len(needs), 1))
    given = [0] * len(needs)
    for place, index in enumerate(sorted(range(served), key=needs.__getitem__)):
        given[index] = min(needs[index], room // (served - place))
        room -= given[index]
    return given


def fill(parts: Iterable[MarkdownPart], room: int) -> tuple[str, int]:
    """As many of the first parts as there is room for, and how many changes the others tell of."""
    kept: list[str] = []
    left_out, left, full = 0, room, False
    for part in parts:
        need = size(part.text)
        if full or need > left:
            full = full or need <= room  # one that could never fit does not keep the others away
            left_out += part.number
        else:
            kept.append(part.text)
            left -= need
    return "".join(kept), left_out


def fit(group: SectionGroup, room: int) -> tuple[str, int]:
    """The group in so much room, and how many changes are left out of it."""
    reserve = LINE if group.more and group.size > room else 0
    inside, left_out = fill(group.parts, room - reserve - size(group.head) - size(group.tail))
    if not inside:
        return "", group.number
    if group.more:
        last = f"- {left_out_of(left_out, *group.more)}\n" if left_out else ""
        return f"{group.head}{inside}{last}{group.tail}", 0
    return f"{group.head}{inside}{group.tail}", left_out


def fit_all(groups: Sequence[SectionGroup], room: int) -> tuple[str, int]:
    """All groups, each with a fair share of the room."""
    given = shares([group.size for group in groups], room)
    fitted = [fit(group, share) for group, share in zip(groups, given, strict=True)]
    return "".join(text for text, _ in fitted), sum(left_out for _, left_out in fitted)


def left_out_of(number: int, one: str, many: str) -> str:
    """The sentence that stands where something is cut."""
    return f"{plural(number, f'more {one}', f'more {many}')}, see the artifact."
