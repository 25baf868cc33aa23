"""Restart the provisioning of an application: the stored credentials are tested first. Writes to the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.documents import job as job_documents
from scimconf.kinds.schedule import RESET
from scimconf.monitoring.job_status import JobStatus, job_status
from scimconf.workflow.status import response_time
from scimconf.workflow.targets import ApplicationTarget, find_jobs, find_principal

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

ALLOW_DELETES = "QuarantineState, ForceDeletes"
"""The reset that is Allow deletes in the portal (Entra documentation, accidental deletions)."""
TOO_MANY_DELETES = "TooManyDeletes"


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """The job that is restarted, with its names in paths; `allows_deletes` executes the deletions that are held back."""

    name: str
    status: JobStatus
    principal: str
    allows_deletes: bool = False

    @property
    def names(self) -> dict[str, str]:
        return {"service_principal": self.principal, "job": self.status.job_id, "template": self.status.template}


async def find_restart(
    graph: Graph, target: ApplicationTarget, now: datetime, *, allow_deletes: bool = False
) -> RestartRequest:
    """Return the only job of an application; raise ScimconfError if there is none, or several.

    Raise it also with `allow_deletes` if the job is not in quarantine because of too many deletions.
    """
    principal = await find_principal(graph, target)
    jobs = await find_jobs(graph, principal["id"], target.template)
    if len(jobs) != 1:
        names = ", ".join(str(job.get("templateId")) for job in jobs)
        problem = f"has several jobs: {names}" if jobs else "has no provisioning job"
        raise ScimconfError(f"the application {target.value} {problem}")
    status = job_status(jobs[0], response_time(graph, now))
    if allow_deletes and (status.quarantine is None or status.quarantine.reason != TOO_MANY_DELETES):
        raise ScimconfError(f"no deletions of {target.name} are held back", "Run restart without --allow-deletes.")
    return RestartRequest(target.name, status, str(principal["id"]), allow_deletes)


async def restart(graph: Graph, request: RestartRequest) -> None:
    """Test the stored credentials, restart the job and start it; raise ScimconfError before any write if they are refused.

    If the request allows deletes, the next cycle executes those that are held back, and no initial cycle starts.
    """
    path, body = job_documents.validate_credentials([], saved=True)
    template = {**body, "templateId": request.status.template}
    try:
        await graph.post(path, request.names, template, repeatable=True)
    except GraphError as error:
        hint = "Nothing was restarted. Correct the tenant URL or the token in the spec, and apply."
        raise ScimconfError(
            f"the application refuses the stored credentials: {error.message or error.code}", hint
        ) from None
    job = f"{job_documents.BASE}/jobs/{{job}}"
    await graph.post(
        f"{job}/restart",
        request.names,
        {"criteria": {"resetScope": ALLOW_DELETES if request.allows_deletes else RESET}},
        repeatable=True,
    )
    try:
        await graph.post(f"{job}/start", request.names, repeatable=True)
    except GraphError as error:
        error.hint = "The job was restarted, and may not be started: run the command again."
        raise
