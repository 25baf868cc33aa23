"""A preview as text, written user by user; unchanged users are only counted unless `full` is set."""

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
    request_text,
)
from scimconf.render.preview import words
from scimconf.render.terminal.page import Page

_NOT_LISTED = frozenset({UserOutcome.UNCHANGED, UserOutcome.OUT_OF_SCOPE})


class TextPreview:
    """Formats the parts of the text; `full` lists every user with all values and the resource of a creation."""

    def __init__(self, *, width: int = 80, color: bool = False, full: bool = False) -> None:
        self._page = Page(width, color)
        self._full = full

    def opened(self) -> str:
        return ""

    def begun(self, header: PreviewHeader) -> str:
        lines = [*self._page.prose(0, f"{words.heading(header)}: {header.population}", "strong", hang=2)]
        for warning in header.warnings:
            lines += self._page.prose(2, warning, "quiet")
        return _joined([*lines, ""])

    def person(self, user: UserPreview) -> str:
        if user.outcome in _NOT_LISTED and not (self._full or user.notes):
            return ""
        return _joined([*self._heading(user), *self._body(user), ""])

    def ended(self, summary: PreviewSummary) -> str:
        lines = [*self._page.prose(0, words.summary_line(summary), "strong", hang=2)]
        for warning in words.warnings(summary):
            lines += self._page.prose(2, warning, "danger")
        for mapping in summary.mappings:
            lines += self._page.prose(2, mapping.target, "strong")
            for count, examples in words.mapping_counts(mapping):
                lines += self._page.prose(4, count)
                for example in examples:
                    lines += self._page.prose(6, example, "quiet", hang=2)
        return _joined([*lines, ""])

    def closed(self, *, complete: bool) -> str:
        return "" if complete else _joined([*self._page.prose(0, words.INCOMPLETE, "danger")])

    # --- one user ---

    def _heading(self, user: UserPreview) -> Iterator[str]:
        sign, style = words.SIGNS[user.outcome]
        yield from self._page.labelled(0, (style, f"{sign} "), ("strong", user.name), hang=2)
        yield from self._page.prose(4, words.outcome(user), hang=2)
        for note in user.notes:
            yield from self._page.prose(4, note, "danger", hang=2)

    def _body(self, user: UserPreview) -> Iterator[str]:
        differing = {difference.target for difference in user.differences}
        for difference in user.differences:
            yield from self._difference(difference)
        if self._full or user.outcome in (UserOutcome.ENTERS, UserOutcome.LEAVES) or user.before.left_out:
            for target, sent in sorted(user.after.sent.items()):
                if target not in differing:
                    yield from self._sent(target, sent)
        if self._full:
            yield from self._resource(user.after)

    def _difference(self, difference: AttributeDiff) -> Iterator[str]:
        sign = "~ " if difference.is_sure else "? "
        text = f"{difference.target}: {request_text(difference.before)} → {request_text(difference.after)}"
        yield from self._page.labelled(4, ("update", sign), ("", text), hang=4)
        yield from self._page.prose(8, difference.full_reason, "quiet", hang=2)

    def _sent(self, target: str, sent: SentRequest) -> Iterator[str]:
        yield from self._page.prose(6, f"{target}: {request_text(sent)}", hang=2)

    def _resource(self, state: UserState) -> Iterator[str]:
        if not state.resource:
            return
        yield from self._page.prose(4, words.resource_label(state), "quiet")
        for line in json.dumps(state.resource, indent=2, sort_keys=True, ensure_ascii=False).split("\n"):
            indent = len(line) - len(line.lstrip(" "))
            yield from self._page.prose(6 + indent, line[indent:], hang=2)


def _joined(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
