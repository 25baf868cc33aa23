"""Tests of the end of an application: accounts by the log and the history, stages, and what prevents it."""

from datetime import UTC, datetime, timedelta

import pytest

from scimconf.monitoring.accounts import (
    Account,
    AccountRecord,
    AccountState,
    accounts_of,
    read_record,
    redacted_account,
    unmatched_names,
)
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.leavers import vendor_treatment
from scimconf.monitoring.log_events import LoggedEvent
from scimconf.monitoring.retirement import LeaverTreatment, Retirement, RetirementStage
from scimconf.monitoring.retirement_steps import RetirementStep, expected_steps

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
CLOSED, NEVER, CONFIRMED = AccountState.CLOSED, AccountState.NEVER_CREATED, AccountState.CONFIRMED
HELD_BACK, FAILED, UNPROVEN = AccountState.HELD_BACK, AccountState.FAILED, AccountState.UNPROVEN


def event(action, status="success", code="", minute=0, **fields):
    values = {
        "time": NOW - timedelta(minutes=minute),
        "change_id": "c",
        "cycle_id": "y",
        "kind": "User",
        "source_id": "ada",
        "source_name": "ada@contoso.com",
        "target_id": "1",
    }
    return LoggedEvent(**{**values, "action": action, "status": status, "code": code, **fields})


def state(*events, record=None, confirmed=(), expected=None):
    expected = {"ADA": "ada@contoso.com"} if expected is None else expected
    (account,) = accounts_of(expected, events, record, confirmed)
    return account


def recorded(account_state):
    return AccountRecord({"ada": Account("ada", "ada@contoso.com", account_state, "disabled on a day")})


CREATED = event("create", minute=9)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], UNPROVEN),
        ([CREATED], UNPROVEN),
        ([event("update"), CREATED], UNPROVEN),
        ([event("disable"), CREATED], CLOSED),
        ([event("delete"), CREATED], CLOSED),
        ([event("update", properties={"active": ("True", "False")}), CREATED], CLOSED),
        ([event("update", properties={"active": (None, None), "title": ("a", "b")}), CREATED], UNPROVEN),
        ([event("disable", "skipped", "RedundantExport"), CREATED], CLOSED),
        ([event("disable", "skipped", "NotFound"), CREATED], UNPROVEN),
        ([event("disable", "failure", "InsufficientRights"), CREATED], FAILED),
        ([event("disable", "failure")], FAILED),
        ([event("disable", "warning"), CREATED], FAILED),
        ([event("create", "failure"), event("disable", minute=5)], CLOSED),
        ([event("create"), event("disable", minute=5)], UNPROVEN),
        ([event("stageddelete"), CREATED], HELD_BACK),
        ([event("disable", "failure"), event("stageddelete", minute=5), CREATED], FAILED),
        ([event("disable"), event("stageddelete", minute=5), CREATED], CLOSED),
        ([event("create", "failure", "EntryConflict")], NEVER),
        ([event("create", "skipped", "NotEffectivelyEntitled")], NEVER),
        ([event("other", "skipped", "RedundantExport")], UNPROVEN),
    ],
)
def test_the_newest_entry_that_decides_gives_the_state_of_an_account(events, expected):
    assert state(*events).state is expected


def test_a_failure_says_what_the_application_answered_and_when_it_is_tried_again():
    reason = 'StatusCode: Forbidden\nWeb Response: {"detail":"owner"}'
    account = state(event("disable", "failure", "InsufficientRights", reason=reason, next_attempt=NOW), CREATED)
    assert account.reason == 'disable failed on 2026-11-30 12:00 UTC with InsufficientRights: {"detail":"owner"}'
    assert "tries again after 2026-11-30 12:00 UTC" in account.action
    unknown = state(event("disable", "failure", time=None), CREATED)
    assert unknown.reason == "disable failed with an unknown error: "
    known = state(event("disable", "failure", "InsufficientRights"), CREATED)
    assert "refuses this operation" in known.reason


def test_what_the_history_recorded_counts_unless_the_log_contradicts():
    assert state(record=recorded(CLOSED), expected={}).state is CLOSED
    assert state(event("create", "failure"), record=recorded(CONFIRMED), expected={}).state is CONFIRMED
    assert state(event("create"), record=recorded(CLOSED), expected={}).state is UNPROVEN
    assert state(event("disable", "failure"), record=recorded(CLOSED), expected={}).state is FAILED
    assert state(record=recorded(UNPROVEN), expected={}).state is UNPROVEN


def test_a_user_who_is_in_scope_again_has_an_open_account():
    assert state(record=recorded(CLOSED)).state is UNPROVEN


