"""The status of an application: its jobs, what the provisioning log says, and the tokens that expire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scimconf.monitoring.job_status import JobPhase, JobStatus
from scimconf.monitoring.log_events import redacted_event
from scimconf.monitoring.log_summary import LogSummary

EXPIRY_NOTICE = timedelta(days=30)
"""How long before its expiry a token is reported."""


class TokenExpiry(NamedTuple):
    """The day on which a token expires, as the spec says: Entra stores neither its age nor its expiry."""

    reference: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationStatus:
    """The status of one application at the time `now`.

    `log` covers `since` until `now`; without it, `log_problem` says why. Without jobs, `problem` says why there are
    none, and whether this is an error. `portal` is the address of the application's provisioning page, "" if unknown.
    """

    name: str
    now: datetime
    display_name: str = ""
    app_id: str = ""
    service_principal: str = ""
    jobs: tuple[JobStatus, ...] = ()
    since: datetime | None = None
    log: LogSummary | None = None
    log_problem: str = ""
    tokens: tuple[TokenExpiry, ...] = ()
    problem: str = ""
    is_failed: bool = False
    portal: str = ""

    @property
    def application(self) -> str:
        """What a command names the application by: its display name, else its name in the spec."""
        return self.display_name or self.name

    @property
    def is_quarantined(self) -> bool:
        return any(job.is_quarantined for job in self.jobs)

    @property
    def has_failures(self) -> bool:
        """Whether an object is in error in a job, or failed according to the log."""
        return any(job.failing for job in self.jobs) or (self.log is not None and self.log.counts["failed"] > 0)

    @property
    def is_settled(self) -> bool:
        """Whether waiting for the first cycle is over: every job is steady, off or in quarantine."""
        return all(job.phase is not JobPhase.FIRST_CYCLE for job in self.jobs)

    def token_notices(self) -> Iterator[tuple[str, bool]]:
        """Yield a sentence about each token that has expired or expires soon, and whether it has expired."""
        for reference, expires in self.tokens:
            notice = expiry_notice(reference, expires, self.now.date())
            if notice:
                yield notice, expires < self.now.date()


def redacted_status(status: ApplicationStatus) -> ApplicationStatus:
    """Return a status without names of users and responses of the application."""
    if status.log is None:
        return status
    groups = tuple(replace(group, events=tuple(map(redacted_event, group.events))) for group in status.log.groups)
    return replace(status, log=replace(status.log, groups=groups))


def expiry_notice(reference: str, expires: date, today: date) -> str:
    """Return a sentence about a token that has expired or expires within 30 days, "" for another."""
    days = (expires - today).days
    if days < 0:
        return f"the token {reference} expired on {expires.isoformat()}"
    if days > EXPIRY_NOTICE.days:
        return ""
    when = "today" if days == 0 else f"in {days} {'day' if days == 1 else 'days'}, on {expires.isoformat()}"
    return f"the token {reference} expires {when}"
