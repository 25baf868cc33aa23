"""The status of applications as JSON; `docs/operate.md` is its contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.monitoring.contacts import Contact
from scimconf.monitoring.job_status import JobStatus
from scimconf.monitoring.log_summary import LogSummary
from scimconf.monitoring.pauses import PauseRecord
from scimconf.monitoring.proposals import proposals
from scimconf.render.json import write

Json = Any
FORMAT_VERSION = "2.0"


def statuses(applications: Sequence[ApplicationStatus], *, tenant: str = "") -> str:
    """Return the document of all statuses in a tenant; its name is "" if it could not be read."""
    documents = list(map(document, applications))
    return write({"applications": documents, "tenant": tenant, "format_version": FORMAT_VERSION})


def document(status: ApplicationStatus) -> Json:
    """Return the JSON values of one status; times are ISO 8601 in UTC, null for never or unknown."""
    return {
        "name": status.name,
        "display_name": status.display_name,
        "app_id": status.app_id,
        "service_principal": status.service_principal,
        "at": time(status.now),
        "problem": status.problem,
        "failed": status.is_failed,
        "quarantined": status.is_quarantined,
        "has_failures": status.has_failures,
        "jobs": [_job(job, status.selector) for job in status.jobs],
        "since": time(status.since),
        "log": None if status.log is None else _log(status.log, status.selector),
        "log_problem": status.log_problem,
        "tokens": [{"reference": token.reference, "expires": token.expires.isoformat()} for token in status.tokens],
        "next_actions": [asdict(proposal) for proposal in proposals(status)],
        "warnings": [warning for warning, _ in status.token_warnings()],
        "portal": status.portal,
        "owners": list(map(_contact, status.owners)),
        "recipients": list(map(_contact, status.recipients)),
        "recipients_problem": status.mail_problem,
        "vendor_contact": status.ownership.vendor_contact,
        "unconfirmed_steps": list(status.unconfirmed_steps),
        "has_started": status.has_started,
    }


def _contact(contact: Contact) -> Json:
    return {
        "text": contact.text,
        "id": contact.id,
        "name": contact.name,
        "state": contact.state.value,
        "deleted": contact.day,
        "absent": contact.is_absent,
        "warning": contact.warning,
    }


def time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _job(job: JobStatus, selector: str) -> Json:
    last = None
    if job.last is not None:
        last = {**asdict(job.last), "began": time(job.last.began), "ended": time(job.last.ended)}
    return {
        "id": job.job_id,
        "template": job.template,
        "phase": job.phase.value,
        "code": job.code,
        "last": last,
        "last_without_errors": time(job.last_without_errors),
        "last_export": time(job.last_export),
        "steady_since": time(job.steady_since),
        "next_cycle": time(job.next_cycle),
        "quarantine": _quarantine(job, selector),
        "objects": dict(job.objects),
        "notes": list(job.notes),
        "deletions_allowed": time(job.deletions_allowed),
        "restarted": time(job.restarted),
        "pause": _pause(job.pause),
    }


def _pause(pause: PauseRecord | None) -> Json:
    if pause is None:
        return None
    names = ("by", "reason", "means", "source")
    return {"since": time(pause.since), **{name: getattr(pause, name) for name in names}}


def _quarantine(job: JobStatus, selector: str) -> Json:
    if job.quarantine is None:
        return None
    return {
        "reason": job.quarantine.reason,
        "meaning": job.quarantine.cause.meaning,
        "action": job.quarantine.cause.action_for(selector),
        "began": time(job.quarantine.began),
        "next_attempt": time(job.quarantine.next_attempt),
        "error": {"code": job.quarantine.error_code, "message": job.quarantine.error_message},
    }


def _log(log: LogSummary, selector: str) -> Json:
    groups = [
        {
            "status": group.status,
            "code": group.code,
            "attribute": group.attribute,
            "meaning": group.cause.meaning if group.cause else "",
            "action": group.cause.action_for(selector) if group.cause else "",
            "objects": len(group.objects),
            "examples": list(group.examples),
        }
        for group in log.groups
    ]
    return {"counts": dict(log.counts), "causes": groups, "entries": log.events, "is_cut": log.is_cut}
