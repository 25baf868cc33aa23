"""A preview as one JSON document, written user by user; `docs/preview.md` is its contract.

Keys are sorted except that the `users` of an application come before its `summary`, which is known last. What both
sides of a user have in common is written once, since most users do not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from scimconf.plan.preview import AttributeDiff, PreviewHeader, PreviewSummary, UserPreview, UserState
from scimconf.plan.sent_request import SentRequest
from scimconf.render.common.json_text import INDENT, JsonText, indented, member
from scimconf.render.preview.words import warnings

Json = Any
FORMAT_VERSION = "2.0"
_USER = "\n" + INDENT * 4
_STATE_PART = _USER + INDENT * 2
_PART = _STATE_PART + INDENT
"""Line end and indentation of a user, of an object of a state, and of the members of that object."""

_REPEATED = 1000
"""The number of texts that are kept, since what users have in common need not be written again for each."""


class JsonPreview:
    """Formats the parts of the document; joined they are the same text as the whole document."""

    def __init__(self) -> None:
        self._applications = 0
        self._users = 0
        self._texts: dict[tuple[str, SentRequest], str] = {}

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
        return f"{comma}{_USER}{indented(self._document(user), _USER)}"

    def ended(self, summary: PreviewSummary) -> str:
        end = "\n      ]" if self._users else "]"
        return f"{end},\n{_members({'summary': _summary(summary)})}\n    }}"

    def closed(self, *, complete: bool) -> str:
        end = "\n  ]" if self._applications else "]"
        return f'{end},\n  "complete": {str(complete).lower()},\n  "format_version": "{FORMAT_VERSION}"\n}}\n'

    def _document(self, user: UserPreview) -> Json:
        """Return one user as JSON values; what is sent and resources as text, because they are most of the document."""
        before, after = self._state(user.before), self._state(user.after)
        before["resource"], after["resource"] = _resources(user.before.resource, user.after.resource)
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

    def _state(self, state: UserState) -> dict[str, Json]:
        return {
            "in_scope": state.in_scope,
            "reason": state.reason,
            "disabled": state.disabled,
            "attributes": _object([self._member(target, state.sent[target]) for target in sorted(state.sent)]) or {},
        }

    def _member(self, target: str, sent: SentRequest) -> str:
        """Return one side of a mapping as text; the same is often sent before and after, or for many users."""
        key = target, sent
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) >= _REPEATED:
                self._texts.clear()
            text = self._texts[key] = member(target, _sent(sent), _PART)
        return text


def _resources(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[Json, Json]:
    """Return both resources as text; most of their members are equal, and are written once."""
    new = {name: member(name, after[name], _PART) for name in sorted(after)}
    old = [
        new[name] if name in after and after[name] == before[name] else member(name, before[name], _PART)
        for name in sorted(before)
    ]
    return _object(old), _object(list(new.values()))


def _object(members: Sequence[str]) -> JsonText | None:
    """Return an object of a state from the texts of its members; None if there are none."""
    return JsonText(f"{{{_PART}{f',{_PART}'.join(members)}{_STATE_PART}}}") if members else None


def _members(values: Mapping[str, Json]) -> str:
    """Return the members of an application, without braces and the first line end."""
    return indented(values, "\n    ")[2:-6]


def _difference(difference: AttributeDiff) -> Json:
    before, after = (None if sent is None else _sent(sent) for sent in (difference.before, difference.after))
    return {"target": difference.target, "reason": difference.full_reason, "before": before, "after": after}


def _sent(sent: SentRequest) -> Json:
    """Return one side of a mapping; members without information are left out."""
    kind, value, reason, default, apply = sent
    document: dict[str, Json] = {"kind": kind, "apply": apply}
    if kind == "value":
        document["value"] = value
    if reason:
        document["reason"] = reason
    if default is not None:
        document["default"] = default
    return document


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
