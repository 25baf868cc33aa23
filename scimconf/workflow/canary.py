"""Apply a plan to single users first: pause, write, provision them on demand, compare, then start for all, or put back.

The documents are put back by the plan of the spec of before, as a rollback does (`workflow/rollback.py`). Its guards are
about changes that only the users of the canary had, so they are allowed as far as it undoes what the canary wrote; it stops
if it would undo anything else. After a kill, an interrupt or an error the report says what is written, and both ways to go on:
`apply` uses the changes for everybody, `rollback` returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from scimconf.diagnostics import GraphError, ScimconfError, StaleError
from scimconf.export import ExportedSpec
from scimconf.kinds.schedule import is_on, pause_steps, start_steps, starts_provisioning
from scimconf.monitoring.canary import CanaryResult, CanaryUser, leftovers, problems, redacted_result
from scimconf.monitoring.on_demand import OnDemandVerdict
from scimconf.plan import ApplyStatus, Pause, Report, Result, StepOutcome
from scimconf.plan.redact import redact_report
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import GUARDS
from scimconf.steps import Send
from scimconf.workflow.apply import ApplyHooks, apply_rounds, ended_by, mask_secrets
from scimconf.workflow.canary_checks import Canary
from scimconf.workflow.compilation import PlanOptions, without_start
from scimconf.workflow.locking import under_lock
from scimconf.workflow.plan import PlannedApplication, plan
from scimconf.workflow.provision import Demand, Subject, prepare, provision
from scimconf.workflow.rollback import past_spec

if TYPE_CHECKING:
    from scimconf.graph.execution.context import SecretResolver
    from scimconf.graph.execution.lock import ApplicationLock, LockOptions
    from scimconf.graph.reading import TenantSession

KEPT_GUARDS = frozenset({"tenant-mismatch", "secret-redirected", "endpoint-changed", "quarantined", "sign-on-missing"})
"""Guards that also block when a canary is put back: they are not about what it undoes."""
_NOT_ENTITLED = "noteffectivelyentitled"
_REFUSED_HINT = (
    "Provisioning is paused, and it is not documented whether the service provisions on demand then: `scimconf probe` finds "
    "out in a test tenant."
)


class CanaryDialog(Protocol):
    """What a canary needs of the person or the program that runs it."""

    def provisioned(self, result: CanaryResult) -> None:
        """Report what was sent for a user."""

    def widen(self, results: Sequence[CanaryResult]) -> bool | None:
        """Return whether to start provisioning with the changes for everybody, or to put them back; None to stop here."""

    def load(self, exported: ExportedSpec) -> Loaded:
        """Return the spec of before."""

    def rollback_command(self, entry: str) -> str:
        """Return the command that returns to the documents of a history entry, "" if there is none."""


_EARLIER = "what the earlier canary has sent for its users is in the application until a cycle evaluates them again"


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryRun:
    """How a canary is applied; `open_session` returns a session that has read nothing, `now` is the time if Graph sends none."""

    options: PlanOptions
    secrets: SecretResolver
    hooks: ApplyHooks
    dialog: CanaryDialog
    open_session: Callable[[], TenantSession]
    now: datetime
    redact: bool = False
    locking: LockOptions | None = None


# --- the apply ------------------------------------------------------------------------------------------------------


async def apply_canary(session: TenantSession, canary: Canary, run: CanaryRun) -> Report:
    """Apply an approved plan to the users of a canary, then to everybody, or put it back. Failures are in the report.

    The status is APPLIED if provisioning was started for everybody, PUT_BACK if everything is as before.
    """
    mask_secrets([canary.planned.loaded], run.secrets)

    def work(hooks: ApplyHooks, lock: ApplicationLock | None) -> Awaitable[Report]:
        spec = canary.planned.loaded.spec
        assert spec is not None
        whole = _OneEntryHooks(hooks, after=len(start_steps(spec, canary.planned.snapshot)))
        return _CanaryApply(session, canary, replace(run, hooks=whole), lock, whole.next_round).report_of()

    return redact_report(await under_lock(run.hooks, run.locking, work), run.secrets.mask_text)


@dataclass(slots=True)
class _OneEntryHooks:
    """Hooks with one history entry and one count of steps for all rounds of a canary.

    `before` is the number of steps of earlier rounds, `after` that of the start for everybody, if it is still to come.
    """

    hooks: ApplyHooks
    entry: str | None = None
    before: int = 0
    after: int = 0
    steps: int = 0

    def approve(self, planned: PlannedApplication) -> bool:
        return self.hooks.approve(planned)

    def begin_history(self, planned: PlannedApplication) -> str:
        self.entry = self.hooks.begin_history(planned) if self.entry is None else self.entry
        return self.entry

    def progress(self, message: str, done: int, total: int) -> None:
        self.steps = total
        self.hooks.progress(message, self.before + done, self.before + total + self.after)

    def next_round(self) -> None:
        """Count the steps of the last rounds as done; those of the next ones are all that follow."""
        self.before, self.after, self.steps = self.before + self.steps, 0, 0

    def finished(self, outcome: StepOutcome) -> None:
        self.hooks.finished(outcome)

    def interrupted(self) -> bool:
        return self.hooks.interrupted()


@dataclass(slots=True)
class _CanaryApply:
    """One canary. `report` is what was done until now, `results` what was sent for the users.

    `is_returning`: the documents are being put back.
    """

    session: TenantSession
    canary: Canary
    run: CanaryRun
    lock: ApplicationLock | None
    next_round: Callable[[], None]
    report: Report = field(init=False)
    results: list[CanaryResult] = field(default_factory=list)
    is_returning: bool = False

    def __post_init__(self) -> None:
        self.report = Report(self.canary.planned.name)

    async def report_of(self) -> Report:
        """Return the report of the whole canary; errors and interrupts end it with its state."""
        try:
            return await self._run()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  the report must say what was written
            return self._left(ended_by(error, self.report, self.run.hooks))

    async def _run(self) -> Report:
        hooks = self.run.hooks
        self.report = await self._rounds(self.session, _held(self.canary.planned), self._options(no_start=True))
        if hooks.interrupted() or not self.report.is_complete or _unconfirmed(self.report):
            return await self._not_written()
        entry = hooks.begin_history(self.canary.planned)
        pause = self.report.pause if self.report.wrote else Pause.NOT_STARTED  # only the start is left to do
        self.report = replace(self.report, history_entry=self.report.history_entry or entry, pause=pause, wrote=True)
        self.next_round()
        try:
            await self._provision()
        except ScimconfError as error:
            return await self._put_back(f"no user was provisioned: {error}")
        if hooks.interrupted():
            return self._interrupted()
        if any(result.error for result in self.results):
            return await self._put_back()
        answer = self.run.dialog.widen(self.results)
        if answer is None or hooks.interrupted():
            return self._interrupted()
        return await (self._widen() if answer else self._put_back())

    def _options(self, *, no_start: bool = False) -> PlanOptions:
        return replace(self.run.options, no_start=no_start)

    async def _rounds(self, session: TenantSession, planned: PlannedApplication, options: PlanOptions) -> Report:
        return await apply_rounds(session, planned, options, self.run.secrets, self.run.hooks, self.lock)

    async def _not_written(self) -> Report:
        """End a canary whose changes are not all there: put back what was written, unless it was interrupted."""
        if not self.report.wrote:
            return self.report
        if self.run.hooks.interrupted():
            return self._interrupted()
        return await self._put_back("the changes could not all be written: " + _failure(self.report))

    # --- the users ---

    async def _provision(self) -> None:
        """Provision the users one after another until one call fails, or an interrupt."""
        self.session.renew_reads()
        users = {user.user_id.lower(): user for user in self.canary.users}
        names = [user.user_id for user in self.canary.users]
        demand = await prepare(self.session, self.canary.planned.loaded, names, self.run.now)
        for subject in demand.subjects:
            if self.run.hooks.interrupted():
                return
            result = await self._provision_user(demand, subject, users[subject.id.lower()])
            self.results.append(result)
            self.run.dialog.provisioned(result)
            if result.error:
                return

    async def _provision_user(self, demand: Demand, subject: Subject, user: CanaryUser) -> CanaryResult:
        """Provision a user; one who is newly in scope is tried again for a while, since assignments replicate."""
        backoff = self.session.consistency.backoff()
        while True:
            try:
                done = await provision(self.session, demand, subject)
            except ScimconfError as error:
                text = " ".join(filter(None, (f"{error}.", error.hint, _refused_hint(error))))
                return CanaryResult(user, error=text, may_be_sent=_may_be_sent(error))
            is_late = (
                user.before.in_scope is not True
                and done.result.verdict is OnDemandVerdict.NOT_PROVISIONED
                and done.result.event.code.lower().endswith(_NOT_ENTITLED)
                and not self.run.hooks.interrupted()
            )
            if not is_late or not await backoff.wait("the new assignment to reach the provisioning service"):
                return CanaryResult(user, done.result, done.comparison)

    # --- the ends ---

    async def _widen(self) -> Report:
        """Start provisioning with the changes for everybody, unless the tenant has changed meanwhile."""
        self.session.renew_reads()
        options = self._options()
        planned = await plan(self.session, self.canary.planned.loaded, options)
        others = [str(change.address) for change in planned.plan.changes if not starts_provisioning(change)]
        if others or planned.errors:
            names = ", ".join(others) or "the tenant"
            error = StaleError(f"{names} has changed during the canary, so provisioning was not started")
            return self._left(ended_by(error, self.report, self.run.hooks))
        return self._merged(await self._rounds(self.session, planned, options))

    def _merged(self, last: Report) -> Report:
        """Return the report of the canary and of the start as one."""
        first = self.report
        merged = replace(
            last,
            outcomes=(*first.outcomes, *last.outcomes),
            removed=first.removed | last.removed,
            wrote=first.wrote or last.wrote,
            history_entry=first.history_entry or last.history_entry,
            documents=last.documents or first.documents,
        )
        if last.is_complete:
            return merged
        status = ApplyStatus.INTERRUPTED if last.status is ApplyStatus.INTERRUPTED else ApplyStatus.PARTIALLY_APPLIED
        pause = last.pause if last.pause is Pause.START_UNCONFIRMED else first.pause
        return self._left(replace(merged, status=status, pause=pause, paused_since=first.paused_since))

    async def _put_back(self, reason: str = "") -> Report:
        """Return to the documents of before, and to provisioning as it was."""
        self.is_returning = True
        reason = reason or "; ".join(self._reasons()) or "it was not approved"
        try:
            report = await self._return()
        except ScimconfError as error:
            report = Report(self.report.name, error=f"{error}. {error.hint}".strip(), status=ApplyStatus.FAILED)
        printed = [redacted_result(result) if self.run.redact else result for result in self.results]
        stays = [leftovers(result, is_on=self.canary.was_on, redact=self.run.redact) for result in printed]
        stays += [iter([_EARLIER])] if self.canary.is_continued else []
        ended = replace(
            self.report,
            outcomes=(),
            removed=frozenset(),
            pause=Pause.NONE,
            hint=self._tried(),
            warnings=(*self.report.warnings, *(text for texts in stays for text in texts)),
            documents=report.documents or self.report.documents,
        )
        if report.is_complete and not _unconfirmed(report):
            return replace(ended, error=f"The canary was put back: {reason}", status=ApplyStatus.PUT_BACK)
        status = ApplyStatus.INTERRUPTED if report.status is ApplyStatus.INTERRUPTED else ApplyStatus.PARTIALLY_APPLIED
        text = f"The canary is to be put back ({reason}), and that is not done: {_failure(report)}"
        pause = report.pause if report.pause is Pause.START_UNCONFIRMED else self.report.pause
        return self._left(replace(ended, outcomes=report.outcomes, status=status, error=text, pause=pause, hint=""))

    def _reasons(self) -> Iterator[str]:
        """Yield why the changes are put back: what is not as predicted, or could not be tried or compared."""
        results = [redacted_result(result) if self.run.redact else result for result in self.results]
        for result in results:
            yield from problems(result)
        if results and all(result.is_as_predicted and not result.is_compared for result in results):
            names = ", ".join(result.user.name for result in results)
            yield f"no value could be compared for {names}, so nothing is proven"

    def _tried(self) -> str:
        """Return with whom the changes were tried."""
        tried = [result for result in self.results if not result.error or result.may_be_sent]
        users = [redacted_result(result).user if self.run.redact else result.user for result in tried]
        names = ", ".join(user.name for user in users)
        return f"Tried with {names}. No cycle has used the changes." if names else "Nobody was provisioned."

    async def _return(self) -> Report:
        """Plan and apply the spec of before; raise StaleError if it would undo more than the canary has done."""
        session, loaded = self.run.open_session(), self.canary.planned.loaded
        past = self.run.dialog.load(await past_spec(session, loaded, self.canary.past))
        allowed = tuple(guard for guard in GUARDS if guard not in KEPT_GUARDS)
        options = replace(
            self._options(),
            only=(),
            exclude=(),
            allow=(*self.run.options.allow, *allowed),
            resend_secrets=False,
            impact=False,
        )
        planned = await plan(session, past, options)
        others = [
            str(change.address)
            for change in planned.plan.changes
            if str(change.address) not in self.canary.touched and not starts_provisioning(change)
        ]
        if others:
            raise StaleError(
                f"another client has changed {', '.join(others)} since the canary began, and putting back would undo it",
                "Decide which of the changes is right.",
            )
        return await self._rounds(session, planned, options)

    def _interrupted(self) -> Report:
        return self._left(replace(self.report, status=ApplyStatus.INTERRUPTED))

    def _left(self, report: Report) -> Report:
        """Return the report of a canary that is neither widened nor put back: what is written, and how to go on."""
        if not report.wrote:
            return report
        back = self.run.dialog.rollback_command(report.history_entry)
        alternative = f"To return to the state before the canary instead: `{back}`." if back else ""
        if self.is_returning:
            report, alternative = replace(report, command=back), ""
        hint = " ".join(filter(None, (report.hint, self._tried(), alternative)))
        pause = report.pause
        if pause is Pause.NOT_STARTED:
            pause = Pause.CONFIRMED if self.canary.was_on else Pause.EARLIER
        return replace(report, hint=hint, pause=pause, paused_since=self.report.paused_since)


def _held(planned: PlannedApplication) -> PlannedApplication:
    """Return a plan without the start, and with a pause if provisioning is on."""
    assert planned.loaded.spec is not None
    changes = tuple(change for change in planned.plan.changes if not starts_provisioning(change))
    steps = without_start(planned.steps)
    if is_on(planned.snapshot) and not any(isinstance(step, Send) and step.pauses for step in steps):
        steps = (*pause_steps(planned.loaded.spec), *steps)
    return replace(planned, plan=replace(planned.plan, changes=changes), steps=steps)


def _unconfirmed(report: Report) -> bool:
    return any(outcome.result is Result.UNCONFIRMED for outcome in report.outcomes)


def _failure(report: Report) -> str:
    """Return why an apply did not succeed, in one sentence."""
    failed = [f"{outcome.message}: {outcome.detail}" for outcome in report.failed]
    late = [outcome.message for outcome in report.outcomes if outcome.result is Result.UNCONFIRMED]
    return report.error or "; ".join(failed) or f"not visible yet: {', '.join(late)}"


def _may_be_sent(error: ScimconfError) -> bool:
    return isinstance(error, GraphError) and (error.status == 0 or error.status >= 500 or error.lost_attempt)


def _refused_hint(error: ScimconfError) -> str:
    is_refused = isinstance(error, GraphError) and error.status in (400, 404, 409, 422)
    return _REFUSED_HINT if is_refused else ""
