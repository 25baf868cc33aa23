"""The provisioning log of an application in a window of time."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from scimconf.monitoring.job_status import JobPhase, JobStatus
from scimconf.monitoring.log_events import LoggedEvent, redacted_event
from scimconf.monitoring.log_summary import LogSummary, outcome_of, summarize
from scimconf.monitoring.times import stamp

_SILENT = (JobPhase.QUARANTINE, JobPhase.DISABLED, JobPhase.OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationLog:
    """The events of one application from the newest, its jobs, and why the log could not be read, if so.

    `is_cut`: there are older events in the window that were not read. `unknown_user` is the user that was asked for, if the
    tenant has none of this name. `selector` are the words with which commands name the application, quoted for a shell.
    """

    name: str
    selector: str = ""
    since: datetime
    now: datetime
    jobs: tuple[JobStatus, ...] = ()
    events: tuple[LoggedEvent, ...] = ()
    is_cut: bool = False
    problem: str = ""
    unknown_user: str = ""

    @property
    def summary(self) -> LogSummary:
        return summarize(self.events, is_cut=self.is_cut)

    def notes(self) -> Iterator[str]:
        """Yield what the log itself does not say: it has no entries about quarantine and refused credentials."""
        if self.unknown_user:
            yield f"the tenant has no user {self.unknown_user} today"
        for job in self.jobs:
            if job.quarantine is not None:
                since = f" since {stamp(job.quarantine.began)}" if job.quarantine.began else ""
                yield f"the job is in quarantine{since}: {job.quarantine.cause.meaning}"
            elif job.phase in _SILENT:
                yield "provisioning is off"
            elif job.last is None:
                yield "no cycle has ended yet"
        if not self.events and not self.problem and all(job.phase not in _SILENT for job in self.jobs):
            yield "no entries in this window; a cycle that finds nothing to do writes none"


def selected_events(
    events: Collection[LoggedEvent], statuses: Collection[str], user: str = ""
) -> Iterator[LoggedEvent]:
    """Yield the events with one of the statuses (none: all) that concern a user, by object id or name ("": all).

    `staged` selects deletions that the service holds back, which have another status.
    """
    for event in events:
        is_status = not statuses or event.status in statuses or ("staged" in statuses and outcome_of(event) == "staged")
        if is_status and user.casefold() in ("", event.source_id, event.source_name.casefold()):
            yield event


def redacted(log: ApplicationLog) -> ApplicationLog:
    """Return the log without names and values: users are named by the start of their object ids."""
    return replace(log, events=tuple(map(redacted_event, log.events)))
