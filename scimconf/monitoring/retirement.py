"""The end of an application: which accounts are certainly closed, what prevents the end, and what is to be done next.

An account is closed if the newest entry of the provisioning log that changed it disabled or deleted it. The log is kept for
30 days, so that what an earlier run of the retirement found is recorded in the history and counts as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from scimconf.json_types import Json
from scimconf.monitoring.causes import error_cause
from scimconf.monitoring.job_status import JobPhase, JobStatus
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.times import parse_time, stamp

LOG_DELAY = timedelta(minutes=15)
"""How late an entry of the log can be (Microsoft's validator waits as long)."""
TOO_MANY_DELETES = "TooManyDeletes"
_REMOVALS = ("disable", "delete")
_STAGED = ("stageddelete", "stagedaction")
_IN_SYNC = "redundantexport"
_MAX_REASON = 300


class AccountState(StrEnum):
    """What is known about the account of a user in the application."""

    CLOSED = "closed"
    NEVER_CREATED = "never created"
    CONFIRMED = "confirmed"
    HELD_BACK = "held back"
    FAILED = "failed"
    UNPROVEN = "not proven"


SETTLED = frozenset({AccountState.CLOSED, AccountState.NEVER_CREATED, AccountState.CONFIRMED})
"""The states of accounts that do not prevent the end of the application."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a user: `id` is the object id in the tenant, `reason` what shows its state, `action` what to do."""

    id: str
    name: str
    state: AccountState
    reason: str = ""
    action: str = ""

    @property
    def is_settled(self) -> bool:
        return self.state in SETTLED

    def document(self) -> dict[str, str]:
        """Return the JSON values of the account."""
        values = {"id": self.id, "name": self.name, "state": self.state.value}
        return {**values, "reason": self.reason, "action": self.action}


@dataclass(frozen=True, slots=True)
class RetirementRecord:
    """What the history has of earlier runs: the accounts by id with their last state, and when the last run wrote.

    `is_complete` is False if users could be in scope who are not in it.
    """

    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    written: datetime | None = None
    is_complete: bool = True

    def document(self) -> dict[str, Json]:
        """Return the JSON values of the record, apart from when it was written."""
        accounts = [self.accounts[key].document() for key in sorted(self.accounts)]
        return {"accounts": accounts, "complete": self.is_complete, "format_version": "1.0"}


def read_record(documents: Sequence[tuple[str, Json]]) -> RetirementRecord | None:
    """Return the record of documents with their times (ISO 8601), from the oldest; None if there is none.

    Later documents replace the states of earlier ones. What does not have the shape of a record is ignored.
    """
    accounts: dict[str, Account] = {}
    written, is_complete, count = None, True, 0
    for time, document in documents:
        rows = document.get("accounts") if isinstance(document, Mapping) else None
        if not isinstance(rows, list):
            continue
        count += 1
        accounts |= {account.id: account for account in map(_account_of, rows) if account is not None}
        written, is_complete = parse_time(time), is_complete and document.get("complete") is True
    return RetirementRecord(accounts, written, is_complete) if count else None


def _account_of(row: Json) -> Account | None:
    values = row if isinstance(row, Mapping) else {}
    texts = {name: value for name in ("id", "name", "reason") if isinstance(value := values.get(name), str)}
    if "id" not in texts:
        return None
    states = {state.value: state for state in AccountState}
    state = states.get(str(values.get("state")), AccountState.UNPROVEN)
    return Account(texts["id"].lower(), texts.get("name", texts["id"]), state, texts.get("reason", ""))


def accounts_of(
    expected: Mapping[str, str],
    events: Sequence[LoggedEvent],
    record: RetirementRecord | None = None,
    confirmed: Collection[str] = (),
) -> tuple[Account, ...]:
    """Return the account of each user who is or was in scope, and of each user in the log; by name.

    `expected` maps ids to names; `events` are from the newest; `confirmed` are the names or ids of users whose account a
    person has looked up in the application.
    """
    by_user: dict[str, list[LoggedEvent]] = {}
    for event in events:
        if event.kind.lower() in ("user", "") and event.source_id:
            by_user.setdefault(event.source_id, []).append(event)
    recorded = record.accounts if record is not None else {}
    names = {id_: own[0].source_name for id_, own in by_user.items()}
    names |= {id_: account.name for id_, account in recorded.items()} | {id_.lower(): n for id_, n in expected.items()}
    known = {text.casefold() for text in confirmed}
    accounts = []
    for id_, name in names.items():
        account = _judged(id_, name, by_user.get(id_, []), recorded.get(id_))
        if not account.is_settled and known & {id_, name.casefold()}:
            account = replace(account, state=AccountState.CONFIRMED, reason="looked up in the application", action="")
        accounts.append(account)
    return tuple(sorted(accounts, key=lambda account: (account.is_settled, account.name.casefold(), account.id)))


def unmatched_names(accounts: Sequence[Account], confirmed: Collection[str]) -> tuple[str, ...]:
    """Return the confirmed names that are no name and no id of an account."""
    known = {text.casefold() for account in accounts for text in (account.id, account.name)}
    return tuple(name for name in confirmed if name.casefold() not in known)


def _judged(id_: str, name: str, events: Sequence[LoggedEvent], recorded: Account | None) -> Account:
    """Return the account by the newest event that decides, or by the record if no event does."""
    failure: LoggedEvent | None = None
    is_skipped = False
    for event in events:
        if event.action in _STAGED:
            return Account(id_, name, AccountState.HELD_BACK, "the service holds the deletion back", _RELEASE)
        if _is_removal(event):
            done = "deleted" if event.action == "delete" else "disabled"
            return Account(id_, name, AccountState.CLOSED, f"{done}{_at(event)}")
        if event.status == "success" and event.action in ("create", "update"):
            return _failed(id_, name, failure) if failure is not None else _open(id_, name, event)
        if event.status in ("failure", "warning"):
            failure = failure or event
        is_skipped |= event.status == "skipped" and event.action == "create"
    if recorded is not None and recorded.is_settled and (failure is None or failure.action == "create"):
        return replace(recorded, name=name)
    if failure is not None and failure.action != "create":
        return _failed(id_, name, failure)
    if failure is not None or is_skipped:
        return Account(id_, name, AccountState.NEVER_CREATED, "the service could not create it, or skipped it")
    return Account(id_, name, AccountState.UNPROVEN, "the log has no entry about the user in 30 days", _CONFIRM)


_RELEASE = "Run `scimconf retire` again: it asks whether to release what is held back."
_CONFIRM = "Wait for the next cycle and run it again; or look the account up in the application, close it there, and pass --confirmed."


def _is_removal(event: LoggedEvent) -> bool:
    """Return whether the account is disabled or deleted after this event.

    Some tenants log a disabled user as an update of `active`; that nothing had to be sent for a removal means that the
    account was closed before.
    """
    if event.action in _REMOVALS:
        return event.status == "success" or (event.status == "skipped" and event.code.lower() == _IN_SYNC)
    active = next((new for name, (_, new) in event.properties.items() if name.lower() == "active"), None)
    return event.status == "success" and event.action == "update" and (active or "").lower() == "false"


def _at(event: LoggedEvent) -> str:
    return f" on {stamp(event.time)}" if event.time is not None else ""


def _open(id_: str, name: str, event: LoggedEvent) -> Account:
    reason = f"the last entry is {event.action} success{_at(event)}, and none says that it was disabled or deleted"
    return Account(id_, name, AccountState.UNPROVEN, reason, _CONFIRM)


def _failed(id_: str, name: str, event: LoggedEvent) -> Account:
    cause = error_cause(event.code)
    detail = event.response or event.reason or (cause.meaning if cause is not None else "")
    reason = f"{event.action} failed{_at(event)} with {event.code or 'an unknown error'}: {detail[:_MAX_REASON]}"
    later = f"Entra tries again after {stamp(event.next_attempt)}. " if event.next_attempt is not None else ""
    advice = f"{cause.action} " if cause is not None else ""
    action = f"{advice}{later}Then run `scimconf retire` again; or close the account in the application, and pass --confirmed."
    return Account(id_, name, AccountState.FAILED, reason, action)


# --- the whole ------------------------------------------------------------------------------------------------------


class RetirementStage(StrEnum):
    """What is to be done next."""

    ASSIGNMENTS = "assignments"
    ACCOUNTS = "accounts"
    SHUTDOWN = "shutdown"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class LeaverTreatment:
    """What happens to users who leave: what Entra sends, and what the vendor does then, "" if it is not known.

    `closes` is False if Entra sends nothing for them.
    """

    sends: str
    vendor: str = ""
    closes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The state of an application that is to end, as it was read.

    - `users` and `groups` are the numbers of assigned ones; `others` that of assigned applications, which stay.
    - `scope` is `assigned`, `all`, or None; `threshold` the deletion threshold, None without one.
    - `secrets` are the keys of the stored secrets. `sign_on` says how users sign in through it, "" if they do not.
    - `unknown` says why there may be accounts that are not listed, "" if there are none.
    - `removed` is when the last run removed assignments, or allowed deletions; None before.
    """

    name: str
    display_name: str
    app_id: str = ""
    principal: str = ""
    now: datetime
    job: JobStatus
    has_run: bool = True
    users: int = 0
    groups: int = 0
    others: int = 0
    scope: str | None = "assigned"
    threshold: int | None = None
    skips_deletions: bool = False
    leavers: LeaverTreatment = field(default_factory=lambda: LeaverTreatment("Entra disables users who leave"))
    secrets: tuple[str, ...] = ()
    sign_on: str = ""
    accounts: tuple[Account, ...] = ()
    unknown: str = ""
    log_problem: str = ""
    removed: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Whether cycles run, or would run without a quarantine."""
        return self.job.phase not in (JobPhase.OFF, JobPhase.DISABLED)

    @property
    def open_accounts(self) -> tuple[Account, ...]:
        """The accounts that are not certainly closed."""
        return tuple(account for account in self.accounts if not account.is_settled)

    @property
    def held_back(self) -> tuple[Account, ...]:
        return tuple(account for account in self.accounts if account.state is AccountState.HELD_BACK)

    @property
    def is_held_back(self) -> bool:
        """Whether the job is in quarantine because of the deletion threshold."""
        return self.job.quarantine is not None and self.job.quarantine.reason == TOO_MANY_DELETES

    @property
    def assignments_remain(self) -> bool:
        return bool(self.users or self.groups) or self.scope == "all"

    @property
    def stage(self) -> RetirementStage:
        if self.assignments_remain:
            return RetirementStage.ASSIGNMENTS
        if self.has_run and (self.open_accounts or self.unknown or self.log_problem):
            return RetirementStage.ACCOUNTS
        return RetirementStage.SHUTDOWN if self.is_on or self.secrets else RetirementStage.RETIRED

    @property
    def exceeds_threshold(self) -> bool:
        """Whether the service would hold the deletions back, as far as the numbers show it."""
        leaving = len(self.open_accounts) + self.groups
        return self.threshold is not None and leaving >= self.threshold

    def obstacles(self) -> Iterator[tuple[str, str]]:
        """Yield what prevents that users are disabled, and what to do; nothing once all accounts are closed."""
        if not self.has_run or self.stage not in (RetirementStage.ASSIGNMENTS, RetirementStage.ACCOUNTS):
            return
        if self.skips_deletions:
            yield (
                "`skip_out_of_scope_deletions` is on: users who leave the scope keep their accounts, and nothing shows them",
                "Set `skip_out_of_scope_deletions: false` in the spec, apply it, and run `scimconf retire` again.",
            )
        if not self.leavers.closes:
            yield self.leavers.sends, "Correct the mappings of the users in the spec, apply it, and run it again."
        quarantine = self.job.quarantine
        if quarantine is not None and not self.is_held_back:
            yield (
                f"the job is in quarantine ({quarantine.reason}): nobody can be disabled, {quarantine.cause.meaning}",
                quarantine.cause.action,
            )
        elif self.is_held_back and self.assignments_remain:
            yield (
                "the service holds deletions back, and removing assignments would add to them",
                "Undo the cause and restart, or allow the deletions; then run `scimconf retire` again.",
            )

    def deletion_obstacles(self) -> Iterator[str]:
        """Yield what prevents that the application itself is deleted."""
        if self.sign_on:
            yield f"single sign-on uses it ({self.sign_on})"
        if self.open_accounts:
            yield f"{len(self.open_accounts):,} accounts are active or unknown"
        if self.unknown and self.has_run:
            yield self.unknown
        if self.assignments_remain:
            yield "users or groups are assigned"
        if self.log_problem:
            yield f"the provisioning log could not be read: {self.log_problem}"

    def cycle_ended_since(self, moment: datetime) -> datetime | None:
        """Return when the last cycle ended that began after a moment, None if there was none."""
        last = self.job.last
        if last is None or last.ended is None or (last.began or last.ended) < moment:
            return None
        return last.ended

    def may_change(self, since: datetime) -> bool:
        """Return whether to wait: a cycle after `since` has not ended, or its entries may be late."""
        if not self.is_on or self.stage is not RetirementStage.ACCOUNTS:
            return False
        if self.job.quarantine is not None:
            return False
        ended = self.cycle_ended_since(since)
        if ended is None:
            return True
        waiting = [account for account in self.open_accounts if account.state is AccountState.UNPROVEN]
        return self.now - ended < LOG_DELAY and bool(waiting)
