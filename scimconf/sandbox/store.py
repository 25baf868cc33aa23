"""The SQLite database of the simulated tenant: documents, memberships, assignments, secrets, and the engine's memory.

It contains rows and JSON, and no rules of Graph. `hidden` counts the reads until a row is visible, `stale_reads` those
for which a deleted assignment is still returned.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from scimconf.sandbox.http_types import Json

_SCHEMA_SQL = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL COLLATE NOCASE, parent TEXT NOT NULL DEFAULT '',
  doc TEXT NOT NULL, hidden INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, id));
CREATE TABLE IF NOT EXISTS members (
  seq INTEGER PRIMARY KEY, group_id TEXT NOT NULL, member_id TEXT NOT NULL, UNIQUE (group_id, member_id));
CREATE TABLE IF NOT EXISTS assignments (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, resource_id TEXT NOT NULL, role_id TEXT NOT NULL,
  principal_id TEXT NOT NULL, principal_type TEXT NOT NULL, principal_name TEXT, created TEXT NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0, stale_reads INTEGER NOT NULL DEFAULT 0, UNIQUE (resource_id, principal_id, role_id));
CREATE TABLE IF NOT EXISTS secrets (
  seq INTEGER PRIMARY KEY, resource_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (resource_id, key));
CREATE TABLE IF NOT EXISTS delays (subject TEXT PRIMARY KEY, remaining INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS engine_jobs (job_id TEXT PRIMARY KEY, doc TEXT NOT NULL, watermark INTEGER);
CREATE TABLE IF NOT EXISTS engine_links (
  job_id TEXT NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL, target_id TEXT NOT NULL, state TEXT NOT NULL,
  digest TEXT NOT NULL, PRIMARY KEY (job_id, kind, object_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_target ON engine_links (job_id, target_id);
CREATE TABLE IF NOT EXISTS engine_references (
  job_id TEXT NOT NULL, object_id TEXT NOT NULL, target TEXT NOT NULL, referenced_id TEXT NOT NULL,
  target_id TEXT NOT NULL, PRIMARY KEY (job_id, object_id, target, referenced_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_escrows (
  job_id TEXT NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL, code TEXT NOT NULL, is_reference INTEGER NOT NULL,
  first_failed TEXT NOT NULL, attempts INTEGER NOT NULL, next_attempt TEXT NOT NULL,
  PRIMARY KEY (job_id, kind, object_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS engine_staged (
  job_id TEXT NOT NULL, kind TEXT NOT NULL, object_id TEXT NOT NULL, action TEXT NOT NULL,
  PRIMARY KEY (job_id, kind, object_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS provisioning_log (seq INTEGER PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit_log (seq INTEGER PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, object_id TEXT NOT NULL, of_access INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_parent ON objects (kind, parent);
CREATE INDEX IF NOT EXISTS hidden_objects ON objects (kind) WHERE hidden > 0;
CREATE INDEX IF NOT EXISTS by_principal ON assignments (principal_id);
CREATE INDEX IF NOT EXISTS hidden_assignments ON assignments (resource_id) WHERE hidden > 0;
CREATE INDEX IF NOT EXISTS stale_assignments ON assignments (resource_id) WHERE stale_reads > 0;
CREATE INDEX IF NOT EXISTS by_resource ON assignments (resource_id, seq);
"""
_CHANGE_SOURCES = (
    ("objects", ("id",), "{row}.kind IN ('user', 'group', 'deletedUser', 'deletedGroup', 'servicePrincipal')", "doc"),
    ("members", ("group_id", "member_id"), "1", ""),
    ("assignments", ("principal_id",), "1", "stale_reads"),
)
"""Tables whose changes the engine sees: table, columns with object ids, condition, updated column that counts."""


def _trigger_sql() -> Iterator[str]:
    """Yield the triggers that note the ids of changed objects, while a cycle has a watermark to compare them with."""
    for table, columns, condition, updated in _CHANGE_SOURCES:
        events = [("insert", "INSERT", "NEW"), ("delete", "DELETE", "OLD")]
        events += [("update", f"UPDATE OF {updated}", "NEW")] if updated else []
        for name, event, row in events:
            watermark = "EXISTS (SELECT 1 FROM engine_jobs WHERE watermark IS NOT NULL)"
            values = ", ".join(f"({row}.{column}, {int(table == 'assignments')})" for column in columns)
            when = f"AFTER {event} ON {table} WHEN {condition.format(row=row)} AND {watermark}"
            body = f"INSERT INTO changes (object_id, of_access) VALUES {values}"  # noqa: S608  constant names
            yield f"CREATE TRIGGER IF NOT EXISTS {table}_{name} {when} BEGIN {body}; END"


