"""Why a user is or is not in an application: the verdict with its reason, from everything that is known.

The newest event of the log that shows it decides whether the application has the user. Without one, the first reason
decides that keeps the user out, in the order of the checks: the account, the assignment, the filters, the values, the job.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from scimconf.impact.user_scope import UserScope, ValueProblem
from scimconf.monitoring.causes import error_cause
from scimconf.monitoring.job_status import OVERDUE_INTERVALS, JobPhase, JobStatus, Quarantine
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.times import ago, span, stamp
from scimconf.monitoring.user_history import STAGED, Stored, UserHistory, doing, done, event_cause, user_history
from scimconf.monitoring.why_effects import keeps_user, leaver_effect, with_effect

LOG_DELAY = timedelta(minutes=15)
"""How late the service writes an entry of the log (Microsoft's validator waits as long)."""
_USUAL_INTERVAL = timedelta(minutes=40)
_COMPLETE_LOG = timedelta(days=7)
"""How long entries are kept at least: 7 days without a P1 licence, else 30 (Entra: retention of logs)."""
_NEEDED = {"job": "the provisioning job", "log": "the provisioning log", "mappings": "the attribute mappings"}
"""What must be read for an answer about a user in scope, by the label of the check."""
_ALLOW = "If that is right, an administrator must run `scimconf allow-deletions`; if not, undo the cause and run `scimconf restart`."
_WAIT = "Nothing is to be done: the next cycle does this. Look again in an hour."


class Presence(StrEnum):
    """Whether the application has the user, as far as Entra shows it."""

    YES = "provisioned"
    NO = "not provisioned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFacts:
    """What is known about a user and an application; None and empty are unknown or nothing.

    `deleted` is the day on which the user was deleted, "" if the day is unknown, None for a user who exists. `scope` is
    `all`, `assigned`, or None if it is unknown. `nested` are paths of groups, from an assigned group to an inner one that has
    the user. `assigned_since` is the earliest time of the user's assignments, None if one of them has no known time.
    `assigned_groups` are the names of the groups that would bring the user into scope. `creates`, `keeps_leavers` and
    `leavers` are settings of the job: users are created; nobody who leaves the scope is changed; they get "disable",
    "delete", or "" for nothing. `vendor` is what the vendor does with a disabled account, "" if it is not known. `job` is one of `jobs`. `problems_of_reads` are what could not be read, by the label of the check.
    """

    user: str
    application: str
    now: datetime
    is_guest: bool = False
    deleted: str | None = None
    is_enabled: bool | None = None
    created: datetime | None = None
    scope: str | None = "assigned"
    is_mapped: bool = True
    creates: bool = True
    keeps_leavers: bool = False
    leavers: str = "disable"
    vendor: str = ""
    has_roles: bool = False
    user_scope: UserScope = field(default_factory=lambda: UserScope(assigned=None))
    nested: tuple[tuple[str, ...], ...] = ()
    assigned_since: datetime | None = None
    assigned_groups: tuple[str, ...] = ()
    problems: tuple[ValueProblem, ...] = ()
    job: JobStatus | None = None
    jobs: int = 1
    events: tuple[LoggedEvent, ...] = ()
    problems_of_reads: tuple[tuple[str, str], ...] = ()

    def could_not_read(self, label: str) -> str:
        """Return why something could not be read, "" if it could."""
        return dict(self.problems_of_reads).get(label, "")

    @property
    def is_concerned(self) -> bool:
        """Whether the user has or could have something to do with the application."""
        is_out = self.user_scope.assigned is False and self.scope == "assigned" and not self.nested
        is_known = user_history(self.events).stored is not Stored.UNKNOWN
        return is_known or (self.deleted is None and not is_out)


class Reason(NamedTuple):
    """Why a user is not provisioned, and what to do."""

    sentence: str
    action: str


class Verdict(NamedTuple):
    """Whether the user is provisioned, the reason in one sentence, and what to do."""

    provisioning: Presence
    sentence: str
    action: str


def verdict(facts: UserFacts) -> Verdict:
    """Return the verdict about a user and an application."""
    history = user_history(facts.events)
    out = out_of_scope(facts)
    provisioning, sentence, action = _verdict(facts, history, out)
    return Verdict(provisioning, sentence, with_effect(action, facts, history, is_out=out is not None))


def _verdict(facts: UserFacts, history: UserHistory, out: Reason | None) -> Verdict:
    match history.stored:
        case Stored.ACTIVE:
            return _active(facts, history, out)
        case Stored.DISABLED | Stored.DELETED:
            return _removed(facts, history, out)
        case Stored.LOST:
            return _lost(history, out)
    return _never_written(facts, history, out)


# ---- the application has the user, or had ----------------------------------------------------------------------------


def _active(facts: UserFacts, history: UserHistory, out: Reason | None) -> Verdict:
    assert history.since is not None
    time = history.since.time
    is_written = history.since.status == "success" and time is not None
    sentence = f"{done(history.since)} on {stamp(time)}" if is_written and time else "the application has the user"
    but = _leaving(facts, history, out) if out is not None else _failure(history) or stopped(facts)
    if but is None:
        return Verdict(Presence.YES, sentence, "")
    return Verdict(Presence.YES, f"{sentence}, but {but.sentence}", but.action)


def _leaving(facts: UserFacts, history: UserHistory, out: Reason) -> Reason:
    """Return what happens to a user who is out of scope, and whom the application still has."""
    stop = stopped(facts)
    if history.last is not None and history.last.action == STAGED:
        return _held_back(facts, out)
    if history.failed and history.last is not None:
        cause = event_cause(history.last)
        return Reason(f"{out.sentence}; {doing(history.last)} the user failed: {cause.meaning}", cause.action)
    if keeps_user(facts):
        policy = "the job does not change users who leave (`skip_out_of_scope_deletions`)"
        return Reason(f"{out.sentence}; {policy}", "Disable the user in the application, if this is not wanted.")
    if stop is not None:
        return Reason(f"{out.sentence}; the user stays active, because {stop.sentence}", stop.action)
    if not facts.leavers:
        action = "Disable the user in the application, and add a mapping of `active` from `IsSoftDeleted`."
        return Reason(f"{out.sentence}; no mapping disables the user", action)
    return Reason(f"{out.sentence}; the next cycle {leaver_effect(facts)}", _WAIT)


def _held_back(facts: UserFacts, out: Reason) -> Reason:
    """Return what happens to a leaver whose deletion was held back."""
    allowed = facts.job.deletions_allowed if facts.job is not None else None
    if allowed is None:
        return Reason(f"{out.sentence}; too many users would be deleted at once, so this was held back", _ALLOW)
    obstacle = f"this was held back, and allowed on {stamp(allowed)}"
    return Reason(f"{out.sentence}; {obstacle}: the next cycle {leaver_effect(facts)}", _WAIT)


def _removed(facts: UserFacts, history: UserHistory, out: Reason | None) -> Verdict:
    assert history.since is not None
    when = f" on {stamp(history.since.time)}" if history.since.time is not None else ""
    sentence = f"{done(history.since)} in the application{when}"
    if out is not None:
        return Verdict(Presence.NO, f"{sentence}: {out.sentence}", out.action)
    but = _failure(history) or stopped(facts)
    if but is not None:
        return Verdict(Presence.NO, f"{sentence}, and {but.sentence}", but.action)
    return Verdict(Presence.NO, f"{sentence}; in scope again, so the next cycle enables the user", _WAIT)


def _lost(history: UserHistory, out: Reason | None) -> Verdict:
    """Return the verdict about a user whom somebody deleted in the application."""
    assert history.since is not None
    cause = event_cause(history.since)
    if out is not None:
        return Verdict(Presence.NO, f"{cause.meaning}, and {out.sentence}", out.action)
    return Verdict(Presence.NO, cause.meaning, cause.action)


def _failure(history: UserHistory) -> Reason | None:
    """Return the failure of the last attempt."""
    if not history.failed or history.last is None:
        return None
    cause = event_cause(history.last)
    return Reason(f"{doing(history.last)} the user failed: {cause.meaning}", cause.action)


# ---- nothing shows that the application has the user -----------------------------------------------------------------


def _never_written(facts: UserFacts, history: UserHistory, out: Reason | None) -> Verdict:
    reason = out or _failure(history) or _value_problem(facts) or _not_created(facts) or _never_ran(facts)
    if reason is not None:
        return Verdict(Presence.NO, *reason)
    unknown = _unknown(facts)
    if unknown is not None:
        return Verdict(Presence.UNKNOWN, *unknown)
    stop = stopped(facts)
    if history.skipped and history.last is not None:
        cause = event_cause(history.last)
        sentence = f"the last cycle that looked at the user skipped the user: {cause.meaning}"
        now = stop or Reason("in scope now, so the next cycle creates the user", _WAIT)
        return Verdict(Presence.NO, f"{sentence}; {now.sentence}", now.action)
    return _without_entry(facts, stop)


def _without_entry(facts: UserFacts, stop: Reason | None) -> Verdict:
    """Return the verdict about a user in scope of whom the log has no entry: certain only if the log must have one."""
    entered = max(filter(None, [facts.created, facts.assigned_since]), default=None)
    age = timedelta.max if entered is None else facts.now - entered
    if stop is not None:
        is_certain = age <= _COMPLETE_LOG and entered is not None and _is_logged(facts, entered)
        end = "" if is_certain else "; the provisioning log has no entry about the user"
        return Verdict(Presence.NO if is_certain else Presence.UNKNOWN, f"{stop.sentence}{end}", stop.action)
    late = _late_cycle(facts)
    if age <= _COMPLETE_LOG and late is not None:
        return Verdict(Presence.NO, *late)
    if age <= _interval(facts) + LOG_DELAY:
        next_cycle = facts.job.next_cycle if facts.job is not None else None
        when = f" (next cycle {ago(next_cycle, facts.now)})" if next_cycle is not None else ""
        wait = "Wait for the next cycle, and 15 minutes more: the log is late by so much. Then run this again."
        return Verdict(Presence.UNKNOWN, f"in scope since {span(age)}, and not in the log yet{when}", wait)
    if age <= _COMPLETE_LOG:
        action = (
            "If the user joined a group or got a value only now, wait for a cycle. Else an administrator can provision the"
            " user on demand, which shows the error."
        )
        return Verdict(Presence.NO, "in scope, and the service has not processed the user yet", action)
    action = (
        "A user who did not change in 30 days has no entry. Ask in the application, or provision the user on demand: it"
        " shows whether the user is there."
    )
    return Verdict(Presence.UNKNOWN, "in scope, and the provisioning log has no entry about the user", action)


def _late_cycle(facts: UserFacts) -> Reason | None:
    """Return that no cycle has ended for so long that new users wait."""
    job = facts.job
    if job is None or job.next_cycle is None or job.last is None or job.last.ended is None:
        return None
    if facts.now - job.last.ended <= OVERDUE_INTERVALS * _interval(facts):
        return None
    sentence = f"in scope, but no cycle has ended for {span(facts.now - job.last.ended)}"
    return Reason(
        sentence, "A long cycle delays the next one. If this goes on, an administrator must restart provisioning."
    )


def _interval(facts: UserFacts) -> timedelta:
    job = facts.job
    if job is None or job.next_cycle is None or job.last is None or job.last.ended is None:
        return _USUAL_INTERVAL
    return max(job.next_cycle - job.last.ended, timedelta())


def _is_logged(facts: UserFacts, entered: datetime) -> bool:
    """Return whether the log shows what the last cycle did with a user who entered the scope at a time."""
    ended = facts.job.last.ended if facts.job is not None and facts.job.last is not None else None
    return ended is None or entered > ended or facts.now - ended > LOG_DELAY


def _value_problem(facts: UserFacts) -> Reason | None:
    problem = next(iter(facts.problems), None)
    if problem is None:
        return None
    detail = f" ({problem.detail})" if problem.detail else ""
    return Reason(f"{problem.text}{detail}", "Correct the user's value in Entra, the roles, or the mapping.")


def _not_created(facts: UserFacts) -> Reason | None:
    if facts.creates:
        return None
    return Reason("creating users is switched off for this application", "Create the user in the application by hand.")


def _never_ran(facts: UserFacts) -> Reason | None:
    """Return that no cycle can have created users; of a job that was read."""
    job = facts.job
    if job is None:
        missing = Reason("the application has no provisioning job", "An administrator must set up provisioning.")
        return None if facts.could_not_read("job") else missing
    if job.steady_since is None and job.phase is not JobPhase.RUNNING:
        return stopped(facts)
    return None


def _unknown(facts: UserFacts) -> Reason | None:
    """Return what could not be read or decided and leaves the answer open."""
    for label, name in _NEEDED.items():
        if facts.could_not_read(label):
            return Reason(f"{name} cannot be read", _ask_for(label))
    scope = facts.user_scope
    if facts.scope != "all" and scope.assigned is not True:
        gap = scope.assignment_gap or "whether only assigned users are in scope is not known"
        label = next((label for label in ("assignment", "scope") if facts.could_not_read(label)), "")
        return Reason(gap, _ask_for(label) if label else "")
    if scope.passes is None:
        return Reason(f"whether the user passes the scoping filters is not known: {scope.filter_gap}", "")
    return None


def _ask_for(label: str) -> str:
    return f"Ask an administrator for the permission that the check `{label}` names."


# ---- reasons ---------------------------------------------------------------------------------------------------------


def out_of_scope(facts: UserFacts) -> Reason | None:
    """Return the first reason why the user cannot be provisioned at all."""
    if facts.deleted is not None:
        day = f" on {facts.deleted}" if facts.deleted else ""
        return Reason(f"the user was deleted in Entra{day}", "Restore the user within 30 days, if this is not wanted.")
    is_unassigned = facts.user_scope.assigned is False and facts.scope == "assigned"
    if facts.is_enabled is False:
        return _disabled(is_assigned=not is_unassigned)
    if is_unassigned:
        return _nested(facts) if facts.nested else _not_assigned(facts)
    if not facts.is_mapped:
        action = "An administrator must enable the mapping of users."
        return Reason("the mapping of users is switched off for this application", action)
    if facts.user_scope.passes is False:
        return _filtered(facts)
    return None


def _disabled(*, is_assigned: bool) -> Reason:
    sentence = "the account is disabled in Entra"
    if is_assigned:
        return Reason(sentence, "Enable the account, if the user is to work again.")
    return Reason(
        f"{sentence}, and not assigned", "Enable the account and assign the user, if the user is to work again."
    )


def _not_assigned(facts: UserFacts) -> Reason:
    groups = f", for example {_names(facts.assigned_groups)}" if facts.assigned_groups else ""
    action = f"Assign the user to the application, or add the user to an assigned group{groups}."
    return Reason("not assigned to the application, neither directly nor through a group", action)


def _names(names: Iterable[str]) -> str:
    texts = sorted(names)
    more = f" and {len(texts) - 3:,} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more


def _nested(facts: UserFacts) -> Reason:
    path = facts.nested[0]
    inside = f"in a group inside {path[0]}" if len(path) == 1 else f"in the group {' inside '.join(reversed(path))}"
    action = f"Assign {path[-1]} to the application, or make the user a direct member of {path[0]}."
    if len(path) == 1:
        action = f"Make the user a direct member of {path[0]}, or assign the inner group."
    return Reason(
        f"only {inside}: Entra provisions direct members of an assigned group, not those of inner groups", action
    )


def _filtered(facts: UserFacts) -> Reason:
    action = "Correct the user's value in Entra, if it is wrong. Else the application is not meant for this user."
    failed = facts.user_scope.failed
    if not failed:
        return Reason("the scoping filters leave the user out", action)
    return Reason(f"a scoping filter leaves the user out: {clause_text(facts.user_scope, 0)}", action)


def clause_text(scope: UserScope, index: int) -> str:
    """Return a clause that does not hold, with the user's value."""
    clause = scope.failed[index]
    value = "no value" if clause.value in (None, "", ()) else f'"{clause.value}"'
    name = f' (filter "{clause.filter}")' if clause.filter else ""
    return f"{clause.clause}, and the user has {value}{name}"


def stopped(facts: UserFacts) -> Reason | None:
    """Return why no cycle creates or changes users now."""
    job = facts.job
    if job is None:
        return None if facts.could_not_read("job") else Reason("provisioning was removed", "")
    if job.quarantine is not None:
        return _quarantined(job, job.quarantine)
    if job.phase is JobPhase.OFF:
        return _off(job)
    if job.failure is not None:
        return Reason(f"the last cycle failed: {job.failure.meaning}", job.failure.action)
    return _waiting(job) if job.phase is JobPhase.FIRST_CYCLE or job.restarted is not None else None


def _quarantined(job: JobStatus, quarantine: Quarantine) -> Reason:
    if job.deletions_allowed is not None:
        return Reason(f"provisioning is {job.state}", _WAIT)
    cause = error_cause(quarantine.error_code) or quarantine.cause
    since = f" since {stamp(quarantine.began)}" if quarantine.began is not None else ""
    return Reason(f"provisioning is in quarantine{since}: {cause.meaning}", cause.action)


def _off(job: JobStatus) -> Reason:
    if not job.has_run:
        hint = (
            "An administrator must apply its spec, `scimconf apply PATH`, which starts provisioning for the first time."
        )
        return Reason(f"provisioning is {job.state}", hint)
    if job.escrows_pruned:
        return Reason(
            "provisioning is off: its first cycle had too many failures, and the service dropped them",
            "An administrator must correct the cause of the failures and run `scimconf restart`.",
        )
    return Reason(
        f"provisioning is paused{job.pause.clause if job.pause is not None else ''}",
        "An administrator must start provisioning: `scimconf resume --app NAME`.",
    )


def _waiting(job: JobStatus) -> Reason:
    wait = "Wait for its end: `scimconf status --app NAME --watch`."
    if job.is_started_again or job.restarted is not None:
        return Reason("no cycle has ended since provisioning was started", wait)
    return Reason("the first cycle has not ended; it handles all users and can take hours", wait)
