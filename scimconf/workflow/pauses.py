"""Find out who switched a job off, when and why, and whether deletions are allowed: in the history. Reads only.

A pause that the history does not have is looked up in the directory audit log, which does not name allowed deletions.
"""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING

from scimconf.diagnostics import GraphError, ScimconfError
from scimconf.json_types import Json
from scimconf.monitoring.audit_events import PAUSE_ACTIVITY, audit_events
from scimconf.monitoring.history import HistoryEntry
from scimconf.monitoring.job_status import JobPhase, JobStatus
from scimconf.monitoring.pauses import logged_pause, recorded_allowance, recorded_pause, recorded_restart
from scimconf.workflow.history import HistoryStore, newest_entries
from scimconf.workflow.targets import file_name

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

RETENTION = timedelta(days=30)
"""How far the audit log goes back, with a P1 or P2 licence; 7 days without."""
Stores = Callable[[str], HistoryStore | None]
"""Returns the history of an application by the name of its spec, or of "" without a spec; None if it has none."""


@dataclass(slots=True)
class PauseReader:
    """Says who switched jobs off, and since when deletions are allowed. The audit log is read once, and only if no history explains a job that is off.

    What cannot be read is not known: nothing else depends on it.
    """

    stores: Stores
    _events: tuple[Json, ...] | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    async def explained(
        self, graph: Graph, job: JobStatus, principal: Mapping[str, Json], spec: str, now: datetime
    ) -> JobStatus:
        """Return the status of a service principal's job with what is known of it; `spec` is the name of its spec, or ""."""
        last_cycle = job.last.began or job.last.ended if job.last is not None else None
        if job.failure is not None:
            return replace(job, restarted=recorded_restart(self._entries(spec, principal), last_cycle))
        if job.holds_deletions:
            job = replace(job, deletions_allowed=recorded_allowance(self._entries(spec, principal), last_cycle))
        if job.is_on or job.phase is JobPhase.DISABLED:
            return job
        pause = recorded_pause(self._entries(spec, principal), last_cycle)
        if pause is None and job.has_run:
            pause = logged_pause(audit_events(await self._pauses(graph, now), "", *_names(principal)), last_cycle)
        if pause is not None and not job.has_run:
            pause = replace(pause, verb="left off")
        return replace(job, pause=pause)

    def _entries(self, spec: str, principal: Mapping[str, Json]) -> Iterator[HistoryEntry]:
        """Yield the entries from the newest; a command without the spec names them by the application."""
        names = dict.fromkeys(filter(None, [spec, file_name(principal)]))
        try:
            store = self.stores(spec)
            if store is not None:
                yield from merge(*(newest_entries(store, name) for name in names), key=attrgetter("time"), reverse=True)
        except ScimconfError:
            return

    async def _pauses(self, graph: Graph, now: datetime) -> tuple[Json, ...]:
        """Return the events about pauses of all applications in the tenant."""
        from scimconf.graph.audit_log import read_activity

        async with self._lock:
            if self._events is None:
                self._events = ()
                with suppress(GraphError):
                    self._events = await read_activity(graph, PAUSE_ACTIVITY, now - RETENTION)
        return self._events


def _names(principal: Mapping[str, Json]) -> tuple[set[str], set[str]]:
    """Return the ids and the names by which the audit log knows an application."""
    ids = {str(principal[name]) for name in ("id", "appId") if principal.get(name)}
    return ids, {str(principal.get("displayName") or "")} - {""}
