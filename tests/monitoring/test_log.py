"""Tests of the provisioning log: entries, outcomes, causes and their groups."""

from datetime import UTC, datetime

import pytest

from scimconf.monitoring.application_log import ApplicationLog, redacted, selected_events
from scimconf.monitoring.application_status import ApplicationStatus, redacted_status
from scimconf.monitoring.causes import QUARANTINE_REASONS, error_cause, quarantine_cause
from scimconf.monitoring.job_status import job_status
from scimconf.monitoring.log_events import logged_events
from scimconf.monitoring.log_summary import outcome_of, summarize

REASON = (
    "StatusCode: Conflict\r\nMessage: Processing of the HTTP request resulted in an exception.\r\nWeb Response: \r\n"
    '{"detail":"userName is taken"}. This operation was retried 1 times. It will be retried again after this date: '
    "2026-03-24T13:23:44.9198514Z UTC"
)


def entry(minute=0, action="create", status="success", user="ada", code=None, reason="", **fields):
    error = {"errorCode": code, "reason": reason} if code or reason else None
    return {
        "activityDateTime": f"2026-03-24T07:{minute:02}:47Z",
        "changeId": f"change-{minute}",
        "cycleId": "cycle",
        "provisioningAction": action,
        "sourceIdentity": {
            "id": f"ID-{user}",
            "identityType": "User",
            "displayName": user,
            "details": {"UserPrincipalName": f"{user}@contoso.com"},
        },
        "targetIdentity": {"id": "8f2c"},
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
        "provisioningSteps": [],
        "modifiedProperties": [],
        **fields,
    }


def skipped(reason, attribute="", **fields):
    details = {"SkipReason": reason, "PropertyName": attribute}
    return entry(
        status="skipped", provisioningSteps=[{"name": "EntrySynchronizationSkip", "details": details}], **fields
    )


def test_an_entry_of_a_failure():
    (event,) = logged_events([entry(status="Failure", code="ContosoEntryConflict", reason=REASON)])
    assert (event.action, event.status, event.code) == ("create", "failure", "ContosoEntryConflict")
    assert (event.source_id, event.source_name, event.target_id) == ("id-ada", "ada@contoso.com", "8f2c")
    assert event.response == '{"detail":"userName is taken"}'
    assert event.next_attempt == datetime(2026, 3, 24, 13, 23, 44, tzinfo=UTC)


def test_an_entry_of_a_skipped_user_has_the_reason_of_its_last_step():
    (event,) = logged_events([skipped("AttributeValidationFailed", "name.familyName")])
    assert (event.status, event.code, event.attribute) == ("skipped", "AttributeValidationFailed", "name.familyName")


def test_modified_properties_are_by_target_attribute():
    properties = [
        {"displayName": "userName", "oldValue": None, "newValue": "ada@contoso.com"},
        {"displayName": "active", "newValue": "True"},
        {"displayName": "count", "oldValue": 1, "newValue": "2"},
        "broken",
    ]
    (event,) = logged_events([entry(modifiedProperties=properties)])
    assert event.properties == {
        "userName": (None, "ada@contoso.com"),
        "active": (None, "True"),
        "count": (None, "2"),
    }


def test_entries_are_ordered_from_the_newest_and_others_are_omitted():
    events = logged_events([entry(1), entry(3), None, {}, entry(2)])
    assert [event.change_id for event in events] == ["change-3", "change-2", "change-1", ""]
    assert events[-1].status == "warning"


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (entry(), "ada@contoso.com"),
        (entry(sourceIdentity={"id": "1", "displayName": "Sales"}), "Sales"),
        (entry(sourceIdentity={"id": "1", "details": {"DisplayName": "Sales"}}), "Sales"),
        (entry(sourceIdentity={"id": "1"}), "1"),
        (entry(sourceIdentity=None), ""),
    ],
)
def test_names(document, name):
    assert logged_events([document])[0].source_name == name


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        (entry(), "created"),
        (entry(action="Disable"), "disabled"),
        (entry(action="update"), "updated"),
        (entry(action="delete"), "deleted"),
        (entry(action="other"), "other"),
        (entry(status="warning"), "other"),
        (entry(action="stagedDelete", status="skipped"), "staged"),
        (entry(status="failure"), "failed"),
        (skipped("RedundantExport"), ""),
        (skipped("NotEffectivelyEntitled"), "skipped"),
        (entry() | {"provisioningAction": None, "action": "Create"}, "created"),
        (entry(provisioningStatusInfo=None, statusInfo={"status": "failure"}), "failed"),
    ],
)
def test_outcomes(document, outcome):
    assert outcome_of(logged_events([document])[0]) == outcome


