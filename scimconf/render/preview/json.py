"""A preview as one JSON document, written user by user; `docs/preview.md` is its contract.

Keys are sorted except that the `users` of an application come before its `summary`, which is known last. What both
sides of a user have in common is written once, since most users do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from textwrap import indent
from typing import Any

from scimconf.plan.preview import AttributeDiff, PreviewHeader, PreviewSummary, UserPreview, UserState
from scimconf.plan.sent_request import SentRequest
from scimconf.render.json import write
from scimconf.render.preview.words import warnings

Json = Any
FORMAT_VERSION = "2.0"


class JsonPreview:
    """Formats the parts of the document; joined they are the same text as the whole document."""

    def __init__(self) -> None:
        self._applications = 0
        self._users = 0

    def opened(self) -> str:
        return '{\n  "applications": ['

    def begun(self, header: PreviewHeader) -> str:
        comma = "," if self._applications else ""
        self._applications += 1
        self._users = 0
        tenant = {"domain": header.tenant.domain, "id": header.tenant.id}
        values = {**asdict(header), "tenant": tenant}
        return f'{comma}\n    {{\n{_members(values)},\n      "users": ['

    def person(self, user: UserPreview) -> str:
        comma = "," if self._users else ""
        self._users += 1
        return f"{comma}\n{indent(write(document(user)).rstrip(), ' ' * 8)}"

    def ended(self, summary: PreviewSummary) -> str:
        end = "\n      ]" if self._users else "]"
        return f"{end},\n{_members({'summary': _summary(summary)})}\n    }}"

    def closed(self, *, complete: bool) -> str:
        end = "\n  ]" if self._applications else "]"
        return f'{end},\n  "complete": {str(complete).lower()},\n  "format_version": "{FORMAT_VERSION}"\n}}\n'


def _members(values: Mapping[str, Json]) -> str:
    """Return the members of an application, without braces."""
    lines = write(values).splitlines()[1:-1]
    return indent("\n".join(lines), " " * 4)


def document(user: UserPreview) -> Json:
    """Return one user as JSON values."""
    before, after = _state(user.before), _state(user.after)
    for name in ("attributes", "resource"):
        if before[name] and before[name] == after[name]:
            del before[name]
    return {
        "name": user.name,
        "id": user.id,
        "outcome": user.outcome.value,
        "notes": user.notes,
        "before": before,
        "after": after,
        "differences": [_difference(difference) for difference in user.differences],
    }


def _state(state: UserState) -> Json:
    return {
        "in_scope": state.in_scope,
        "reason": state.reason,
        "disabled": state.disabled,
        "attributes": {target: _sent(sent) for target, sent in state.sent.items()},
        "resource": dict(state.resource) or None,
    }


def _difference(difference: AttributeDiff) -> Json:
    before, after = (None if sent is None else _sent(sent) for sent in (difference.before, difference.after))
    return {"target": difference.target, "reason": difference.full_reason, "before": before, "after": after}


def _sent(sent: SentRequest) -> Json:
    """Return one side of a mapping; members without information are left out."""
    optional = {"reason": sent.reason or None, "default": sent.default}
    present = {name: text for name, text in optional.items() if text is not None}
    value = {"value": sent.value} if sent.kind == "value" else {}
    return {"kind": sent.kind, "apply": sent.apply, **present, **value}


def _summary(summary: PreviewSummary) -> Json:
    return {
        "complete": summary.complete,
        "warnings": warnings(summary),
        "users": summary.users,
        "outcomes": {outcome.value: number for outcome, number in summary.outcomes.items()},
        "mappings": {
            mapping.target: {"counts": dict(mapping.counts), "examples": dict(mapping.examples)}
            for mapping in summary.mappings
        },
    }
