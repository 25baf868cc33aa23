"""Tests of `monitoring.audit_events`: which events concern an application, and which no entry explains."""

from datetime import UTC, datetime

import pytest

from scimconf.monitoring.audit_events import audit_events, entry_moment, listed_changes, outside_changes, redacted_event
from scimconf.monitoring.history import HistoryEntry, RunContext

AT_TEN = "2026-11-25 10:00 UTC: Update attribute mappings or scope"
IDS, NAMES = {"SP-1", "app-1"}, {"Writer"}


def row(activity="Update attribute mappings or scope", at="2026-11-25T10:00:00.1234567Z", **values):
    user = {"id": "0123456789", "displayName": "Ada", "userPrincipalName": "ada@contoso.com"}
    return {
        "activityDisplayName": activity,
        "activityDateTime": at,
        "result": "success",
        "initiatedBy": {"user": user, "app": None},
        "targetResources": [{"id": "sp-1", "displayName": "Writer"}],
        **values,
    }


def app(name):
    return {"app": {"displayName": name}}


PORTAL = app("Portal")


def events(*rows):
    return audit_events(rows, "writer", IDS, NAMES)


@pytest.mark.parametrize(
    ("values", "concerns"),
    [
        ({}, True),
        ({"targetResources": [{"id": "x"}, {"id": "APP-1"}]}, True),
        ({"targetResources": [{"id": None, "displayName": "writer"}]}, True),
        ({"targetResources": [{"id": "another", "displayName": "Writer"}]}, False),
        ({"targetResources": [{"id": "", "displayName": None}]}, False),
        ({"targetResources": None}, False),
        ({"result": "failure"}, False),
        ({"result": None}, True),
        ({"activityDateTime": "never"}, False),
        ({"activityDisplayName": "Export"}, False),
        ({"activityDisplayName": "Quarantine"}, False),
    ],
)
def test_which_events_are_changes_of_an_application(values, concerns):
    assert bool(events(row(**values))) is concerns


def test_what_is_no_event_is_left_out():
    assert events("text", None) == []


@pytest.mark.parametrize(
    ("initiator", "by"),
    [
        ({"user": {"id": "1", "userPrincipalName": "ada@contoso.com"}}, "ada@contoso.com"),
        ({"user": {"id": "1", "displayName": "Ada"}}, "Ada"),
        ({"user": None, "app": {"displayName": "Portal", "appId": "2"}}, "Portal"),
        ({"app": {"displayName": None, "servicePrincipalId": "3"}}, "3"),
        (None, "an identity that the log does not name"),
    ],
)
def test_who_made_a_change(initiator, by):
    assert events(row(initiatedBy=initiator))[0].by == by


def test_events_are_sorted_and_have_json_values():
    found = events(row(at="2026-11-25T09:00:00Z"), row("Add application"))
    assert [event.document() for event in found] == [
        {
            "application": "writer",
            "time": "2026-11-25T10:00:00Z",
            "activity": "Add application",
            "by": "ada@contoso.com",
        },
        {
            "application": "writer",
            "time": "2026-11-25T09:00:00Z",
            "activity": "Update attribute mappings or scope",
            "by": "ada@contoso.com",
        },
    ]


def test_events_of_one_second_are_in_their_order():
    found = events(row("first", "2026-11-25T10:00:00.1000000Z"), row("second", "2026-11-25T10:00:00.2000000Z"))
    assert [event.activity for event in found] == ["second", "first"]


def entry(time="20261125T095959.500000Z", ended="20261125T100000.000000Z", identity=""):
    return HistoryEntry(application="writer", time=time, ended=ended, run=RunContext(identity=identity))


@pytest.mark.parametrize(
    ("entries", "is_outside"),
    [
        ([], True),
        ([entry()], False),
        ([entry(identity="ADA@contoso.com")], False),
        ([entry(identity="ada")], False),
        ([entry(identity="Client scimconf")], True),
        ([entry("20261125T095000.000000Z", "20261125T095900.000000Z")], True),
        ([entry("20261125T095000.000000Z", "20261125T095900.000000Z", "ada@contoso.com")], False),
        ([entry("20261125T095000.000000Z", "20261125T095400.000000Z", "ada@contoso.com")], True),
        ([entry("20261125T094000.000000Z", "")], False),
        ([entry("20261125T092000.000000Z", "")], True),
        ([entry("yesterday")], True),
    ],
)
def test_an_entry_explains_what_its_identity_did_during_its_command(entries, is_outside):
    assert bool(outside_changes(events(row()), entries)) is is_outside


def test_the_time_of_an_entry():
    assert entry_moment("20261125T093000.000000Z") == datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    assert entry_moment("") is None


def test_a_redacted_event_has_no_user_name():
    (event,) = events(row())
    assert redacted_event(event).by == "user-01234567"
    (event,) = events(row(initiatedBy={"app": {"displayName": "Portal"}}))
    assert redacted_event(event).by == "Portal"


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], ""),
        ([row()], "by ada@contoso.com on 2026-11-25 10:00 UTC: Update attribute mappings or scope"),
        (
            [row("Add application"), row(at="2026-11-25T09:00:00Z", initiatedBy=PORTAL)],
            (
                "by ada@contoso.com on 2026-11-25 10:00 UTC: Add application; "
                "by Portal on 2026-11-25 09:00 UTC: Update attribute mappings or scope"
            ),
        ),
        (
            [row("Add application"), *(row("Update application", f"2026-11-24T0{hour}:00:00Z") for hour in range(6))],
            "; ".join(
                [
                    "by ada@contoso.com on 2026-11-25 10:00 UTC: Add application",
                    *(f"by ada@contoso.com on 2026-11-24 0{hour}:00 UTC: Update application" for hour in (5, 4, 3, 2)),
                    "2 earlier by ada@contoso.com",
                ]
            ),
        ),
        (
            [row(initiatedBy=app(f"Client {number:02}")) for number in range(11)],
            "; ".join(
                [
                    *(f"by Client {number:02} on {AT_TEN}" for number in range(5)),
                    "6 earlier by Client 05, Client 06, Client 07, Client 08, Client 09 and 1 other",
                ]
            ),
        ),
        (
            [row(initiatedBy=app(f"Client {number:02}")) for number in range(12)],
            "; ".join(
                [
                    *(f"by Client {number:02} on {AT_TEN}" for number in range(5)),
                    "7 earlier by Client 05, Client 06, Client 07, Client 08, Client 09 and 2 others",
                ]
            ),
        ),
    ],
)
def test_changes_are_listed_in_words(rows, text):
    assert listed_changes(events(*rows)) == text
