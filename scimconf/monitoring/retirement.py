"""The end of an application: what is to be done next, and what prevents it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from scimconf.diagnostics import plural
from scimconf.monitoring.accounts import Account, AccountState
from scimconf.monitoring.job_status import JobStatus

LOG_DELAY = timedelta(minutes=15)
"""How late an entry of the log can be (Microsoft's validator waits as long)."""


def reaches_threshold(leaving: int, threshold: int | None) -> bool:
    """Return whether the service holds back the deletions of a cycle in which so many users and groups leave.

    It counts the disabled and the deleted ones of one cycle (Entra documentation, accidental deletions).
    """
    return threshold is not None and 0 < leaving >= threshold


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

    - `is_on`: the schedule of the job is active, also in quarantine. `has_run`: it was ever started.
    - `users` and `groups` are the numbers of assigned ones; `others` that of assigned applications, which stay.
    - `scope` is `assigned`, `all`, or None; `threshold` the deletion threshold, None without one.
    - `secrets` are the keys of the stored secrets. `sign_on` says how users sign in through it, "" if they do not.
    - `unknown` says why there may be accounts that are not listed, "" if there are none.
    - `removed` is when the last run removed assignments; None before. `is_ended`: a run found all accounts closed.
    - `application_id` is the object id of the registration, "" if another tenant has it.
    """

    name: str
    display_name: str
    app_id: str = ""
    principal: str = ""
    now: datetime
    job: JobStatus
    is_on: bool = True
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
    is_ended: bool = False
    application_id: str = ""

    @property
    def open_accounts(self) -> tuple[Account, ...]:
        """The accounts that are not certainly closed."""
        return tuple(account for account in self.accounts if not account.is_settled)

    @property
    def is_held_back(self) -> bool:
        """Whether the job is in quarantine because of the deletion threshold."""
        return self.job.holds_deletions

    @property
    def assignments_remain(self) -> bool:
        return bool(self.users or self.groups) or self.scope == "all"

    @property
    def stage(self) -> RetirementStage:
        """The next thing to do. Once a run has ended it, entries of the log that are too old are not needed any more."""
        if self.assignments_remain:
            return RetirementStage.ASSIGNMENTS
        is_shut_down = not self.is_on and not self.secrets
        if self.is_ended and is_shut_down:
            return RetirementStage.RETIRED
        if self.has_run and (self.open_accounts or self.unknown or self.log_problem):
            return RetirementStage.ACCOUNTS
        return RetirementStage.RETIRED if is_shut_down else RetirementStage.SHUTDOWN

    @property
    def exceeds_threshold(self) -> bool:
        """Whether the service would hold the deletions back, as far as the numbers show it."""
        leaving = len(self.open_accounts) + self.groups
        return reaches_threshold(leaving, self.threshold)

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
            number = len(self.open_accounts)
            yield f"{plural(number, 'account')} {'is' if number == 1 else 'are'} active or unknown"
        if self.unknown and self.has_run:
            yield self.unknown
        if self.assignments_remain:
            yield "users or groups are assigned"
        if self.is_on or self.secrets:
            yield "provisioning is not shut down"
        if self.log_problem:
            yield f"the provisioning log could not be read: {self.log_problem}"

    def may_be_late(self, ended: datetime) -> bool:
        """Return whether entries of the cycle that ended at this time may be missing in the log, and are needed."""
        waiting = any(account.state is AccountState.UNPROVEN for account in self.open_accounts)
        ran = not self.job.is_quarantined or self.is_held_back
        return waiting and ran and self.now - ended < LOG_DELAY