def test_groups_are_no_accounts_and_users_of_the_log_are():
    group, nameless = event("create", kind="Group", source_id="team"), event("create", source_id="")
    assert accounts_of({}, [group, nameless, event("create", kind="")])[0].id == "ada"


def test_open_accounts_come_first_and_a_person_can_confirm_them():
    accounts = accounts_of({"a": "zoe", "ada": "ada"}, [event("disable")])
    assert [account.name for account in accounts] == ["zoe", "ada"]
    assert state(confirmed=("ADA@contoso.com",)).state is CONFIRMED
    assert state(event("disable"), confirmed=("ada",)).state is CLOSED
    assert unmatched_names(accounts, ("zoe", "A", "eve")) == ("eve",)


def test_a_redacted_account_has_no_name_and_no_response():
    account = Account("0123456789", "ada", FAILED, "disable failed: owner of a team")
    assert redacted_account(account, "ada") == Account("0123456789", "user-01234567", FAILED, "disable failed")
    assert redacted_account(Account("1", "ada", UNPROVEN, "a: b"), "user-x") == Account("1", "user-x", UNPROVEN, "a: b")


def test_a_record_round_trips_and_later_ones_replace_earlier_ones():
    first = AccountRecord({"ada": Account("ada", "ada@contoso.com", UNPROVEN)}, NOW)
    last = AccountRecord(
        {"ada": Account("ada", "ada@contoso.com", CLOSED, "done")}, NOW + timedelta(hours=1), is_ended=True
    )
    assert read_record([first.document(), last.document()]) == last
    partial = AccountRecord({}, None, is_complete=False).document()
    record = read_record([first.document(), partial])
    assert (record.written, record.is_complete, record.is_ended, len(record.accounts)) == (NOW, False, False, 1)


@pytest.mark.parametrize("document", [None, [], {}, {"accounts": {}}, "text"])
def test_what_is_no_record_is_ignored(document):
    assert read_record([document]) is None


def test_rows_of_a_record_without_the_shape_of_an_account():
    record = read_record([{"accounts": [None, {"name": "x"}, {"id": "A", "state": "new"}], "complete": True}])
    assert dict(record.accounts) == {"a": Account("a", "A", UNPROVEN)}


# --- the whole ------------------------------------------------------------------------------------------------------


def job(reason=None, began=5, ended=4, state="Active"):
    times = {"timeBegan": stamp(began), "timeEnded": stamp(ended)}
    quarantine = None if reason is None else {"reason": reason, "seriesBegan": stamp(60)}
    document = {
        "id": "j",
        "templateId": "scim",
        "schedule": {"state": state, "interval": "PT40M"},
        "status": {"code": "Active", "quarantine": quarantine, "lastExecution": times},
    }
    return job_status(document, NOW)


def stamp(minutes):
    return None if minutes is None else (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def retirement(**fields):
    return Retirement(**{"name": "writer", "display_name": "Writer", "now": NOW, "job": job(), **fields})


OPEN = Account("a", "ada", UNPROVEN, "no entry", "Wait.")
DONE = Account("b", "bob", CLOSED, "disabled")


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({"users": 1}, RetirementStage.ASSIGNMENTS),
        ({"groups": 1, "is_on": False}, RetirementStage.ASSIGNMENTS),
        ({"scope": "all"}, RetirementStage.ASSIGNMENTS),
        ({"accounts": (OPEN, DONE)}, RetirementStage.ACCOUNTS),
        ({"unknown": "?"}, RetirementStage.ACCOUNTS),
        ({"log_problem": "403", "is_on": False}, RetirementStage.ACCOUNTS),
        ({"accounts": (OPEN,), "is_ended": True}, RetirementStage.ACCOUNTS),
        ({"accounts": (OPEN,), "has_run": False}, RetirementStage.SHUTDOWN),
        ({"accounts": (DONE,)}, RetirementStage.SHUTDOWN),
        ({"accounts": (DONE,), "is_on": False, "secrets": ("SecretToken",)}, RetirementStage.SHUTDOWN),
        ({"accounts": (DONE,), "is_on": False}, RetirementStage.RETIRED),
        ({"accounts": (OPEN,), "is_on": False, "is_ended": True}, RetirementStage.RETIRED),
    ],
)
def test_the_stage_is_the_first_that_is_not_done(fields, stage):
    assert retirement(**fields).stage is stage


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"users": 1, "skips_deletions": True}, "`skip_out_of_scope_deletions` is on"),
        ({"users": 1, "leavers": LeaverTreatment("nothing is sent", closes=False)}, "nothing is sent"),
        ({"users": 1, "job": job("IngestionInterrupted")}, "in quarantine (IngestionInterrupted)"),
        ({"users": 1, "job": job("TooManyDeletes")}, "removing assignments would add"),
        ({"accounts": (OPEN,), "job": job("TooManyDeletes")}, ""),
        ({"accounts": (DONE,), "job": job("IngestionInterrupted"), "skips_deletions": True}, ""),
        ({"users": 1, "has_run": False, "skips_deletions": True}, ""),
        ({"users": 1}, ""),
    ],
)
def test_obstacles(fields, problem):
    found = [message for message, _ in retirement(**fields).obstacles()]
    assert (len(found), problem in "".join(found)) == (1 if problem else 0, True)


