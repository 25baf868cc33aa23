"""Why a user is or is not in an application: the verdict, then each check with what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scimconf.monitoring.causes import error_cause, with_application
from scimconf.monitoring.job_status import JobPhase, JobStatus
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.times import ago, stamp

MAX_REASON = 200
"""Characters of a reason in the verdict."""
_WRITTEN = ("create", "update", "other")
_IN_SYNC = "redundantexport"


class Presence(StrEnum):
    """Whether the application has the user, as far as Entra shows it."""

    YES = "provisioned"
    NO = "not provisioned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFacts:
    """What is known about a user and an application; None and empty are unknown or nothing.

    `deleted` is the day of the deletion; `scope_reason` says why the user is in scope or not; `nested` are assigned groups that
    have the user only in inner groups. `problems` are sentences about values that fail or are missing.
    """

    user: str
    application: str
    now: datetime
    exists: bool = True
    deleted: str = ""
    is_enabled: bool | None = None
    in_scope: bool | None = None
    scope_reason: str = ""
    nested: tuple[str, ...] = ()
    roles: str = ""
    problems: tuple[str, ...] = ()
    job: JobStatus | None = None
    event: LoggedEvent | None = None
    log_problem: str = ""


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """The verdict in one sentence, and the checks as label and text."""

    provisioning: Presence
    sentence: str
    action: str
    checks: tuple[tuple[str, str], ...]


def explain(facts: UserFacts) -> WhyAnswer:
    """Return the first reason that decides; the checks list everything else that is known."""
    provisioning, sentence, action = _verdict(facts)
    return WhyAnswer(provisioning, sentence, action, tuple(_checks(facts)))


def _verdict(facts: UserFacts) -> tuple[Presence, str, str]:
    left = _not_in_scope(facts)
    if left is not None and (_is_written(facts.event) or _is_staged(facts.event)):
        return Presence.YES, *_still_there(facts, left)
    reason = left or _failure(facts)
    if reason is not None:
        return Presence.NO, *reason
    stopped = _not_running(facts)
    if _is_written(facts.event):
        written = facts.event.time if facts.event is not None else None
        since = f", last written {stamp(written)}" if written is not None else ""
        but, action = (f", but {stopped[0]}", stopped[1]) if stopped is not None else ("", "")
        return Presence.YES, f"the application has the user{since}{but}", action
    if stopped is not None:
        return Presence.NO, *stopped
    sentence = "the user is in scope, and the provisioning log has no entry"
    action = (
        "A user without changes has none. A new assignment takes up to a cycle, and the log is up to 15 minutes late."
    )
    return Presence.UNKNOWN, sentence, action


def _still_there(facts: UserFacts, left: tuple[str, str]) -> tuple[str, str]:
    """Return that the application has a user who left the scope, and when this ends."""
    reason, action = left
    sentence = f"the application still has the user, although {_clause(reason)}"
    if _is_staged(facts.event):
        command = with_application("`scimconf restart --allow-deletes`", facts.application)
        return f"{sentence}: the deletion threshold holds the deletion back", f"To execute it: {command}."
    keep = f" To keep the user: {action[:1].lower()}{action[1:]}" if action else ""
    return f"{sentence}: no cycle has disabled the user", f"The next cycle does, if the mappings disable users.{keep}"


def _clause(reason: str) -> str:
    """Return a reason of `UserFacts` as a clause: `not assigned` has no verb."""
    return reason if reason.startswith("the ") else f"the user is {reason}"


def _is_staged(event: LoggedEvent | None) -> bool:
    return event is not None and event.action in ("stageddelete", "stagedaction")


def _failure(facts: UserFacts) -> tuple[str, str] | None:
    """Return the failure of the last attempt, or the value that would fail if nothing was written yet."""
    event = facts.event
    if event is not None and event.status == "failure":
        cause = error_cause(event.code)
        meaning = cause.meaning if cause is not None else _short(event.reason) or "without a reason"
        return f"the last attempt failed ({event.code}): {meaning}", cause.action_for(
            facts.application
        ) if cause else ""
    if facts.problems and not _is_written(event):
        return facts.problems[0], "Correct the mapping or the value."
    return None


def _short(reason: str) -> str:
    """Return the beginning of a reason, without the sentences about its repetition."""
    text = reason.partition(" This operation was retried")[0]
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]}…"


def _not_in_scope(facts: UserFacts) -> tuple[str, str] | None:
    """Return why the user cannot be provisioned at all, and what to do."""
    if not facts.exists:
        deleted = f"; a user of this name was deleted on {facts.deleted}" if facts.deleted else ""
        return f"the tenant has no such user{deleted}", "Restore the user." if facts.deleted else ""
    if facts.is_enabled is False:
        return "the account is disabled in the tenant", "Enable the account."
    if facts.in_scope is False and facts.nested:
        groups = ", ".join(facts.nested)
        action = (
            "Assign the inner group, or make the user a direct member: members of inner groups are not provisioned."
        )
        return f"the user is only in a group inside {groups}", action
    if facts.in_scope is False:
        return facts.scope_reason or "the user is not in scope", "Assign the user, or change the scope."
    return None


def _not_running(facts: UserFacts) -> tuple[str, str] | None:
    job = facts.job
    if job is None:
        return "the application has no provisioning job", "Apply its spec."
    if job.quarantine is not None:
        cause = job.quarantine.cause
        return f"the job is in quarantine: {cause.meaning}", cause.action_for(facts.application)
    if job.phase is JobPhase.OFF:
        return "provisioning is off", "Start provisioning."
    if job.phase is JobPhase.FIRST_CYCLE:
        return "the first cycle has not ended", with_application(
            "Wait for its end: `scimconf status --watch`.", facts.application
        )
    return None


def _is_written(event: LoggedEvent | None) -> bool:
    if event is None:
        return False
    if event.status == "success":
        return event.action in _WRITTEN
    return event.status == "skipped" and event.code.lower().endswith(_IN_SYNC)


def _checks(facts: UserFacts) -> Iterator[tuple[str, str]]:
    if not facts.exists:
        return
    enabled = {True: "enabled", False: "disabled", None: "could not be read"}[facts.is_enabled]
    yield "account", enabled
    scope = {True: "in scope", False: "not in scope", None: "undetermined"}[facts.in_scope]
    yield "scope", f"{scope}{f': {facts.scope_reason}' if facts.scope_reason else ''}"
    if facts.nested:
        yield "inner groups", f"the user is in a group inside {', '.join(facts.nested)}, which is not provisioned"
    if facts.roles:
        yield "roles", facts.roles
    for problem in facts.problems:
        yield "value", problem
    yield from _job_checks(facts)
    if facts.log_problem:
        yield "log", f"cannot be read: {facts.log_problem}"
    elif facts.event is None:
        yield "log", "no entry about the user in 30 days"
    else:
        yield "log", _event_text(facts.event, facts.now)


def _job_checks(facts: UserFacts) -> Iterator[tuple[str, str]]:
    job = facts.job
    if job is None:
        yield "job", "none"
        return
    last = job.last.ended if job.last is not None else None
    cycle = f"last cycle {ago(last, facts.now)}" if last is not None else "no cycle has ended"
    following = f", next {ago(job.next_cycle, facts.now)}" if job.next_cycle is not None else ""
    yield "job", f"{job.phase.value}: {cycle}{following}"


def _event_text(event: LoggedEvent, now: datetime) -> str:
    when = ago(event.time, now) if event.time is not None else "at an unknown time"
    code = ": ".join(filter(None, [event.code, event.attribute]))
    again = ""
    if event.next_attempt is not None:
        is_due = event.next_attempt <= now
        again = f"; tried again {'in the next cycle' if is_due else ago(event.next_attempt, now)}"
    return f"{event.action} {event.status} {when}{f' ({code})' if code else ''}{again}"
