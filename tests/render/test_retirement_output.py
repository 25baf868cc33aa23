"""Tests of the output of `retire`: what an engineer reads before a yes, and what remains to be done."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from scimconf.monitoring.accounts import Account, AccountState
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.retirement import LeaverTreatment, Retirement
from scimconf.monitoring.retirement_steps import RetirementPlan, RetirementStep, expected_steps
from scimconf.plan import ApplicationPlan, Plan
from scimconf.render import retirement as rendering

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
OPEN = Account("a1", "ada@contoso.com", AccountState.FAILED, "disable failed with X: owner|of", "Correct it.")
DONE = Account("b2", "bob@contoso.com", AccountState.CLOSED, "disabled on a day")


def retirement(quarantine=None, ended="2026-11-30T11:50:00Z", first="2026-11-01T00:00:00Z", **fields):
    status = {"code": "Active", "steadyStateFirstAchievedTime": first, "lastExecution": {"timeEnded": ended}}
    reason = {"reason": quarantine, "seriesBegan": "2026-11-30T11:00:00Z"} if quarantine else None
    schedule = {"state": "Active" if fields.get("is_on", True) else "Disabled", "interval": "PT40M"}
    job = job_status({"id": "j", "schedule": schedule, "status": status | {"quarantine": reason}}, NOW)
    values = {
        "name": "writer",
        "display_name": "Writer",
        "app_id": "1",
        "now": NOW,
        "job": job,
        "secrets": ("SecretToken",),
    }
    return Retirement(**{**values, **fields})


def plan(quarantine=None, *, refused="", **fields):
    state = retirement(quarantine, **fields)
    return RetirementPlan(state, expected_steps(state), refused, "Allow it." if refused else "")


BEFORE = {"users": 1, "groups": 2, "accounts": (OPEN, DONE), "threshold": 3}


def test_before_anything_is_done():
    assert rendering.text(plan(**BEFORE), width=250).splitlines() == [
        "writer: in use",
        "  application   Writer, application id 1",
        "  assigned      1 user and 2 groups",
        (
            "  accounts      1 active or of unknown state, as far as assignments and the log of 30 days show; "
            "1 other is closed or was never created"
        ),
        (
            "  leavers       Entra disables users who leave; what the application does then is not known: "
            "look at the vendor's documentation"
        ),
        "  job           on: last cycle 10 min ago, next about 2026-11-30 12:30 UTC",
        (
            "  threshold     3: at least as many leave at once, so the service holds the deletions back and puts the job into "
            "quarantine; this command then asks whether to release them"
        ),
        "  sign-on       not set up, as far as Entra shows",
        "  secrets       SecretToken stored",
        "  This command will:",
        "    1. Pause provisioning, remove all assignments of users and groups, and restart it. Roles and mappings stay.",
        (
            "    2. Wait for a cycle, until the provisioning log shows that each account was disabled or deleted. "
            "If one was not, it is listed, and the command ends there."
        ),
        "    3. Ask whether to release the deletions that the service holds back.",
        (
            "    4. Wait for a cycle, until the provisioning log shows that each account was disabled or deleted. "
            "If one was not, it is listed, and the command ends there."
        ),
        "    5. Save the documents in the history, stop provisioning, and delete SecretToken from Entra.",
        "  Then by hand: revoke the token at the vendor, and write `retired:` into the spec, if there is one.",
    ]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (
            {"scope": "all", "others": 1},
            "0 users and 0 groups, and every user of the directory is in scope; 1 application",
        ),
        ({"scope": "all"}, "The scope becomes `assigned` first."),
        ({"has_run": False, "is_on": False, "ended": None, "first": None}, "off, no cycle has ended"),
        ({"has_run": False}, "none: provisioning was never started"),
        ({}, "none known: neither the log of 30 days nor the history has any"),
        ({"accounts": (OPEN, DONE)}, "1 closed, 1 failed"),
        ({"accounts": (OPEN,), "users": 1, "removed": NOW}, "1 failed"),
        ({"quarantine": "TooManyDeletes", "accounts": (OPEN,)}, "in quarantine (TooManyDeletes)"),
        ({"ended": None}, "  job           on\n"),
        ({"first": None}, "on, the first cycle has not ended: last cycle"),
        ({"is_on": False}, "  job           off\n"),
        ({"threshold": None}, "none: the service holds no deletions back"),
        ({"threshold": 50}, "50: fewer leave"),
        ({"sign_on": "mode saml"}, "mode saml: users cannot sign in"),
        ({"secrets": ()}, "none stored"),
        ({"unknown": "nobody knows"}, "not known     nobody knows"),
        ({"log_problem": "403"}, "could not be read: 403"),
        ({"users": 1, "leavers": LeaverTreatment("Entra sends nothing", closes=False)}, "! Entra sends nothing."),
        ({"leavers": LeaverTreatment("Entra disables", "Vendor deletes")}, "Entra disables; Vendor deletes"),
        ({"is_on": False, "secrets": (), "accounts": (DONE,)}, "writer: retired\n"),
        (
            {"is_on": False, "secrets": (), "accounts": (OPEN,), "is_ended": True},
            "shut down, but 1 account is not proven",
        ),
    ],
)
def test_lines_of_the_state(fields, line):
    assert line in rendering.text(plan(**fields), width=200)


def test_accounts_that_remain_are_listed_with_reason_and_action():
    many = tuple(Account(f"{n}", f"u{n}", AccountState.UNPROVEN, "none", "Wait.") for n in range(60))
    text = rendering.remaining(retirement(accounts=many, unknown="gap", log_problem="403"))
    assert text.startswith("writer: 60 accounts are not proven to be closed.\n  u0: none\n")
    assert "and 10 more\n  Wait.\n" in text
    assert "--accept-unknown" in text
    assert "could not be read: 403" in text
    assert rendering.remaining(retirement(accounts=(OPEN,))).startswith("writer: 1 account is not proven")


def test_markdown_for_a_pull_request():
    before = rendering.markdown(plan(**BEFORE), "# plan\n")
    assert before.startswith("## Retirement of `Writer`: in use\n")
    assert before.endswith("\n# plan\n")
    assert "ada@contoso.com" not in before
    after = rendering.markdown(plan(accounts=(OPEN, DONE), removed=NOW - timedelta(hours=1)))
    assert "| `ada@contoso.com` | failed |" in after
    blocked = rendering.markdown(plan(users=1, skips_deletions=True))
    assert "**Blocked:**" in blocked
    many = tuple(Account(f"{n}", f"u{n}", AccountState.UNPROVEN, "none") for n in range(60))
    assert "and 10 more" in rendering.markdown(plan(accounts=many, removed=NOW))
    assert "1." not in rendering.markdown(plan(is_on=False, secrets=(), accounts=(DONE,)))


def test_json_has_all_accounts_and_the_plan():
    document = json.loads(rendering.json(plan(**BEFORE), Plan(applications=(ApplicationPlan("writer"),))))
    assert [account["settled"] for account in document["accounts"]] == [False, True]
    assert (document["stage"], document["plan"]["applications"][0]["name"]) == ("assignments", "writer")
    document = json.loads(rendering.json(plan("TooManyDeletes", accounts=(OPEN,))))
    assert (document["plan"], document["job"]["quarantine"]) == (None, "TooManyDeletes")


REMOVE, START, RELEASE, RETRY, AWAIT, SHUT_DOWN, DELETE = RetirementStep
GONE = {"removed": NOW}
UNPROVEN = Account("c3", "eve@contoso.com", AccountState.UNPROVEN, "no entry")


@pytest.mark.parametrize(
    ("fields", "steps", "first"),
    [
        ({"users": 1, "accounts": (UNPROVEN,)}, [REMOVE, AWAIT, SHUT_DOWN], "Pause provisioning, remove all"),
        (
            {"users": 1, "accounts": (UNPROVEN,), "is_on": False},
            [REMOVE, AWAIT, SHUT_DOWN],
            "Remove all assignments of",
        ),
        (
            {"users": 1, "has_run": False, "is_on": False},
            [REMOVE, SHUT_DOWN],
            "Remove all assignments of users and groups.",
        ),
        ({"users": 1, "accounts": (UNPROVEN,), "quarantine": "EncounteredQuarantineException"}, [], ""),
        ({"users": 1, "accounts": (UNPROVEN,), "quarantine": "TooManyDeletes"}, [], ""),
        ({"users": 1, "accounts": (UNPROVEN,), "skips_deletions": True}, [], ""),
        (GONE | {"accounts": (UNPROVEN,)}, [AWAIT, SHUT_DOWN], "Wait for a cycle"),
        (GONE | {"accounts": (UNPROVEN,), "is_on": False}, [START, AWAIT, SHUT_DOWN], "Start provisioning"),
        (GONE | {"accounts": (OPEN,)}, [RETRY, AWAIT, SHUT_DOWN], "Restart provisioning"),
        (GONE | {"accounts": (OPEN,), "quarantine": "TooManyDeletes"}, [RELEASE, AWAIT, SHUT_DOWN], "Ask whether"),
        (
            GONE | {"accounts": (UNPROVEN,), "threshold": 1},
            [AWAIT, RELEASE, AWAIT, SHUT_DOWN],
            "Wait for a cycle",
        ),
        (
            {"removed": NOW - timedelta(hours=1), "accounts": (UNPROVEN,), "threshold": 1},
            [AWAIT, SHUT_DOWN],
            "Wait for a cycle",
        ),
        (GONE | {"accounts": (UNPROVEN,), "unknown": "a gap"}, [AWAIT], "Wait for a cycle"),
        (GONE | {"unknown": "a gap"}, [], ""),
        (GONE | {"accounts": (DONE,)}, [SHUT_DOWN], "Save the documents in the history"),
        ({"is_on": False, "secrets": (), "accounts": (DONE,)}, [], ""),
    ],
)
def test_the_steps_are_those_that_a_run_takes_from_this_state(fields, steps, first):
    shown = plan(**fields)
    assert shown.steps == tuple(steps)
    assert next(rendering.next_steps(shown), "").startswith(first)


@pytest.mark.parametrize(
    ("fields", "deletes"),
    [
        ({"accounts": (DONE,)}, True),
        ({"accounts": (DONE,), "sign_on": "mode saml"}, False),
        ({"is_on": False, "secrets": (), "accounts": (DONE,), "application_id": "1"}, True),
        ({"is_on": False, "secrets": (), "accounts": (OPEN,), "is_ended": True}, False),
    ],
)
def test_the_application_is_deleted_last_if_nothing_prevents_it(fields, deletes):
    steps = expected_steps(retirement(**GONE, **fields), deletes_application=True)
    assert (DELETE in steps, steps[-1:] == (DELETE,)) == (deletes, deletes)


def test_a_plan_that_is_blocked_says_when_its_steps_are_taken():
    blocked = plan(refused="blocked by a guard. mass-removal", **BEFORE)
    assert "  Blocked. When it is not, this command will:\n" in rendering.text(blocked)
    assert "**Blocked:** blocked by a guard. mass-removal. Allow it." in rendering.markdown(blocked)
    assert json.loads(rendering.json(blocked))["blocked"] == "blocked by a guard. mass-removal"
