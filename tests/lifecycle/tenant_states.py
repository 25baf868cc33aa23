"""States of a tenant at any moment of an apply, and what must be true of each.

A state is the database of the sandbox and its time. A copy of a tenant in this state continues from there, as it does
after the death of a process: nothing that the dead process would have done at its end has happened.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tenant_fixture import Rehearsal

from .apply_cases import Case

OBJECTS = "SELECT kind, id, parent, doc FROM objects WHERE kind <> 'applicationTemplate'"
ASSIGNMENTS = "SELECT resource_id, principal_id, role_id, principal_name FROM assignments WHERE stale_reads = 0"
TWO_ROLES = "SELECT COUNT(*) FROM (SELECT 1 FROM assignments GROUP BY resource_id, principal_id HAVING COUNT(*) > 1)"
"""An assignment that is deleted but still listed counts: a cycle may still find it."""
SECRETS = "SELECT resource_id, key, value FROM secrets"
KINDS = ("application", "servicePrincipal", "job", "schema")


@dataclass(frozen=True)
class State:
    """The content of a tenant, and its time in seconds since the beginning of the test."""

    data: bytes
    time: float

    @classmethod
    def of(cls, rehearsal: Rehearsal) -> State:
        return cls(rehearsal.service.tenant.store._connection.serialize(), rehearsal.time)

    def restore(self, rehearsal: Rehearsal, journal: Iterable[Any] = ()) -> Rehearsal:
        """Return another tenant in this state, with the switches of `rehearsal` and these entries in its journal."""
        other = rehearsal.copy()
        other.service.tenant.store._connection.deserialize(self.data)
        other.time = self.time
        other.service.journal.entries.extend(journal)
        return other


@dataclass(frozen=True)
class Content:
    """What is in a tenant: documents by kind and id, the ids of Writer, assignments, and secrets."""

    documents: dict[tuple[str, str], str]
    writer: frozenset[str]
    assignments: frozenset[tuple[str, str, str, str]]
    secrets: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, rehearsal: Rehearsal) -> Content:
        store = rehearsal.service.tenant.store
        rows = store.rows(OBJECTS)
        named = {key for kind, key, _, doc in rows if kind in KINDS[:2] and json.loads(doc)["displayName"] == "Writer"}
        writer = named | {key for _, key, parent, _ in rows if parent in named}
        documents = {(kind, key): doc for kind, key, _, doc in rows}
        return cls(documents, frozenset(writer), frozenset(store.rows(ASSIGNMENTS)), frozenset(store.rows(SECRETS)))

    def holders(self) -> frozenset[str]:
        """Return the display names of the principals with a role of Writer."""
        return frozenset(name for resource, _, _, name in self.assignments if resource in self.writer)

    def others(self) -> tuple[object, ...]:
        """Return what does not belong to Writer."""
        return (
            {key: doc for key, doc in self.documents.items() if key[1] not in self.writer},
            {row for row in self.assignments if row[0] not in self.writer},
            {row for row in self.secrets if row[0] not in self.writer},
        )

    def count(self) -> Counter[str]:
        """Return how many objects of each kind Writer has."""
        return Counter(kind for kind, key in self.documents if key in self.writer)


class Observer:
    """Looks at a tenant after every request, and collects violations.

    `schemas` are the only states in which the schema of Writer may be, None if they are not known yet; the states that
    were observed are in `observed_schemas`, in their order.
    """

    def __init__(self, case: Case, start: Content, rehearsal: Rehearsal, schemas: Iterable[str] | None = None) -> None:
        self._case, self._start, self._rehearsal = case, start, rehearsal
        self._schemas = None if schemas is None else frozenset(schemas)
        self._other_schemas = {key for kind, key in start.documents if kind == "schema"} - start.writer
        self._last = ""
        self.observed_schemas: dict[str, None] = {}
        self.violations: dict[str, None] = {}
        rehearsal.watch = self

    def __call__(self) -> None:
        """Look at what must be true after each request."""
        store = self._rehearsal.service.tenant.store
        if store.value(TWO_ROLES) and is_active(self._rehearsal):
            self._report("a principal has two roles while the job is active")
        for key, doc in store.rows("SELECT id, doc FROM objects WHERE kind = 'schema'"):
            if key not in self._other_schemas and doc != self._last:
                self._last = doc
                self._look_at(normal_schema(doc))

    def look(self) -> list[str]:
        """Look at everything; return all violations so far."""
        self()
        content = Content.of(self._rehearsal)
        if content.others() != self._start.others():
            self._report("something that is not managed has changed")
        for kind, number in content.count().items():
            if number > 1:
                self._report(f"created {number} times: {kind}")
        if lost := self._start.holders() - content.holders() - self._case.loses_roles:
            self._report(f"without a role: {', '.join(sorted(lost))}")
        return list(self.violations)

    def _look_at(self, schema: str) -> None:
        self.observed_schemas[schema] = None
        if self._schemas is not None and schema not in self._schemas:
            self._report("the schema is neither as it was before the apply nor as it is after it")

    def _report(self, violation: str) -> None:
        self.violations[violation] = None


def normal_schema(text: str) -> str:
    """Return a schema without the version, which changes with every write."""
    schema = json.loads(text)
    del schema["version"]
    return json.dumps(schema, sort_keys=True)


def job_state(rehearsal: Rehearsal) -> str:
    """Return the provisioning status of Writer's job, "" without a job."""
    rows = rehearsal.service.tenant.store.rows(
        "SELECT json_extract(job.doc, '$.schedule.state') FROM objects AS job JOIN objects AS owner"
        " ON owner.id = job.parent WHERE job.kind = 'job' AND json_extract(owner.doc, '$.displayName') = 'Writer'"
    )
    return str(rows[0][0]) if rows else ""


def is_active(rehearsal: Rehearsal) -> bool:
    return job_state(rehearsal) == "Active"
