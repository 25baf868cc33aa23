"""What a command about a job does, before it asks and after it is done, as text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from scimconf.monitoring.job_commands import (
    JobCommand,
    JobFacts,
    RestartScope,
    StagedDeletion,
    is_initial,
)
from scimconf.monitoring.log_events import redacted_event
from scimconf.monitoring.times import ago, span
from scimconf.render.terminal.page import Page, joined

MAX_LISTED = 100
"""Deletions that are listed without `full`."""
LOG_DELAY = timedelta(minutes=15)
"""How long an entry of the provisioning log can take (Microsoft's validator waits as long)."""
_LINKS = (
    "The service forgets which account belongs to which user, and matches all of them again. Users who do not match get a "
    "second account, and the accounts of users who have left since stay active."
)
_LINKS_STAY = "Users who are out of scope are disabled; what the service knows about the accounts of users is kept."
_CACHE = "Microsoft warns that a restart can lose changes that a running cycle has not sent yet."


def question(
    command: JobCommand,
    facts: JobFacts,
    scopes: Collection[RestartScope] = (),
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """Return what the command does to the users of an application."""
    page = Page(width, color)
    lines = list(page.labelled(0, ("strong", f"{facts.name}: "), ("", _state(facts)), hang=2))
    if facts.status.pause is not None and command is not JobCommand.PAUSE:
        lines += page.prose(2, f"It was {facts.status.pause.sentence}", "strong", hang=2)
    for text in _effects(command, facts, scopes):
        lines += page.prose(2, text, hang=2)
    return joined(lines)


def _state(facts: JobFacts) -> str:
    last = facts.status.last
    ended = f"; last cycle {ago(last.ended, facts.now)}" if last is not None and last.ended is not None else ""
    quarantine = facts.status.quarantine
    reason = f" ({quarantine.reason}: {quarantine.cause.meaning})" if quarantine is not None else ""
    return f"provisioning is {facts.status.state}{reason}{ended}."


def _effects(command: JobCommand, facts: JobFacts, scopes: Collection[RestartScope]) -> Iterator[str]:
    if command is JobCommand.PAUSE:
        yield (
            "A running cycle still ends; after it nobody is created, changed or disabled. The users in scope "
            f"({_number(facts)}) keep what they have, and those who leave or lose their assignment keep their access until "
            "provisioning is resumed."
        )
    elif command is JobCommand.RESUME and not facts.status.has_run:
        yield f"Provisioning starts with its first cycle, which creates users. Users in scope: {_number(facts)}."
    elif command is JobCommand.RESUME:
        yield (
            "Provisioning continues where it stopped: the next cycle handles what has changed since, and disables users who "
            f"have left meanwhile. Users in scope: {_number(facts)}."
        )
        if facts.status.quarantine is not None:
            yield "The start also ends the quarantine."
        if facts.status.escrows_pruned and not facts.status.is_on:
            yield f"It does not try the users again whose failures the service dropped: scimconf restart {facts.selector}"
    else:
        yield from _restart(facts, scopes)


def _restart(facts: JobFacts, scopes: Collection[RestartScope]) -> Iterator[str]:
    chosen = set(RestartScope) if RestartScope.FULL in scopes else set(scopes)
    yield from _quarantine_and_failures(facts, chosen)
    if is_initial(chosen):
        yield f"The next cycle is an initial one: all users in scope ({_number(facts)}) are evaluated again."
        yield _LINKS if RestartScope.FULL in chosen else _LINKS_STAY
        yield _CACHE
    elif facts.status.is_on:
        yield "The next cycle continues where the last one ended; no other users are evaluated again."
    else:
        yield "The next cycle handles what has changed since provisioning is off, and disables users who have left meanwhile."
    if facts.status.holds_deletions and facts.status.deletions_allowed is None:
        yield (
            "Deletions are held back. Unless their cause is undone, the next cycle holds them back again; if they are right: "
            f"scimconf allow-deletions {facts.selector}"
        )
    if not facts.status.is_on:
        yield "Provisioning is off; it is started."


def _quarantine_and_failures(facts: JobFacts, chosen: Collection[RestartScope]) -> Iterator[str]:
    failing = facts.status.failing
    if facts.status.quarantine is not None:
        is_ended = RestartScope.QUARANTINE in chosen or not facts.status.is_on
        ended, stays = (
            "The quarantine ends, and cycles run at their usual interval again.",
            "The job stays in quarantine",
        )
        yield ended if is_ended else f"{stays}: --scope quarantine ends it."
    if RestartScope.ESCROWS in chosen:
        number = f"{failing:,} at the end of the last cycle" if failing else "none at the end of the last cycle"
        yield f"Users and groups that fail ({number}) are tried again in the next cycle."
    elif failing:
        yield f"Users and groups that fail ({failing:,} at the end of the last cycle) wait for their own next attempt."


def _number(facts: JobFacts) -> str:
    """Return the number of users in scope: scoping filters and disabled accounts are not regarded."""
    return "their number could not be read" if facts.users is None else f"at most {facts.users:,}"


def deletions(
    facts: JobFacts, staged: Sequence[StagedDeletion], *, full: bool = False, width: int = 100, color: bool = False
) -> str:
    """Return the deletions that are held back, and what allowing them does."""
    page, number = Page(width, color), len(staged)
    heading = f"{number_of_deletions(number)} held back:"
    lines = list(page.labelled(0, ("strong", f"{facts.name}: "), ("danger", heading), hang=2))
    for deletion in staged if full else staged[:MAX_LISTED]:
        unsure = "" if deletion.is_certain else " (not certain: the log does not name the action)"
        lines += page.prose(2, f"{deletion.event.source_name} ({deletion.event.kind or 'object'}){unsure}", hang=2)
    if number > MAX_LISTED and not full:
        lines += page.prose(2, f"and {number - MAX_LISTED:,} more; --full lists all", "quiet")
    off = "" if facts.status.is_on else " Provisioning is off; it is started."
    text = (
        "The next cycle disables or deletes all of them in the application, and any that are added until then: the service "
        f"cannot allow single ones. This cannot be undone here.{off}"
    )
    lines += page.prose(2, text, hang=2)
    if recent := _too_recent(facts):
        lines += page.prose(2, recent, "update", hang=2)
    return joined(lines)


def redacted(staged: Sequence[StagedDeletion]) -> tuple[StagedDeletion, ...]:
    """Return the deletions without names of users and groups."""
    return tuple(replace(deletion, event=redacted_event(deletion.event)) for deletion in staged)


def number_of_deletions(number: int) -> str:
    return "1 deletion is" if number == 1 else f"{number:,} deletions are"


def _too_recent(facts: JobFacts) -> str:
    """Return that the log may not list all deletions yet, "" if it does."""
    last = facts.status.last
    age = facts.now - last.ended if last is not None and last.ended is not None else LOG_DELAY
    if age >= LOG_DELAY:
        return ""
    return f"The last cycle ended {span(age)} ago, and an entry of the log takes up to 15 minutes: there may be more."


def guards(name: str, blocking: Sequence[tuple[str, str]], *, width: int = 100, color: bool = False) -> str:
    """Return the guards that block a command, by id and message; the empty text for none."""
    page, lines = Page(width, color), list[str]()
    for guard, message in blocking:
        text = f"{message}. It is allowed with --allow {guard}."
        lines += page.labelled(2, ("danger", f"guard {guard}: "), ("", text), hang=2)
    lines += page.prose(0, f"{name}: nothing was written: blocked.") if blocking else ()
    return joined(lines)


def done(
    command: JobCommand,
    facts: JobFacts,
    text: str,
    *,
    width: int = 100,
    color: bool = False,
) -> str:
    """Return what was done, how to follow it, and whether the spec says something else."""
    page = Page(width, color)
    lines = list(page.labelled(0, ("strong", f"{facts.name}: "), ("", text), hang=2))
    drift = _drift(command, facts)
    if drift:
        lines += page.prose(2, drift, hang=2)
        lines += [page.line(4, ("", opposite)) for opposite in _opposite(command, facts)]
    return joined(lines)


def _opposite(command: JobCommand, facts: JobFacts) -> tuple[str, ...]:
    """Return the command that undoes this one; none before the first cycle has ended, when only an apply starts the job."""
    if command is not JobCommand.PAUSE:
        return (f"scimconf pause {facts.selector}",)
    return (f"scimconf resume {facts.selector}",) if facts.status.has_cycled else ()


def _drift(command: JobCommand, facts: JobFacts) -> str:
    """Return what the next plan shows, "" if the spec says the same; a command follows, which is not wrapped."""
    is_off = command is JobCommand.PAUSE
    value, other = ("true", "false") if is_off else ("false", "true")
    act = "starts it again, with an initial cycle" if is_off else "pauses it"
    has_way_back = bool(_opposite(command, facts))
    way_back = (
        ", or run before the next apply:" if has_way_back else ". No cycle has ended yet, so only an apply starts it."
    )
    if facts.enabled is is_off:
        return (
            f"The spec has `provisioning.enabled: {value}`: the next plan shows this as a change, and the next apply {act}. Set "
            f"it to {other} if this is to stay{way_back}"
        )
    if facts.enabled is None and is_off:
        return (
            "If a spec of this application has `provisioning.enabled: true`, its next plan shows this as a change, and its "
            f"next apply {act}. Set it to false if this is to stay{way_back}"
        )
    return ""
