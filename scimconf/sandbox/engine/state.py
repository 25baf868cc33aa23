"""What the engine remembers of a job: links, sent references, escrows, staged deletions and the watermark.

Everything is in the tenant's database, so that a restarted sandbox continues. A link is the pair of an object and its id
in the application. The watermark is the number of the last change that a cycle has seen; triggers of the database number
the changes of users, groups, memberships and assignments, so that an incremental cycle reads only these objects.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from scimconf.sandbox.store import Store

LinkState = Literal["active", "disabled", "unmanaged"]
"""`disabled` objects are still managed: their deletion is sent. `unmanaged` ones lost their assignment or scope."""

_STORE_SCOPES = frozenset({"Full", "ConnectorDataStore"})
_ESCROW_SCOPES = frozenset({"Full", "Escrows"})
_WATERMARK_SCOPES = frozenset({"Full", "Watermark", "ConnectorDataStore"})
_PORTAL_RESTART = frozenset({"QuarantineState", "Watermark", "Escrows"})


@dataclass(frozen=True, slots=True)
class Link:
    """An object of the directory and its id in the application; `digest` is that of the values that were sent last."""

    kind: str
    object_id: str
    target_id: str
    state: LinkState = "active"
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Escrow:
    """An object that failed, and when it is tried again; times are stamps of the tenant's clock."""

    kind: str
    object_id: str
    code: str
    first_failed: str
    attempts: int
    next_attempt: str
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class JobMemory:
    """What the engine remembers of a whole job.

    `watermark` is None until an initial cycle has ended; `noted_from` is the last change before the present cycle, from
    which on changes are noted. `generation` increases with each request for an initial cycle,
    so that one that arrives during a cycle is not lost. `last_probe` is the time of the last connection test.
    """

    watermark: int | None = None
    noted_from: int | None = None
    generation: int = 0
    forces_deletes: bool = False
    first_steady_state: bool = False
    last_probe: str = ""
    statistics: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changes:
    """The objects that changed since a watermark; those in `of_access` gained or lost an assignment."""

    ids: frozenset[str]
    of_access: frozenset[str]
    last: int


