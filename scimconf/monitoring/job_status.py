"""The status of a synchronization job, as an engineer on call needs it.

Facts (Graph reference, synchronizationStatus and its captures): a job that never ran shows a failed execution with the
error code `None` in the year 1; `Succeeded` does not mean that no object failed, only `countEscrowed` does; `progress`
is empty in every published capture, so nothing is derived from it; a job that is quarantined for four weeks is disabled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from scimconf.documents import job as documents
from scimconf.json_types import Json
from scimconf.monitoring.causes import UNKNOWN_ERROR, Cause, error_cause, quarantine_cause
from scimconf.monitoring.pauses import PauseRecord, redacted_pause
from scimconf.monitoring.times import parse_duration, parse_time, span, stamp

OVERDUE_INTERVALS = 3
_TOO_MANY_DELETES = "toomanydeletes"
"""The reason of the quarantine in which deletions are held back, in lower case."""
DISABLED_AFTER = timedelta(days=28)
WARNED_BEFORE = timedelta(days=7)
_COUNTS: Mapping[str, str] = {
    "assigned": "countEntitled",
    "imported": "countImported",
    "exported": "countExported",
    "failing": "countEscrowed",
}
_TARGET_URNS = ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:", "urn:ietf:params:scim:schemas:core:2.0:")


class JobPhase(StrEnum):
    """What a job does."""

    OFF = "off"
    FIRST_CYCLE = "first cycle"
    RUNNING = "running"
    QUARANTINE = "quarantine"
    DISABLED = "disabled by the service"


_STATES: Mapping[JobPhase, str] = {
    JobPhase.OFF: "off",
    JobPhase.FIRST_CYCLE: "on, the first cycle has not ended",
    JobPhase.RUNNING: "on",
    JobPhase.QUARANTINE: "in quarantine",
    JobPhase.DISABLED: "in quarantine, and switched off by the service",
}


@dataclass(frozen=True, slots=True)
class Execution:
    """The last execution of a job. `counts` are `assigned`, `imported`, `exported` and `failing` objects."""

    began: datetime | None
    ended: datetime | None
    succeeded: bool
    error_code: str
    error_message: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A quarantine: its reason in Graph and in plain words, its times and its error."""

    reason: str
    cause: Cause
    began: datetime | None
    next_attempt: datetime | None
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """The status of one job at a time. `objects` counts the objects that the service knows, by type.

    `steady_since` is when the first cycle ended, None before. `next_cycle` is expected, or announced in quarantine.
    `has_run`: the job was ever started. `escrows_pruned`: its first cycle had too many failures, and the service dropped
    them. `notes` say what the fields do not. `pause` is who switched the job off and why, None if it is on or nothing says it.
    `deletions_allowed` is when deletions that are held back were allowed, `restarted` when a job that is on was started again
    after its last cycle; None if that did not happen or nothing says it.
    """

    job_id: str
    template: str
    phase: JobPhase
    code: str
    last: Execution | None
    last_without_errors: datetime | None
    last_export: datetime | None
    steady_since: datetime | None
    next_cycle: datetime | None
    quarantine: Quarantine | None
    objects: Mapping[str, int]
    notes: tuple[str, ...]
    is_on: bool = False
    has_run: bool = False
    escrows_pruned: bool = False
    pause: PauseRecord | None = None
    deletions_allowed: datetime | None = None
    restarted: datetime | None = None

    @property
    def is_quarantined(self) -> bool:
        return self.quarantine is not None

    @property
    def has_cycled(self) -> bool:
        """Whether a cycle has ended: only then is a job that is paused started again where it stopped."""
        return self.last is not None or self.steady_since is not None

    @property
    def holds_deletions(self) -> bool:
        """Whether the job is in quarantine because of too many deletions."""
        return self.quarantine is not None and self.quarantine.reason.lower() == _TOO_MANY_DELETES

    @property
    def is_started_again(self) -> bool:
        """Whether no cycle has ended since a start, of a job whose first cycle ended before."""
        return self.phase is JobPhase.FIRST_CYCLE and self.steady_since is not None

    @property
    def failure(self) -> Cause | None:
        """Why the last cycle of a job that is on failed as a whole, None if it did not; of a quarantine it is the reason."""
        last = self.last
        is_on = self.phase in (JobPhase.FIRST_CYCLE, JobPhase.RUNNING)
        if not is_on or last is None or last.succeeded or not last.error_code or self.restarted is not None:
            return None
        return error_cause(last.error_code) or UNKNOWN_ERROR

    @property
    def state(self) -> str:
        """What the job does, in words that follow "provisioning is"; all commands use them."""
        if self.phase is JobPhase.OFF and not self.has_cycled:
            return "off, no cycle has ended"
        if self.deletions_allowed is not None:
            return "in quarantine until the next cycle, which carries out the allowed deletions"
        if self.failure is not None:
            return "on, the last cycle failed"
        if self.restarted is not None:
            return "on, no cycle has ended since it was restarted"
        if self.phase is JobPhase.QUARANTINE and not self.is_on:
            return "in quarantine, and off"
        return "on, no cycle has ended since it was started" if self.is_started_again else _STATES[self.phase]

    @property
    def failing(self) -> int:
        """The objects in error at the end of the last execution."""
        return 0 if self.last is None else self.last.counts["failing"]


def redacted_job(job: JobStatus) -> JobStatus:
    """Return a status without who switched the job off."""
    return job if job.pause is None else replace(job, pause=redacted_pause(job.pause))


