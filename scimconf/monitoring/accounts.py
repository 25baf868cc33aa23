"""Which accounts of an application are certainly closed, when it ends.

An account is closed if the newest entry of the provisioning log that changed it disabled or deleted it. The log is kept for
30 days, so the history records the accounts, and what it recorded as closed counts as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from scimconf.json_types import Json
from scimconf.monitoring.causes import error_cause
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.times import parse_time, stamp

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
class AccountRecord:
    """What the history has of earlier runs: the accounts by id with their last state, and when the last run wrote it.

    `is_complete` is False if users could be in scope who are not in it. `is_ended`: all were closed, and the job was to be
    stopped.
    """

    accounts: Mapping[str, Account] = field(default_factory=lambda: MappingProxyType({}))
    written: datetime | None = None
    is_complete: bool = True
    is_ended: bool = False

    def document(self) -> dict[str, Json]:
        """Return the JSON values of the record."""
        return {
            "accounts": [self.accounts[key].document() for key in sorted(self.accounts)],
            "written": self.written.strftime("%Y-%m-%dT%H:%M:%SZ") if self.written is not None else None,
            "complete": self.is_complete,
            "ended": self.is_ended,
            "format_version": "1.0",
        }


def read_record(documents: Sequence[Json]) -> AccountRecord | None:
    """Return the record of documents from the oldest; None if there is none.

    Later documents replace the states of earlier ones. What does not have the shape of a record is ignored.
    """
    record: AccountRecord | None = None
    for document in documents:
        rows = document.get("accounts") if isinstance(document, Mapping) else None
        if not isinstance(rows, list):
            continue
        former = record or AccountRecord()
        accounts = {account.id: account for account in map(_account_of, rows) if account is not None}
        record = AccountRecord(
            {**former.accounts, **accounts},
            parse_time(document.get("written")) or former.written,
            former.is_complete and document.get("complete") is True,
            document.get("ended") is True,
        )
    return record


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
    record: AccountRecord | None = None,
    confirmed: Collection[str] = (),
) -> tuple[Account, ...]:
    """Return the account of each user who is or was in scope, and of each user in the log; by name.

    `expected` maps ids to names of those who are in scope now, for whom a record proves nothing; `events` are from the newest;
    `confirmed` are the names or ids of users whose account a person has looked up in the application.
    """
    by_user: dict[str, list[LoggedEvent]] = {}
    for event in events:
        if event.kind.lower() in ("user", "") and event.source_id:
            by_user.setdefault(event.source_id, []).append(event)
    recorded = record.accounts if record is not None else {}
    names = {id_: own[0].source_name for id_, own in by_user.items()}
    names |= {id_: account.name for id_, account in recorded.items()} | {id_.lower(): n for id_, n in expected.items()}
    known = {text.casefold() for text in confirmed}
    current = {id_.lower() for id_ in expected}
    accounts = []
    for id_, name in names.items():
        account = _judged(id_, name, by_user.get(id_, []), None if id_ in current else recorded.get(id_))
        if not account.is_settled and known & {id_, name.casefold()}:
            account = replace(account, state=AccountState.CONFIRMED, reason="looked up in the application", action="")
        accounts.append(account)
    return tuple(sorted(accounts, key=lambda account: (account.is_settled, account.name.casefold(), account.id)))


def redacted_account(account: Account, pseudonym: str) -> Account:
    """Return an account with a pseudonym, or the start of its object id if that is its name; without responses."""
    reason = account.reason.split(":", 1)[0] if account.state is AccountState.FAILED else account.reason
    name = f"user-{account.id[:8]}" if pseudonym == account.name else pseudonym
    return replace(account, name=name, reason=reason)


def unmatched_names(accounts: Sequence[Account], confirmed: Collection[str]) -> tuple[str, ...]:
    """Return the confirmed names that are no name and no id of an account."""
    known = {text.casefold() for account in accounts for text in (account.id, account.name)}
    return tuple(name for name in confirmed if name.casefold() not in known)


def _judged(id_: str, name: str, events: Sequence[LoggedEvent], recorded: Account | None) -> Account:
    """Return the account by the newest event that decides, or by the record if no event does."""
    failure: LoggedEvent | None = None
    for event in events:
        if event.action in _STAGED and failure is None:
            return Account(id_, name, AccountState.HELD_BACK, "the service holds the deletion back", _RELEASE)
        if _is_removal(event):
            done = "deleted" if event.action == "delete" else "disabled"
            return Account(id_, name, AccountState.CLOSED, f"{done}{_at(event)}")
        if event.status == "success" and event.action in ("create", "update"):
            return _failed(id_, name, failure) if failure is not None else _open(id_, name, event)
        failure = failure or (event if event.status in ("failure", "warning") else None)
    return _undecided(id_, name, events, failure, recorded)


def _undecided(
    id_: str, name: str, events: Sequence[LoggedEvent], failure: LoggedEvent | None, recorded: Account | None
) -> Account:
    """Return the account if no event created, changed or closed it."""
    if failure is not None and failure.action != "create":
        return _failed(id_, name, failure)
    if recorded is not None and recorded.is_settled:
        return replace(recorded, name=name)
    if failure is not None or any(event.status == "skipped" and event.action == "create" for event in events):
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
