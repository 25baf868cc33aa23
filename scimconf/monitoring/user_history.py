"""What the provisioning log shows about one user: whether the application has the user, and what happened last, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType

from scimconf.monitoring.causes import Cause
from scimconf.monitoring.log_events import LoggedEvent, clipped
from scimconf.monitoring.times import ago, retry_text

_WRITES = ("create", "update", "other")
_REMOVALS = ("disable", "delete")
_EXISTING = ("update", *_REMOVALS, "stageddelete")
"""Actions whose failure shows that the service knows the user in the application: the action is the intended one (captures)."""
_IN_SYNC = "redundantexport"
_LOST = "invalidanchor"
_DONE: Mapping[str, str] = MappingProxyType(
    {"create": "created", "update": "updated", "disable": "disabled", "delete": "deleted"}
)
_DOING: Mapping[str, str] = MappingProxyType(
    {"create": "creating", "update": "updating", "disable": "disabling", "delete": "deleting"}
)
STAGED = "stageddelete"


class Stored(Enum):
    """Whether the application has the user as an active one, by the newest event that shows it; LOST: it was deleted there."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UserHistory:
    """`stored` by the event `since`, None if no event shows it; `last` is the newest event, None without events."""

    stored: Stored = Stored.UNKNOWN
    since: LoggedEvent | None = None
    last: LoggedEvent | None = None

    @property
    def failed(self) -> bool:
        return self.last is not None and self.last.status == "failure"

    @property
    def skipped(self) -> bool:
        return self.last is not None and self.last.status == "skipped" and not _is_in_sync(self.last)


def user_history(events: Sequence[LoggedEvent]) -> UserHistory:
    """Return the history of a user from events that begin with the newest."""
    for event in events:
        stored = _stored(event)
        if stored is not Stored.UNKNOWN:
            return UserHistory(stored, event, events[0])
    return UserHistory(last=events[0] if events else None)


def _stored(event: LoggedEvent) -> Stored:
    if event.action in _REMOVALS and (event.status == "success" or _is_in_sync(event)):
        return Stored.DISABLED if event.action == "disable" else Stored.DELETED
    if event.status == "failure" and event.code.lower().endswith(_LOST):
        return Stored.LOST
    is_written = event.status == "success" and event.action in _WRITES
    is_known = event.status == "failure" and event.action in _EXISTING
    if is_written or is_known or _is_in_sync(event) or event.action == STAGED:
        return Stored.ACTIVE
    return Stored.UNKNOWN


def _is_in_sync(event: LoggedEvent) -> bool:
    return event.status == "skipped" and event.code.lower().endswith(_IN_SYNC)


def done(event: LoggedEvent) -> str:
    """Return what an event did, such as "created"."""
    return _DONE.get(event.action, "processed")


def doing(event: LoggedEvent) -> str:
    """Return what an event tried, such as "creating"."""
    return _DOING.get(event.action, "processing")


def event_cause(event: LoggedEvent) -> Cause:
    """Return what the code of an event means and what to do; of an unknown code the reason that the service wrote."""
    if event.known_cause is not None:
        return event.known_cause
    return Cause(
        clipped(event.cause_text) or "the service wrote no reason",
        "Look at the entry: `scimconf logs --app NAME --user UPN`.",
    )


def event_text(event: LoggedEvent, now: datetime) -> str:
    """Return an event as a sentence without a full stop."""
    when = ago(event.time, now) if event.time is not None else "at an unknown time"
    if event.action == STAGED:
        return f"the deletion was held back {when}, because too many users would have been deleted at once"
    if event.status == "success":
        return f"{done(event)} {when}"
    if _is_in_sync(event):
        return f"checked {when}: the application has these values already"
    code = ": ".join(filter(None, [event.code, event.attribute]))
    detail = f"{f' ({code})' if code else ''}: {event_cause(event).meaning}"
    again = f"; {retry_text(event.next_attempt, now)}" if event.next_attempt else ""
    if event.status == "failure":
        return f"{doing(event)} the user failed {when}{detail}{again}"
    return f"{'skipped' if event.status == 'skipped' else f'{doing(event)} ended with a warning'} {when}{detail}"
