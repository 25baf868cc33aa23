"""What a plan does to single people, as values: how each stands before and after, and what all of them add up to.

Terms: what a mapping gives for a person is *sent*; how a person stands on one side of the plan is a *stand*. Nothing
here knows how a value is found, or how it is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from scimconf.plan.change import Tenant

Json = Any
Kind = Literal["value", "null", "ignored", "undetermined", "failure"]
NOT_SENT: frozenset[Kind] = frozenset({"null", "ignored"})
UNCLEAR: frozenset[Kind] = frozenset({"undetermined", "failure"})

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


class SentRequest(NamedTuple):
    """What one mapping gives for one person; a tuple, since there is one for each person and mapping.

    `default` is sent in place of null, and only when the person is created; `apply` says when the mapping is applied
    at all, in the spec's words. `reason` says why a value is undetermined, or would fail.
    """

    kind: Kind
    value: str | tuple[str, ...] | None = None
    reason: str = ""
    default: str | None = None
    apply: str = "always"

    @property
    def created(self) -> str | tuple[str, ...] | None:
        """What a creation would carry; None for nothing."""
        return self.default if self.kind == "null" else self.value

    @property
    def updated(self) -> str | tuple[str, ...] | None:
        """What an update could carry; None for nothing."""
        return None if self.kind == "null" or self.apply == "on_create" else self.value


@dataclass(frozen=True, slots=True)
class UserState:
    """A person on one side: in scope or not (None is not known), why, and what would be sent.

    `disabled` says that the account is, so that the person is updated and never created. `resource` is what a creation
    would carry, nested as SCIM wants it; of a disabled person, what an update could. `left_out` is the mapping that
    leaves the whole person out, where one does; nothing else is sent then.
    """

    in_scope: bool | None
    reason: str
    disabled: bool = False
    sent: Mapping[str, SentRequest] = field(default_factory=_nothing)
    resource: Mapping[str, Json] = field(default_factory=_nothing)
    left_out: str = ""


class UserOutcome(StrEnum):
    """What the plan means for a person."""

    ENTERS = "enters"
    LEAVES = "leaves"
    CHANGES = "changes"
    POSSIBLY_CHANGES = "possibly_changes"
    UNKNOWN = "unknown"
    UNCHANGED = "unchanged"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class AttributeDiff:
    """One target attribute that is not as it was, and why.

    `reason` is of the plan. Where the plan leaves the mapping as it was, `moved` says how the person stands on each
    side; since that can hold values of theirs, it is kept apart.
    """

    target: str
    before: SentRequest | None
    after: SentRequest | None
    reason: str = ""
    moved: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether it is known to differ; what is undetermined on a side may yet be the same."""
        return "undetermined" not in {side.kind for side in (self.before, self.after) if side is not None}

    @property
    def full_reason(self) -> str:
        return self.reason or " → ".join(self.moved)


@dataclass(frozen=True, slots=True)
class UserPreview:
    """One user: who, what becomes of them, both sides, and what differs.

    `basic` says that no more than basic properties could be read.
    """

    name: str
    id: str
    outcome: UserOutcome
    before: UserState
    after: UserState
    differences: tuple[AttributeDiff, ...] = ()
    notes: tuple[str, ...] = ()
    basic: bool = False


@dataclass(frozen=True, slots=True)
class MappingSummary:
    """One mapping over all people: how many of what, each with a few examples."""

    target: str
    counts: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]]


COUNTED: Mapping[str, str] = MappingProxyType(
    {
        "changes": "change",
        "possibly_changes": "may change",
        "empties": "become empty",
        "left_out": "are left out whole",
        "duplicates": "share a value that people are matched by",
        "unmatched": "have no value to be matched by",
        "undetermined": "undetermined",
        "failed": "would fail",
    }
)
"""What is counted for each mapping, and its words."""


@dataclass(frozen=True, slots=True)
class PreviewSummary:
    """All people that were looked at: how many of each verdict, and the mappings with something to say.

    `complete` is False where the reading stopped before everybody was looked at. `basic` is how many there are of whom
    no more than basic properties could be read.
    """

    users: int
    outcomes: Mapping[UserOutcome, int]
    mappings: tuple[MappingSummary, ...] = ()
    complete: bool = True
    basic: int = 0


@dataclass(frozen=True, slots=True)
class PreviewHeader:
    """What is said before any person: the application, in which tenant, who is looked at, what must be known."""

    name: str
    tenant: Tenant
    population: str
    warnings: tuple[str, ...] = ()


def said(sent: SentRequest | None) -> str:
    """What is sent, in words; values stand in quotes, so that none can pass for a word."""
    match sent:
        case None:
            return "not mapped"
        case SentRequest(kind="undetermined", reason=reason):
            return f"undetermined: {reason}"
        case SentRequest(kind="failure", reason=reason):
            return f"fails: {reason}"
        case SentRequest(kind="null", default=str() as default):
            return f"{_quoted(default)} (default, on create only)"
        case SentRequest(kind="value", value=value):
            return f"{_quoted(value)}{'' if sent.apply == 'always' else f' ({sent.apply})'}"
    return sent.reason or "nothing"


def _quoted(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
