"""A preview as one self-contained HTML page, written user by user, with filters.

As on a plan's page, the content security policy names style and script by their digests, and every value is escaped.
The summary is written last, when it is known, and displayed first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimconf.plan.preview import (
    NOT_SENT_TEXT,
    PreviewHeader,
    PreviewSummary,
    UserOutcome,
    UserPreview,
    UserState,
    request_text,
)
from scimconf.plan.sent_request import SentRequest
from scimconf.render.common.escaping import visible
from scimconf.render.html import assets, environment
from scimconf.render.html.text_diff import common_ends, marked
from scimconf.render.html.view import EscapedSegments, escape, escaped
from scimconf.render.preview import words

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One target attribute with both sides in segments, and why they differ; `is_equal` if both sides are the same."""

    target: str
    before: EscapedSegments
    after: EscapedSegments
    reason: Markup | None = None
    is_equal: bool = False


class PreviewPage:
    """Formats the parts of the page."""

    def __init__(self) -> None:
        self._templates = environment()
        self._assets = assets(["plan.css", "preview.css"], "preview.js")

    def opened(self) -> str:
        return self._render("head", outcomes=[outcome.value for outcome in UserOutcome])

    def begun(self, header: PreviewHeader) -> str:
        return self._render("begin", header=header)

    def person(self, user: UserPreview) -> str:
        sign, style = words.SIGNS[user.outcome]
        label = words.resource_label(user.after) + ("" if user.after.resource else " before")
        rows, resource = list(_rows(user)), list(_resource(user))
        summary = words.outcome(user)
        return self._render(
            "user", user=user, sign=sign, style=style, summary=summary, rows=rows, resource=resource, label=label
        )

    def ended(self, summary: PreviewSummary) -> str:
        mappings = [(mapping.target, words.mapping_counts(mapping)) for mapping in summary.mappings]
        text, warnings = words.summary_line(summary), words.warnings(summary)
        return self._render("end", summary=text, warnings=warnings, mappings=mappings)

    def closed(self, *, complete: bool) -> str:
        return self._render("tail", incomplete="" if complete else words.INCOMPLETE)

    def _render(self, part: str, **names: Any) -> str:
        return self._templates.get_template(f"preview_{part}.html").render({**self._assets, **names})


def _rows(user: UserPreview) -> Iterator[PreviewRow]:
    """Yield the differences first, then what the resource does not show; values not sent on either side are left out."""
    reasons = {difference.target: difference.full_reason for difference in user.differences}
    for target in sorted(reasons):
        old, new = (visible(request_text(side.sent.get(target))) for side in (user.before, user.after))
        before, after = marked(old, new)
        yield PreviewRow(target, escaped(before), escaped(after), escape(visible(reasons[target])))
    for target, sent in sorted(user.after.sent.items()):
        if target not in reasons and not _is_shown(user.after, sent):
            value = ((escape(visible(request_text(sent))), False),)
            yield PreviewRow(target, value, value, is_equal=True)


def _is_shown(state: UserState, sent: SentRequest) -> bool:
    """Return whether the resource shows the value, or nothing is sent."""
    is_in_resource = bool(state.resource) and sent.kind == "value" and sent.apply == "always"
    return is_in_resource or request_text(sent) == NOT_SENT_TEXT


def _resource(user: UserPreview) -> Iterator[tuple[str, Markup]]:
    """Yield both resources as one text in parts, each with `del` or `ins` if only one side has its lines.

    If there is only one resource, nothing is marked: a user who leaves scope does not lose values in the application.
    """
    old, new = (_lines(state) for state in (user.before, user.after))
    old, new = old or new, new or old
    start, end = common_ends(old, new)
    tail = len(new) - end
    parts = (("", new[:start]), ("del", old[start : len(old) - end]), ("ins", new[start:tail]), ("", new[tail:]))
    yield from ((mark, escape("".join(f"{line}\n" for line in lines))) for mark, lines in parts if lines)


def _lines(state: UserState) -> list[str]:
    members = {name: value for name, value in state.resource.items() if name != "schemas"}  # the same for all users
    return [visible(line) for line in words.json_lines(members, indent=1)] if state.resource else []
