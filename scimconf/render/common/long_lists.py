"""Long lists in a plan: the first and the last entries, and how many are between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from scimconf.diagnostics import plural
from scimconf.render.common.change_view import ChangeRow

Entry = TypeVar("Entry")

MAX_ENTRIES = 20
"""A list of at most this many entries is shown completely; the number of assignments that a reviewer reads by name."""

ENDS = 5
"""How many entries of a longer list are shown at its start, and at its end."""


@dataclass(frozen=True, slots=True)
class Excerpt(Generic[Entry]):
    """The entries of a list that are shown: all of them are the `first` if nothing is omitted."""

    first: Sequence[Entry]
    omitted: int = 0
    last: Sequence[Entry] = ()


def excerpt(entries: Sequence[Entry], *, full: bool) -> Excerpt[Entry]:
    """Return the first and last entries of a long list, or all of a short one; `full` shows every entry."""
    if full or len(entries) <= MAX_ENTRIES:
        return Excerpt(entries)
    return Excerpt(entries[:ENDS], len(entries) - 2 * ENDS, entries[-ENDS:])


def principal_excerpts(rows: Sequence[ChangeRow], *, full: bool) -> list[Excerpt[ChangeRow]]:
    """Return the rows of principals; those with the same action, roles and effects are one list.

    A principal whose change differs from that of the many is therefore never omitted with them. Without a long list
    the rows stay in their order.
    """
    lists: dict[tuple[str, ...], list[ChangeRow]] = {}
    for row in rows:
        lists.setdefault(
            (row.action.value, row.principal, row.role_change, row.reason, *map(str, row.effects)), []
        ).append(row)
    if full or all(len(own) <= MAX_ENTRIES for own in lists.values()):
        return [Excerpt(rows)]
    return [excerpt(own, full=full) for own in sorted(lists.values(), key=len)]


def omission(rows: Excerpt[ChangeRow]) -> tuple[str, str]:
    """Return what an excerpt of principals omits (`4,002 more users`), and their roles."""
    return plural(rows.omitted, f"more {rows.first[0].principal}"), rows.first[0].role_change


def excerpt_lines(
    entries: Excerpt[Entry], lines: Callable[[Entry], Iterable[str]], omission_line: Callable[[], str]
) -> Iterator[str]:
    """Yield the lines of each entry that is shown, with one line in the place of those that are omitted."""
    for entry in entries.first:
        yield from lines(entry)
    if entries.omitted:
        yield omission_line()
    for entry in entries.last:
        yield from lines(entry)