class JobState:
    """The rows of one job. Each method is one statement or joins the transaction of its caller."""

    def __init__(self, store: Store, job_id: str) -> None:
        self._store = store
        self.job_id = job_id

    # ---- the job ---------------------------------------------------------------------------------------------------

    def memory(self) -> JobMemory:
        text = self._store.value("SELECT doc FROM engine_jobs WHERE job_id = ?", (self.job_id,))
        return JobMemory() if text is None else JobMemory(**json.loads(text))

    def remember(self, memory: JobMemory) -> None:
        self._store.run(
            "INSERT OR REPLACE INTO engine_jobs (job_id, doc, watermark) VALUES (?, ?, ?)",
            (self.job_id, json.dumps(asdict(memory)), memory.noted_from),
        )

    def request_initial_cycle(self) -> None:
        """Make the next cycle an initial one."""
        memory = self.memory()
        self.remember(replace(memory, watermark=None, generation=memory.generation + 1))

    def restart(self, scopes: Iterable[str]) -> None:
        """Forget what a restart resets (Graph: synchronizationJobRestartCriteria); no scope is that of the portal."""
        reset = frozenset(scopes) - {"None"}
        if not frozenset(scopes):
            reset = _PORTAL_RESTART
        if reset & _STORE_SCOPES:
            self._delete("engine_links", "engine_references")
        if reset & _ESCROW_SCOPES:
            self._delete("engine_escrows")
        if reset & _WATERMARK_SCOPES:
            self.request_initial_cycle()
        if "ForceDeletes" in reset:
            self.remember(replace(self.memory(), forces_deletes=True))

    def forget(self) -> None:
        """Delete everything about a job that was deleted."""
        self._delete("engine_jobs", "engine_links", "engine_references", "engine_escrows", "engine_staged")

    def _delete(self, *tables: str) -> None:
        for table in tables:
            self._store.run(f"DELETE FROM {table} WHERE job_id = ?", (self.job_id,))  # noqa: S608  constant names

    # ---- changes ---------------------------------------------------------------------------------------------------

    def last_change(self) -> int:
        return int(self._store.value("SELECT COALESCE(MAX(seq), 0) FROM changes"))

    def changes_since(self, watermark: int) -> Changes:
        rows = self._store.rows(
            "SELECT seq, object_id, of_access FROM changes WHERE seq > ? ORDER BY seq", (watermark,)
        )
        ids = {key.rsplit("/", 1)[-1] for _, key, _ in rows}  # `manager/ID` and `owners/ID` are rows of the members
        access = frozenset(key for _, key, of_access in rows if of_access)
        return Changes(frozenset(ids), access, rows[-1][0] if rows else watermark)

    def discard_seen_changes(self) -> None:
        """Delete the changes that the cycles of all jobs have seen; the last one stays, since it numbers the next."""
        lowest = self._store.value("SELECT MIN(watermark) FROM engine_jobs WHERE watermark IS NOT NULL")
        if lowest is not None:
            self._store.run("DELETE FROM changes WHERE seq < ?", (lowest,))

    # ---- links -----------------------------------------------------------------------------------------------------

    def links(self, kind: str, object_ids: Collection[str] | None = None) -> dict[str, Link]:
        """Return the links of a kind by object id, those of some objects only."""
        if object_ids is not None:
            links = (self.link(kind, key) for key in object_ids)
            return {link.object_id: link for link in links if link is not None}
        rows = self._store.rows(
            "SELECT kind, object_id, target_id, state, digest FROM engine_links WHERE job_id = ? AND kind = ?",
            (self.job_id, kind),
        )
        return {row[1]: Link(*row) for row in rows}

    def link(self, kind: str, object_id: str) -> Link | None:
        rows = self._store.rows(
            "SELECT kind, object_id, target_id, state, digest FROM engine_links"
            " WHERE job_id = ? AND kind = ? AND object_id = ?",
            (self.job_id, kind, object_id),
        )
        return Link(*rows[0]) if rows else None

    def put_link(self, link: Link) -> None:
        self._store.run(
            "INSERT OR REPLACE INTO engine_links (job_id, kind, object_id, target_id, state, digest)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (self.job_id, link.kind, link.object_id, link.target_id, link.state, link.digest),
        )

    def remove_link(self, kind: str, object_id: str) -> None:
        self._store.run(
            "DELETE FROM engine_links WHERE job_id = ? AND kind = ? AND object_id = ?", (self.job_id, kind, object_id)
        )

    def target_id(self, object_id: str) -> str | None:
        """Return the id of a user or group in the application, None if it is not provisioned."""
        value: str | None = self._store.value(
            "SELECT target_id FROM engine_links WHERE job_id = ? AND object_id = ? AND kind IN ('User', 'Group')",
            (self.job_id, object_id),
        )
        return value

    def owner_of(self, kind: str, target_id: str) -> str | None:
        """Return the object that is linked to an id in the application."""
        value: str | None = self._store.value(
            "SELECT object_id FROM engine_links WHERE job_id = ? AND kind = ? AND target_id = ?",
            (self.job_id, kind, target_id),
        )
        return value

    def counts(self) -> dict[str, int]:
        sql = "SELECT kind, COUNT(*) FROM engine_links WHERE job_id = ? GROUP BY kind"
        return dict(self._store.rows(sql, (self.job_id,)))

    # ---- references ------------------------------------------------------------------------------------------------

    def references(self, object_id: str, target: str) -> dict[str, str]:
        """Return the references that were sent: object id → id in the application at that time."""
        rows = self._store.rows(
            "SELECT referenced_id, target_id FROM engine_references WHERE job_id = ? AND object_id = ? AND target = ?",
            (self.job_id, object_id, target),
        )
        return dict(rows)

    def reference_owners(self) -> set[str]:
        """Return the ids of the objects with references that were sent."""
        sql = "SELECT DISTINCT object_id FROM engine_references WHERE job_id = ?"
        return {key for (key,) in self._store.rows(sql, (self.job_id,))}

    def put_references(self, object_id: str, target: str, references: Mapping[str, str]) -> None:
        self._store.run_many(
            "INSERT OR REPLACE INTO engine_references (job_id, object_id, target, referenced_id, target_id)"
            " VALUES (?, ?, ?, ?, ?)",
            ((self.job_id, object_id, target, referenced, key) for referenced, key in references.items()),
        )

    def remove_references(self, object_id: str, target: str, referenced: Iterable[str]) -> None:
        self._store.run_many(
            "DELETE FROM engine_references WHERE job_id = ? AND object_id = ? AND target = ? AND referenced_id = ?",
            ((self.job_id, object_id, target, key) for key in referenced),
        )

    def remove_all_references(self, object_id: str) -> None:
        self._store.run("DELETE FROM engine_references WHERE job_id = ? AND object_id = ?", (self.job_id, object_id))

    # ---- escrows and staged deletions ------------------------------------------------------------------------------

    def escrows(self) -> dict[tuple[str, str], Escrow]:
        rows = self._store.rows(
            "SELECT kind, object_id, code, first_failed, attempts, next_attempt, is_reference FROM engine_escrows"
            " WHERE job_id = ?",
            (self.job_id,),
        )
        escrows = (
            Escrow(kind, key, code, first, count, later, bool(ref))
            for kind, key, code, first, count, later, ref in rows
        )
        return {(escrow.kind, escrow.object_id): escrow for escrow in escrows}

    def put_escrow(self, escrow: Escrow) -> None:
        self._store.run(
            "INSERT OR REPLACE INTO engine_escrows"
            " (job_id, kind, object_id, code, first_failed, attempts, next_attempt, is_reference)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.job_id,
                escrow.kind,
                escrow.object_id,
                escrow.code,
                escrow.first_failed,
                escrow.attempts,
                escrow.next_attempt,
                int(escrow.is_reference),
            ),
        )

    def remove_escrow(self, kind: str, object_id: str) -> None:
        self._store.run(
            "DELETE FROM engine_escrows WHERE job_id = ? AND kind = ? AND object_id = ?",
            (self.job_id, kind, object_id),
        )

    def staged(self) -> dict[tuple[str, str], str]:
        rows = self._store.rows("SELECT kind, object_id, action FROM engine_staged WHERE job_id = ?", (self.job_id,))
        return {(kind, key): action for kind, key, action in rows}

    def stage(self, staged: Mapping[tuple[str, str], str]) -> None:
        """Replace the staged deletions."""
        self._delete("engine_staged")
        self._store.run_many(
            "INSERT INTO engine_staged (job_id, kind, object_id, action) VALUES (?, ?, ?, ?)",
            ((self.job_id, kind, key, action) for (kind, key), action in staged.items()),
        )
