"""A preview as one self-contained HTML page, written user by user, with filters.

As on a plan's page, the content security policy names style and script by their digests, and every value is escaped.
The summary is written last, when it is known, and displayed first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scimconf.plan.preview import (
    NOT_SENT_TEXT,
    PreviewHeader,
    PreviewSummary,
    SentRequest,
    UserOutcome,
    UserPreview,
    UserState,
    request_text,
)
from scimconf.render.common.escaping import visible
from scimconf.render.common.labels import tenant_name
from scimconf.render.html import asset, digest, environment
from scimconf.render.html.text_diff import DiffSegment, Segments, marked
from scimconf.render.preview import words

if TYPE_CHECKING:
    from markupsafe import Markup

Json = Any
HEAD, BODY, TAIL = "preview_head.html", "preview_user.html", "preview_tail.html"


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One target attribute with both sides in segments, and why they differ; `is_equal` if both sides are the same."""

    target: str
    before: Segments
    after: Segments
    reason: str | Markup = ""
    is_equal: bool = False


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """Lines of a resource; `mark` is `del` or `ins` if only one side has them."""

    mark: str
    text: Markup


class PreviewPage:
    """Formats the parts of the page."""

    def __init__(self) -> None:
        self._templates = environment()

    def opened(self) -> str:
        from markupsafe import Markup

        style, script = asset("plan.css") + asset("preview.css"), asset("preview.js")
        policy = [f"style-src '{digest(style)}'", f"script-src '{digest(script)}'"]
        self._script = script
        return self._render(
            HEAD,
            style=Markup(style),  # noqa: S704  files of this package
            policy="; ".join(["default-src 'none'", *policy, "img-src data:", "base-uri 'none'", "form-action 'none'"]),
            outcomes=[outcome.value for outcome in UserOutcome],
        )

    def begun(self, header: PreviewHeader) -> str:
        return self._render(
            "preview_begin.html",
            name=visible(header.name),
            where=visible(tenant_name(header.tenant)),
            population=visible(header.population),
            warnings=map(visible, header.warnings),
        )

    def person(self, user: UserPreview) -> str:
        return self._render(
            BODY,
            name=visible(user.name),
            id=visible(user.id),
            outcome=user.outcome.value,
            sign=words.SIGNS[user.outcome][0],
            style=words.SIGNS[user.outcome][1],
            summary=visible(words.outcome(user)),
            notes=[visible(note) for note in user.notes],
            rows=list(_rows(user)),
            resource_label=words.resource_label(user.after) + ("" if user.after.resource else " before"),
            resource=list(_resource(user)),
        )

    def ended(self, summary: PreviewSummary) -> str:
        mappings = [
            (
                visible(mapping.target),
                [(count, list(map(visible, examples))) for count, examples in words.mapping_counts(mapping)],
            )
            for mapping in summary.mappings
        ]
        return self._render(
            "preview_end.html", summary=words.summary_line(summary), warnings=words.warnings(summary), mappings=mappings
        )

    def closed(self, *, complete: bool) -> str:
        from markupsafe import Markup

        script = Markup(self._script)  # noqa: S704  a file of this package
        return self._render(TAIL, script=script, incomplete="" if complete else words.INCOMPLETE)

    def _render(self, template: str, **names: Json) -> str:
        return self._templates.get_template(template).render(names)


def _rows(user: UserPreview) -> Iterator[PreviewRow]:
    """Yield the differences first, then what the resource does not show; values not sent on either side are left out."""
    reasons = {difference.target: difference.full_reason for difference in user.differences}
    for target in sorted(reasons):
        old, new = (visible(request_text(side.sent.get(target))) for side in (user.before, user.after))
        before, after = marked(old, new)
        yield PreviewRow(visible(target), _escaped(before), _escaped(after), _escape(visible(reasons[target])))
    for target, sent in sorted(user.after.sent.items()):
        if target not in reasons and not _is_shown(user.after, sent):
            value = (DiffSegment(_escape(visible(request_text(sent)))),)
            yield PreviewRow(visible(target), value, value, is_equal=True)


def _is_shown(state: UserState, sent: SentRequest) -> bool:
    """Return whether the resource shows the value, or nothing is sent."""
    return request_text(sent) == NOT_SENT_TEXT or (
        bool(state.resource) and sent.kind == "value" and sent.apply == "always"
    )


def _resource(user: UserPreview) -> Iterator[PreviewLine]:
    """Yield both resources as one text with the differing lines marked.

    If there is only one resource, nothing is marked: a user who leaves scope does not lose values in the application.
    """
    old, new = (_lines(state) for state in (user.before, user.after))
    old, new = old or new, new or old
    start = _common_prefix(old, new)
    end = _common_prefix(old[start:][::-1], new[start:][::-1])
    parts = (
        ("", new[:start]),
        ("del", old[start : len(old) - end]),
        ("ins", new[start : len(new) - end]),
        ("", new[len(new) - end :]),
    )
    yield from (PreviewLine(mark, _escape("".join(f"{line}\n" for line in lines))) for mark, lines in parts if lines)


def _escaped(segments: Segments) -> Segments:
    return tuple(replace(segment, text=_escape(segment.text)) for segment in segments)


def _escape(text: str) -> Markup:
    """Escape a text for element content; quotes stay, since they would be a third of every resource."""
    from markupsafe import Markup

    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # noqa: S704  escaped here


def _lines(state: UserState) -> list[str]:
    if not state.resource:
        return []
    members = {name: value for name, value in state.resource.items() if name != "schemas"}  # the same for all users
    text = json.dumps(members, indent=1, sort_keys=True, ensure_ascii=False)
    return [visible(line) for line in text.split("\n")]


def _common_prefix(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many lines both begin with."""
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
