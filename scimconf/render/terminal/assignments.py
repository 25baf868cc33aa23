"""Assignments by the people and groups they are for: a role swap is one line, not a deletion and a creation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from scimconf.plan import Action, Change, Effect, decode
from scimconf.render.common.escaping import cells, pad, visible
from scimconf.render.labels import DANGERS, by_weight, effect, whom
from scimconf.render.terminal.fields import INDENT
from scimconf.render.terminal.page import Page, Piece

KIND = "assignment"
_COLUMN = 44


def assignment_lines(page: Page, changes: Iterable[Change]) -> Iterator[str]:
    """One line a principal, and after them what the changes do to people."""
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(split(change.address.rest)[0], []).append(change)
    column = min(max(cells(name) for name in groups), _COLUMN, page.width // 2)
    for name, own in groups.items():
        yield from _row(page, name, own, column)
    yield from _effects(page, groups.values())


def split(rest: str) -> tuple[str, str]:
    """The principal as it stands in the address, so that `--only` takes it, and the role as people write it."""
    principal, _, role = rest.rpartition("/")
    return visible(principal), visible(decode(role))


def _row(page: Page, name: str, changes: Sequence[Change], column: int) -> Iterator[str]:
    sign, style = _sign(changes)
    roles = _roles(changes)
    why = _why(changes)
    said = "".join(text for _, text in roles) + why
    head = f"{sign} {KIND}/{pad(name, column)}"
    if cells(head) + 2 + cells(said) <= page.room(2):
        yield page.line(2, (style, sign), ("", f"{head[1:]}  "), *roles, ("quiet", why))
        return
    yield from page.labelled(2, (style, sign), ("", f" {KIND}/{name}"), hang=4)
    yield from page.prose(INDENT, said)


def _why(changes: Sequence[Change]) -> str:
    """Why roles go; in a swap the new role says it."""
    reasons = {change.reason for change in changes} if _sign(changes)[1] == Action.DELETE else ()
    said = visible(", ".join(sorted(filter(None, reasons))))
    return f"  ({said})" if said else ""


def _sign(changes: Sequence[Change]) -> tuple[str, str]:
    actions = {change.action for change in changes}
    action = actions.pop() if len(actions) == 1 else Action.UPDATE
    return action.symbol, action.value


def _roles(changes: Sequence[Change]) -> list[Piece]:
    """`member → admin` for one of each, else every role with its sign."""
    gone = [change for change in changes if change.action is Action.DELETE]
    come = [change for change in changes if change.action is not Action.DELETE]
    if len(gone) == len(come) == 1:
        return [("delete", _role(gone[0])), ("", " → "), ("create", _role(come[0]))]
    if not gone or not come:
        return [("", ", ".join(map(_role, changes)))]
    return [("delete", ", ".join(map(_role, gone))), ("", " → "), ("create", ", ".join(map(_role, come)))]


def _role(change: Change) -> str:
    return split(change.address.rest)[1]


def _effects(page: Page, groups: Collection[Sequence[Change]]) -> Iterator[str]:
    numbers = Counter[Effect]()
    for changes in groups:
        numbers.update({one for change in changes for one in change.effects})
    for which in by_weight(numbers):
        people = whom(which, (change for changes in groups for change in changes))
        said = f"{effect(which, KIND)} ({numbers[which]:,} of the {len(groups):,} above{people})"
        yield from effect_lines(page, which, said)


def effect_lines(page: Page, which: Effect, said: str) -> Iterator[str]:
    """An effect in words; those that people notice have a mark, whatever the colour."""
    style, mark = ("danger", "! ") if which in DANGERS else ("strong", "")
    word, colon, sentence = said.partition(":")
    yield from page.labelled(INDENT, (style, f"{mark}{word}{colon}"), ("", sentence), hang=2)
