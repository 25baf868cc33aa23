"""The answer of `why`: the verdict with the checks in order, each a label and a sentence; and its redacted form."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace

from scimconf.monitoring.causes import with_application
from scimconf.monitoring.job_status import JobStatus, redacted_job
from scimconf.monitoring.log_events import redacted_event
from scimconf.monitoring.times import ago
from scimconf.monitoring.user_history import event_text
from scimconf.monitoring.why import Presence, UserFacts, clause_text, verdict


@dataclass(frozen=True, slots=True)
class WhyAnswer:
    """The verdict in one sentence, what to do, and the checks as label and text."""

    application: str
    provisioning: Presence
    sentence: str
    action: str
    checks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WhyReport:
    """The answers about a user, for each application that concerns the user; `others` are the names of the rest.

    Without an application, `answers` has one about the user alone. `unread` are applications that could not be read.
    """

    user: str
    answers: tuple[WhyAnswer, ...]
    others: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()


def explain(facts: UserFacts) -> WhyAnswer:
    """Return the verdict with all checks."""
    provisioning, sentence, action = verdict(facts)
    return WhyAnswer(facts.application, provisioning, sentence, _runnable(action, facts), tuple(_checks(facts)))


def _runnable(action: str, facts: UserFacts) -> str:
    """Return what to do with commands that can be run as they are printed."""
    selector = f"--app {shlex.quote(facts.application)}"
    named = with_application(action.replace("--app NAME", selector), selector)
    return named.replace("--user UPN", f"--user {shlex.quote(facts.user)}")


def _checks(facts: UserFacts) -> Iterator[tuple[str, str]]:
    yield "account", _account(facts)
    if facts.deleted is None:
        yield from _scope_checks(facts)
    yield "job", _job(facts, facts.job) if facts.job is not None else _unread(facts, "job") or "none"
    yield from _log(facts)


def _unread(facts: UserFacts, label: str) -> str:
    problem = facts.could_not_read(label)
    return f"could not be read: {problem}" if problem else ""


def _account(facts: UserFacts) -> str:
    if facts.deleted is not None:
        return f"deleted{f' on {facts.deleted}' if facts.deleted else ''}; deleted users can be restored for 30 days"
    state = {True: "enabled", False: "disabled", None: "its state could not be read; grant User.Read.All"}
    return f"{'a guest, ' if facts.is_guest else ''}{state[facts.is_enabled]}"


def _scope_checks(facts: UserFacts) -> Iterator[tuple[str, str]]:
    yield "assignment", _assignment(facts)
    for label in ("scope", "mappings"):
        if facts.could_not_read(label):
            yield label, _unread(facts, label)
    for path in facts.nested:
        yield "inner groups", f"{' > '.join(path)}: only direct members of {path[0]} are provisioned"
    yield from _roles(facts)
    if not facts.is_mapped:
        yield "mapping", "the mapping of users is switched off"
    if not facts.creates:
        yield "mapping", "creating users is switched off; only users whom the application has are changed"
    yield from _filters(facts)
    for problem in facts.problems:
        yield "value", f"{problem.text}{f' ({problem.detail})' if problem.detail else ''}"


def _assignment(facts: UserFacts) -> str:
    scope = facts.user_scope
    if scope.assigned:
        return " and ".join(scope.routes)
    if facts.scope == "all":
        return "not needed: all users of the tenant are in scope"
    if scope.assigned is None:
        return ". ".join(filter(None, [f"unknown: {scope.assignment_gap}", facts.could_not_read("assignment")]))
    return "none, neither directly nor through a group"


def _roles(facts: UserFacts) -> Iterator[tuple[str, str]]:
    scope = facts.user_scope
    if len(scope.roles) > 1:
        yield "roles", f"{len(scope.roles)}: {', '.join(scope.roles)}"
    elif scope.roles:
        yield "role", scope.roles[0]
    elif scope.assigned and facts.has_roles:
        role = "Default Access" if scope.default_access else "none"
        yield (
            "role",
            f"{role}, although the application has roles: the application may refuse the user or give no rights",
        )


def _filters(facts: UserFacts) -> Iterator[tuple[str, str]]:
    scope = facts.user_scope
    for index in range(len(scope.failed)):
        yield "filter", clause_text(scope, index)
    if scope.passes is None:
        yield "filter", f"unknown: {scope.filter_gap}"


def _job(facts: UserFacts, job: JobStatus) -> str:
    last = job.last.ended if job.last is not None else None
    text = f"{job.state}: last cycle {ago(last, facts.now)}" if last is not None else job.state
    if job.next_cycle is not None:
        text += f", next {'due ' if job.next_cycle < facts.now else ''}{ago(job.next_cycle, facts.now)}"
    if job.quarantine is not None:
        text += f"; {': '.join(filter(None, dict.fromkeys([job.quarantine.reason, job.quarantine.error_code])))}"
    if facts.jobs > 1:
        text += f"; the application has {facts.jobs} jobs, this is {job.template}"
    return text


def _log(facts: UserFacts) -> Iterator[tuple[str, str]]:
    if facts.could_not_read("log"):
        yield "log", _unread(facts, "log")
    elif facts.events:
        last = facts.events[0]
        yield "log", event_text(last, facts.now)
        if last.status != "success" and last.answer_text:
            yield "answer", last.answer_text
    elif facts.job is not None and facts.job.last is not None:
        yield "log", "no entry about the user in 30 days"


def redacted_facts(facts: UserFacts, name: str) -> UserFacts:
    """Return facts without names and values of the user, who is named `name`; groups, roles and filters keep their names."""
    scope = facts.user_scope
    failed = tuple(replace(clause, value=clause.value and "…") for clause in scope.failed)
    return replace(
        facts,
        user=name,
        job=facts.job and redacted_job(facts.job),
        user_scope=replace(scope, failed=failed),
        problems=tuple(replace(problem, detail="") for problem in facts.problems),
        events=tuple(map(redacted_event, facts.events)),
    )
