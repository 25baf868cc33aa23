"""The status of an application: its jobs, what the provisioning log says, and the tokens that expire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scimconf.monitoring.contacts import WITHOUT_SPEC, Contact, Ownership, redacted_contact
from scimconf.monitoring.job_status import JobPhase, JobStatus, redacted_job
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
    `selector` are the words with which commands name the application, quoted for a shell: a path, or `--app NAME`.
    `enabled` is `provisioning.enabled` of the spec, None without a spec.
    `ownership` is what the spec says about people, `owners` are its owners as the tenant has them. `mail` are the addresses
    that get the emails of the service, `recipients` what the tenant has of them, and `mail_problem` why they are not known.
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
    selector: str = ""
    enabled: bool | None = None
    ownership: Ownership = WITHOUT_SPEC
    owners: tuple[Contact, ...] = ()
    mail: tuple[str, ...] = ()
    mail_problem: str = ""
    recipients: tuple[Contact, ...] = ()

    @property
    def is_quarantined(self) -> bool:
        return any(job.is_quarantined for job in self.jobs)

    @property
    def has_failures(self) -> bool:
        """Whether a cycle failed, an object is in error in a job, or an object failed according to the log."""
        return any(job.failing or job.failure is not None for job in self.jobs) or (
            self.log is not None and self.log.counts["failed"] > 0
        )

    @property
    def is_settled(self) -> bool:
        """Whether waiting for the first cycle is over: every job is steady, off or in quarantine."""
        return all(job.phase is not JobPhase.FIRST_CYCLE and job.restarted is None for job in self.jobs)

    @property
    def has_started(self) -> bool:
        """Whether provisioning was ever started: a job is on, or has run."""
        return any(job.has_run for job in self.jobs)

    @property
    def unconfirmed_steps(self) -> tuple[str, ...]:
        """The manual steps of the spec that nobody has confirmed."""
        return self.ownership.unconfirmed(self.now.date())

    @property
    def has_absent_contacts(self) -> bool:
        """Whether an owner is disabled or gone, or nobody has the address of a recipient."""
        return any(contact.is_absent for contact in (*self.owners, *self.recipients))

    def token_warnings(self) -> Iterator[tuple[str, bool]]:
        """Yield a sentence about each token that has expired or expires soon, and whether it has expired."""
        for reference, expires in self.tokens:
            warning = expiry_warning(reference, expires, self.now.date())
            if warning:
                yield warning, expires < self.now.date()


def redacted_status(status: ApplicationStatus) -> ApplicationStatus:
    """Return a status without names of users and responses of the application."""
    status = replace(
        status,
        jobs=tuple(map(redacted_job, status.jobs)),
        ownership=replace(status.ownership, owners=()),
        owners=tuple(map(redacted_contact, status.owners)),
        mail=(),
        recipients=tuple(map(redacted_contact, status.recipients)),
    )
    if status.log is None:
        return status
    groups = tuple(replace(group, events=tuple(map(redacted_event, group.events))) for group in status.log.groups)
    return replace(status, log=replace(status.log, groups=groups))


def expiry_warning(reference: str, expires: date, today: date) -> str:
    """Return a sentence about a token that has expired or expires within 30 days, "" for another."""
    days = (expires - today).days
    if days < 0:
        return f"the token {reference} expired on {expires.isoformat()}"
    if days > EXPIRY_NOTICE.days:
        return ""
    when = "today" if days == 0 else f"in {days} {'day' if days == 1 else 'days'}, on {expires.isoformat()}"
    return f"the token {reference} expires {when}"