def test_what_prevents_the_deletion_of_the_application():
    state = retirement(accounts=(OPEN,), unknown="?", users=1, secrets=("T",), sign_on="mode saml", log_problem="403")
    assert len(list(state.deletion_obstacles())) == 6
    assert list(retirement(is_on=False, accounts=(DONE,), unknown="?", has_run=False).deletion_obstacles()) == []


def test_numbers_at_the_threshold():
    assert retirement(accounts=(OPEN,), groups=1, threshold=2).exceeds_threshold
    assert not retirement(accounts=(OPEN, DONE), threshold=2).exceeds_threshold
    assert not retirement(accounts=(OPEN,)).exceeds_threshold


def test_entries_of_a_cycle_may_be_late_for_a_quarter_of_an_hour():
    recent, old = NOW - timedelta(minutes=14), NOW - timedelta(minutes=15)
    assert retirement(accounts=(OPEN,)).may_be_late(recent)
    assert not retirement(accounts=(OPEN,)).may_be_late(old)
    assert not retirement(accounts=(DONE,)).may_be_late(recent)
    assert retirement(accounts=(OPEN,), job=job("TooManyDeletes")).may_be_late(recent)
    assert not retirement(accounts=(OPEN,), job=job("IngestionInterrupted")).may_be_late(recent)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("https://scim.smartsheet.com/v2", "Smartsheet deletes"),
        ("https://api.contoso.ghe.com/scim", "GitHub suspends"),
        ("https://notfigma.com/scim", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_what_a_vendor_does_is_known_by_the_host(address, text):
    assert vendor_treatment(address).startswith(text)
    assert bool(vendor_treatment(address)) is bool(text)


REMOVE, START, RELEASE, RETRY, AWAIT, END, DELETE = RetirementStep
REMOVED = {"accounts": (OPEN,), "threshold": 1, "removed": NOW - timedelta(minutes=30)}


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({"users": 1, "accounts": (OPEN,)}, [REMOVE, AWAIT, END, DELETE]),
        ({"users": 1, "accounts": (OPEN,), "sign_on": "mode saml"}, [REMOVE, AWAIT, END]),
        (
            {"users": 1, "accounts": (OPEN,), "is_on": False, "threshold": 1},
            [REMOVE, AWAIT, RELEASE, AWAIT, END, DELETE],
        ),
        ({"users": 1, "accounts": (OPEN,), "unknown": "?"}, [REMOVE, AWAIT]),
        ({"users": 1, "accounts": (DONE,)}, [REMOVE, END, DELETE]),
        ({"users": 1, "has_run": False, "is_on": False}, [REMOVE, END, DELETE]),
        ({"users": 1, "job": job("IngestionInterrupted")}, []),
        ({"accounts": (OPEN,)}, [AWAIT, END, DELETE]),
        ({"accounts": (OPEN,), "job": job("TooManyDeletes")}, [RELEASE, AWAIT, END, DELETE]),
        (REMOVED | {"job": job(began=31, ended=29)}, [AWAIT, RELEASE, AWAIT, END, DELETE]),
        (REMOVED | {"job": job(began=None, ended=31)}, [AWAIT, RELEASE, AWAIT, END, DELETE]),
        (REMOVED | {"job": job(began=None, ended=None)}, [AWAIT, RELEASE, AWAIT, END, DELETE]),
        (REMOVED | {"job": job(began=29, ended=28)}, [AWAIT, END, DELETE]),
        (REMOVED | {"job": job(began=31, ended=30), "threshold": 2}, [AWAIT, END, DELETE]),
        ({"accounts": (OPEN,), "is_on": False}, [START, AWAIT, END, DELETE]),
        ({"accounts": (Account("a", "ada", FAILED),)}, [RETRY, AWAIT, END, DELETE]),
        ({"log_problem": "403"}, []),
        ({"accounts": (DONE,)}, [END, DELETE]),
        ({"is_on": False, "accounts": (DONE,)}, [DELETE]),
        ({"is_on": False, "accounts": (OPEN,), "is_ended": True}, []),
    ],
)
def test_the_steps_of_a_run_follow_from_the_state(fields, steps):
    assert list(expected_steps(retirement(**fields), deletes_application=True)) == steps