def job_status(job: Json, now: datetime) -> JobStatus:
    """Return the status of a `synchronizationJob` document; unknown or missing fields are tolerated."""
    status, schedule = _mapping(job.get("status")), _mapping(job.get("schedule"))
    last = _execution(_mapping(status.get("lastExecution")))
    quarantine = _quarantine(status)
    steady = parse_time(status.get("steadyStateFirstAchievedTime"))
    is_on = schedule.get("state") == "Active"
    phase = _phase(status, quarantine, steady, is_on=is_on, now=now)
    interval = parse_duration(schedule.get("interval"))
    return JobStatus(
        job_id=str(job.get("id") or ""),
        template=str(job.get("templateId") or ""),
        phase=phase,
        code=str(status.get("code") or ""),
        last=last,
        last_without_errors=_ended(status, "lastSuccessfulExecution"),
        last_export=_ended(status, "lastSuccessfulExecutionWithExports"),
        steady_since=steady,
        next_cycle=_next_cycle(phase, quarantine, last, interval) if is_on else None,
        quarantine=quarantine,
        objects=_objects(status),
        notes=tuple(_notes(status, phase, quarantine, last, interval, now)),
        is_on=is_on,
        has_run=documents.has_run(job),
        escrows_pruned=status.get("escrowsPruned") is True,
    )


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _execution(document: Mapping[str, Json]) -> Execution | None:
    """Return an execution, None for the placeholder of a job that never ran."""
    began, ended = parse_time(document.get("timeBegan")), parse_time(document.get("timeEnded"))
    if began is None and ended is None:
        return None
    error = _mapping(document.get("error"))
    code = str(error.get("code") or "")
    return Execution(
        began,
        ended,
        succeeded=str(document.get("state") or "").lower() == "succeeded",
        error_code="" if code.lower() == "none" else code,
        error_message=str(error.get("message") or ""),
        counts={name: _number(document.get(key)) for name, key in _COUNTS.items()},
    )


def _number(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _ended(status: Mapping[str, Json], name: str) -> datetime | None:
    return parse_time(_mapping(status.get(name)).get("timeEnded"))


def _quarantine(status: Mapping[str, Json]) -> Quarantine | None:
    details = _mapping(status.get("quarantine"))
    if not details and status.get("code") != "Quarantine":
        return None
    reason, error = str(details.get("reason") or "Unknown"), _mapping(details.get("error"))
    return Quarantine(
        reason,
        quarantine_cause(reason),
        began=parse_time(details.get("seriesBegan")) or parse_time(details.get("currentBegan")),
        next_attempt=parse_time(details.get("nextAttempt")),
        error_code=str(error.get("code") or ""),
        error_message=str(error.get("message") or ""),
    )


def _phase(
    status: Mapping[str, Json], quarantine: Quarantine | None, steady: datetime | None, *, is_on: bool, now: datetime
) -> JobPhase:
    if quarantine is not None:
        is_old = quarantine.began is not None and now - quarantine.began >= DISABLED_AFTER
        return JobPhase.DISABLED if is_old and not is_on else JobPhase.QUARANTINE
    if not is_on:
        return JobPhase.OFF
    return JobPhase.FIRST_CYCLE if status.get("code") == "NotRun" or steady is None else JobPhase.RUNNING


def _next_cycle(
    phase: JobPhase, quarantine: Quarantine | None, last: Execution | None, interval: timedelta | None
) -> datetime | None:
    if quarantine is not None:
        return quarantine.next_attempt if phase is JobPhase.QUARANTINE else None
    if phase is not JobPhase.RUNNING or last is None or last.ended is None or interval is None:
        return None
    return last.ended + interval


def _objects(status: Mapping[str, Json]) -> Mapping[str, int]:
    """Return the numbers of known objects by type, such as `User to User`, without the URNs of SCIM."""
    counts: dict[str, int] = {}
    for entry in status.get("synchronizedEntryCountByType") or ():
        name = str(_mapping(entry).get("key") or "")
        for urn in _TARGET_URNS:
            name = name.replace(urn, "")
        if name:
            counts[name] = counts.get(name, 0) + _number(_mapping(entry).get("value"))
    return counts


def _notes(
    status: Mapping[str, Json],
    phase: JobPhase,
    quarantine: Quarantine | None,
    last: Execution | None,
    interval: timedelta | None,
    now: datetime,
) -> Iterator[str]:
    if status.get("escrowsPruned") is True and phase is JobPhase.OFF:
        yield "the first cycle had too many failures; the service dropped them and waits for a start"
    if last is not None and last.succeeded and last.counts["failing"]:
        yield f"the last cycle succeeded, and {last.counts['failing']:,} of its objects fail and are tried again"
    if phase is JobPhase.RUNNING and last is not None and last.ended is not None and interval is not None:
        silence = now - last.ended
        if silence > OVERDUE_INTERVALS * interval:
            yield f"no cycle ended for {span(silence)}; one is expected every {span(interval)}"
    if phase is JobPhase.QUARANTINE and quarantine is not None and quarantine.began is not None:
        end = quarantine.began + DISABLED_AFTER
        if end <= now:
            yield "the quarantine began more than four weeks ago, after which the service disables the job"
        elif end - now <= WARNED_BEFORE:
            yield f"the service disables the job about {stamp(end)}, four weeks after the quarantine began"
