"""Reads the directory audit log about one application.

Two questions are asked, because it is not documented which resource the events of the provisioning service name: the
events with the id of the service principal, and those of the category ProvisioningManagement. The rest is filtered here.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from scimconf.diagnostics import GraphError
from scimconf.graph.client import Graph
from scimconf.json_types import Json

PATH = "/auditLogs/directoryAudits"
PAGE = "100"
MAX_EVENTS = 2_000
"""Events that are read for each question; 5 requests in 10 seconds are allowed (Graph throttling limits, reports)."""


@dataclass(frozen=True, slots=True)
class AuditEntries:
    """The raw events of a time, in no order and each once; `is_cut` if older ones were not read."""

    entries: tuple[Json, ...]
    is_cut: bool = False


async def read_audits(
    graph: Graph, principals: Collection[str], since: datetime, limit: int = MAX_EVENTS
) -> AuditEntries:
    """Return the events since a time that may be about one of these service principals; raise GraphError.

    A tenant that refuses these filters (400) is asked for all events of the time.
    """
    times = f"activityDateTime ge {since.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    conditions = [f"{times} and targetResources/any(t:t/id eq '{principal}')" for principal in sorted(principals)]
    try:
        parts = [
            await _read(graph, condition, limit)
            for condition in (*conditions, f"{times} and category eq 'ProvisioningManagement'")
        ]
    except GraphError as error:
        if error.status != 400:
            raise
        parts = [await _read(graph, times, limit)]
    entries = {str(entry.get("id") or number): entry for part in parts for number, entry in enumerate(part.entries)}
    return AuditEntries(tuple(entries.values()), any(part.is_cut for part in parts))


async def read_activity(graph: Graph, activity: str, since: datetime) -> tuple[Json, ...]:
    """Return the newest events of an activity since a time, of all applications, with one request; raise GraphError."""
    times = f"activityDateTime ge {since.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    entries = await _read(graph, f"{times} and activityDisplayName eq '{activity}'", int(PAGE))
    return entries.entries


async def _read(graph: Graph, condition: str, limit: int) -> AuditEntries:
    query = {"$filter": condition, "$orderby": "activityDateTime desc", "$top": PAGE}
    entries: list[Json] = []
    async with aclosing(graph.pages(PATH, query=query)) as pages:
        async for page in pages:
            entries += page
            if len(entries) >= limit:
                return AuditEntries(tuple(entries[:limit]), is_cut=True)
    return AuditEntries(tuple(entries))