_INDEXED = ("displayName", "userPrincipalName", "mail", "appId")
_TABLE_NAMES = (
    "engine_jobs", "engine_links", "engine_references", "engine_escrows", "engine_staged", "provisioning_log", "audit_log", "changes",
    "objects", "members", "assignments", "secrets", "delays", "meta",
)  # fmt: skip


def property_sql(name: str) -> str:
    """Return the SQL of a document's property. Text compares case-insensitively, as in the directory."""
    return f"json_extract(doc, '$.{name}') COLLATE NOCASE"


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL condition and its parameters."""

    sql: str = "1"
    values: tuple[Any, ...] = ()

    def __and__(self, other: Condition) -> Condition:
        return Condition(f"({self.sql}) AND ({other.sql})", self.values + other.values)


class Store:
    """One SQLite database with the tables of a tenant."""

    def __init__(self, path: str = ":memory:") -> None:
        self._path = path
        self._lock: sqlite3.Connection | None = None
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._closing = weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA_SQL)
        for trigger in _trigger_sql():
            self._connection.execute(trigger)
        for name in _INDEXED:
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS by_{name} ON objects (kind, {property_sql(name)})")

    def close(self) -> None:
        self._closing()

    def acquire_lock(self) -> bool:
        """Acquire the lock of this database's file, which a single process has; return False if another has it.

        The lock is that of a second file: the operating system releases it when the process ends. A database in memory
        has no other process.
        """
        if self._path == ":memory:":
            return True
        lock = sqlite3.connect(f"{self._path}.engine", timeout=0, isolation_level=None, check_same_thread=False)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            return False
        self._lock = lock
        return True

    def release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def wipe(self) -> None:
        for name in _TABLE_NAMES:
            self._connection.execute(f"DELETE FROM {name}")  # noqa: S608  a constant table name

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all statements or none. A nested transaction joins the outer one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement and return the number of changed rows."""
        return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self._connection.execute(sql, values).fetchone()
        return row[0] if row else None


class Documents:
    """JSON documents by kind and id, in the order of their creation."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, kind: str, key: str) -> Json | None:
        text = self._store.value("SELECT doc FROM objects WHERE kind = ? AND id = ?", (kind, key))
        return None if text is None else _load(text)

    def put(self, kind: str, key: str, document: Json, *, parent: str = "", hidden: int = 0) -> None:
        """Insert or replace a document. A replaced document keeps its position, its parent and its `hidden` count."""
        self._store.run(
            "INSERT INTO objects (kind, id, parent, doc, hidden) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc",
            (kind, key, parent, json.dumps(document, ensure_ascii=False), hidden),
        )

    def put_many(self, kind: str, documents: Iterable[Json]) -> None:
        self._store.run_many(
            "INSERT INTO objects (kind, id, doc) VALUES (?, ?, ?)",
            ((kind, document["id"], json.dumps(document, ensure_ascii=False)) for document in documents),
        )

    def remove(self, kind: str, key: str) -> None:
        self._store.run("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, key))

    def find(
        self,
        kind: str,
        where: Condition = Condition(),
        *,
        after: int = 0,
        limit: int = -1,
        order: str = "",
    ) -> list[tuple[int, Json]]:
        """Return documents with their sequence numbers; pass the last number as `after` to continue.

        The number is that of the creation, or with `order` (an SQL ordering) the position in that order.
        """
        if order:
            sorted_rows = self._store.rows(
                f"SELECT doc FROM objects WHERE kind = ? AND ({where.sql}) ORDER BY {order}, seq LIMIT ? OFFSET ?",  # noqa: S608
                (kind, *where.values, limit, after),
            )
            return [(number, _load(text)) for number, (text,) in enumerate(sorted_rows, after + 1)]
        rows = self._store.rows(
            f"SELECT seq, doc FROM objects WHERE kind = ? AND seq > ? AND ({where.sql}) ORDER BY seq LIMIT ?",  # noqa: S608
            (kind, after, *where.values, limit),
        )
        return [(seq, _load(text)) for seq, text in rows]

    def all(self, kind: str, where: Condition = Condition()) -> list[Json]:
        return [document for _, document in self.find(kind, where)]


def _load(text: str) -> Json:
    document: Json = json.loads(text)
    return document
