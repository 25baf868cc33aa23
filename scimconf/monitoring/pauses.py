"""What the history, or the directory audit log, says about a job: who switched it off and why, and allowed deletions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from scimconf.kinds.schedule import PAUSE_STEP, START_STEP
from scimconf.monitoring.audit_events import AuditEvent, entry_moment
from scimconf.monitoring.history import STARTED, HistoryEntry
from scimconf.monitoring.times import stamp
from scimconf.plan import ApplyStatus, Pause

_HISTORY, _AUDIT_LOG = "history", "audit log"
_SKEW = timedelta(minutes=5)
"""How far the clock of the machine that kept an entry may differ from that of Graph."""
_DONE = "done"
_NOT_WRITTEN = ("failed", "stale", "locked")
"""How a command ends that has changed nothing."""
_ALLOWING = "allow-deletions"
_STARTING = ("restart", "resume")
_SWITCHING_OFF = ("pause", "retire")
_LEFT_OFF = tuple(
    pause.value for pause in (Pause.CONFIRMED, Pause.PAUSE_UNCONFIRMED, Pause.START_UNCONFIRMED, Pause.NOT_STARTED)
)


@dataclass(frozen=True, slots=True)
class PauseRecord:
    """Who switched provisioning off, when, why and with what; "" and None are unknown. `source` is where this is from.

    `verb` is "left off" for a job that never ran. `means` is the command, or what happened to it, in words that follow "paused by X": "with an apply that failed".
    """

    since: datetime | None
    by: str
    reason: str
    means: str = ""
    source: str = _HISTORY
    verb: str = "paused"

    @property
    def text(self) -> str:
        """Who paused it, with what and why, such as "paused by ada@contoso.com: INC-7"."""
        words = " ".join(filter(None, [self.verb, f"by {self.by}" if self.by else "", self.means]))
        return f"{words}: {self.reason}" if self.reason else words

    @property
    def sentence(self) -> str:
        """The same with the time: "paused by ada@contoso.com on 2026-11-30 12:05 UTC, because: INC-7"."""
        words = " ".join(filter(None, [self.verb, f"by {self.by}" if self.by else "", self.means]))
        when = f" on {stamp(self.since)}" if self.since is not None else ""
        return f"{words}{when}" + (f", because: {self.reason}" if self.reason else ".")

    @property
    def clause(self) -> str:
        """The same after "provisioning is paused": " since TIME, by X, because: REASON"."""
        since = f" since {stamp(self.since)}" if self.since is not None else ""
        who = " ".join(filter(None, [f"by {self.by}" if self.by else "", self.means]))
        reason = f"because: {self.reason}" if self.reason else ""
        return since + "".join(f", {part}" for part in (who, reason) if part)


def redacted_pause(pause: PauseRecord) -> PauseRecord:
    """Return a record without who it was, and without the reason, which may name users."""
    return replace(pause, by="a user" if pause.by else "", reason="")


class _Effect(NamedTuple):
    """What an entry did to provisioning, None if nothing is known; `means` are the words of a pause."""

    is_off: bool | None
    means: str = ""


_NO_EFFECT = _Effect(None)


def recorded_pause(entries: Iterable[HistoryEntry], last_cycle: datetime | None) -> PauseRecord | None:
    """Return the pause of a job that is off, None if no entry explains it; `entries` are from the newest.

    `last_cycle` is when the last cycle began. A pause before it was followed by a start that is in no entry. Not more
    entries are taken than are needed. An apply that has not ended explains it if no other entry does.
    """
    unended: PauseRecord | None = None
    for entry in entries:
        if entry.is_apply and entry.status == STARTED:
            unended = unended or _record(entry, "with an apply that has not ended")
            continue
        effect = _effect(entry)
        if effect.is_off is None:
            continue
        pause = _record(entry, effect.means) if effect.is_off else unended
        return pause if pause is not None and not _is_before(pause, last_cycle) else None
    return unended if unended is not None and not _is_before(unended, last_cycle) else None


def recorded_allowance(entries: Iterable[HistoryEntry], last_cycle: datetime | None) -> datetime | None:
    """Return when deletions that are held back were allowed, None if they were not; `entries` are from the newest.

    `last_cycle` is when the last cycle began: one that began afterwards has carried the deletions out, or held others back.
    Not more entries are taken than are needed.
    """
    for entry in entries:
        since = entry_moment(entry.ended) or entry_moment(entry.time)
        if since is None or (last_cycle is not None and since < last_cycle):
            return None
        if entry.command.partition(" ")[0] == _ALLOWING and entry.status == _DONE:
            return since
    return None


def recorded_restart(entries: Iterable[HistoryEntry], last_cycle: datetime | None) -> datetime | None:
    """Return when a job was started again after its last cycle began, None if no entry says it; `entries` are from the newest."""
    for entry in entries:
        since = entry_moment(entry.ended) or entry_moment(entry.time)
        if since is None or (last_cycle is not None and since < last_cycle):
            return None
        if entry.command.partition(" ")[0] in _STARTING and entry.status == _DONE:
            return since
    return None


def _record(entry: HistoryEntry, means: str) -> PauseRecord:
    run, since = entry.run, entry_moment(entry.ended) or entry_moment(entry.time)
    return PauseRecord(since, run.actor or run.identity, run.reason, means)


def _is_before(pause: PauseRecord, last_cycle: datetime | None) -> bool:
    return last_cycle is not None and pause.since is not None and pause.since + _SKEW < last_cycle


def _effect(entry: HistoryEntry) -> _Effect:
    if entry.is_apply:
        return _effect_of_apply(entry)
    name = entry.command.partition(" ")[0]
    if name in _SWITCHING_OFF:
        return (
            _NO_EFFECT if entry.status in _NOT_WRITTEN else _Effect(True, "" if name == "pause" else f"with `{name}`")
        )
    return _Effect(False) if entry.status == _DONE else _NO_EFFECT


def _effect_of_apply(entry: HistoryEntry) -> _Effect:
    if entry.pause in _LEFT_OFF:
        return _Effect(True, _means(entry))
    done = [step for step, result in entry.outcomes if result == _DONE and step in (PAUSE_STEP, START_STEP)]
    if not done:
        return _NO_EFFECT
    return _Effect(True, "with an apply") if done[-1] == PAUSE_STEP else _Effect(False)


def _means(entry: HistoryEntry) -> str:
    if entry.run.canary:
        return "for a canary that has not ended"
    if entry.pause == Pause.NOT_STARTED.value:
        return "with `apply --no-start`"
    end = "was interrupted" if entry.status == ApplyStatus.INTERRUPTED.value else "failed"
    return f"with an apply that {end}"


def logged_pause(events: Iterable[AuditEvent], last_cycle: datetime | None) -> PauseRecord | None:
    """Return the newest pause in the audit log that is not before the last cycle; `events` are pauses from the newest."""
    newest = next(iter(events), None)
    if newest is None:
        return None
    pause = PauseRecord(newest.at, newest.by, "", source=_AUDIT_LOG)
    return None if _is_before(pause, last_cycle) else pause
