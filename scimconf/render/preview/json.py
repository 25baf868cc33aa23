"""A preview as one JSON document, written person by person: `docs/preview.md` is its contract.

Keys are sorted at every depth, so what is known only at the end of an application, its `summary`, comes after its
`people`. What both sides of a person have alike is written once, since most people stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from scimconf.plan.preview import AttributeDiff, PreviewHeader, PreviewSummary, SentRequest, UserPreview, UserState
from scimconf.render.json import write
from scimconf.render.preview.words import notices

Json = Any
FORMAT_VERSION = "2.0"


class JsonPreview:
    """Makes the pieces of the document; joined they are the same text that one whole document would be."""

    def __init__(self) -> None:
        self._applications = 0
        self._people = 0
        self._tenant: Json = {}

    def opened(self) -> str:
        return '{\n  "applications": ['

    def begun(self, head: PreviewHeader) -> str:
        comma = "," if self._applications else ""
        self._applications += 1
        self._people = 0
        self._tenant = {"domain": head.tenant.domain, "id": head.tenant.id}
        known = {"population": head.population, "name": head.name, "warnings": list(head.warnings)}
        return f'{comma}\n    {{\n{_members(known)},\n      "users": ['

    def person(self, person: UserPreview) -> str:
        comma = "," if self._people else ""
        self._people += 1
        return f"{comma}\n{indent(write(document(person)).rstrip(), ' ' * 8)}"

    def ended(self, summary: PreviewSummary) -> str:
        end = "\n      ]" if self._people else "]"
        return f"{end},\n{_members({'summary': _summary(summary), 'tenant': self._tenant})}\n    }}"

    def closed(self, *, complete: bool) -> str:
        end = "\n  ]" if self._applications else "]"
        return f'{end},\n  "complete": {str(complete).lower()},\n  "format_version": "{FORMAT_VERSION}"\n}}\n'


def _members(known: Mapping[str, Json]) -> str:
    """The members of an object, without its braces, at the depth of an application's."""
    lines = write(known).splitlines()[1:-1]
    return indent("\n".join(lines), " " * 4)


def document(person: UserPreview) -> Json:
    """One person as JSON values."""
    before, after = _stand(person.before), _stand(person.after)
    for name in ("attributes", "resource"):
        if before[name] and before[name] == after[name]:
            del before[name]
    return {
        "name": person.name,
        "id": person.id,
        "outcome": person.outcome.value,
        "notes": list(person.notes),
        "before": before,
        "after": after,
        "differences": [_contrast(one) for one in person.differences],
    }


def _stand(stand: UserState) -> Json:
    return {
        "in_scope": stand.in_scope,
        "reason": stand.reason,
        "disabled": stand.disabled,
        "attributes": {target: _sent(sent) for target, sent in stand.sent.items()},
        "resource": dict(stand.resource) or None,
    }


def _contrast(one: AttributeDiff) -> Json:
    sides = {"before": one.before, "after": one.after}
    told = {side: None if sent is None else _sent(sent) for side, sent in sides.items()}
    return {"target": one.target, "reason": one.full_reason, **told}


def _sent(sent: SentRequest) -> Json:
    """A side of a mapping; what says nothing is left out."""
    value = list(sent.value) if isinstance(sent.value, tuple) else sent.value
    more = {"reason": sent.reason or None, "default": sent.default}
    kept = {name: text for name, text in more.items() if text is not None}
    return {"kind": sent.kind, "apply": sent.apply, **kept, **({"value": value} if sent.kind == "value" else {})}


def _summary(summary: PreviewSummary) -> Json:
    return {
        "complete": summary.complete,
        "warnings": list(notices(summary)),
        "users": summary.users,
        "outcomes": {verdict.value: number for verdict, number in summary.outcomes.items()},
        "mappings": {
            one.target: {"counts": dict(one.counts), "examples": {what: list(e) for what, e in one.examples.items()}}
            for one in summary.mappings
        },
    }
