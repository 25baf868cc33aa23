"""Changes of an application in the directory audit log, and which of them no history entry explains."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from scimconf.monitoring.history import HistoryEntry
from scimconf.monitoring.times import parse_time

Json = Any
PAUSE_ACTIVITY = "Disable/pause provisioning configuration"
"""The activity of a pause (Microsoft's reference of audit activities)."""
NOT_CHANGES = frozenset(
    {
        "export", "import", "other", "process escrow", "quarantine", "synchronization rule action", "user provisioning",
    }
)  # fmt: skip
"""Activities of the provisioning service that change no configuration (Microsoft's reference of audit activities)."""
SKEW = timedelta(minutes=5)
"""How far the clock of a machine may differ from that of Graph."""
MAX_LISTED = 5
"""Changes, and authors of older ones, that a message lists."""
UNENDED = timedelta(minutes=30)
"""How long a command whose end is not known is taken to have written."""
_ENTRY_TIME = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """A change of an application: when, who, and what kind of change; the former values are not in the log.

    `by` is a user principal name, or the name of an application; `names` are all names and ids of it, in lower case.
    """

    application: str
    at: datetime
    activity: str
    by: str
    user_id: str = ""
    names: frozenset[str] = field(default=frozenset(), repr=False)
    moment: str = field(default="", repr=False)
    """The time as the log has it, with fractions of a second."""

    def document(self) -> dict[str, Any]:
        """Return the JSON values of the event."""
        return {
            "application": self.application,
            "time": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "activity": self.activity,
            "by": self.by,
        }


def audit_events(
    rows: Iterable[Json], application: str, ids: Collection[str], names: Collection[str]
) -> list[AuditEvent]:
    """Return the successful changes of an application from the newest; `ids` and `names` are those of its objects.

    A resource without an id is compared by its name.
    """
    folded = frozenset(name.casefold() for name in names)
    known = frozenset(key.lower() for key in ids)
    events = [
        event
        for row in rows
        if isinstance(row, Mapping)
        and _concerns(row, known, folded)
        and (event := _event(row, application)) is not None
    ]
    return sorted(events, key=attrgetter("moment"), reverse=True)


def _concerns(row: Mapping[str, Json], ids: Collection[str], names: Collection[str]) -> bool:
    for resource in row.get("targetResources") or ():
        key = str(resource.get("id") or "").lower()
        if key in ids or (not key and str(resource.get("displayName") or "").casefold() in names):
            return True
    return False


def _event(row: Mapping[str, Json], application: str) -> AuditEvent | None:
    at, activity = parse_time(row.get("activityDateTime")), str(row.get("activityDisplayName") or "")
    if at is None or str(row.get("result") or "success").lower() != "success" or activity.lower() in NOT_CHANGES:
        return None
    initiator = row.get("initiatedBy") or {}
    user, app = initiator.get("user") or {}, initiator.get("app") or {}
    texts = [
        *_texts(user, "userPrincipalName", "displayName", "id"),
        *_texts(app, "displayName", "appId", "servicePrincipalId"),
    ]
    return AuditEvent(
        application=application,
        at=at,
        activity=activity,
        by=texts[0] if texts else "an identity that the log does not name",
        user_id=str(user.get("id") or ""),
        names=frozenset(text.lower() for text in texts),
        moment=str(row.get("activityDateTime")),
    )


def _texts(values: Mapping[str, Json], *names: str) -> Iterator[str]:
    return (str(values[name]) for name in names if values.get(name))


def outside_changes(events: Iterable[AuditEvent], entries: Sequence[HistoryEntry]) -> list[AuditEvent]:
    """Return the events that no entry explains.

    An entry explains what its identity did while its command ran; without an identity, whatever was done then.
    """
    spans = [_span(entry) for entry in entries]
    return [event for event in events if not any(_explains(event, *span) for span in spans)]


def _span(entry: HistoryEntry) -> tuple[datetime | None, datetime | None, str]:
    began, ended = entry_moment(entry.time), entry_moment(entry.ended)
    return began, ended or (began + UNENDED if began is not None else None), entry.run.identity.lower()


def _explains(event: AuditEvent, began: datetime | None, ended: datetime | None, identity: str) -> bool:
    if began is None or ended is None or (identity and identity not in event.names):
        return False
    slack = SKEW if identity else timedelta(seconds=1)  # the log has whole seconds
    return began - slack <= event.at <= ended + slack


def entry_moment(text: str) -> datetime | None:
    """Return the time of an entry's name or end; None if there is none."""
    try:
        return datetime.strptime(text, _ENTRY_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def redacted_event(event: AuditEvent) -> AuditEvent:
    """Return the event with the start of the object id instead of the name of a user."""
    return replace(event, by=f"user-{event.user_id[:8]}") if event.user_id else event


def listed_changes(events: Sequence[AuditEvent]) -> str:
    """Return who made these changes, when and what, from the newest; at most MAX_LISTED, and the number of older ones."""
    texts = [f"by {event.by} on {event.at:%Y-%m-%d %H:%M UTC}: {event.activity}" for event in events[:MAX_LISTED]]
    older, authors = events[MAX_LISTED:], sorted({event.by for event in events[MAX_LISTED:]})
    return "; ".join([*texts, *([f"{len(older):,} earlier by {_authors(authors)}"] if older else [])])


def _authors(names: Sequence[str]) -> str:
    more = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {more} others" if more > 1 else " and 1 other" if more == 1 else "")
