"""A provisioning cycle of a job: import, scope, match, create, update, references, disable, delete, status.

An initial cycle processes all objects. An incremental one processes those that changed since the last cycle, those in
escrow that are due, and staged deletions. The directory is read once at the start, in one transaction; requests to the
sandbox are served during a cycle. What is known of each object is committed with its request, so that the next cycle
continues if the process is killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from scimconf.sandbox.directory.applications import SERVICE_PRINCIPAL, import_roles
from scimconf.sandbox.engine import status
from scimconf.sandbox.engine.exchange import Exchange, ObjectError
from scimconf.sandbox.engine.log import Event, Step, entry, store_entries
from scimconf.sandbox.engine.provision import JobContext, Outcome, Provisioner, subject_of
from scimconf.sandbox.engine.quarantine import (
    EXPIRY,
    QuarantineCause,
    QuarantineError,
    deletions_cause,
    endpoint_failure,
    failure_cause,
    is_due,
    is_expired,
    next_attempt,
    parse_stamp,
    stamp,
)
from scimconf.sandbox.engine.references import Owner, ReferenceSender
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.engine.setup import Setup, deletion_threshold, job_context, read_setup, works_of
from scimconf.sandbox.engine.state import Escrow, JobState
from scimconf.sandbox.engine.values import Json, ObjectFailure, Scope, SourceObject
from scimconf.sandbox.engine.work import DEPROVISIONING, Task, Work
from scimconf.sandbox.store import Condition
from scimconf.sandbox.synchronization.call import JOB
from scimconf.sandbox.synchronization.connection import form_failure, stored_secrets
from scimconf.sandbox.synchronization.templates import templates_of
from scimconf.sandbox.tenant import Tenant

if TYPE_CHECKING:
    from scimconf.sandbox.service import Service

_PROGRESS_STEP = 50
_DELETED_KINDS = ("deletedUser", "deletedGroup")
_KEPT_DELETED = timedelta(days=30)


class UnknownJobError(Exception):
    """There is no job with this id."""


class BusyError(Exception):
    """Another cycle of the job, or another process with the same state, is running."""


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """What a cycle did. `skipped` is the reason if there was none; `entries` are those of the provisioning log."""

    job_id: str
    kind: Literal["initial", "incremental", "none"]
    skipped: str = ""
    execution: Json | None = None
    quarantine: Json | None = None
    staged: int = 0
    entries: tuple[Json, ...] = ()

    def document(self) -> Json:
        return {
            "job": self.job_id,
            "cycle": self.kind,
            "skipped": self.skipped or None,
            "execution": self.execution,
            "quarantine": self.quarantine,
            "stagedDeletions": self.staged,
            "entries": list(self.entries),
        }


async def run_cycle(service: Service, job_id: str) -> CycleSummary:
    """Run a cycle of a job that is due. Raise UnknownJobError, or BusyError if a cycle of the job is running."""
    with only_engine(service, job_id):
        tenant = service.tenant
        job = tenant.documents.get(JOB, job_id)
        if job is None:
            raise UnknownJobError(job_id)
        reason = _not_due(tenant, job)
        if reason:
            return CycleSummary(job_id, "none", reason, quarantine=job["status"]["quarantine"])
        return await Cycle(service, job).run()


@contextmanager
def only_engine(service: Service, job_id: str) -> Iterator[None]:
    """Raise BusyError if the job is being provisioned; otherwise nothing else provisions it until the end."""
    if job_id in service.running:
        raise BusyError(f"A cycle of the job {job_id} is running.")
    store = service.tenant.store
    if not service.running and not store.acquire_lock():
        raise BusyError("Another process runs cycles with the same --state file.")
    service.running.add(job_id)
    try:
        yield
    finally:
        service.running.discard(job_id)
        if not service.running:
            store.release_lock()


def _not_due(tenant: Tenant, job: Json) -> str:
    """Return why a job has no cycle now; disable one that was in quarantine for four weeks."""
    if job["schedule"]["state"] != "Active":
        return f"the job is not started: {job['schedule']['state']}"
    quarantined = job["status"]["quarantine"]
    if is_expired(quarantined, tenant.now()):
        tenant.documents.put(JOB, job["id"], status.expired(job, tenant.switches.expired_quarantine))
        return "the job was in quarantine for four weeks and is disabled"
    if not is_due(quarantined, tenant.now()):
        return f"the job is in quarantine until {quarantined['nextAttempt']}"
    return ""


def job_ids(tenant: Tenant) -> list[str]:
    """Return the ids of the started jobs that real cycles drive."""
    rows = tenant.store.rows("SELECT id, parent FROM objects WHERE kind = ? ORDER BY seq", (JOB,))
    driven = [key for key, parent in rows if tenant.reach.drives(stored_secrets(tenant, parent))]
    return [key for key in driven if (tenant.documents.get(JOB, key) or {})["schedule"]["state"] == "Active"]


@dataclass(slots=True)
class Progress:
    """What a cycle has done so far. `started` is when the work on the present object began."""

    started: datetime
    counts: status.Counts = field(default_factory=status.Counts)
    entries: list[Json] = field(default_factory=list)
    staged: dict[tuple[str, str], str] = field(default_factory=dict)
    resources: dict[tuple[str, str], Json] = field(default_factory=dict)
    failed: set[tuple[str, str]] = field(default_factory=set)
    done: int = 0
    pruned: bool = False


class Cycle:
    """One cycle of a job."""

    def __init__(self, service: Service, job: Json) -> None:
        self._service = service
        self._tenant = service.tenant
        self._job = job
        self._state = JobState(service.tenant.store, job["id"])
        self._id = service.tenant.new_id("activity")
        self._began = service.tenant.now()
        self._progress = Progress(self._began)
        self._escrows = self._state.escrows()
        parent = service.tenant.store.value("SELECT parent FROM objects WHERE kind = ? AND id = ?", (JOB, job["id"]))
        self._principal = service.tenant.documents.get(SERVICE_PRINCIPAL, parent) or {}

    async def run(self) -> CycleSummary:
        self._discard_expired()
        setup = read_setup(self._tenant, self._principal, self._state)
        cause, is_complete = None, True
        try:
            cause = await self._provision(setup)
        except QuarantineError as error:
            cause, is_complete = error.cause, False
        return self._finish(setup, cause, is_complete=is_complete)

    # ---- start -----------------------------------------------------------------------------------------------------

    def _discard_expired(self) -> None:
        """Delete users and groups permanently that were deleted 30 days ago; drop escrows after 28 days."""
        now, documents = self._tenant.now(), self._tenant.documents
        for kind in _DELETED_KINDS:
            before = Condition("json_extract(doc, '$.deletedDateTime') <= ?", (stamp(now - _KEPT_DELETED),))
            for document in documents.all(kind, before):
                documents.remove(kind, document["id"])
        for key, escrow in list(self._escrows.items()):
            if now - parse_stamp(escrow.first_failed) >= EXPIRY:
                self._release(key)
                self._progress.pruned = True

    # ---- objects ---------------------------------------------------------------------------------------------------

    async def _provision(self, setup: Setup) -> QuarantineCause | None:
        """Provision all objects that are due, and return why the job is put into quarantine, if it is."""
        self._require_address(setup)
        tasks = works_of(self._tenant, self._state, setup)
        self._release_unknown(setup, tasks)
        self._count(setup, tasks)
        cause = self._stage(setup, tasks)
        async with self._sender(setup) as sender:
            exchange = Exchange(sender, self._tenant.switches)
            context = job_context(self._tenant, self._principal, self._state, self._id, exchange)
            context = replace(context, is_initial=setup.changes is None)
            try:
                await self._test(setup, exchange)
                await self._run_works(setup, context, tasks)
            finally:
                self._progress.counts.exported = exchange.exported
        counts = self._progress.counts
        return cause or failure_cause(counts.events, counts.failures, counts.reference_failures)

    def _require_address(self, setup: Setup) -> None:
        templates = templates_of(self._principal["applicationTemplateId"], self._tenant.switches)
        failure = form_failure(templates, setup.secrets)
        if failure is not None:
            raise QuarantineError(endpoint_failure("InvalidCredentials", failure))

    def _sender(self, setup: Setup) -> Sender:
        tenant, service = self._tenant, self._service
        destination = tenant.reach.destination(setup.secrets).within(tenant.stamp(), self._id)
        return Sender(destination, tenant.reach, tenant.switches, service.faults, service.journal)

    def _release_unknown(self, setup: Setup, tasks: list[Work]) -> None:
        """Release objects from escrow that do not exist any more and were never provisioned."""
        known = {work.key for work in tasks}
        for key in [key for key in self._escrows if key not in known]:
            if setup.due is None or key[1] in setup.due:
                self._release(key)

    def _count(self, setup: Setup, tasks: list[Work]) -> None:
        counts = self._progress.counts
        counts.imported = sum(work.object_id in setup.source.objects(work.flow.kind) for work in tasks)
        counts.deltas = counts.imported if setup.changes is None else len(setup.changes.ids)
        counts.entitled = sum(work.scope not in (Scope.NOT_ASSIGNED, Scope.PURGED) for work in tasks)
        counts.entitled_for_provisioning = sum(work.scope is Scope.IN for work in tasks)

    def _stage(self, setup: Setup, tasks: list[Work]) -> QuarantineCause | None:
        """Stage the deletions of this cycle if they reach the threshold, and return the cause of the quarantine."""
        threshold = deletion_threshold(setup.secrets)
        deletions = {work.key: work.task.value for work in tasks if work.task in DEPROVISIONING}
        is_over = threshold is not None and len(deletions) >= threshold and not setup.memory.forces_deletes
        self._progress.staged = deletions if is_over else {}
        with self._tenant.store.transaction():
            self._state.stage(self._progress.staged)
        return deletions_cause(len(deletions), threshold) if is_over and threshold is not None else None

    async def _test(self, setup: Setup, exchange: Exchange) -> None:
        """Test the connection of a job in quarantine because of its endpoint, or as often as `keepalive_probe` says."""
        quarantined = self._job["status"]["quarantine"] or {}
        minutes, now = self._tenant.switches.keepalive_probe, self._tenant.now()
        is_kept_alive = minutes > 0 and status.since(setup.memory.last_probe, now) >= minutes
        if quarantined.get("reason") == "EncounteredQuarantineException" or is_kept_alive:
            await exchange.test(setup.flows, self._id)
            self._state.remember(replace(self._state.memory(), last_probe=stamp(now)))

    async def _run_works(self, setup: Setup, context: JobContext, tasks: list[Work]) -> None:
        provisioner = Provisioner(context)
        total = len(tasks)
        for work in tasks:
            source_object = setup.source.objects(work.flow.kind).get(work.object_id)
            self._progress.started = self._tenant.now()
            if work.key in self._progress.staged:
                self._note(context, work, Outcome(self._staged_event(work, source_object)))
            else:
                self._note(context, work, await provisioner.run(work, source_object))
            self._report_progress(total)
        await self._send_references(setup, context, tasks)

    async def _send_references(self, setup: Setup, context: JobContext, tasks: list[Work]) -> None:
        sender = ReferenceSender(context, frozenset(key for _, key in self._escrows))
        owners = self._state.reference_owners() if setup.due is None else None
        for work in tasks:
            source_object = setup.source.objects(work.flow.kind).get(work.object_id)
            if source_object is None or not _has_references(work) or work.key in self._progress.failed:
                continue
            if owners is not None and work.object_id not in owners and not source_object.references:
                continue
            link, self._progress.started = self._state.link(*work.key), self._tenant.now()
            if link is None:
                continue
            owner = Owner(work.flow, source_object, link, self._progress.resources.pop(work.key, None))
            try:
                events = await sender.run(owner)
            except ObjectError as error:
                events = [_reference_failure(work, source_object, error.failure)]
            for event in events:
                self._note(context, work, Outcome(event))
            if not events:
                self._release(work.key)

    # ---- what happened ---------------------------------------------------------------------------------------------

    def _note(self, context: JobContext, work: Work, outcome: Outcome) -> None:
        """Store what happened to an object: the entry in the log, and its escrow."""
        event, progress = outcome.event, self._progress
        if outcome.resource is not None and work.flow.references:
            progress.resources[work.key] = outcome.resource
        if work.scope is not Scope.IN and (event is None or event.failure is None):
            self._release(work.key)
        if event is None:
            return
        progress.counts.events += 1
        with self._tenant.store.transaction():
            event = self._with_escrow(work, event)
            document = entry(context.log, event, progress.counts.events, progress.started, self._tenant.now())
            store_entries(self._tenant, [document])
        progress.entries.append(document)

    def _with_escrow(self, work: Work, event: Event) -> Event:
        """Put a failed object into escrow, release one that succeeded, and return the event with its retry."""
        former = self._escrows.get(work.key)
        if former is not None and not event.is_reference:
            event = replace(event, steps=(_retry_step(former), *event.steps))
        if event.failure is None:
            self._count_success(event)
            if former is not None and (former.is_reference == event.is_reference):
                self._release(work.key)
            return event
        return self._failed(work, event, event.failure, former)

    def _count_success(self, event: Event) -> None:
        if event.status == "success":
            self._progress.counts.exports += 1
            self._progress.counts.reference_deltas += event.references

    def _failed(self, work: Work, event: Event, failure: ObjectFailure, former: Escrow | None) -> Event:
        counts, now = self._progress.counts, self._tenant.now()
        counts.exports += 1
        counts.failures += not event.is_reference
        counts.reference_failures += event.is_reference
        self._progress.failed.add(work.key)
        attempts = (former.attempts if former else 0) + 1
        later = next_attempt(now, attempts)
        first = former.first_failed if former else stamp(now)
        escrow = Escrow(*work.key, failure.code, first, attempts, stamp(later), event.is_reference)
        self._escrows[work.key] = escrow
        self._state.put_escrow(escrow)
        retries = f"This operation was retried {attempts - 1} times."
        until = f"It will be retried again after this date: {later.strftime('%Y-%m-%dT%H:%M:%S.%f0Z')} UTC"
        return event.failed(replace(failure, reason=f"{failure.reason} {retries} {until}"))

    def _release(self, key: tuple[str, str]) -> None:
        """Remove an object from escrow."""
        if self._escrows.pop(key, None) is not None:
            self._state.remove_escrow(*key)

    def _staged_event(self, work: Work, source_object: SourceObject | None) -> Event:
        action = "stagedDelete" if work.task is Task.DELETE else self._tenant.switches.staged_action
        subject = subject_of(work.flow.kind, work.object_id, source_object)
        text = f"{work.flow.kind} '{subject.name}' is not changed: the deletions of this cycle reach the threshold"
        step = Step("EntrySynchronizationSkip", "processing", "skipped", text, {"SkipReason": "StagedDelete"})
        target_id = work.link.target_id if work.link else ""
        return Event(action, "skipped", subject, work.flow.target_object, target_id, (step,))

    def _report_progress(self, total: int) -> None:
        self._progress.done += 1
        if self._progress.done % _PROGRESS_STEP == 0:
            self._store_status({"progress": status.progress(self._progress.done, total, self._tenant.now())})

    # ---- end -------------------------------------------------------------------------------------------------------

    def _finish(self, setup: Setup, cause: QuarantineCause | None, *, is_complete: bool) -> CycleSummary:
        tenant, state, counts = self._tenant, self._state, self._progress.counts
        escrows = self._escrows.values()
        counts.escrowed = sum(not escrow.is_reference for escrow in escrows)
        counts.escrowed_references = len(escrows) - counts.escrowed
        targets = {flow.kind: f"{flow.kind} to {flow.target_object}" for flow in setup.flows}
        links = tuple((targets[kind], count) for kind, count in state.counts().items() if kind in targets)
        result = status.CycleResult(
            self._id, self._began, tenant.now(), counts, cause, is_complete, links, self._progress.pruned
        )
        with tenant.store.transaction():
            job = self._store_result(result)
            if is_complete and job is not None:
                self._advance_watermark(setup)
                import_roles(tenant, self._principal)
        execution = status.execution(result, tenant.switches.escrow_state)
        kind: Literal["initial", "incremental"] = "initial" if setup.changes is None else "incremental"
        quarantined = None if job is None else job["status"]["quarantine"]
        staged = len(self._progress.staged)
        return CycleSummary(self._job["id"], kind, "", execution, quarantined, staged, tuple(self._progress.entries))

    def _store_result(self, result: status.CycleResult) -> Json | None:
        job = self._tenant.documents.get(JOB, self._job["id"])
        if job is None:
            return None
        job["status"] = status.after_cycle(job["status"], result, self._tenant.switches.escrow_state)
        job["status"]["progress"] = []
        job["_cycle"] = None
        self._tenant.documents.put(JOB, job["id"], job)
        return job

    def _store_status(self, changed: Json) -> None:
        job = self._tenant.documents.get(JOB, self._job["id"])
        if job is not None:
            self._tenant.documents.put(JOB, job["id"], job | {"status": job["status"] | changed})

    def _advance_watermark(self, setup: Setup) -> None:
        """Move the watermark, unless an initial cycle was requested during this one."""
        memory = self._state.memory()
        if memory.generation == setup.memory.generation:
            done = replace(memory, watermark=setup.last_change, noted_from=setup.last_change, forces_deletes=False)
            self._state.remember(done)
            self._state.discard_seen_changes()


def _has_references(work: Work) -> bool:
    return work.scope is Scope.IN and bool(work.flow.references) and "Update" in work.flow.actions


def _reference_failure(work: Work, source_object: SourceObject, failure: ObjectFailure) -> Event:
    subject = subject_of(work.flow.kind, work.object_id, source_object)
    step = Step("EntryExportUpdate", "referenceResolution", "failure", failure.reason)
    return Event("update", "failure", subject, work.flow.target_object, "", (step,), (), failure, is_reference=True)


def _retry_step(escrow: Escrow) -> Step:
    details = {
        "CountProcessed": str(escrow.attempts),
        "CreationTime": escrow.first_failed,
        "Identifier": escrow.object_id,
        "ModificationType": "Add",
        "NextAttempt": escrow.next_attempt,
        "Origin": "Source",
        "TypeName": "EscrowedEntryDefault",
    }
    return Step("EntryEscrowRetry", "import", "success", f"Retrying {escrow.kind} {escrow.object_id}", details)
