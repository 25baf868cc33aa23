"""Control of a provisioning job outside of an apply: pause, start, restart, wait for a cycle. Writes to the tenant.

This is the one place for it. Each function takes the job as it was read last and returns it as it is afterwards. Before
every start and restart the service tests the stored credentials; if it refuses them, or if the test has no answer, nothing
is started. Requests whose answer is lost are not sent again, since Graph advises against starting a job that runs: the job
is read instead, and if it does not show the result, an UncertainError says what may have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents import job as job_documents
from scimconf.json_types import Json
from scimconf.monitoring.job_status import JobStatus, job_status
from scimconf.monitoring.times import span
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal

if TYPE_CHECKING:
    from datetime import timedelta

    from scimconf.graph.reading import TenantSession

JOB = f"{job_documents.BASE}/jobs/{{job}}"
LOST_ANSWER = 20.0
"""Seconds for which a job is read after a lost answer, until it shows the result."""
CYCLE_READ = 15.0
"""Seconds between two reads of a job whose cycle is awaited."""
_CORRECT = "Correct the tenant URL, or store a new token and change `rotation`, and apply. Then run the command again."
_LOOK = "`scimconf status` shows whether provisioning is on. Then run the command again: it does what remains."
_REPEAT = "A job does not show that it was restarted. Run the command again: it resets the same once more."


class CredentialsRefusedError(ScimconfError):
    """The service refuses the stored credentials; nothing was started."""


class CredentialsUntestedError(ScimconfError):
    """The test of the stored credentials has no result; nothing was started."""


class UncertainError(ScimconfError):
    """The answer to a request was lost, and the job does not show whether it took effect."""


class NotStartedError(ScimconfError):
    """The job was restarted, and its start failed."""


class CycleTimeoutError(ScimconfError):
    """The awaited cycle did not end in time, or the job is off."""


@dataclass(frozen=True, slots=True)
class ControlledJob:
    """The only job of an application: `name` is for messages, the documents are those of Graph.

    `principal` is the service principal with `id`, `displayName` and `tags`.
    """

    name: str
    principal: Mapping[str, Json]
    document: Mapping[str, Json]
    now: datetime

    @property
    def names(self) -> Mapping[str, str]:
        """The names in paths."""
        template = str(self.document.get("templateId") or "")
        return {
            "service_principal": str(self.principal["id"]),
            "job": str(self.document["id"]),
            "template": template,
        }

    @property
    def status(self) -> JobStatus:
        return job_status(self.document, self.now)

    @property
    def is_on(self) -> bool:
        """Whether provisioning is on, also in quarantine."""
        return job_documents.is_on(self.document)

    @property
    def has_run(self) -> bool:
        """Whether the job was ever started."""
        return job_documents.has_run(self.document)


@dataclass(frozen=True, slots=True)
class ControlResult:
    """The job afterwards. `wrote` is False if it was so already, and nothing was sent.

    `is_visible` is False if Graph accepted the request, and its reads do not show the result yet.
    """

    job: ControlledJob
    wrote: bool = True
    is_visible: bool = True


async def find_job(session: TenantSession, target: ApplicationTarget, now: datetime) -> ControlledJob:
    """Return the only job of an application; raise ScimconfError if there is none, or several.

    `now` is the time if Graph sends none.
    """
    principal = await find_principal(session.graph, target)
    jobs = await find_jobs(session.graph, str(principal["id"]), target.template)
    if len(jobs) != 1:
        names = ", ".join(str(job.get("templateId")) for job in jobs)
        problem = f"has several jobs: {names}" if jobs else "has no provisioning job"
        raise ScimconfError(f"the application {target.value} {problem}")
    session.consistency.set_created(principal.get("createdDateTime"))
    return ControlledJob(target.name, principal, jobs[0], _time(session, now))


async def read_again(session: TenantSession, job: ControlledJob) -> ControlledJob:
    """Return the job as it is now; raise GraphError."""
    from scimconf.graph.reading import read

    document = await read(session.graph, job_documents.job(), job.names)
    return replace(job, document=document, now=_time(session, job.now))


def _time(session: TenantSession, default: datetime) -> datetime:
    return (session.graph.now or default).astimezone(UTC)


async def check_stored_credentials(session: TenantSession, job: ControlledJob) -> None:
    """Let the service test the stored credentials; it sends a read to the application.

    Raise CredentialsRefusedError, or CredentialsUntestedError if there is no answer, or GraphError without the permission.
    """
    path, body = job_documents.validate_credentials([], saved=True)
    body = {**body, "templateId": job.names["template"]}
    try:
        await _send(session, job, path, body, repeatable=True)
    except GraphError as error:
        if error.status in (401, 403):
            raise
        if _is_lost(error):
            raise CredentialsUntestedError(
                f"the stored credentials could not be tested, so nothing was started: {error}", "Run the command again."
            ) from None
        reason = error.message or error.code
        raise CredentialsRefusedError(
            f"the application refuses the stored credentials, so nothing was started: {reason}", _CORRECT
        ) from None


async def pause_job(session: TenantSession, job: ControlledJob) -> ControlResult:
    """Pause provisioning; the running cycle still ends. Raise GraphError or UncertainError."""
    if not job.is_on:
        return ControlResult(job, wrote=False)
    return await _control(session, job, "pause", lambda current: not current.is_on)


async def start_job(session: TenantSession, job: ControlledJob) -> ControlResult:
    """Test the stored credentials and start provisioning where it stopped; a start also ends a quarantine.

    A job that runs is not started again, nor one in quarantine whose schedule is active. Raise CredentialsRefusedError or
    CredentialsUntestedError before any write, GraphError or UncertainError.
    """
    if job.is_on:
        return ControlResult(job, wrote=False)
    await check_stored_credentials(session, job)
    return await _control(session, job, "start", lambda current: current.is_on)


async def restart_job(session: TenantSession, job: ControlledJob, reset_scope: str) -> ControlResult:
    """Test the stored credentials, reset what `reset_scope` lists (Graph: synchronizationJobRestartScope), and start the job.

    It is started only if the restart has not done so. Raise as `start_job` does, and NotStartedError if only the start
    failed.
    """
    await check_stored_credentials(session, job)
    result = await reset_job(session, job, reset_scope)
    if result.job.is_on:
        return result
    try:
        return await _control(session, result.job, "start", lambda current: current.is_on)
    except GraphError as error:
        hint = f"Provisioning is off: run `scimconf resume`. {error.hint}".strip()
        raise NotStartedError(f"the job was restarted, and its start failed: {error}", hint) from None


async def reset_job(session: TenantSession, job: ControlledJob, reset_scope: str) -> ControlResult:
    """Send a restart with a scope, neither test nor start anything; raise GraphError or UncertainError."""
    body = {"criteria": {"resetScope": reset_scope}}

    def is_reset(current: ControlledJob) -> bool:
        """Return whether the job shows the restart: only the end of a quarantine does."""
        return job.status.is_quarantined and not current.status.is_quarantined

    return await _control(session, job, "restart", is_reset, body)


async def _control(
    session: TenantSession,
    job: ControlledJob,
    action: str,
    is_reached: Callable[[ControlledJob], bool],
    body: Json = None,
) -> ControlResult:
    """Send a request and return the job as soon as it shows the result; of a restart, as it is read next."""
    try:
        await _send(session, job, f"{JOB}/{action}", body)
    except GraphError as error:
        if not _is_lost(error):
            raise
        shows_result = action != "restart" or job.status.is_quarantined
        current = await _until(session, job, is_reached, LOST_ANSWER if shows_result else 0.0)
        if not is_reached(current):
            raise UncertainError(
                f"the answer to the {action} was lost, so that it may have taken effect: {error}",
                _REPEAT if action == "restart" else _LOOK,
            ) from None
        return ControlResult(current)
    if action == "restart":
        return ControlResult(await read_again(session, job))
    current = await _until(session, job, is_reached)
    return ControlResult(current, is_visible=is_reached(current))


async def _until(
    session: TenantSession,
    job: ControlledJob,
    is_reached: Callable[[ControlledJob], bool],
    limit: float | None = None,
) -> ControlledJob:
    """Return the job as soon as it is as expected, or as it was read last at the limit in seconds."""
    backoff, current = session.consistency.backoff(limit), job
    while True:
        try:
            current = await read_again(session, job)
        except GraphError as error:
            if not _is_lost(error):
                raise
        if is_reached(current) or not await backoff.wait("the job"):
            return current


async def _send(session: TenantSession, job: ControlledJob, path: str, body: Json, *, repeatable: bool = False) -> None:
    """Send a POST; one that a new job refuses is sent again for a while. Raise GraphError."""
    from scimconf.graph.client import Request

    backoff = session.consistency.backoff()
    while True:
        try:
            await session.graph.send(Request("POST", path, job.names, body=body, repeatable=repeatable))
            return
        except GraphError as error:
            if not session.consistency.allows_retry(error) or not await backoff.wait("the job"):
                raise


def _is_lost(error: GraphError) -> bool:
    """Return whether a request with this error may have taken effect: no response, or one of a gateway."""
    return error.status == 0 or error.status >= 500 or error.lost_attempt


async def wait_for_cycle(
    session: TenantSession, job: ControlledJob, after: datetime, limit: timedelta
) -> ControlledJob:
    """Wait for the end of a cycle that began after a time (Graph's clock), and return the job then.

    A cycle that was running at this time does not count, since it may have read the former state. An execution whose
    beginning Graph does not show counts if another one ended after `after` and before it. The cycle may have ended in
    quarantine: see `status`. Raise CycleTimeoutError after `limit`, and at once if the job is off.
    """
    deadline = session.consistency.clock() + limit.total_seconds()
    last_ended: datetime | None = None
    while True:
        job = await read_again(session, job)
        last = job.status.last
        if last is not None and last.ended is not None and last.ended > after:
            is_later = last.began > after if last.began is not None else last_ended not in (None, last.ended)
            if is_later:
                return job
            last_ended = last_ended or last.ended
        if not job.is_on:
            raise CycleTimeoutError(f"provisioning of {job.name} is off, so no cycle begins")
        if session.consistency.clock() + CYCLE_READ > deadline:
            raise CycleTimeoutError(
                f"no cycle of {job.name} began and ended within {span(limit)}",
                "A cycle begins every 40 minutes, and a long one delays the next. Run the command again later.",
            )
        session.consistency.on_wait(CYCLE_READ, "the next cycle")
        await session.consistency.sleep(CYCLE_READ)
