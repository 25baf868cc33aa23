"""A preview as one page that needs nothing else, written person by person; a filter finds anybody in it.

The page is like a plan's: its content policy names style and script by their digests, and every value is escaped after
it was made visible. The summary is written last, when it is known, and shown first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scimconf.plan.preview import Person, Stand, Summary, Verdict, said
from scimconf.render import preview_words as words
from scimconf.render.html import _asset as asset
from scimconf.render.html import _digest as digest
from scimconf.render.html import environment
from scimconf.render.html.marks import Piece, Pieces, marked
from scimconf.render.terminal.characters import visible

Json = Any
HEAD, BODY, TAIL = "preview_head.html", "preview_person.html", "preview_tail.html"


@dataclass(frozen=True, slots=True)
class Row:
    """One target attribute: both sides in pieces, None where there is nothing, and why they differ."""

    target: str
    before: Pieces | None
    after: Pieces | None
    reason: str


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
            verdicts=[verdict.value for verdict in Verdict],
        )

    def begun(self, name: str, about: str, notices: Sequence[str]) -> str:
        return self._made("preview_begin.html", name=visible(name), about=visible(about), notices=map(visible, notices))

    def person(self, person: Person) -> str:
        return self._made(
            BODY,
            name=visible(person.name),
            id=visible(person.id),
            verdict=person.verdict.value,
            sign=words.SIGNS[person.verdict][0],
            style=words.SIGNS[person.verdict][1],
            says=visible(f"{words.verdict(person)}: {words.where(person)}"),
            notes=[visible(note) for note in person.notes],
            rows=list(_rows(person)),
            resources=[(side, _resource(stand)) for side, stand in _sides(person) if stand.resource],
        )

    def ended(self, summary: Summary) -> str:
        tallies = [
            (visible(one.target), [(told, [visible(e) for e in examples]) for told, examples in words.tally(one)])
            for one in summary.tallies
        ]
        return self._made("preview_end.html", counts=words.counts(summary), tallies=tallies)

    def closed(self) -> str:
        from markupsafe import Markup

        return self._made(TAIL, script=Markup(self._script))  # noqa: S704  a file of this package

    def _made(self, template: str, **names: Json) -> str:
        return self._templates.get_template(template).render(names)


def _sides(person: Person) -> Iterable[tuple[str, Stand]]:
    return (("before", person.before), ("after", person.after))


def _rows(person: Person) -> Iterable[Row]:
    """What differs first, then the rest."""
    reasons = {one.target: one.reason for one in person.contrasts}
    targets = person.before.sent.keys() | person.after.sent.keys()
    for target in sorted(targets, key=lambda one: (one not in reasons, one)):
        old, new = (said(side.sent[target]) if target in side.sent else None for _, side in _sides(person))
        before, after = _pieces(old, new, differs=target in reasons)
        yield Row(visible(target), before, after, visible(reasons.get(target, "")))


def _pieces(old: str | None, new: str | None, *, differs: bool) -> tuple[Pieces | None, Pieces | None]:
    if differs and old is not None and new is not None:
        return marked(visible(old), visible(new))
    before, after = (None if side is None else (Piece(visible(side)),) for side in (old, new))
    return before, after


def _resource(stand: Stand) -> str:
    """The resource as JSON text; line by line, since line ends are its own."""
    text = json.dumps(stand.resource, indent=2, sort_keys=True, ensure_ascii=False)
    return "\n".join(map(visible, text.split("\n")))
