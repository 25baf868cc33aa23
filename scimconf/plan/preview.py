"""Values of a preview: what is sent for each user before and after a plan, and the counts over all users.

The values of single users are tuples, which are made faster than instances of dataclasses: there are very many users.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from scimconf.json_types import Json
from scimconf.plan.change import Tenant
from scimconf.plan.resource import NOTHING
from scimconf.plan.sent_request import ResultKind, SentRequest

NOT_SENT: frozenset[ResultKind] = frozenset({"null", "ignored"})


class UserState(NamedTuple):
    """A user before or after the plan: in scope or not (None if undetermined), the reason, and what is sent.

    `resource` is the SCIM resource that a creation sends, or, of a `disabled` user, who is never created, an update.
    `left_out` is the target attribute of the mapping that ignores the whole user; nothing else is sent then.
    """

    in_scope: bool | None
    reason: str
    disabled: bool = False
    sent: Mapping[str, SentRequest] = NOTHING
    resource: Mapping[str, Json] = NOTHING
    left_out: str = ""


class UserOutcome(StrEnum):
    """What the plan changes for a user; `possibly_changes` and `undetermined` depend on undetermined values or scope."""

    ENTERS = "enters"
    LEAVES = "leaves"
    CHANGES = "changes"
    POSSIBLY_CHANGES = "possibly_changes"
    UNDETERMINED = "undetermined"
    UNCHANGED = "unchanged"
    OUT_OF_SCOPE = "out_of_scope"


class AttributeDiff(NamedTuple):
    """One target attribute that differs for a user, and why: because of the plan (`reason`) or of the user.

    `scope_reasons` are the user's reasons before and after; they are separate, since they may contain values of the user.
    """

    target: str
    before: SentRequest | None
    after: SentRequest | None
    reason: str = ""
    scope_reasons: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether the attribute is known to differ: neither side is undetermined."""
        return "undetermined" not in {request.kind for request in (self.before, self.after) if request is not None}

    @property
    def full_reason(self) -> str:
        return self.reason or " → ".join(self.scope_reasons)


class UserPreview(NamedTuple):
    """One user with both states and their differences. `basic`: only basic properties could be read."""

    name: str
    id: str
    outcome: UserOutcome
    before: UserState
    after: UserState
    differences: tuple[AttributeDiff, ...] = ()
    notes: tuple[str, ...] = ()
    basic: bool = False

    @property
    def is_noteworthy(self) -> bool:
        """Whether the plan changes something for the user, or a note says something about them."""
        return self.outcome not in (UserOutcome.UNCHANGED, UserOutcome.OUT_OF_SCOPE) or bool(self.notes)


@dataclass(frozen=True, slots=True)
class MappingSummary:
    """The counts of one mapping over all users, each with a few examples; the names of counts are those of `COUNTS`."""

    target: str
    counts: Mapping[str, int]
    examples: Mapping[str, tuple[str, ...]]


COUNTS: Mapping[str, str] = MappingProxyType(
    {
        "changes": "change",
        "possibly_changes": "may change",
        "empties": "lose their value",
        "left_out": "are ignored",
        "duplicates": "share a value that users are matched by",
        "unmatched": "have no value to be matched by",
        "missing": "have no value, but the application requires one",
        "too_long": "have a value that is too long",
        "mismatches": "have a value that does not match the pattern",
        "repeated": "share a value that must be unique",
        "undetermined": "undetermined",
        "failed": "would fail",
    }
)
"""The counts of a mapping and their texts."""

NOT_SENT_TEXT = "not sent"


@dataclass(frozen=True, slots=True)
class PreviewSummary:
    """The number of previewed users by outcome, and the mappings with a count; `complete` is False if reading stopped.

    `basic` is the number of users of whom only basic properties could be read, `other_mail` of users who are identified by
    a userPrincipalName that differs from the e-mail address that is sent.
    """

    users: int
    outcomes: Mapping[UserOutcome, int]
    mappings: tuple[MappingSummary, ...] = ()
    complete: bool = True
    basic: int = 0
    other_mail: int = 0
    other_mail_examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PreviewHeader:
    """What precedes the users of one application: its name, the tenant, the population in words, and warnings.

    `changed_only`: users who do not change and have no note are counted in the summary, but not listed.
    """

    name: str
    tenant: Tenant
    population: str
    warnings: tuple[str, ...] = ()
    changed_only: bool = False


def request_text(sent: SentRequest | None) -> str:
    """Return what is sent, in words; values are in double quotes, so that no value reads like a word."""
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
    return sent.reason or NOT_SENT_TEXT


def _quoted(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
