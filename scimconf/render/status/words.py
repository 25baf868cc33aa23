"""The lines of an application's status, in the order of their importance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.monitoring.causes import with_application
from scimconf.monitoring.contacts import UNCHECKED
from scimconf.monitoring.job_status import JobPhase, JobStatus, Quarantine
from scimconf.monitoring.log_summary import CauseGroup
from scimconf.monitoring.proposals import proposals
from scimconf.monitoring.times import ago, retry_text, span, stamp

MAX_GROUPS = 10
"""Causes of failures that are listed."""
_ALARMS = (JobPhase.QUARANTINE, JobPhase.DISABLED)


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A labelled line; `style` is a style of terminal pages. Details are lines below it."""

    label: str
    text: str
    style: str = ""
    details: tuple[str, ...] = ()


def heading(status: ApplicationStatus) -> tuple[str, str]:
    """Return the state of an application in a few words, and its style."""
    if status.problem:
        return status.problem, "danger" if status.is_failed else "quiet"
    words = "; ".join(dict.fromkeys(job.state for job in status.jobs))
    is_alarm = any(job.phase in _ALARMS or job.failure is not None for job in status.jobs)
    if status.has_failures and not is_alarm:
        words += ", with failures"
        is_alarm = True
    return words, "danger" if is_alarm else "strong"


def lines(status: ApplicationStatus) -> Iterator[StatusLine]:
    """Yield the lines of an application, none of those that are unknown."""
    for job in status.jobs:
        if len(status.jobs) > 1:
            yield StatusLine("job", f"{job.template} ({job.job_id})", "strong")
        yield from _job_lines(job, status)
    for proposal in proposals(status):
        yield StatusLine("next action", proposal.command, "strong", (f"{proposal.condition}: {proposal.leads_to}",))
    yield from _log_lines(status)
    for warning, has_expired in status.token_warnings():
        yield StatusLine("token", warning, "danger" if has_expired else "update")
    yield from _contact_lines(status)
    if status.portal:
        yield StatusLine("portal", status.portal, "quiet")


def _contact_lines(status: ApplicationStatus) -> Iterator[StatusLine]:
    """Yield the lines about people: what is to be done before the start, owners, recipients, and the vendor."""
    steps = status.unconfirmed_steps
    if steps:
        subject = "1 step is not confirmed" if len(steps) == 1 else f"{len(steps)} steps are not confirmed"
        blocking = "which blocks the first start; to confirm, add `confirmed` and `by` to `before_start`"
        effect = "and provisioning has started already" if status.has_started else blocking
        yield StatusLine("before start", f"{subject}, {effect}", "quiet" if status.has_started else "update", steps)
    present = [contact.label for contact in status.owners if not contact.warning]
    if present:
        yield StatusLine("owners", ", ".join(present), "quiet")
    for contact in (*status.owners, *status.recipients):
        if contact.warning:
            style = "danger" if contact.is_absent else "quiet" if contact.state in UNCHECKED else "update"
            yield StatusLine("owner" if contact.kind == "owner" else "emails", contact.warning, style)
    if status.mail_problem:
        yield StatusLine("emails", f"who gets them cannot be read: {status.mail_problem}", "quiet")
    if status.ownership.vendor_contact:
        yield StatusLine("vendor", status.ownership.vendor_contact, "quiet")


def _job_lines(job: JobStatus, status: ApplicationStatus) -> Iterator[StatusLine]:
    now = status.now
    if job.quarantine is not None:
        reason = f"{job.quarantine.cause.meaning} ({job.quarantine.reason})"
        details = [_error(job.quarantine), _quarantine_action(job, status)]
        since = f" since {stamp(job.quarantine.began)}" if job.quarantine.began else ""
        yield StatusLine("quarantine", f"{reason}{since}", "danger", tuple(filter(None, details)))
    if job.pause is not None:
        since = (
            f"{stamp(job.pause.since)} ({ago(min(job.pause.since, now), now)}), " if job.pause.since is not None else ""
        )
        yield StatusLine("off since", f"{since}{job.pause.text}", "update")
    if job.failure is None:
        yield StatusLine("last cycle", _last(job, now))
    else:
        details = [job.failure.meaning, job.failure.action_for(status.selector)]
        yield StatusLine("last cycle", _last(job, now), "danger", tuple(details))
    if job.next_cycle is not None:
        yield StatusLine("next cycle", _next(job, now))
    if job.steady_since is not None:
        yield StatusLine("first cycle", f"ended {stamp(job.steady_since)}", "quiet")
    if job.objects:
        counts = ", ".join(f"{number:,} {name}" for name, number in sorted(job.objects.items()))
        yield StatusLine("known objects", f"{counts} (deleted ones included)", "quiet")
    for note in job.notes:
        yield StatusLine("note", note, "update")


def _quarantine_action(job: JobStatus, status: ApplicationStatus) -> str:
    if job.deletions_allowed is not None:
        when = f"{stamp(job.deletions_allowed)} ({ago(min(job.deletions_allowed, status.now), status.now)})"
        return f"The deletions were allowed on {when}; the next cycle carries them out."
    assert job.quarantine is not None
    return job.quarantine.cause.action_for(status.selector)


