"""A preview as one page that needs nothing else, written person by person; a filter finds anybody in it.

The page is like a plan's: its content policy names style and script by their digests, and every value is escaped after
it was made visible. The summary is written last, when it is known, and shown first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scimconf.plan.preview import PreviewHeader, PreviewSummary, SentRequest, UserOutcome, UserPreview, UserState, said
from scimconf.render.common.escaping import visible
from scimconf.render.html import _asset as asset
from scimconf.render.html import _digest as digest
from scimconf.render.html import environment
from scimconf.render.html.text_diff import DiffSegment, Pieces, marked
from scimconf.render.preview import words

if TYPE_CHECKING:
    from markupsafe import Markup

Json = Any
HEAD, BODY, TAIL = "preview_head.html", "preview_person.html", "preview_tail.html"


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One target attribute: both sides in pieces, and why they differ; `alike` where one side tells all."""

    target: str
    before: Pieces
    after: Pieces
    reason: str | Markup = ""
    alike: bool = False


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A stretch of a resource: on both sides, or marked as what is on one."""

    mark: str
    text: Markup


class PreviewPage:
    """Makes the pieces of the page."""

    def __init__(self) -> None:
        self._templates = environment()

    def opened(self) -> str:
        from markupsafe import Markup

        style, script = asset("plan.css") + asset("preview.css"), asset("preview.js")
        policy = [f"style-src '{digest(style)}'", f"script-src '{digest(script)}'"]
        self._script = script
        return self._made(
            HEAD,
            style=Markup(style),  # noqa: S704  files of this package
            policy="; ".join(["default-src 'none'", *policy, "img-src data:", "base-uri 'none'", "form-action 'none'"]),
            verdicts=[verdict.value for verdict in UserOutcome],
        )

    def begun(self, head: PreviewHeader) -> str:
        return self._made(
            "preview_begin.html",
            name=visible(head.name),
            where=visible(head.tenant.domain or head.tenant.id),
            about=visible(head.population),
            notices=map(visible, head.warnings),
        )

    def person(self, person: UserPreview) -> str:
        return self._made(
            BODY,
            name=visible(person.name),
            id=visible(person.id),
            verdict=person.outcome.value,
            sign=words.SIGNS[person.outcome][0],
            style=words.SIGNS[person.outcome][1],
            says=visible(f"{words.verdict(person)}: {words.where(person)}"),
            notes=[visible(note) for note in person.notes],
            rows=list(_rows(person)),
            carried=words.carried(person.after) + ("" if person.after.resource else " before"),
            resource=list(_resource(person)),
        )

    def ended(self, summary: PreviewSummary) -> str:
        tallies = [
            (visible(one.target), [(told, [visible(e) for e in examples]) for told, examples in words.tally(one)])
            for one in summary.mappings
        ]
        return self._made(
            "preview_end.html", counts=words.counts(summary), notices=words.notices(summary), tallies=tallies
        )

    def closed(self, *, complete: bool) -> str:
        from markupsafe import Markup

        script = Markup(self._script)  # noqa: S704  a file of this package
        return self._made(TAIL, script=script, part="" if complete else words.PART)

    def _made(self, template: str, **names: Json) -> str:
        return self._templates.get_template(template).render(names)


def _rows(person: UserPreview) -> Iterator[PreviewRow]:
    """What differs first, then what the resource does not show as it is; what is not sent on either side is in none."""
    whys = {one.target: one.full_reason for one in person.differences}
    for target in sorted(whys):
        old, new = (visible(said(side.sent.get(target))) for side in (person.before, person.after))
        before, after = marked(old, new)
        yield PreviewRow(visible(target), _inert_all(before), _inert_all(after), _inert(visible(whys[target])))
    for target, sent in sorted(person.after.sent.items()):
        if target not in whys and not _is_shown(person.after, sent):
            told = (DiffSegment(_inert(visible(said(sent)))),)
            yield PreviewRow(visible(target), told, told, alike=True)


def _is_shown(stand: UserState, sent: SentRequest) -> bool:
    """Whether the resource tells all there is to tell, or there is nothing to tell."""
    return said(sent) == "nothing" or (bool(stand.resource) and sent.kind == "value" and sent.apply == "always")


def _resource(person: UserPreview) -> Iterator[PreviewLine]:
    """Both resources as one text, line by line, since line ends are its own; what is between like ends is told twice.

    Where there is only one, nothing of it is marked: who leaves does not lose what the application has.
    """
    old, new = (_lines(stand) for stand in (person.before, person.after))
    old, new = old or new, new or old
    start = _begin_alike(old, new)
    end = _begin_alike(old[start:][::-1], new[start:][::-1])
    parts = (
        ("", new[:start]),
        ("del", old[start : len(old) - end]),
        ("ins", new[start : len(new) - end]),
        ("", new[len(new) - end :]),
    )
    yield from (PreviewLine(mark, _inert("".join(f"{line}\n" for line in lines))) for mark, lines in parts if lines)


def _inert_all(pieces: Pieces) -> Pieces:
    return tuple(replace(piece, text=_inert(piece.text)) for piece in pieces)


def _inert(text: str) -> Markup:
    """A text for between two tags, where quotes are only quotes: escaped, they would be a third of every resource."""
    from markupsafe import Markup

    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))  # noqa: S704  escaped here


def _lines(stand: UserState) -> list[str]:
    if not stand.resource:
        return []
    shown = {name: value for name, value in stand.resource.items() if name != "schemas"}  # of everybody the same
    text = json.dumps(shown, indent=1, sort_keys=True, ensure_ascii=False)
    return [visible(line) for line in text.split("\n")]


def _begin_alike(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines both begin with."""
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
