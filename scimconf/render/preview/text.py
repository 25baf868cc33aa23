"""A preview for a terminal or a pipe, person by person as they come. Who stays as they are is only counted, unless
all is to be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from scimconf.plan.preview import (
    AttributeDiff,
    PreviewHeader,
    PreviewSummary,
    SentRequest,
    UserOutcome,
    UserPreview,
    UserState,
    said,
)
from scimconf.render.preview import words
from scimconf.render.terminal.page import Page

_UNTOLD = frozenset({UserOutcome.UNCHANGED, UserOutcome.OUT_OF_SCOPE})


class TextPreview:
    """Makes the text; `full` tells everybody, with all that is sent and the resource that a creation would carry."""

    def __init__(self, *, width: int = 80, color: bool = False, full: bool = False) -> None:
        self._page = Page(width, color)
        self._full = full

    def opened(self) -> str:
        return ""

    def begun(self, head: PreviewHeader) -> str:
        lines = [*self._page.prose(0, f"{words.heading(head)}: {head.population}", "strong", hang=2)]
        for notice in head.warnings:
            lines += self._page.prose(2, notice, "quiet")
        return _joined([*lines, ""])

    def person(self, person: UserPreview) -> str:
        if person.outcome in _UNTOLD and not (self._full or person.notes):
            return ""
        return _joined([*self._heading(person), *self._body(person), ""])

    def ended(self, summary: PreviewSummary) -> str:
        lines = [*self._page.prose(0, words.counts(summary), "strong", hang=2)]
        for notice in words.notices(summary):
            lines += self._page.prose(2, notice, "danger")
        for one in summary.mappings:
            lines += self._page.prose(2, one.target, "strong")
            for told, examples in words.tally(one):
                lines += self._page.prose(4, told)
                for example in examples:
                    lines += self._page.prose(6, example, "quiet", hang=2)
        return _joined([*lines, ""])

    def closed(self, *, complete: bool) -> str:
        return "" if complete else _joined([*self._page.prose(0, words.PART, "danger")])

    # --- one person ---

    def _heading(self, person: UserPreview) -> Iterator[str]:
        sign, style = words.SIGNS[person.outcome]
        yield from self._page.labelled(0, (style, f"{sign} "), ("strong", person.name), hang=2)
        yield from self._page.prose(4, f"{words.verdict(person)}: {words.where(person)}", hang=2)
        for note in person.notes:
            yield from self._page.prose(4, note, "danger", hang=2)

    def _body(self, person: UserPreview) -> Iterator[str]:
        differing = {one.target for one in person.differences}
        for one in person.differences:
            yield from self._contrast(one)
        if self._full or person.outcome in (UserOutcome.ENTERS, UserOutcome.LEAVES) or person.before.left_out:
            for target, sent in sorted(person.after.sent.items()):
                if target not in differing:
                    yield from self._sent(target, sent)
        if self._full:
            yield from self._resource(person.after)

    def _contrast(self, one: AttributeDiff) -> Iterator[str]:
        sign = "~ " if one.is_sure else "? "
        told = f"{one.target}: {said(one.before)} → {said(one.after)}"
        yield from self._page.labelled(4, ("update", sign), ("", told), hang=4)
        yield from self._page.prose(8, one.full_reason, "quiet", hang=2)

    def _sent(self, target: str, sent: SentRequest) -> Iterator[str]:
        yield from self._page.prose(6, f"{target}: {said(sent)}", hang=2)

    def _resource(self, stand: UserState) -> Iterator[str]:
        if not stand.resource:
            return
        yield from self._page.prose(4, words.carried(stand), "quiet")
        for line in json.dumps(stand.resource, indent=2, sort_keys=True, ensure_ascii=False).split("\n"):
            indent = len(line) - len(line.lstrip(" "))
            yield from self._page.prose(6 + indent, line[indent:], hang=2)


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
