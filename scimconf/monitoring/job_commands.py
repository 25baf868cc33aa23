"""What the commands about a job do to users: scopes of a restart, and deletions that are held back.

Facts (Graph reference, synchronizationJobRestartCriteria; Entra documentation, accidental deletions): an empty scope is the
portal's restart, `Watermark, Escrows, QuarantineState`. `Full` also deletes the links between users and accounts.
`ForceDeletes` alone is the portal's "Allow deletes"; it allows all deletions that are held back, never single ones. `None`
and `ConnectorDataStore` are not for customers, so no command sends them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scimconf.diagnostics import ScimconfError
from scimconf.kinds.schedule import UNCONFIRMED, unconfirmed_message
from scimconf.monitoring.job_status import JobStatus
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.log_summary import outcome_of
from scimconf.monitoring.times import stamp

FORCE_DELETES = "ForceDeletes"
_UNNAMED_ACTIONS = ("other", "unknownfuturevalue")
"""How Graph may name a disabling that is held back: the metadata only has `stagedDelete`."""
_NOT_STAGED = ("redundantexport", "noteffectivelyentitled")
"""Skip reasons of objects with which nothing was to be done."""


class RestartScope(StrEnum):
    """What a restart resets; Graph's name is `reset`."""

    WATERMARK = "watermark"
    ESCROWS = "escrows"
    QUARANTINE = "quarantine"
    FULL = "full"

    @property
    def reset(self) -> str:
        """The name in Graph's `resetScope`."""
        return "QuarantineState" if self is RestartScope.QUARANTINE else self.value.capitalize()


PORTAL_SCOPES = (RestartScope.WATERMARK, RestartScope.ESCROWS, RestartScope.QUARANTINE)
"""The scopes of a restart in the portal, in the order of Graph's examples."""


def restart_scopes(names: Iterable[str]) -> tuple[RestartScope, ...]:
    """Return the scopes in a fixed order, those of the portal for no names; raise ScimconfError for a wrong combination."""
    chosen = {RestartScope(name) for name in names}
    if RestartScope.FULL in chosen and len(chosen) > 1:
        others = ", ".join(sorted(chosen - {RestartScope.FULL}))
        raise ScimconfError(
            f"--scope full contains all other scopes, and is combined with {others}",
            "Pass --scope full alone, or leave it out.",
        )
    return tuple(scope for scope in RestartScope if scope in chosen) or PORTAL_SCOPES


def reset_scope(scopes: Iterable[RestartScope]) -> str:
    """Return the value of Graph's `resetScope`."""
    return ", ".join(scope.reset for scope in scopes)


def is_initial(scopes: Collection[RestartScope]) -> bool:
    """Return whether the next cycle evaluates every user in scope."""
    return bool({RestartScope.WATERMARK, RestartScope.FULL} & set(scopes))


@dataclass(frozen=True, slots=True)
class StagedDeletion:
    """A user or group whose disabling or deletion is held back; `is_certain` is False if the log does not name the action."""

    event: LoggedEvent
    is_certain: bool

    @property
    def key(self) -> str:
        """What identifies the user or group."""
        return self.event.source_id or self.event.change_id


def staged_deletions(events: Sequence[LoggedEvent], began: datetime) -> tuple[StagedDeletion, ...]:
    """Return what a quarantine that began at a time holds back, by name; `events` are from the newest.

    The entries are those since then, and those of the last cycle before, which imposed the quarantine. It is not known
    whether each later cycle lists all again, so that the newest entry of each user or group decides.
    """
    newest: dict[str, LoggedEvent] = {}
    for event in events:
        newest.setdefault(event.source_id or event.change_id, event)
    earlier = [event for event in events if outcome_of(event) == "staged" and _is_before(event, began)]
    imposing = earlier[0].cycle_id if earlier else None
    recent = [event for event in newest.values() if not _is_before(event, began) or event.cycle_id == imposing]
    staged = [staged for event in recent if (staged := _staged(event)) is not None]
    return tuple(sorted(staged, key=lambda deletion: (deletion.event.source_name.casefold(), deletion.key)))


def _is_before(event: LoggedEvent, began: datetime) -> bool:
    return event.time is not None and event.time < began


def _staged(event: LoggedEvent) -> StagedDeletion | None:
    if outcome_of(event) == "staged":
        return StagedDeletion(event, is_certain=True)
    is_unnamed = event.action in _UNNAMED_ACTIONS and event.status in ("skipped", "warning")
    if is_unnamed and event.code.lower() not in _NOT_STAGED:
        return StagedDeletion(event, is_certain=False)
    return None


class JobCommand(StrEnum):
    """A command about a job."""

    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"
    ALLOW_DELETIONS = "allow-deletions"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What is known about an application before a command about its job.

    `users` is the most users that are in scope, None if unknown; `enabled` is `provisioning.enabled` of the spec, None
    without a spec; `selector` are the words with which commands name the application. `unconfirmed_steps` are the manual
    steps of the spec that nobody has confirmed.
    """

    name: str
    selector: str
    status: JobStatus
    now: datetime
    users: int | None = None
    enabled: bool | None = None
    unconfirmed_steps: tuple[str, ...] = ()


INITIAL_START, LINKS_LOST = "initial-start", "links-lost"
START_GUARDS = (INITIAL_START, UNCONFIRMED)
COMMAND_GUARDS = (*START_GUARDS, LINKS_LOST)
"""The guards of commands about a job; those of a start are also guards of plans."""


def command_guards(
    command: JobCommand, facts: JobFacts, scopes: Collection[RestartScope] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the id and the message of each guard that blocks a command unless it is allowed."""
    guards = []
    if command in (JobCommand.RESUME, JobCommand.RESTART) and not facts.status.has_run:
        spec = facts.selector if facts.enabled is not None else "PATH"
        message = (
            "provisioning would start for the first time and create users in the application. Start it with "
            f"`scimconf apply {spec}`, which also checks single sign-on and the manual steps before the first start"
        )
        guards.append((INITIAL_START, message))
        if facts.unconfirmed_steps:
            guards.append((UNCONFIRMED, unconfirmed_message(facts.unconfirmed_steps)))
    if RestartScope.FULL in scopes:
        guards.append((LINKS_LOST, "the service would forget which accounts of the application it manages"))
    return tuple(guards)


def retired_problem(command: JobCommand, retired: str) -> str:
    """Return why a command must not start the job of an application that its spec calls retired, "" if it may."""
    if command is JobCommand.PAUSE or not retired:
        return ""
    return f"the spec says that the application is retired since {retired}, so its job is not started"


def is_done(command: JobCommand, status: JobStatus) -> str:
    """Return why a command has nothing to do, "" if it has."""
    if command is JobCommand.PAUSE and not status.is_on:
        return "provisioning is off already"
    if command is JobCommand.RESUME and status.is_on and not status.is_quarantined:
        return "provisioning is on already"
    if command is JobCommand.RESUME and status.is_on:
        return "provisioning is on, and the job is in quarantine, which only a restart ends before its next attempt"
    if command is JobCommand.ALLOW_DELETIONS and status.deletions_allowed is not None:
        return f"the deletions were allowed on {stamp(status.deletions_allowed)}, and the next cycle carries them out"
    if command is JobCommand.ALLOW_DELETIONS and not status.holds_deletions:
        return "no deletions are held back: the job is not in quarantine because of too many deletions"
    return ""
