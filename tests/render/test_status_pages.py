"""Tests of the status and the provisioning log in each format, with golden files."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from golden_files import golden_render

from scimconf.monitoring.application_log import ApplicationLog
from scimconf.monitoring.application_status import ApplicationStatus, TokenExpiry, redacted_status
from scimconf.monitoring.contacts import Contact, ContactState, Ownership
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.log_summary import summarize
from scimconf.monitoring.pauses import PauseRecord
from scimconf.render.json import write
from scimconf.render.logs import rows as log_rows
from scimconf.render.logs import text as log_text
from scimconf.render.status import html as status_html
from scimconf.render.status import json as status_json
from scimconf.render.status import markdown as status_markdown
from scimconf.render.status import text as status_text
from scimconf.render.status.words import verdict
from scimconf.spec.model import ManualStep

GOLDEN = Path(__file__).parent / "status"
NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HALF_PAST = NOON - timedelta(minutes=30)
HOSTILE = "\x1b[2J=cmd()|<script>`@everyone"


def execution(**counts):
    return {
        "state": "Succeeded",
        "timeBegan": "2026-11-30T11:40:00Z",
        "timeEnded": "2026-11-30T11:48:00Z",
        "countEntitled": 41,
        "countImported": 41,
        "countExported": 3,
        **counts,
    }


STEADY = {
    "code": "Active",
    "steadyStateFirstAchievedTime": "2026-11-02T08:00:00Z",
    "lastExecution": execution(),
    "synchronizedEntryCountByType": [{"key": "User to User", "value": 43}],
}
QUARANTINE = {
    "reason": "EncounteredQuarantineException",
    "seriesBegan": "2026-11-28T10:00:00Z",
    "nextAttempt": "2026-12-01T10:00:00Z",
    "error": {
        "code": "SystemForCrossDomainIdentityManagementCredentialValidationFailure",
        "message": "401 Unauthorized",
    },
}


def job(state="Active", template="scim", **status):
    return job_status(
        {
            "id": f"{template}.1",
            "templateId": template,
            "schedule": {"state": state, "interval": "PT40M"},
            "status": status,
        },
        NOON,
    )


def entry(minute, user, status="success", code="", reason="", action="create"):
    return {
        "activityDateTime": f"2026-11-30T11:{minute:02}:00Z",
        "changeId": f"change-{minute}",
        "provisioningAction": action,
        "sourceIdentity": {"id": f"id-{user}", "identityType": "User", "displayName": user},
        "provisioningStatusInfo": {"status": status, "errorInformation": {"errorCode": code, "reason": reason}},
        "modifiedProperties": [{"displayName": "active", "oldValue": "True", "newValue": "False"}],
    }


ENTRIES = logged_events(
    [
        entry(1, "ada@contoso.com"),
        entry(2, "grace@contoso.com", action="disable"),
        *(
            entry(3 + n, f"user{n}@contoso.com", "failure", "EntryConflict", 'Web Response: {"detail": "taken"}')
            for n in range(4)
        ),
        entry(9, HOSTILE, "failure", "NeverSeen", HOSTILE),
    ]
)
APPLICATIONS = (
    ApplicationStatus(
        name="writer",
        now=NOON,
        display_name="Writer",
        app_id="app",
        service_principal="principal",
        jobs=(job(**STEADY | {"lastExecution": execution(countEscrowed=5)}),),
        since=NOON - timedelta(days=1),
        log=summarize(ENTRIES, is_cut=True),
        tokens=(TokenExpiry("WRITER_SCIM_TOKEN", date(2026, 12, 10)),),
        portal="https://portal.example.com/writer",
        ownership=Ownership(("ada@contoso.com",), "support@writer.com", (ManualStep(step="Enable SCIM"),)),
        owners=(Contact("owner", "ada@contoso.com", ContactState.ENABLED, "id-ada", "ada@contoso.com"),),
        recipients=(Contact("recipient", "ops@vendor.com", ContactState.EXTERNAL),),
    ),
    ApplicationStatus(
        name="expenses",
        now=NOON,
        jobs=(job(**STEADY | {"quarantine": QUARANTINE}),),
        since=NOON,
        log_problem="denied",
        selector="--app 'Contoso expenses'",
        mail_problem="denied",
        owners=(
            Contact("owner", "grace@contoso.com", ContactState.DISABLED, "id-grace", "grace@contoso.com"),
            Contact("owner", "id-team", ContactState.ENABLED, "id-team", "Identity team"),
        ),
        recipients=(Contact("recipient", "identity@contoso.com", ContactState.DISABLED, "id-shared"),),
    ),
    ApplicationStatus(
        name="new",
        now=NOON,
        jobs=(job("Disabled"),),
        since=NOON,
        ownership=Ownership(before_start=(ManualStep(step="Enable SCIM"), ManualStep(step=HOSTILE))),
        recipients=(Contact("recipient", HOSTILE, ContactState.MISSING),),
    ),
    ApplicationStatus(
        name="two", now=NOON, jobs=(job("Disabled", **STEADY), job(template="old")), since=NOON, log=summarize(())
    ),
    ApplicationStatus(
        name="paused",
        now=NOON,
        jobs=(replace(job("Disabled", **STEADY), pause=PauseRecord(HALF_PAST, "ada@contoso.com", f"INC-7 {HOSTILE}")),),
        since=NOON,
        log=summarize(()),
        selector="apps/paused",
    ),
    ApplicationStatus(name="plain", now=NOON, problem="the application has no provisioning job"),
    ApplicationStatus(name=HOSTILE, now=NOON, problem=HOSTILE, is_failed=True),
)
LOGS = (
    ApplicationLog(
        name="writer", since=NOON - timedelta(days=1), now=NOON, jobs=(job(**STEADY),), events=ENTRIES, is_cut=True
    ),
    ApplicationLog(name="quiet", since=NOON - timedelta(days=1), now=NOON, jobs=(job(**STEADY),)),
    ApplicationLog(name="broken", since=NOON, now=NOON, problem=HOSTILE),
)


@pytest.mark.parametrize(
    ("name", "rendered"),
    [
        ("status.txt", lambda: status_text.statuses(APPLICATIONS)),
        ("status.ansi", lambda: status_text.statuses(APPLICATIONS, color=True)),
        ("status.md", lambda: status_markdown.statuses(APPLICATIONS, marker="status")),
        ("status.json", lambda: status_json.statuses(APPLICATIONS)),
        ("logs.txt", lambda: log_text.logs(LOGS)),
        ("logs.jsonl", lambda: "".join(log_rows.lines(LOGS))),
        ("logs.csv", lambda: "".join(log_rows.rows(LOGS))),
    ],
)
def test_golden(name, rendered):
    text = rendered()
    assert text == golden_render(GOLDEN / name, text, write)
    if not name.endswith(".ansi"):
        assert "\x1b" not in text or name.endswith(".csv")


def test_the_html_page_is_self_contained_and_escapes_every_value():
    page = status_html.statuses(APPLICATIONS)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#39;none&#39;" in page
    assert "http" not in page.replace("https://portal.example.com/writer", "").replace("http-equiv", "")
    for status in APPLICATIONS[:4]:
        assert f'<span class="name">{status.name}</span>' in page


def test_a_cell_of_csv_is_never_a_formula():
    first, *others = csv.DictReader(io.StringIO("".join(log_rows.rows(LOGS))))
    for row in (first, *others):
        assert all(not (value or "").startswith(("=", "+", "-", "@")) for value in row.values())


def test_json_lines_are_json_each():
    lines = list(log_rows.lines(LOGS))
    assert [json.loads(line)["application"] for line in lines] == ["writer"] * len(ENTRIES)


def test_a_long_log_is_shortened_unless_full():
    events = logged_events([entry(n % 60, f"user{n}@contoso.com") for n in range(30)])
    log = ApplicationLog(name="writer", since=NOON, now=NOON, events=events)
    assert "and 10 older entries; --full lists all" in log_text.logs([log])
    assert log_text.logs([log], full=True).count("create User") == 30


def test_many_causes_are_counted():
    events = logged_events([entry(n, f"user{n}", "failure", f"Code{n}") for n in range(12)])
    status = ApplicationStatus(name="writer", now=NOON, since=NOON, jobs=(job(**STEADY),), log=summarize(events))
    assert "and 2 other causes" in status_text.statuses([status])


def test_the_verdict_is_one_sentence():
    assert (
        verdict(APPLICATIONS)
        == "7 applications: 1 in quarantine, 1 with failures, 1 not read, 2 with missing owners or recipients, "
        "1 without the log, 1 without a job."
    )
    assert verdict(APPLICATIONS[3:4]) == "1 application: no failures."


def test_a_job_that_was_started_again_is_not_in_its_first_cycle():
    status = ApplicationStatus(name="writer", now=NOON, jobs=(job(**STEADY | {"code": "NotRun"}),))
    assert "writer: on, no cycle has ended since it was started" in status_text.statuses([status])


@pytest.mark.parametrize(
    ("quarantine", "allowed", "words"),
    [("TooManyDeletes", None, "are"), ("TooManyDeletes", NOON, "were"), ("Other", None, "were"), ("", None, "were")],
)
def test_deletions_are_held_back_until_they_are_allowed_or_the_quarantine_ends(quarantine, allowed, words):
    held = replace(job(**STEADY, quarantine={"reason": quarantine} if quarantine else None), deletions_allowed=allowed)
    log = summarize(logged_events([entry(1, "ada@contoso.com", action="stagedDelete")]))
    text = status_text.statuses([ApplicationStatus(name="x", now=NOON, jobs=(held,), log=log)], tenant="t", width=200)
    assert f"deletions {words} held back; `scimconf logs --status staged` lists them" in text


@pytest.mark.parametrize(("again", "words"), [("17:30:00", "in 5 h"), ("11:30:00", "in the next cycle")])
def test_a_failure_says_in_its_own_words_when_it_is_tried_again(again, words):
    reason = f"It is taken.  This operation was retried 2 times. It will be retried again after this date: 2026-11-30T{again}Z UTC"
    log = ApplicationLog(
        name="a",
        since=NOON,
        now=NOON,
        events=logged_events([entry(1, "ada", "failure", "New", reason)]),
        selector="apps/a",
    )
    text = log_text.logs([log])
    assert f"      the service reports: It is taken\n      the service tries again {words}\n" in text
    assert "retried" not in text


def test_a_pause_without_a_known_time_and_a_redacted_one():
    paused = replace(job("Disabled", **STEADY), pause=PauseRecord(None, "ada@contoso.com", "INC-7"))
    status = ApplicationStatus(name="writer", now=NOON, jobs=(paused,))
    assert "  off since     paused by ada@contoso.com: INC-7\n" in status_text.statuses([status])
    assert "  off since     paused by a user\n" in status_text.statuses([redacted_status(status)])


def test_operating_page_lists_every_key_of_the_status_document():
    page = (Path(__file__).parents[2] / "docs" / "operate.md").read_text("utf-8")
    table = page.split("In JSON, `tenant` is the name")[1].split("## logs")[0]
    documents = [status_json.document(status) for status in APPLICATIONS]
    keys = {key for document in documents for key in document}
    for part in ("jobs", "owners", "recipients", "next_actions", "tokens"):
        keys |= {key for document in documents for item in document[part] for key in item}
    assert sorted(key for key in keys if f"`{key}`" not in table) == []
