"""What a preview predicts for a user, compared with what the service recorded, attribute by attribute.

Reading order (captures and Microsoft's validator): the values that were written stand in `modifiedProperties`, those that were
tried in the details of the last step, whose keys lack dots and colons. A creation lists every attribute that it sends, an
update only those that changed. Nothing is claimed where the log is silent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from scimconf.monitoring.log_events import LoggedEvent, redacted_event
from scimconf.monitoring.switch_evidence import SwitchEvidence
from scimconf.plan.preview import UserState
from scimconf.plan.resource import NOTHING
from scimconf.plan.sent_request import SentRequest

_NOT_ENTITLED = ("noteffectivelyentitled", "entrysynchronizationskipped")
_IN_SYNC = "redundantexport"
MASK = "*"
"""What the log shows in place of a secret."""
_CONSTANT = re.compile(r'"[^"]*"')


class Agreement(StrEnum):
    """Whether a prediction and the record agree. CHANGED_SINCE: the user was edited after the event."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNDETERMINED = "undetermined"
    CHANGED_SINCE = "changed since"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class AttributeComparison:
    """One target attribute: what was predicted and what was recorded, None for nothing; `mapping` is its expression."""

    target: str
    agreement: Agreement
    predicted: str | None
    recorded: str | None
    note: str = ""
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class UserComparison:
    """One user's newest event and its comparison; `note` says what cannot be compared, or what differs as a whole."""

    name: str
    user_id: str
    event: LoggedEvent
    agreement: Agreement
    attributes: tuple[AttributeComparison, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class LogComparison:
    """The comparisons of one application, the newest event first; `problem` says why there are none.

    `evidence` is what the log shows about behaviour that is not documented.
    """

    name: str
    users: tuple[UserComparison, ...] = ()
    problem: str = ""
    is_cut: bool = False
    evidence: tuple[SwitchEvidence, ...] = ()

    @property
    def disagrees(self) -> bool:
        return any(user.agreement is Agreement.DISAGREES for user in self.users)

    @property
    def disagreeing_mappings(self) -> Mapping[tuple[str, str], int]:
        """The number of users of whom the value of a mapping disagrees, by target and expression, the most users first."""
        rows = (row for user in self.users for row in user.attributes if row.agreement is Agreement.DISAGREES)
        return dict(Counter((row.target, row.mapping) for row in rows).most_common())


def compare(
    event: LoggedEvent,
    predicted: UserState | None,
    current: Mapping[str, Any],
    mappings: Mapping[str, str] = NOTHING,
) -> UserComparison:
    """Compare an event with the prediction for the same user today; `current` are today's source attributes.

    Without a prediction the user no longer exists. `mappings` are the expressions of the mappings by target.
    """

    def result(agreement: Agreement, note: str = "") -> UserComparison:
        return UserComparison(event.source_name, event.source_id, event, agreement, note=note)

    if predicted is None:
        return result(Agreement.NOT_COMPARED, "the tenant has no such user any more")
    if event.status == "skipped":
        return _skipped(event, predicted, result)
    if event.action not in ("create", "update") or event.status not in ("success", "failure"):
        return result(Agreement.NOT_COMPARED, f"{event.action} {event.status} has no values to compare")
    if event.status == "failure" and not any(event.recorded(target)[1] for target in predicted.sent):
        return result(Agreement.NOT_COMPARED, f"failed before anything was sent: {event.code}")
    edited = sorted(_edited(event, current))
    compared = _attributes(event, predicted.sent, is_edited=bool(edited))
    rows = tuple(replace(row, mapping=mappings.get(row.target, "")) for row in compared)
    note = f"edited since: {', '.join(edited)}" if edited else ""
    return UserComparison(event.source_name, event.source_id, event, _worst(rows), rows, note)


def _skipped(event: LoggedEvent, predicted: UserState, result: Any) -> UserComparison:
    code = event.code.lower()
    if code.endswith(_IN_SYNC):
        comparison: UserComparison = result(Agreement.AGREES, "the application has these values already")
        return comparison
    if not code.endswith(_NOT_ENTITLED):
        skipped: UserComparison = result(Agreement.NOT_COMPARED, f"skipped: {event.code or 'without a reason'}")
        return skipped
    if predicted.disabled:
        disabled: UserComparison = result(Agreement.AGREES, "the account is disabled, and is never created")
        return disabled
    agreement = {False: Agreement.AGREES, True: Agreement.DISAGREES, None: Agreement.UNDETERMINED}[predicted.in_scope]
    scope = {False: "out of scope", True: "in scope", None: "undetermined"}[predicted.in_scope]
    compared: UserComparison = result(agreement, f"predicted {scope}, and the service skipped the user as not entitled")
    return compared


def _edited(event: LoggedEvent, current: Mapping[str, Any]) -> Iterator[str]:
    """Yield the source attributes whose value today is not that of the event."""
    for name, value in event.source_values.items():
        today = current.get(name)
        if (isinstance(today, str) and today != value) or (today is None and name in current and value):
            yield name


def _attributes(
    event: LoggedEvent, sent: Mapping[str, SentRequest], *, is_edited: bool
) -> Iterator[AttributeComparison]:
    is_creation = event.action == "create"
    for target, request in sorted(sent.items()):
        recorded, is_recorded = event.recorded(target)
        predicted = _text(request.created if is_creation else request.updated)
        if request.kind == "undetermined" or recorded == MASK:
            yield AttributeComparison(target, Agreement.UNDETERMINED, None, recorded, request.reason)
        elif not is_recorded and not is_creation:
            continue  # unchanged, or not sent: an update lists only what changed
        elif predicted == recorded:
            yield AttributeComparison(target, Agreement.AGREES, predicted, recorded)
        elif predicted is not None and recorded is not None and predicted.casefold() == recorded.casefold():
            yield AttributeComparison(target, Agreement.AGREES, predicted, recorded, "in another case")
        else:
            agreement = Agreement.CHANGED_SINCE if is_edited else Agreement.DISAGREES
            yield AttributeComparison(target, agreement, predicted, recorded, request.reason)


def _text(value: Any) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(value)
    return value if isinstance(value, str) and value else None


def _worst(rows: tuple[AttributeComparison, ...]) -> Agreement:
    """Return the agreement of a user: that of the determined attributes, if there are any."""
    order = (Agreement.DISAGREES, Agreement.CHANGED_SINCE, Agreement.AGREES, Agreement.UNDETERMINED)
    present = {row.agreement for row in rows}
    return next((agreement for agreement in order if agreement in present), Agreement.NOT_COMPARED)


def redacted_comparison(comparison: LogComparison) -> LogComparison:
    """Return the comparison without names and values, for a report to others."""
    return replace(comparison, users=tuple(map(_redacted_user, comparison.users)))


def _redacted_user(user: UserComparison) -> UserComparison:
    short = user.user_id[:8]
    rows = tuple(map(redacted_row, user.attributes))
    return replace(user, name=f"user-{short}", user_id=short, event=redacted_event(user.event), attributes=rows)


def redacted_row(row: AttributeComparison) -> AttributeComparison:
    """Return a row with the form of its values, and of the constants in its mapping."""
    mapping = _CONSTANT.sub(lambda constant: _shape(constant[0]) or "", row.mapping)
    return replace(row, predicted=_shape(row.predicted), recorded=_shape(row.recorded), note="", mapping=mapping)


def _shape(value: str | None) -> str | None:
    """Return a value in which letters are `a` or `A` and digits are `0`, so that only its form remains."""
    if value is None:
        return None
    return "".join(
        "0" if char.isdigit() else ("A" if char.isupper() else "a") if char.isalpha() else char for char in value
    )