def test_a_summary_counts_each_object_once_for_each_outcome():
    events = logged_events([entry(1), entry(2, action="update"), entry(3, action="update"), entry(4, user="grace")])
    summary = summarize(events)
    assert {name: number for name, number in summary.counts.items() if number} == {"created": 2, "updated": 1}
    assert (summary.events, summary.groups, summary.is_cut) == (4, (), False)


def test_a_failure_that_succeeded_later_is_not_counted():
    failed = {"status": "failure", "code": "Timeout"}
    assert summarize(logged_events([entry(1, **failed), entry(2)])).counts["failed"] == 0
    assert summarize(logged_events([entry(2, **failed), entry(1)])).counts["failed"] == 1


def test_failures_are_grouped_by_cause_with_the_most_frequent_first():
    events = [entry(n, user=f"user{n}", status="failure", code="EntryConflict") for n in range(5)]
    events += [entry(9, user="ada", status="failure", code="Unknown"), skipped("NotEffectivelyEntitled", user="grace")]
    groups = summarize(logged_events(events), is_cut=True).groups
    assert [(group.status, group.code, len(group.objects)) for group in groups] == [
        ("failure", "EntryConflict", 5),
        ("failure", "Unknown", 1),
        ("skipped", "NotEffectivelyEntitled", 1),
    ]
    assert groups[0].examples == ("user4@contoso.com", "user3@contoso.com", "user2@contoso.com")
    assert "unique" in groups[0].cause.meaning
    assert groups[1].cause is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("SalesforceInvalidCredentials", "credentials"),
        ("SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering", "matching attribute"),
        ("SystemForCrossDomainIdentityManagementServiceIncompatible", "SCIM requires"),
        ("multiplegrantsnotsupported", "several roles"),
    ],
)
def test_codes_are_recognized_by_their_end(code, words):
    assert words in error_cause(code).meaning


def test_every_reason_has_a_meaning_and_an_action():
    for reason in QUARANTINE_REASONS:
        cause = quarantine_cause(reason.upper())
        assert cause == QUARANTINE_REASONS[reason]
        assert cause.meaning
        assert cause.action.endswith(".")


def application_log(*documents, **fields):
    when = datetime(2026, 3, 25, tzinfo=UTC)
    return ApplicationLog(name="writer", since=when, now=when, events=logged_events(documents), **fields)


def test_a_redacted_log_has_no_names_and_no_values():
    properties = [{"displayName": "userName", "oldValue": None, "newValue": "ada@contoso.com"}]
    log = application_log(entry(code="EntryConflict", reason=REASON, status="failure", modifiedProperties=properties))
    hidden = redacted(log)
    assert "ada" not in repr(hidden).replace("id-ada", "")
    assert hidden.events[0].source_name == "user-id-ada"
    assert hidden.events[0].properties == {"userName": (None, "…")}


@pytest.mark.parametrize(
    ("statuses", "user", "number"),
    [((), "", 2), (("failure",), "", 1), ((), "GRACE@contoso.com", 1), ((), "id-ada", 1), (("skipped",), "", 0)],
)
def test_events_are_selected_by_status_and_user(statuses, user, number):
    events = logged_events([entry(1), entry(2, user="grace", status="failure")])
    assert len(list(selected_events(events, statuses, user))) == number


