"""Reads the provisioning log of a job.

The server filters by job and time only, which Microsoft's own scripts use; the rest is filtered here. Some tenants refuse
a filter by job (reports about the audit logs), then the log of all applications is read and filtered here too.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from scimconf.diagnostics import GraphError
from scimconf.graph.client import Graph
from scimconf.json_types import Json

PATH = "/auditLogs/provisioning"
PAGE = "100"
MAX_ENTRIES = 10_000
"""Entries that are read of one job; 5 requests in 10 seconds are allowed (Graph throttling limits, reports)."""


@dataclass(frozen=True, slots=True)
class LogEntries:
    """The raw entries of a job from the newest; `is_cut` if older ones of the window were not read."""

    entries: tuple[Json, ...]
    is_cut: bool


async def read_log(
    graph: Graph, job_id: str, since: datetime, user_id: str = "", limit: int = MAX_ENTRIES
) -> LogEntries:
    """Return the entries of a job after a time, for one user if `user_id` is not empty; raise GraphError.

    If `job_id` is empty, they are those of the user in all applications.
    """
    times = f"activityDateTime gt {since.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    conditions = [f"jobId eq '{job_id.replace(chr(39), chr(39) * 2)}'"] if job_id else []
    conditions.append(times)
    if user_id:
        conditions.append(f"sourceIdentity/id eq '{user_id}'")
    try:
        return await _read(graph, " and ".join(conditions), job_id, user_id, limit)
    except GraphError as error:
        if error.status != 400 or not job_id:  # without a filter, the log of all users would have to be read
            raise
    return await _read(graph, times, job_id, user_id, limit)


async def _read(graph: Graph, condition: str, job_id: str, user_id: str, limit: int) -> LogEntries:
    query = {"$filter": condition, "$orderby": "activityDateTime desc", "$top": PAGE}
    entries: list[Json] = []
    async with aclosing(graph.pages(PATH, query=query)) as pages:
        async for page in pages:
            entries += [entry for entry in page if _concerns(entry, job_id, user_id)]
            if len(entries) >= limit:
                return LogEntries(tuple(entries[:limit]), is_cut=True)
    return LogEntries(tuple(entries), is_cut=False)


def _concerns(entry: Json, job_id: str, user_id: str) -> bool:
    if job_id and str(entry.get("jobId", "")).lower() != job_id.lower():
        return False
    source = entry.get("sourceIdentity") or {}
    return not user_id or str(source.get("id", "")).lower() == user_id.lower()
