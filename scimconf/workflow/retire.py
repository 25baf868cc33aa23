"""The end of an application: assignments removed, accounts proven closed, provisioning stopped, secrets deleted.

Each stage is derived from the tenant, the provisioning log and the record of accounts in the history, so that a run that
ended anywhere is continued by the next one. Nothing is stopped or deleted while an account is not certainly closed.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from scimconf.diagnostics import ScimconfError, plural
from scimconf.kinds.common_guards import tenant_mismatch
from scimconf.kinds.retirement import emptying_spec, not_emptied, with_reason
from scimconf.monitoring.accounts import AccountRecord, AccountState, unmatched_names
from scimconf.monitoring.history import RunContext
from scimconf.monitoring.job_commands import PORTAL_SCOPES, JobCommand
from scimconf.monitoring.retirement import Retirement, RetirementStage
from scimconf.monitoring.retirement_steps import RetirementPlan, RetirementStep, expected_steps
from scimconf.plan import ApplyStatus, Report, StepOutcome
from scimconf.spec.loaded import Loaded
from scimconf.spec.model import Spec
from scimconf.workflow.apply import ApplyHooks, apply, guards_that_need_allow
from scimconf.workflow.compilation import PlanOptions
from scimconf.workflow.guard_context import tenant_of
from scimconf.workflow.history import HistoryStore, entry_place
from scimconf.workflow.history_entry import OpenHistory
from scimconf.workflow.job_commands import CommandOptions, prepare, read_staged, run_command
from scimconf.workflow.job_control import CycleTimeoutError, UncertainError, wait_for_cycle
from scimconf.workflow.plan import PlannedApplication, plan
from scimconf.workflow.retirement_record import find_record, write_record
from scimconf.workflow.retirement_state import RetirementReading, RetirementState, read_retirement, target_of
from scimconf.workflow.shutdown import ShutdownRequest, delete_application, shut_down
from scimconf.workflow.targets import NoApplicationError

if TYPE_CHECKING:
    from scimconf.graph.execution.context import SecretResolver
    from scimconf.graph.execution.lock import LockOptions
    from scimconf.graph.reading import TenantSession

INTERRUPT_CHECK = 0.5
"""Seconds between two looks at whether the command is interrupted while it waits."""
LOG_READ = 60.0
"""Seconds between two reads of the log while its entries may be late."""


class RetireStatus(Enum):
    """How a retirement ended for now."""

    RETIRED = "retired"
    SHOWN = "shown"
    DECLINED = "declined"
    REFUSED = "refused"
    QUARANTINED = "in quarantine"
    ACCOUNTS_REMAIN = "accounts remain"
    INCOMPLETE = "incomplete"
    """A write failed or was stopped; the report says more."""
    NOT_DELETED = "application not deleted"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireOptions:
    """What a person decided. `wait` is how long a cycle and its entries are awaited, `history` the store of the history."""

    now: datetime
    planning: PlanOptions
    history: HistoryStore
    run: RunContext
    wait: timedelta = timedelta(minutes=90)
    confirmed: tuple[str, ...] = ()
    accepts_unknown: bool = False
    deletes_application: bool = False
    shows_only: bool = False


@dataclass(frozen=True, slots=True)
class RetireResult:
    """The state at the end, and the report of the last writes, if there were any; `error` and `hint` say what prevents the rest.

    `steps` are those that were taken. `is_deleted`: the application does not exist any more; `retirement` is None if it did
    not exist before.
    """

    status: RetireStatus
    retirement: Retirement | None
    report: Report | None = None
    error: str = ""
    hint: str = ""
    is_deleted: bool = False
    steps: tuple[RetirementStep, ...] = ()


class RetireHooks(ApplyHooks, Protocol):
    """Callbacks of a retirement, besides those of its apply."""

    def show(self, plan: RetirementPlan, planned: PlannedApplication | None) -> None:
        """Print the state, the steps and the plan of what is removed, before anything is written."""

    def approve_retirement(self, retirement: Retirement, planned: PlannedApplication | None) -> bool:
        """Return whether to remove the assignments, and to stop provisioning once all accounts are closed."""

    def approve_release(self, retirement: Retirement, number: int) -> bool:
        """Return whether to release the deletions of users and groups that the service holds back; `number` counts them."""

    def approve_deletion(self, retirement: Retirement) -> bool:
        """Return whether to delete the application itself."""

    def say(self, message: str) -> None:
        """Print what happens, as a sentence."""


async def retire(
    session: TenantSession,
    loaded: Loaded,
    options: RetireOptions,
    secrets: SecretResolver,
    hooks: RetireHooks,
    locking: LockOptions | None = None,
) -> RetireResult:
    """End an application, as far as possible now. Raise NoApplicationError, GraphError, or another ScimconfError."""
    run = _Retirement(session, loaded, options, secrets, hooks, locking)
    result = await run.run()
    return replace(result, steps=tuple(run.steps))


@dataclass(slots=True)
class _Retirement:
    """One run; `report` is that of its last writes, `steps` those that it has begun."""

    session: TenantSession
    loaded: Loaded
    options: RetireOptions
    secrets: SecretResolver
    hooks: RetireHooks
    locking: LockOptions | None
    report: Report | None = None
    steps: list[RetirementStep] = field(default_factory=list)

    @property
    def spec(self) -> Spec:
        assert self.loaded.spec is not None
        return self.loaded.spec

    async def run(self) -> RetireResult:
        try:
            state = await self._read()
        except NoApplicationError:
            record = find_record(self.options.history, self.spec.name)
            if self.spec.retired is None and (record is None or not record.is_ended):
                raise
            return RetireResult(RetireStatus.RETIRED, None, is_deleted=True)
        planned = await self._plan(state.retirement)
        refused = self._refusal(state, planned)
        self.hooks.show(self._expected(state.retirement, refused), planned)
        if refused is not None:
            return refused
        if self.options.shows_only:
            return RetireResult(RetireStatus.SHOWN, state.retirement)
        try:
            is_retired = state.retirement.stage is RetirementStage.RETIRED
            return await (self._finished(state) if is_retired else self._end(state, planned))
        except ScimconfError as error:
            if not isinstance(error, UncertainError) and (self.report is None or not self.report.wrote):
                raise
            return RetireResult(RetireStatus.INCOMPLETE, state.retirement, self.report, str(error), error.hint)

    def _expected(self, retirement: Retirement, refused: RetireResult | None) -> RetirementPlan:
        """Return what a run does from here on; the reason why it is refused has no place in it if it is an obstacle."""
        steps = expected_steps(retirement, deletes_application=self.options.deletes_application)
        if refused is None or any(True for _ in retirement.obstacles()):
            return RetirementPlan(retirement, steps)
        return RetirementPlan(retirement, steps, refused.error, refused.hint)

    async def _end(self, state: RetirementState, planned: PlannedApplication | None) -> RetireResult:
        """Do what remains of all stages."""
        if not self.hooks.approve_retirement(state.retirement, planned):
            return RetireResult(RetireStatus.DECLINED, state.retirement)
        if planned is not None and not await self._empty(state, planned):
            return RetireResult(RetireStatus.INCOMPLETE, state.retirement, self.report)
        state = await self._closed(await self._read(state), is_new=planned is not None)
        if self.hooks.interrupted():
            return RetireResult(RetireStatus.INTERRUPTED, state.retirement, self.report)
        if state.retirement.stage in (RetirementStage.ASSIGNMENTS, RetirementStage.ACCOUNTS):
            return self._remaining(state.retirement)
        if state.retirement.stage is RetirementStage.SHUTDOWN and not await self._shut_down(state):
            return RetireResult(RetireStatus.INCOMPLETE, state.retirement, self.report)
        return await self._finished(await self._read(state))

    async def _finished(self, state: RetirementState) -> RetireResult:
        """Return the result of an application that is shut down; delete it if that was asked for."""
        if self.options.deletes_application:
            return await self._delete(state)
        status = RetireStatus.ACCOUNTS_REMAIN if state.retirement.open_accounts else RetireStatus.RETIRED
        return RetireResult(status, state.retirement, self.report)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        return (self.session.graph.now or self.options.now).astimezone(UTC)

    async def _read(self, former: RetirementState | None = None) -> RetirementState:
        """Return the state as it is now; of the log only what is new since a former reading."""
        options = self.options
        reading = RetirementReading(
            now=options.now,
            record=find_record(options.history, self.spec.name),
            confirmed=options.confirmed,
            accepts_unknown=options.accepts_unknown,
        )
        if former is not None and not former.retirement.log_problem:
            reading = replace(reading, known=former.entries, known_until=former.retirement.now)
        return await read_retirement(self.session, self.spec, reading)

    async def _plan(self, retirement: Retirement) -> PlannedApplication | None:
        """Return the plan that removes the assignments, or starts a job that is off while accounts are open; else None."""
        stage = retirement.stage
        is_needed = stage is RetirementStage.ASSIGNMENTS or (stage is RetirementStage.ACCOUNTS and not retirement.is_on)
        if not is_needed:
            return None
        runs = retirement.has_run or retirement.is_on
        spec = emptying_spec(self.spec, narrows=retirement.scope == "all", runs=runs)
        planned = await plan(self.session, replace(self.loaded, spec=spec), self._planning(spec))
        changes = tuple(map(with_reason, planned.plan.changes))
        return replace(planned, plan=replace(planned.plan, changes=changes))

    def _planning(self, spec: Spec) -> PlanOptions:
        """Return the options of the plan of an emptying spec, without what it has for its references only."""
        exclude = not_emptied(spec) if spec.connection is not None else ()
        return replace(self.options.planning, exclude=exclude)

    def _wrong_tenant(self, state: RetirementState) -> RetireResult | None:
        """Return the refusal of another tenant than the spec's, where no plan has the guard for it."""
        for guard in tenant_mismatch(self.spec.tenant, tenant_of(state.snapshot)):
            if guard.id not in self.options.planning.allow:
                message = f"blocked by a guard. {guard.id}: {guard.message}"
                return RetireResult(RetireStatus.REFUSED, state.retirement, error=message)
        return None

    def _refusal(self, state: RetirementState, planned: PlannedApplication | None) -> RetireResult | None:
        """Return why nothing can be done; None if it can."""
        retirement = state.retirement
        unmatched = unmatched_names(retirement.accounts, self.options.confirmed)
        if unmatched:
            message = f"--confirmed names users who have no account to confirm: {', '.join(unmatched)}"
            return RetireResult(RetireStatus.REFUSED, retirement, error=message, hint="Use the names that are listed.")
        for message, hint in retirement.obstacles():
            status = RetireStatus.QUARANTINED if retirement.job.is_quarantined else RetireStatus.REFUSED
            return RetireResult(status, retirement, error=message, hint=hint)
        if planned is None:
            return self._wrong_tenant(state)
        if planned.errors:
            error = planned.errors[0]
            return RetireResult(
                RetireStatus.REFUSED, retirement, error=f"{error.code} {error.message}", hint=error.hint
            )
        guards = guards_that_need_allow(planned)
        if guards:
            texts = "; ".join(f"{guard.id}: {guard.message}" for guard in guards)
            hint = "Write a guard exemption into the spec, or pass " + " ".join(
                f"--allow {name}" for name in dict.fromkeys(guard.id for guard in guards)
            )
            return RetireResult(RetireStatus.REFUSED, retirement, error=f"blocked by a guard. {texts}", hint=f"{hint}.")
        return None

    # --- assignments -------------------------------------------------------------------------------------------------

    async def _empty(self, state: RetirementState, planned: PlannedApplication) -> bool:
        """Remove the assignments, or start the job; return whether that succeeded."""
        is_in_use = state.retirement.stage is RetirementStage.ASSIGNMENTS
        self.steps.append(RetirementStep.REMOVE_ASSIGNMENTS if is_in_use else RetirementStep.START)
        history = self._history()
        hooks = _RecordingHooks(self.hooks, history, self._record(state.retirement))
        planning = self._planning(planned.loaded.spec or self.spec)
        report = await apply(self.session, planned, planning, self.secrets, hooks, self.locking)
        self.report = history.end(report)
        self._report_history(history)
        return self.report.status is ApplyStatus.APPLIED

    def _history(self) -> OpenHistory:
        """Return a new entry of the history."""
        return OpenHistory(self.options.history, self.options.run, lambda: datetime.now(UTC))

    def _report_history(self, history: OpenHistory) -> None:
        for line in history.failure:
            self.hooks.say(line)

    def _record(self, retirement: Retirement, *, is_ended: bool = False) -> AccountRecord:
        """Return the record of the accounts as they are now."""
        accounts = {account.id: account for account in retirement.accounts}
        return AccountRecord(accounts, self._now(), not retirement.unknown, is_ended)

    # --- accounts ----------------------------------------------------------------------------------------------------

    async def _closed(self, state: RetirementState, *, is_new: bool) -> RetirementState:
        """Return the state once all accounts are closed, or as it is when waiting does not help any more.

        `is_new`: this run has removed assignments or started the job, so that a cycle is to be expected.
        """
        deadline = self.session.consistency.clock() + self.options.wait.total_seconds()
        is_released = False
        while state.retirement.stage is RetirementStage.ACCOUNTS and not self.hooks.interrupted():
            retirement, since = state.retirement, state.retirement.removed or state.retirement.now
            has_failed = any(account.state is AccountState.FAILED for account in retirement.open_accounts)
            if retirement.is_held_back:
                if is_released or not await self._release(retirement):
                    return state
                since, is_released = self._now(), True
            elif not is_new and has_failed:
                since = self._now()
                self.steps.append(RetirementStep.RETRY_FAILED)
                prepared = await prepare(self.session, target_of(self.spec), self._job_options())
                await run_command(self.session, JobCommand.RESTART, prepared, self._job_options(), PORTAL_SCOPES)
                self.hooks.say("Provisioning was restarted, so that failed accounts are tried again at once.")
            elif not is_new and not retirement.open_accounts:
                return state
            state = await self._after_cycle(state, since, deadline)
            if not state.retirement.is_held_back:
                return state
        return state

    async def _release(self, retirement: Retirement) -> bool:
        """Release the deletions that the service holds back; return False if that is not approved, or not possible yet."""
        options = self._job_options()
        try:
            prepared = await prepare(self.session, target_of(self.spec), options)
            prepared = await read_staged(self.session, prepared)
        except ScimconfError as error:
            self.hooks.say(" ".join(filter(None, [f"{error}.", error.hint])))
            return False
        if not self.hooks.approve_release(retirement, len(prepared.staged)):
            return False
        self.steps.append(RetirementStep.RELEASE_DELETIONS)
        await run_command(self.session, JobCommand.ALLOW_DELETIONS, prepared, options)
        number = len(prepared.staged)
        self.hooks.say(f"{plural(number, 'deletion')} {'is' if number == 1 else 'are'} released.")
        return True

    def _job_options(self) -> CommandOptions:
        """Return how this run controls the job: with an entry in the history, and not under the lock of another run."""
        return CommandOptions(
            clock=lambda: datetime.now(UTC),
            lock_holder=self.options.planning.lock_holder,
            history=self._history(),
            run=self.options.run,
        )

    async def _after_cycle(self, state: RetirementState, since: datetime, deadline: float) -> RetirementState:
        """Return the state after a cycle that began after a time, and after its entries; or at the deadline."""
        self.steps.append(RetirementStep.AWAIT_CYCLE)
        if not await self._cycle_ended(state, since, deadline):
            return await self._read(state)
        state = await self._read(state)
        last = state.retirement.job.last
        ended = last.ended if last is not None else None
        while ended is not None and state.retirement.may_be_late(ended) and await self._sleep(deadline):
            state = await self._read(state)
        return state

    async def _cycle_ended(self, state: RetirementState, since: datetime, deadline: float) -> bool:
        """Wait for a cycle that began after a time; return whether one ended before the deadline."""
        limit = timedelta(seconds=max(0.0, deadline - self.session.consistency.clock()))
        try:
            return await self._interruptible(wait_for_cycle(self.session, state.job, since, limit))
        except CycleTimeoutError as error:
            self.hooks.say(f"{error}.")
            return False

    async def _sleep(self, deadline: float) -> bool:
        """Wait before the log is read again; return False at the deadline, or after an interrupt."""
        consistency = self.session.consistency
        if consistency.clock() + LOG_READ > deadline:
            return False
        consistency.on_wait(LOG_READ, "the provisioning log")
        return await self._interruptible(consistency.sleep(LOG_READ))

    async def _interruptible(self, work: Awaitable[object]) -> bool:
        """Wait for work that only reads; return False if an interrupt ended it."""
        import asyncio

        task = asyncio.ensure_future(work)
        while not task.done():
            if self.hooks.interrupted():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                return False
            await asyncio.wait({task}, timeout=INTERRUPT_CHECK)
        await task
        return True

    def _remaining(self, retirement: Retirement) -> RetireResult:
        if retirement.job.is_quarantined and not retirement.is_held_back:
            quarantine = retirement.job.quarantine
            assert quarantine is not None
            message = f"the job is in quarantine ({quarantine.reason})"
            return RetireResult(RetireStatus.QUARANTINED, retirement, self.report, message, quarantine.cause.action)
        return RetireResult(RetireStatus.ACCOUNTS_REMAIN, retirement, self.report)

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _shut_down(self, state: RetirementState) -> bool:
        """Stop provisioning and delete the stored secrets; return whether that succeeded."""
        self.steps.append(RetirementStep.SHUT_DOWN)
        history = self._history()
        request = ShutdownRequest(
            spec=self.spec,
            state=state,
            record=self._record(state.retirement, is_ended=True),
            history=history,
            read_again=lambda: self._read(state),
        )
        report = await shut_down(self.session, request, self.secrets, self.hooks, self.locking)
        self.report = replace(report, history_entry=_place(history))
        self._report_history(history)
        return self.report.status is ApplyStatus.APPLIED

    async def _delete(self, state: RetirementState) -> RetireResult:
        obstacles = list(state.retirement.deletion_obstacles())
        if obstacles:
            message = f"the application is not deleted: {'; '.join(obstacles)}"
            hint = "If nobody signs in through it, delete it in the portal." if state.retirement.sign_on else ""
            return RetireResult(RetireStatus.NOT_DELETED, state.retirement, self.report, message, hint)
        if not self.hooks.approve_deletion(state.retirement):
            return RetireResult(
                RetireStatus.NOT_DELETED, state.retirement, self.report, "the application is not deleted"
            )
        self.steps.append(RetirementStep.DELETE_APPLICATION)
        history = self._history()
        await delete_application(self.session, self.spec, state, history)
        self._report_history(history)
        return RetireResult(RetireStatus.RETIRED, state.retirement, self.report, is_deleted=True)


def _place(history: OpenHistory) -> str:
    """Return where an entry is, for people; "" if it was not begun."""
    return entry_place(history.store, history.entry) if history.store is not None and history.entry is not None else ""


@dataclass(frozen=True, slots=True)
class _RecordingHooks:
    """The hooks of the apply that removes the assignments: its history entry also has the accounts."""

    hooks: RetireHooks
    history: OpenHistory
    record: AccountRecord

    def approve(self, planned: PlannedApplication) -> bool:
        return self.hooks.approve(planned)

    def begin_history(self, planned: PlannedApplication) -> str:
        place = self.history.begin(planned)
        assert self.history.store is not None
        assert self.history.entry is not None
        write_record(self.history.store, self.history.entry, self.record)
        return place

    def progress(self, message: str, done: int, total: int) -> None:
        self.hooks.progress(message, done, total)

    def finished(self, outcome: StepOutcome) -> None:
        self.hooks.finished(outcome)

    def interrupted(self) -> bool:
        return self.hooks.interrupted()
