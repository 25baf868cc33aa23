"""Changes of applications outside scimconf, from the directory audit log. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic, GraphError, ScimconfError
from scimconf.json_types import Json
from scimconf.monitoring.audit_events import AuditEvent, audit_events, listed_changes, outside_changes
from scimconf.monitoring.history import HistoryEntry
from scimconf.workflow.history import HistoryStore, history_entries, read_documents
from scimconf.workflow.plan import PlannedApplication
from scimconf.workflow.targets import ApplicationTarget, NoApplicationError, find_principal

if TYPE_CHECKING:
    from scimconf.graph.client import Graph

RETENTION = timedelta(days=30)
"""How far the audit log goes back, with a P1 or P2 licence; 7 days without."""
_OBJECTS = ("service_principals", "applications")


class UnreadableAuditError(ScimconfError):
    """The audit log cannot be read; nothing else depends on it."""


@dataclass(frozen=True, slots=True)
class KnownObjects:
    """The ids and the display names of the objects of an application; `principals` are the ids to ask the log for."""

    principals: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, documents: Mapping[str, Json]) -> KnownObjects:
        rows = [row for name in _OBJECTS for row in documents.get(name) or ()]
        names = {str(row["displayName"]) for row in rows if row.get("displayName")}
        return cls(
            frozenset(str(row["id"]) for row in rows),
            frozenset(str(row[name]) for row in rows for name in ("id", "appId") if row.get(name)),
            frozenset(names),
        )

    def __bool__(self) -> bool:
        return bool(self.ids)


def saved_objects(store: HistoryStore, entries: Sequence[HistoryEntry]) -> KnownObjects:
    """Return the objects of the newest entry that has any: they may be deleted since."""
    for entry in entries:
        for after in (True, False):
            with suppress(ScimconfError):
                objects = (
                    KnownObjects.of(read_documents(store, entry, after=after)) if entry.is_apply else KnownObjects()
                )
                if objects:
                    return objects
    return KnownObjects()


async def known_objects(
    graph: Graph, target: ApplicationTarget, store: HistoryStore, entries: Sequence[HistoryEntry]
) -> KnownObjects:
    """Return the objects of an application in its history and in the tenant, as far as there are any."""
    saved = saved_objects(store, entries)
    try:
        live = KnownObjects.of({"service_principals": [await find_principal(graph, target)]})
    except (NoApplicationError, GraphError):
        return saved
    return KnownObjects(saved.principals | live.principals, saved.ids | live.ids, saved.names | live.names)


async def changes_outside(
    graph: Graph, name: str, objects: KnownObjects, entries: Sequence[HistoryEntry], now: datetime
) -> list[AuditEvent]:
    """Return the changes of an application that no entry explains, from the newest; raise UnreadableAuditError."""
    from scimconf.graph.audit_log import read_audits

    if not objects:
        return []
    try:
        audits = await read_audits(graph, objects.principals, now - RETENTION)
    except GraphError as error:
        reason = "the identity lacks AuditLog.Read.All" if error.status in (401, 403) else str(error)
        raise UnreadableAuditError(f"changes outside scimconf are not known: {reason}") from None
    return outside_changes(audit_events(audits.entries, name, objects.ids, objects.names), entries)


async def with_authors(
    graph: Graph, planned: Iterable[PlannedApplication], stores: Mapping[str, HistoryStore], now: datetime
) -> tuple[list[PlannedApplication], tuple[str, ...]]:
    """Return the plans, with a warning that names who made the changes, and what cannot be read for that."""
    reader = _AuthorReader(graph, stores, now)
    results = [await reader.explained(application) for application in planned]
    return results, tuple(reader.problems)


@dataclass(slots=True)
class _AuthorReader:
    """Reads who changed applications. What cannot be read once is not tried again, and is a problem to print."""

    graph: Graph
    stores: Mapping[str, HistoryStore]
    now: datetime
    problems: list[str] = field(default_factory=list)
    has_history: bool = True
    has_log: bool = True

    async def explained(self, application: PlannedApplication) -> PlannedApplication:
        """Return the plan of an application, with a warning if the log has a change that the history does not explain."""
        objects = KnownObjects.of(application.snapshot.documents)
        plan = application.plan
        if not self.has_log or not objects or not (plan.changes or plan.unmanaged_drift):
            return application
        entries = self._entries(application.name)
        try:
            changes = await changes_outside(self.graph, application.name, objects, entries, self.now)
        except UnreadableAuditError as error:
            self.has_log = False
            self.problems.append(str(error))
            return application
        warnings = (*plan.warnings, _author_warning(changes, has_entries=bool(entries))) if changes else plan.warnings
        return replace(application, plan=replace(plan, warnings=warnings))

    def _entries(self, name: str) -> list[HistoryEntry]:
        store = self.stores.get(name) if self.has_history else None
        try:
            return history_entries(store, name) if store is not None else []
        except ScimconfError as error:
            self.has_history = False
            self.problems.append(str(error))
            return []


def _author_warning(changes: Sequence[AuditEvent], *, has_entries: bool) -> Diagnostic:
    words = "changed outside scimconf" if has_entries else "last changed"
    hint = (
        ""
        if has_entries
        else "No history entry is known, so this may have been an apply. Pass the history with --history."
    )
    return Diagnostic("K411", f"{words} {listed_changes(changes)}", hint=hint, severity="warning")
