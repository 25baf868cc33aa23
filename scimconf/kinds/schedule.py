"""Provisioning on or off. It is switched on after everything else, and paused around dangerous changes.

Before every start the service tests the stored credentials; if it refuses them, provisioning is not started.

On means that the schedule of the job is active. A job that has run before is started by a restart and a start, because
a changed scope requires a restart, and a scope change always pauses the job. A job that was paused only because users
change roles is started without a restart: nothing has to be evaluated again.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from scimconf.diagnostics import Diagnostic, quoted
from scimconf.documents import job as documents
from scimconf.kinds.exported import ExportedSpec, ExportRequest
from scimconf.kinds.identity import identified_by, name_checks
from scimconf.kinds.kind import AUTHORIZE, Changes, Kind, counted_guard
from scimconf.kinds.mappings import one_role_targets
from scimconf.kinds.provisioning import Affected, UsersInScope
from scimconf.kinds.role_swaps import one_role_swaps
from scimconf.plan import Action, Address, Change, DesiredItem, DiffResult, Effect, FieldChange, Guard, Resource
from scimconf.snapshot import Json, Snapshot
from scimconf.spec.model import Spec
from scimconf.steps import Phase, Read, Send, Step

if TYPE_CHECKING:
    from scimconf.plan.guards import GuardContext

RESET = "Watermark, Escrows, QuarantineState"
PAUSE_STEP, START_STEP = "pause provisioning", "start provisioning"
"""What the steps that switch provisioning off and on are called, also in history entries."""
UNCONFIRMED = "before-start-unconfirmed"
MAX_STEPS = 5
"""Manual steps that the message of a guard lists."""
_DANGEROUS = frozenset({Effect.DEPROVISIONS, Effect.DATA_LOSS})


class ScheduleKind(Kind):
    """`schedule`: one for each application."""

    name = "schedule"
    labels = ("schedule", "schedules")
    after = ("job",)
    guard_ids = ("initial-start", UNCONFIRMED, "sign-on-missing", "provisioning-stopped")
    effects_before_start = frozenset(Effect)

    def check(self, spec: Spec, snapshot: Snapshot | None) -> Iterable[Diagnostic]:
        job = None if snapshot is None else live_job(snapshot)
        quarantine = documents.quarantine(job) if job is not None else ""
        if quarantine:
            message = f"the job is in quarantine ({quarantine}), so cycles run less and less often"
            path = ("provisioning", "enabled") if spec.provisioning.enabled else ("provisioning",)
            application = shlex.quote(identified_by(spec)[2])
            hint = f"`scimconf status --app {application}` shows the reason, the next attempt and what to do."
            yield Diagnostic("K301", message, path, hint=hint, severity="warning")

    def desired(self, spec: Spec, snapshot: Snapshot) -> Iterable[DesiredItem]:
        yield Resource(self.address(spec), {"enabled": spec.provisioning.enabled})

    def observed(self, spec: Spec, snapshot: Snapshot) -> Iterable[Resource]:
        job = live_job(snapshot)
        if job is not None:
            facts = {"has_run": documents.has_run(job), "quarantine": documents.quarantine(job)}
            yield Resource(self.address(spec), {"enabled": documents.is_on(job)}, facts=facts)

    def affected(self, change: Change) -> Mapping[Effect, Affected]:
        return {effect: UsersInScope(effect is Effect.PROVISIONS) for effect in change.effects - {Effect.RESYNC}}

    def change_effects(self, change: Change) -> frozenset[Effect]:
        enabled = change.field("enabled")
        if enabled is None:
            return frozenset()
        if enabled.after:
            return frozenset({Effect.PROVISIONS, Effect.RESYNC})
        return frozenset({Effect.STOPS}) if enabled.before else frozenset()

    def guards(self, changes: Changes, context: GuardContext) -> Iterable[Guard]:
        for change in changes:
            enabled = change.field("enabled")
            has_run = change.before is not None and change.before.facts.get("has_run")
            if enabled is not None and enabled.after and not has_run:
                message = "provisioning would start for the first time and create users in the application"
                yield counted_guard("initial-start", message, change, Effect.PROVISIONS)
                yield from _before_start_unconfirmed(change, context)
                yield from _sign_on_missing(change, context)
            elif enabled is not None and enabled.before and not enabled.after:
                message = "provisioning would stop, so that users who leave keep their access to the application"
                yield counted_guard("provisioning-stopped", message, change, Effect.STOPS)

    def steps(self, spec: Spec, changes: Changes, snapshot: Snapshot) -> Iterable[Step]:
        job = live_job(snapshot)
        is_replaced = any(change.kind == "job" and change.action is Action.REPLACE for change in changes)
        is_on = job is not None and documents.is_on(job) and not is_replaced
        has_run = job is not None and documents.has_run(job) and not is_replaced
        address, dangerous = self.address(spec), is_on and any(map(is_dangerous, changes))
        must_pause = dangerous or (is_on and bool(one_role_swaps(spec, changes, snapshot)))
        switched = next((change.field("enabled") for change in self.mine(changes)), None)
        if must_pause or (switched is not None and is_on):
            yield from _pause(address)
        if switched.after if switched is not None else must_pause:
            if not has_run:
                yield from name_checks(spec, Phase.START, address)
            state = "stays paused" if is_on else "was not started"
            yield _credentials_test(address, f"Provisioning {state}. {_how_to_fix(spec)} Then run apply again.")
            yield from _start(address, restart=has_run and (dangerous or switched is not None))

    def warnings(
        self, spec: Spec, snapshot: Snapshot, difference: DiffResult, steps: Sequence[Step]
    ) -> Iterable[Diagnostic]:
        """Say that provisioning is paused while users change roles; a cycle in between would see both roles."""
        is_paused = any(step.phase is Phase.STOP and self.address(spec) in step.addresses for step in steps)
        written = {address for step in steps for address in step.addresses}
        swaps = one_role_swaps(spec, [change for change in difference.changes if change.address in written], snapshot)
        if is_paused and swaps:
            target = next(iter(one_role_targets(spec, snapshot)), "the role mapping")
            is_started = any(step.phase is Phase.START for step in steps)
            resumed = "started again last" if is_started else "stays off"
            message = (
                f"{_principals(swaps)}: provisioning is paused first and {resumed}, because {target} takes one role"
            )
            hint = "If apply fails in between, it stays paused."
            yield Diagnostic("K302", message, ("assignments",), hint=hint, severity="warning")

    def export(self, request: ExportRequest) -> ExportedSpec:
        job = live_job(request.snapshot)
        return ExportedSpec({"provisioning": {"enabled": job is not None and documents.is_on(job)}})


def _before_start_unconfirmed(change: Change, context: GuardContext) -> Iterable[Guard]:
    steps = context.unconfirmed_steps
    if steps:
        message = f"{unconfirmed_message(steps)}. Steps that need the application can follow `apply --no-start`"
        yield Guard(UNCONFIRMED, message, address=change.address, count=len(steps))


def unconfirmed_message(steps: Sequence[str]) -> str:
    """Return that these manual steps are not confirmed."""
    subject = "1 step of before_start is" if len(steps) == 1 else f"{len(steps)} steps of before_start are"
    listed = ", ".join(map(quoted, steps[:MAX_STEPS])) + (" and others" if len(steps) > MAX_STEPS else "")
    return f"{subject} not confirmed: {listed}. To confirm a step, add `confirmed` and `by` to it"


def stop_of(spec: Spec) -> Change:
    """Return the change that switches provisioning off, to count the users in scope: it concerns all of them."""
    address = Address(spec.name, ScheduleKind.name)
    return Change(
        address, Action.UPDATE, fields=(FieldChange("enabled", True, False),), effects=frozenset({Effect.STOPS})
    )


def _sign_on_missing(change: Change, context: GuardContext) -> Iterable[Guard]:
    if context.missing_sign_on:
        message = (
            f"the spec requires SAML single sign-on before provisioning starts, and it is not set up "
            f"({context.missing_sign_on})"
        )
        yield Guard("sign-on-missing", message, address=change.address)


def _pause(address: Address) -> Iterable[Step]:
    path = f"{documents.BASE}/jobs/{{job}}/pause"
    yield Send(Phase.STOP, (address,), PAUSE_STEP, "POST", path)
    yield Read(Phase.STOP, (address,), "wait for provisioning to pause", documents.job(), "state_is", ("off",))


def _credentials_test(address: Address, hint: str) -> Step:
    """Return the test without which provisioning is not started: with missing credentials a job is quarantined."""
    path, body = documents.validate_credentials([], saved=True)
    text = "test the stored credentials before provisioning starts"
    return Send(Phase.START, (address,), text, "POST", path, body, hint=hint)


def _how_to_fix(spec: Spec) -> str:
    if spec.connection is None:
        return f"Add `connection:` to the spec, or authorize it in the portal: {AUTHORIZE}"
    if spec.connection.authentication == "portal":
        return AUTHORIZE
    return "Correct the credentials of `connection`."


def _start(address: Address, *, restart: bool) -> Iterable[Step]:
    path = f"{documents.BASE}/jobs/{{job}}"
    if restart:
        text, body = "restart provisioning with an initial cycle", {"criteria": {"resetScope": RESET}}
        yield Send(Phase.START, (address,), text, "POST", f"{path}/restart", body)
    yield Send(Phase.START, (address,), START_STEP, "POST", f"{path}/start")
    yield Read(Phase.START, (address,), "wait for provisioning to start", documents.job(), "state_is", ("on",))


def _principals(principals: frozenset[tuple[str, str]]) -> str:
    types = Counter(type_ for type_, _ in principals)
    counts = [f"{types[name]} {name if types[name] == 1 else name + 's'}" for name in ("user", "group") if types[name]]
    change = "gets another role" if len(principals) == 1 else "get other roles"
    return f"{' and '.join(counts)} {change}"


def is_dangerous(change: Change) -> bool:
    """Return whether an active job must be paused for the change: it deprovisions, loses data, or changes the scope."""
    changes_scope = change.kind == "settings" and change.field("scope") is not None
    return bool(change.effects & _DANGEROUS) or changes_scope


def starts_provisioning(change: Change) -> bool:
    """Return whether the change switches provisioning on."""
    enabled = change.field("enabled") if change.kind == ScheduleKind.name else None
    return enabled is not None and bool(enabled.after)


def pause_steps(spec: Spec) -> tuple[Step, ...]:
    """Return the steps that pause provisioning of an application whose changes need no pause."""
    return tuple(_pause(ScheduleKind().address(spec)))


def start_steps(spec: Spec, snapshot: Snapshot) -> tuple[Step, ...]:
    """Return the steps that start provisioning after a pause, for their number: a plan has them once the job is off."""
    job, address = live_job(snapshot), ScheduleKind().address(spec)
    has_run = job is not None and documents.has_run(job)
    checks = () if has_run else name_checks(spec, Phase.START, address)
    return (*checks, _credentials_test(address, ""), *_start(address, restart=has_run))


def is_on(snapshot: Snapshot) -> bool:
    """Return whether provisioning was on when the tenant was read."""
    job = live_job(snapshot)
    return job is not None and documents.is_on(job)


def job_quarantine(snapshot: Snapshot) -> str:
    """Return why the job was in quarantine when the tenant was read, "" if it was not."""
    job = live_job(snapshot)
    return "" if job is None else documents.quarantine(job)


def held_warnings(spec: Spec, snapshot: Snapshot, steps: Sequence[Step]) -> Iterable[Diagnostic]:
    """Say what `--no-start` leaves: provisioning that is not started, that stays paused, or that is on and stays so."""
    job, path = live_job(snapshot), ("provisioning", "enabled")
    if not spec.provisioning.enabled:
        return
    if job is not None and documents.is_on(job) and not any(step.phase is Phase.STOP for step in steps):
        if steps:
            message = "provisioning is on, and no change of this plan pauses it: the next cycle uses the changes for all users"
            hint = "--no-start only leaves out the start. To try them with single users, pause it before."
            yield Diagnostic("K303", message, path, hint=hint, severity="warning")
        return
    hint = "Try single users with `scimconf provision`. `scimconf apply` without --no-start then starts it."
    message = "provisioning is not started, because of --no-start"
    if job is not None and documents.has_run(job):
        subject = "is paused and stays off" if documents.is_on(job) else "stays off"
        message = (
            f"provisioning {subject}, because of --no-start: users who leave keep their access until it is started"
        )
    yield Diagnostic("K303", message, path, hint=hint, severity="warning")


def live_job(snapshot: Snapshot) -> Mapping[str, Json] | None:
    """Return the job of the application as it was read; None without one."""
    job_id = snapshot.names.get("job")
    return next((job for job in snapshot.rows("jobs") if job["id"] == job_id), None) if job_id else None
