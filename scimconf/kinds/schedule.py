"""Provisioning on or off: last, only after everything else, paused around danger.

On means that the job's schedule is active. A job that has run before is started by restart and start, so that the
restart which a changed scope needs happens whenever provisioning was paused for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scimconf.diagnostics import Diagnostic
from scimconf.documents import job as documents
from scimconf.kinds.kind import Base, Effects
from scimconf.plan import Action, Address, Change, DesiredItem, Effect, Resource
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Read, Send, Step

RESET = "Watermark, Escrows, QuarantineState"
_DANGEROUS = frozenset({Effect.DEPROVISIONS, Effect.DATA_LOSS})


class ScheduleKind(Base):
    """`schedule`: one for each application."""

    name = "schedule"
    after = ("job",)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        job = None if snapshot is None else _job(snapshot)
        held = documents.quarantine(job) if job is not None else ""
        if held:
            yield Diagnostic(
                "K301",
                f"the job is in quarantine: {held}",
                ("provisioning", "enabled") if spec.provisioning.enabled else ("provisioning",),
                hint="Cycles are slowed to one a day until the cause is mended.",
                severity="warning",
            )

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        yield Resource(self.address(spec), {"enabled": spec.provisioning.enabled})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        job = _job(snapshot)
        if job is not None:
            facts = {"has_run": documents.has_run(job), "quarantine": documents.quarantine(job)}
            yield Resource(self.address(spec), {"enabled": documents.is_on(job)}, facts=facts)

    def steps(self, spec: Spec, changes: Sequence[Change], snapshot: Snapshot) -> Iterable[Step]:
        job = _job(snapshot)
        replaced = any(change.kind == "job" and change.action is Action.REPLACE for change in changes)
        on = job is not None and documents.is_on(job) and not replaced
        has_run = job is not None and documents.has_run(job) and not replaced
        own = self.address(spec)
        paused = on and any(map(is_dangerous, changes))
        switched = next((change.field("enabled") for change in self.mine(changes)), None)
        if paused or (switched is not None and on):
            yield from self._pause(own)
        if switched.after if switched is not None else paused:
            yield from self._start(own, restart=has_run)

    def _pause(self, own: Address) -> Iterable[Step]:
        path = f"{documents.BASE}/jobs/{{job}}/pause"
        yield Send(Phase.STOP, (own,), "pause provisioning", "POST", path)
        yield Read(Phase.STOP, (own,), "wait until it is paused", documents.job(), "state_is", ("off",))

    def _start(self, own: Address, *, restart: bool) -> Iterable[Step]:
        path = f"{documents.BASE}/jobs/{{job}}"
        if restart:
            body = {"criteria": {"resetScope": RESET}}
            yield Send(Phase.START, (own,), "restart provisioning from the beginning", "POST", f"{path}/restart", body)
        yield Send(Phase.START, (own,), "start provisioning", "POST", f"{path}/start")
        yield Read(Phase.START, (own,), "wait until it is on", documents.job(), "state_is", ("on",))

    def effects(self, changes: Sequence[Change], snapshot: Snapshot) -> Effects:
        return {change.address: _effects(change) for change in changes}


def is_dangerous(change: Change) -> bool:
    """Whether an active job must be paused for a change: it takes something from people, or changes who they are."""
    scope = change.kind == "settings" and change.field("scope") is not None
    return bool(change.effects & _DANGEROUS) or scope


def _effects(change: Change) -> frozenset[Effect]:
    one = change.field("enabled")
    if one is None or not one.after:
        return frozenset()
    return frozenset({Effect.PROVISIONS, Effect.RESYNC})


def _job(snapshot: Snapshot) -> Mapping[str, Json] | None:
    wanted = snapshot.names.get("job")
    return next((job for job in snapshot.rows("jobs") if job["id"] == wanted), None) if wanted else None
