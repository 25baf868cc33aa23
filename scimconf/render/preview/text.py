"""A preview as text, written user by user; unchanged users are only counted unless `full` is set."""

from __future__ import annotations

from collections.abc import Iterator

from scimconf.plan.preview import (
    AttributeDiff,
    PreviewHeader,
    PreviewSummary,
    UserOutcome,
    UserPreview,
    UserState,
    request_text,
)
from scimconf.render.preview import words
from scimconf.render.terminal.page import Page, joined


class TextPreview:
    """Formats the parts of the text; `full` lists every user with all values and the resource of a creation."""

    def __init__(self, *, width: int = 80, color: bool = False, full: bool = False) -> None:
        self._page = Page(width, color)
        self._full = full

    def opened(self) -> str:
        return ""

    def begun(self, header: PreviewHeader) -> str:
        heading = self._page.prose(0, f"{words.heading(header)}: {header.population}", "strong", hang=2)
        warnings = (line for warning in header.warnings for line in self._page.prose(2, warning, "quiet"))
        return joined([*heading, *warnings, ""])

    def person(self, user: UserPreview) -> str:
        if not (self._full or user.is_noteworthy):
            return ""
        return joined([*self._heading(user), *self._body(user), ""])

    def ended(self, summary: PreviewSummary) -> str:
        return joined([*self._summary(summary), ""])

    def closed(self, *, complete: bool) -> str:
        return "" if complete else joined(self._page.prose(0, words.INCOMPLETE, "danger"))

    def _summary(self, summary: PreviewSummary) -> Iterator[str]:
        yield from self._page.prose(0, words.summary_line(summary), "strong", hang=2)
        for warning in words.warnings(summary):
            yield from self._page.prose(2, warning, "danger")
        for mapping in summary.mappings:
            yield from self._page.prose(2, mapping.target, "strong")
            for count, examples in words.mapping_counts(mapping):
                yield from self._page.prose(4, count)
                for example in examples:
                    yield from self._page.prose(6, example, "quiet", hang=2)

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
                    yield from self._page.prose(6, f"{target}: {request_text(sent)}", hang=2)
        if self._full:
            yield from self._resource(user.after)

    def _difference(self, difference: AttributeDiff) -> Iterator[str]:
        sign = "~ " if difference.is_sure else "? "
        text = f"{difference.target}: {request_text(difference.before)} → {request_text(difference.after)}"
        yield from self._page.labelled(4, ("update", sign), ("", text), hang=4)
        yield from self._page.prose(8, difference.full_reason, "quiet", hang=2)

    def _resource(self, state: UserState) -> Iterator[str]:
        if not state.resource:
            return
        yield from self._page.prose(4, words.resource_label(state), "quiet")
        for line in words.json_lines(state.resource, indent=2):
            indent = len(line) - len(line.lstrip(" "))
            yield from self._page.prose(6 + indent, line[indent:], hang=2)