def _last(job: JobStatus, now: datetime) -> str:
    """Return the last cycle with its error; the message is omitted if that of the quarantine is the same."""
    last = job.last
    if last is None:
        return "none yet"
    ended = last.ended or last.began
    assert ended is not None
    time = f"{stamp(ended)} ({ago(ended, now)})"
    if last.succeeded or not last.error_code:
        return f"{time}, in this cycle: {_counts(last.counts)}"
    is_known = job.quarantine is not None and job.quarantine.error_message == last.error_message
    message = f": {last.error_message}" if last.error_message and not is_known else ""
    reached = _counts({name: number for name, number in last.counts.items() if number})
    return f"{time}, failed with {last.error_code}{message}{f'; before that: {reached}' if reached else ''}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items())


def _error(quarantine: Quarantine) -> str:
    """Return the error of a quarantine, without what its reason says already."""
    return ": ".join(
        text for text in (quarantine.error_code, quarantine.error_message) if text not in ("", quarantine.reason)
    )


def _next(job: JobStatus, now: datetime) -> str:
    assert job.next_cycle is not None
    about = "" if job.is_quarantined else "about "
    return f"{about}{stamp(job.next_cycle)} ({ago(job.next_cycle, now)})"


def _log_lines(status: ApplicationStatus) -> Iterator[StatusLine]:
    window = f"last {span(status.now - status.since)}" if status.since is not None else "log"
    if status.log_problem:
        yield StatusLine("log", f"cannot be read: {status.log_problem}", "update")
    if status.log is None:
        return
    log = status.log
    counted = [f"{number:,} {name}" for name, number in log.counts.items() if number]
    text = ", ".join(counted) if counted else "nothing in the provisioning log"
    if not counted and not log.events and any(job.phase in (JobPhase.OFF, *_ALARMS) for job in status.jobs):
        text += "; while a job is off or in quarantine, this does not mean that all is well"
    yield StatusLine(window, f"{text}{', older entries not read' if log.is_cut else ''}")
    for group in log.groups[:MAX_GROUPS]:
        yield cause_line(group, status.selector, status.now)
    if log.counts["staged"]:
        yield _staged(status)
    if len(log.groups) > MAX_GROUPS:
        yield StatusLine("", f"and {len(log.groups) - MAX_GROUPS:,} other causes", "quiet")


def _staged(status: ApplicationStatus) -> StatusLine:
    """Return the line about deletions in the log: they are held back, or no longer, when they were allowed or undone."""
    is_held = any(job.holds_deletions and job.deletions_allowed is None for job in status.jobs)
    text = f"deletions {'are' if is_held else 'were'} held back; `scimconf logs --status staged` lists them"
    return StatusLine("staged", with_application(text, status.selector), "danger" if is_held else "quiet")


def cause_line(group: CauseGroup, selector: str, now: datetime) -> StatusLine:
    """Return the line of failures or skipped objects with one cause, with examples and what to do."""
    number = len(group.objects)
    code = ": ".join(filter(None, [group.code or "no code", group.attribute]))
    meaning = f": {group.cause.meaning}" if group.cause is not None else ""
    more = number - len(group.examples)
    names = ", ".join(group.examples) + (f" and {more:,} more" if more else "")
    details = [names, *filter(None, [group.answer_text])]
    if group.next_attempt is not None:
        details.append(retry_text(group.next_attempt, now))
    if group.cause is not None:
        details.append(group.cause.action_for(selector))
    label = "failed" if group.status == "failure" else "skipped"
    return StatusLine(label, f"{number:,} with {code}{meaning}", "danger" if label == "failed" else "", tuple(details))


def as_of(statuses: Sequence[ApplicationStatus]) -> str:
    """Return the time of the statuses, "" without any."""
    return f"As of {stamp(max(status.now for status in statuses))}." if statuses else ""


def watch_end(statuses: Sequence[ApplicationStatus]) -> str:
    """Return why `--watch` ends, and what to do if it is not the end of the first cycle."""
    reasons = [reason for status in statuses if (reason := _stopped(status))]
    return f"Stopped watching: {'; '.join(reasons)}." if reasons else "The first cycle has ended."


def _stopped(status: ApplicationStatus) -> str:
    if status.problem:
        return f"{status.name}: {status.problem}"
    if status.is_quarantined:
        return f"{status.name} is in quarantine, which ends only when its cause is corrected, as the lines above say"
    is_off = any(job.phase is JobPhase.OFF for job in status.jobs)
    return f"{status.name} is off, so that no cycle runs" if is_off else ""


def verdict(statuses: Sequence[ApplicationStatus]) -> str:
    """Return one sentence about all applications."""
    total = len(statuses)
    numbers = {
        "in quarantine": sum(status.is_quarantined for status in statuses),
        "with failures": sum(status.has_failures and not status.is_quarantined for status in statuses),
        "not read": sum(status.is_failed for status in statuses),
        "with missing owners or recipients": sum(status.has_absent_contacts for status in statuses),
        "without the log": sum(bool(status.log_problem) for status in statuses),
        "without a job": sum(bool(status.problem) and not status.is_failed for status in statuses),
    }
    listed = [f"{number:,} {name}" for name, number in numbers.items() if number]
    applications = f"{total:,} {'application' if total == 1 else 'applications'}"
    return f"{applications}: {', '.join(listed)}." if listed else f"{applications}: no failures."
