"""The commands about a job: pause, resume, restart and allow deletions. Write to the tenant.

Each reads the application, which a person then approves, reads it again right before its write, and keeps a history entry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scimconf.diagnostics import GraphError, LockedError, ScimconfError, StaleError
from scimconf.documents.lock import lock_of_others
from scimconf.monitoring.history import UNKNOWN_RUN, HistoryEntry, RunContext
from scimconf.monitoring.job_commands import (
    FORCE_DELETES,
    JobCommand,
    JobFacts,
    RestartScope,
    StagedDeletion,
    is_done,
    reset_scope,
    staged_deletions,
)
from scimconf.monitoring.job_status import JobStatus
from scimconf.monitoring.log_events import logged_events
from scimconf.version import __version__
from scimconf.workflow.history import entry_time
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.job_control import (
    ControlledJob,
    ControlResult,
    UncertainError,
    find_job,
    pause_job,
    restart_job,
    start_job,
)
from scimconf.workflow.pauses import PauseReader
from scimconf.workflow.scope_size import users_in_scope
from scimconf.workflow.targets import ApplicationTarget, file_name

if TYPE_CHECKING:
    from scimconf.graph.client import Graph
    from scimconf.graph.reading import TenantSession

LOG_MARGIN = timedelta(days=2)
"""How long before the beginning of a quarantine the cycle that imposed it can have begun: a first cycle takes hours."""
MAX_RECORDED = 1000
"""Users and groups that the entry of allowed deletions names."""
ALLOWED = "allowed to delete"
_DONE, _FAILED, _UNCERTAIN = "done", "failed", "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """How a command runs: the holder whose lock does not stop it, whether none does, and where its history is kept.

    `history` is None if none is kept; `pauses` says who switched the job off, None if nobody asks. `clock` returns the time (UTC), of history entries and if Graph sends none.
    """

    clock: Callable[[], datetime]
    lock_holder: str = ""
    ignore_lock: bool = False
    history: OpenHistory | None = None
    run: RunContext = UNKNOWN_RUN
    pauses: PauseReader | None = None


@dataclass(frozen=True, slots=True)
class PreparedJob:
    """The job of an application as a person sees it before the approval, and what is held back, if that was read."""

    target: ApplicationTarget
    job: ControlledJob
    facts: JobFacts
    staged: tuple[StagedDeletion, ...] = ()


async def prepare(session: TenantSession, target: ApplicationTarget, options: CommandOptions) -> PreparedJob:
    """Return the job of an application, and how many users it has; raise LockedError, ScimconfError or GraphError."""
    job = await _unlocked_job(session, target, options)
    facts = _facts(target, job, await users_in_scope(session.graph, job.names))
    if options.pauses is not None:
        graph, spec = session.graph, target.spec_name
        status = await options.pauses.explained(graph, facts.status, job.principal, spec, job.now)
        facts = replace(facts, status=status)
    return PreparedJob(target, job, facts)


def _facts(target: ApplicationTarget, job: ControlledJob, users: int | None) -> JobFacts:
    return JobFacts(
        name=target.name,
        selector=target.selector,
        status=job.status,
        now=job.now,
        users=users,
        enabled=target.enabled,
        unconfirmed_steps=target.ownership.unconfirmed(job.now.date()),
    )


async def _unlocked_job(session: TenantSession, target: ApplicationTarget, options: CommandOptions) -> ControlledJob:
    job = await find_job(session, target, options.clock())
    lock = lock_of_others(job.principal.get("tags"), job.now, options.lock_holder)
    if lock is not None and not options.ignore_lock:
        hint = "Wait until that run has ended, or write all the same with --ignore-lock: it may start or pause the job again."
        raise LockedError(f"another run has the lock of this application: {lock}", hint)
    return job


async def read_staged(session: TenantSession, prepared: PreparedJob) -> PreparedJob:
    """Return the job with the deletions that it holds back; raise ScimconfError if the log does not list them all."""
    staged = await held_deletions(session.graph, prepared.job.status, prepared.job.now)
    return PreparedJob(prepared.target, prepared.job, prepared.facts, staged)


async def held_deletions(graph: Graph, job: JobStatus, now: datetime) -> tuple[StagedDeletion, ...]:
    """Return the deletions that a job holds back; raise ScimconfError if the log does not list them all."""
    from scimconf.graph.provisioning_log import read_log

    began = (job.quarantine.began if job.quarantine is not None else None) or now
    try:
        log = await read_log(graph, job.job_id, began - LOG_MARGIN)
    except GraphError as error:
        raise ScimconfError(
            f"the provisioning log cannot be read, so it is not known what is held back: {error}",
            error.hint or "Read it in the portal, and select Allow deletes there.",
        ) from None
    if log.is_cut:
        raise ScimconfError(
            "the provisioning log has more entries since the quarantine began than can be read, so some deletions are unknown",
            "Read it in the portal, and select Allow deletes there.",
        )
    staged = staged_deletions(logged_events(log.entries), began)
    if not staged:
        raise ScimconfError(
            "the provisioning log does not list yet what is held back",
            "An entry takes up to 15 minutes. Run it again then.",
        )
    return staged


async def run_command(
    session: TenantSession,
    command: JobCommand,
    prepared: PreparedJob,
    options: CommandOptions,
    scopes: Sequence[RestartScope] = (),
) -> ControlResult:
    """Read the job again and do what was approved; `wrote` is False if nothing is left to do.

    Raise StaleError if the deletions have changed, LockedError, CredentialsRefusedError, CredentialsUntestedError,
    UncertainError or GraphError. The history entry says how it ended, also then.
    """
    job = await _unlocked_job(session, prepared.target, options)
    if is_done(command, job.status):
        return ControlResult(job, wrote=False)
    if command is JobCommand.ALLOW_DELETIONS:
        current = PreparedJob(prepared.target, job, _facts(prepared.target, job, None))
        _check_same(prepared.staged, (await read_staged(session, current)).staged)
    name = prepared.target.name if prepared.target.enabled is not None else file_name(job.principal)
    if options.history is not None:
        options.history.begin_command(_entry(command, name, options, scopes, prepared.staged))
    try:
        result = await _write(session, command, job, scopes)
    except UncertainError as error:
        _end(options, _UNCERTAIN, str(error))
        raise
    except ScimconfError as error:
        _end(options, _FAILED, str(error))
        raise
    _end(options, _DONE)
    return result


async def _write(
    session: TenantSession, command: JobCommand, job: ControlledJob, scopes: Sequence[RestartScope]
) -> ControlResult:
    match command:
        case JobCommand.PAUSE:
            return await pause_job(session, job)
        case JobCommand.RESUME:
            return await start_job(session, job)
        case JobCommand.RESTART:
            return await restart_job(session, job, reset_scope(scopes))
        case JobCommand.ALLOW_DELETIONS:
            return await restart_job(session, job, FORCE_DELETES)


def _check_same(approved: Sequence[StagedDeletion], current: Sequence[StagedDeletion]) -> None:
    before, after = ({deletion.key: deletion.event.source_name for deletion in each} for each in (approved, current))
    if before.keys() == after.keys():
        return
    added = [name for key, name in after.items() if key not in before]
    removed = len(before.keys() - after.keys())
    changes = [f"{len(added)} more" if added else "", f"{removed} less" if removed else ""]
    raise StaleError(
        f"the deletions that are held back have changed: {len(after)} instead of {len(before)} ("
        f"{', '.join(filter(None, changes))}). Nothing was allowed",
        "Run the command again, and read the new list.",
    )


def _entry(
    command: JobCommand,
    name: str,
    options: CommandOptions,
    scopes: Collection[RestartScope],
    staged: Sequence[StagedDeletion],
) -> HistoryEntry:
    words = command.value + "".join(f" --scope {scope.value}" for scope in scopes)
    words += f" --expect {len(staged)}" if staged else ""
    return HistoryEntry(
        application=name,
        time=entry_time(options.clock()),
        version=__version__,
        run=options.run,
        command=words,
        changes=tuple((deletion.event.source_name or deletion.key, ALLOWED) for deletion in staged[:MAX_RECORDED]),
    )


def _end(options: CommandOptions, status: str, error: str = "") -> None:
    if options.history is not None:
        options.history.end_command(status, error)