@pytest.mark.parametrize(
    ("job", "note"),
    [
        ({"schedule": {"state": "Active"}, "status": {"code": "NotRun"}}, "no cycle has ended yet"),
        ({"schedule": {"state": "Disabled"}, "status": {}}, "provisioning is off"),
        (
            {"schedule": {"state": "Active"}, "status": {"quarantine": {"reason": "QuarantinedOnDemand"}}},
            "the job is in quarantine: Microsoft stopped the job",
        ),
    ],
)
def test_the_notes_of_a_log_are_about_its_job(job, note):
    log = application_log(jobs=(job_status(job, datetime(2026, 3, 25, tzinfo=UTC)),))
    assert next(iter(log.notes())) == note


def test_a_redacted_status_has_no_names_and_no_responses():
    now = datetime(2026, 3, 25, tzinfo=UTC)
    summary = summarize(logged_events([entry(code="EntryConflict", reason=REASON, status="failure")]))
    status = redacted_status(ApplicationStatus(name="writer", now=now, log=summary))
    assert status.log.groups[0].examples == ("user-id-ada",)
    assert "userName is taken" not in repr(status)
    empty = ApplicationStatus(name="writer", now=now)
    assert redacted_status(empty) == empty


def test_a_log_of_a_user_whom_the_tenant_does_not_have_says_so():
    log = application_log(unknown_user="nobody@contoso.com")
    assert next(iter(log.notes())) == "the tenant has no user nobody@contoso.com today"


def test_the_next_attempt_is_that_of_the_newest_event_of_each_object():
    reason = (
        "StatusCode: BadRequest. This operation was retried {} times. It will be retried again after this date: {} UTC"
    )
    events = logged_events(
        [
            failure("2026-11-30T10:00:00Z", "ada", reason.format(0, "2026-11-30T10:40:00Z")),
            failure("2026-11-30T11:00:00Z", "ada", reason.format(1, "2026-11-30T17:00:00Z")),
            failure("2026-11-30T11:00:00Z", "grace", reason.format(1, "2026-11-30T18:00:00Z")),
        ]
    )
    (group,) = summarize(events).groups
    assert (group.next_attempt.hour, group.next_attempt.minute) == (17, 0)


@pytest.mark.parametrize(
    ("code", "reason", "meaning", "text"),
    [
        ("ServiceIncompatible", "StatusCode: BadRequest Web Response: {}", "refused the request", "the application answered BadRequest: {}"),
        ("ServiceIncompatibleFiltering", "StatusCode: Conflict", "must be unique", "the application answered Conflict"),
        ("ServiceIncompatible", "StatusCode: Teapot", "not what SCIM requires", "the application answered Teapot"),
        ("ServiceIncompatible", "", "not what SCIM requires", ""),
        ("EntryConflict", "StatusCode: BadRequest", "must be unique", "the application answered BadRequest"),
        ("New", "StatusCode: Conflict", "must be unique", "the application answered Conflict"),
        ("New", "odd", "", "the service reports: odd"),
        ("New", "Web Response: x", "", "the application answered: x"),
        ("New", "x" * 401, "", f"the service reports: {'x' * 400}…"),
    ],
)  # fmt: skip
def test_a_cause_and_an_answer_are_the_same_for_a_user_and_for_a_group_of_failures(code, reason, meaning, text):
    (event,) = logged_events([failure("2026-11-30T10:00:00Z", "ada", reason, code)])
    (group,) = summarize([event]).groups
    assert group.cause == event.known_cause
    assert meaning in (event.known_cause.meaning if event.known_cause else "")
    assert (event.answer_text, group.answer_text) == (text, text)


def failure(time, user, reason, code="New"):
    return {
        "activityDateTime": time,
        "provisioningAction": "create",
        "sourceIdentity": {"id": user, "identityType": "User", "displayName": user},
        "provisioningStatusInfo": {"status": "failure", "errorInformation": {"errorCode": code, "reason": reason}},
    }
