"""Counts of the provisioning log, and its failures grouped by cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scimconf.monitoring.causes import Cause
from scimconf.monitoring.log_events import LoggedEvent

MAX_EXAMPLES = 3
_COUNTED = {"create": "created", "update": "updated", "disable": "disabled", "delete": "deleted"}
_UNCHANGED = "redundantexport"
_REPAIRABLE = ("failed", "skipped", "staged")


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Events of one status with the same code, attribute and HTTP status, from the newest; `cause` is None for an unknown code.

    `next_attempt` is when the service tries the first of the users and groups again, by the newest event of each.
    """

    status: str
    code: str
    attribute: str
    cause: Cause | None
    events: tuple[LoggedEvent, ...]
    next_attempt: datetime | None = None

    @property
    def objects(self) -> tuple[str, ...]:
        """The names of the users and groups, each once."""
        return tuple(dict.fromkeys(event.source_name for event in self.events))

    @property
    def examples(self) -> tuple[str, ...]:
        return self.objects[:MAX_EXAMPLES]

    @property
    def answer_text(self) -> str:
        """What the application answered in the newest event that has it, else what the service reports."""
        texts = [event.answer_text for event in self.events if event.response]
        return next((text for text in [*texts, *(event.answer_text for event in self.events)] if text), "")


@dataclass(frozen=True, slots=True)
class LogSummary:
    """What happened to how many users and groups; each is counted once for each outcome.

    `counts` has the keys created, updated, disabled, deleted, failed, skipped and staged. `is_cut`: there are older
    entries in the window that were not read.
    """

    counts: Mapping[str, int]
    groups: tuple[CauseGroup, ...]
    events: int
    is_cut: bool = False


def summarize(events: Sequence[LoggedEvent], *, is_cut: bool = False) -> LogSummary:
    """Return the summary of events from the newest.

    An object that failed, was skipped or staged, and succeeded later, counts for what succeeded. What the application had already counts as
    nothing.
    """
    outcomes: dict[str, set[str]] = {}
    ended: set[str] = set()
    problems: list[LoggedEvent] = []
    for event in events:
        outcome = outcome_of(event)
        is_repaired = outcome in _REPAIRABLE and event.source_id in ended
        if outcome and not is_repaired:
            outcomes.setdefault(outcome, set()).add(event.source_id or event.change_id)
        if outcome in ("failed", "skipped") and not is_repaired:
            problems.append(event)
        if event.status == "success":
            ended.add(event.source_id)
    names = (*_COUNTED.values(), "failed", "skipped", "staged")
    counts = {name: len(outcomes.get(name, ())) for name in names}
    return LogSummary(counts, _groups(problems), len(events), is_cut)


def outcome_of(event: LoggedEvent) -> str:
    """Return what an event means: a key of `LogSummary.counts`, "other", or "" for what changes nothing."""
    if event.action in ("stageddelete", "stagedaction"):
        return "staged"
    if event.status == "failure":
        return "failed"
    if event.status == "skipped":
        return "" if event.code.lower() == _UNCHANGED else "skipped"
    return _COUNTED.get(event.action, "other") if event.status == "success" else "other"


def _groups(problems: Sequence[LoggedEvent]) -> tuple[CauseGroup, ...]:
    """Return failures before skipped objects, the most frequent first."""
    keys = Counter(map(_key, problems))
    ordered = sorted(keys, key=lambda key: (key[0] != "failure", -keys[key], key))
    newest = {event.source_id or event.change_id: event for event in reversed(problems)}
    return tuple(_group([event for event in problems if _key(event) == key], newest) for key in ordered)


def _key(event: LoggedEvent) -> tuple[str, str, str, str]:
    return event.status, event.code, event.attribute, event.http_status


def _group(events: Sequence[LoggedEvent], newest: Mapping[str, LoggedEvent]) -> CauseGroup:
    """Return the group of these events; `newest` has the newest event of each user and group."""
    current = [event for event in events if newest[event.source_id or event.change_id] is event]
    attempts = [event.next_attempt for event in current if event.next_attempt is not None]
    first = events[0]
    return CauseGroup(
        first.status, first.code, first.attribute, first.known_cause, tuple(events), min(attempts, default=None)
    )
