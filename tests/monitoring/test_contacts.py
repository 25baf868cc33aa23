"""Tests of owners and recipients: whether somebody is there, and which sentence says so."""

from datetime import UTC, datetime

import pytest

from scimconf.documents.contacts import ContactRecords, DirectoryContact, group_contact, matched, user_contact
from scimconf.monitoring.application_status import ApplicationStatus, redacted_status
from scimconf.monitoring.contacts import (
    ContactState,
    Ownership,
    addresses,
    owner_contacts,
    ownership,
    recipient_contacts,
)
from scimconf.spec.model import ManualStep, Spec

ID = "43db4fe0-2362-5aa5-a5f4-7de8f6f0f0ed"
ADA = DirectoryContact(ID, "user", "ada@contoso.com", True, frozenset({"ada@contoso.com"}))
GRACE = DirectoryContact("id-grace", "user", "grace@contoso.com", False, frozenset({"grace@contoso.com"}))
TEAM = DirectoryContact("id-team", "group", "Identity team", None, frozenset({"identity@contoso.com"}))
EMPTY = DirectoryContact("id-empty", "group", "Empty", None, frozenset({"empty@contoso.com"}), is_empty=True)
RECORDS = ContactRecords(
    contacts={
        "id-empty": EMPTY,
        "empty@contoso.com": EMPTY,
        "ada@contoso.com": ADA,
        ID: ADA,
        "grace@contoso.com": GRACE,
        "id-team": TEAM,
        "identity@contoso.com": TEAM,
    },
    deleted={"alan@contoso.com": "2026-11-01", "edsger@contoso.com": ""},
    domains=frozenset({"contoso.com"}),
    unreadable={"mary@contoso.com": "403 Denied for /users"},
)


@pytest.mark.parametrize(
    ("owner", "state", "warning"),
    [
        ("Ada@contoso.com", "enabled", ""),
        (ID, "enabled", ""),
        ("id-team", "enabled", ""),
        ("grace@contoso.com", "disabled", "the owner grace@contoso.com is disabled: name another one under `owners`"),
        (
            "id-empty",
            "empty",
            "the owner id-empty (Empty) is a group without members: add some, or name another one under `owners`",
        ),
        (
            "alan@contoso.com",
            "deleted",
            "the owner alan@contoso.com was deleted on 2026-11-01: name another one under `owners`",
        ),
        ("edsger@contoso.com", "deleted", "the owner edsger@contoso.com was deleted: name another one under `owners`"),
        (
            "eve@contoso.com",
            "missing",
            "the tenant has no user or group eve@contoso.com: name another one under `owners`",
        ),
        (
            "mary@contoso.com",
            "unknown",
            "the owner mary@contoso.com could not be checked: 403 Denied for /users",
        ),
    ],
)
def test_an_owner_is_there_disabled_deleted_missing_or_could_not_be_checked(owner, state, warning):
    (contact,) = owner_contacts([owner], RECORDS)
    assert (contact.state, contact.warning) == (state, warning)
    assert contact.is_absent is (state in ("disabled", "empty", "deleted", "missing"))


@pytest.mark.parametrize(
    ("address", "state", "is_absent", "part"),
    [
        ("identity@contoso.com", "enabled", False, ""),
        ("grace@contoso.com", "disabled", False, "if it is no shared mailbox"),
        ("empty@contoso.com", "empty", False, "a group without members"),
        ("alan@contoso.com", "deleted", True, "was deleted on 2026-11-01, so nobody gets the emails"),
        ("nobody@CONTOSO.com", "missing", True, "no user or group of the tenant has the address nobody@CONTOSO.com"),
        ("ops@vendor.com", "external", False, "an address outside of the tenant, which cannot be checked"),
        ("mary@contoso.com", "unknown", False, "403 Denied"),
    ],
)
def test_a_recipient_of_another_domain_is_not_missing_but_cannot_be_checked(address, state, is_absent, part):
    (contact,) = recipient_contacts([address], RECORDS)
    assert (contact.state, contact.is_absent) == (state, is_absent)
    assert part in contact.warning


def test_without_the_domains_of_the_tenant_no_recipient_is_missing():
    (contact,) = recipient_contacts(["nobody@contoso.com"], ContactRecords())
    assert (contact.state, contact.is_absent) == (ContactState.UNKNOWN, False)
    assert "the domains of the tenant could not be read" in contact.warning


def test_the_label_of_a_contact_has_the_name_if_it_says_more():
    labels = [contact.label for contact in owner_contacts([ID, "ADA@contoso.com", "id-team", "x@y.z"], RECORDS)]
    assert labels == [f"{ID} (ada@contoso.com)", "ADA@contoso.com", "id-team (Identity team)", "x@y.z"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), (" a@x.com ", ("a@x.com",)), ("a@x.com; b@x.com,a@x.com", ("a@x.com", "b@x.com"))],
)
def test_several_recipients_may_be_separated_by_commas_semicolons_or_blanks(text, expected):
    assert addresses(text) == expected


def test_rows_of_graph_are_matched_by_id_name_and_address():
    """Of two accounts with one address, the enabled one counts. What Graph does not show is not claimed."""
    rows = [
        user_contact(
            {"id": "A", "userPrincipalName": "Old@contoso.com", "mail": "x@contoso.com", "accountEnabled": False}
        ),
        user_contact(
            {"id": "B", "userPrincipalName": "new@contoso.com", "mail": "X@contoso.com", "accountEnabled": None}
        ),
        user_contact({"id": "C"}),
        group_contact({"id": "D", "displayName": "Team", "mail": None}),
        group_contact({"id": "E"}),
    ]
    result = matched(["x@contoso.com", "old@contoso.com", "c", "d", "e", "none"], rows)
    assert {text: (contact.id, contact.name, contact.enabled) for text, contact in result.items()} == {
        "x@contoso.com": ("b", "new@contoso.com", None),
        "old@contoso.com": ("a", "Old@contoso.com", False),
        "c": ("c", "C", None),
        "d": ("d", "Team", None),
        "e": ("e", "E", None),
    }


def status(**values):
    return ApplicationStatus(name="writer", now=datetime(2026, 11, 30, 12, tzinfo=UTC), **values)


def test_a_status_has_the_steps_that_nobody_has_confirmed():
    spec = Spec.model_validate(
        {
            "version": 1,
            "name": "writer",
            "application": {"display_name": "Writer"},
            "provisioning": {"enabled": True},
            "owners": ["ada@contoso.com"],
            "before_start": [
                {"step": "open"},
                {"step": "done", "confirmed": "2026-11-30", "by": "Ada"},
                {"step": "later", "confirmed": "2026-12-01", "by": "Ada"},
            ],
        }
    )
    assert ownership(spec) == Ownership(("ada@contoso.com",), "", spec.before_start)
    assert status(ownership=ownership(spec)).unconfirmed_steps == ("open", "later")
    assert status().unconfirmed_steps == ()


def test_a_redacted_status_has_no_names_and_addresses():
    original = status(
        ownership=Ownership(("ada@contoso.com",), "support@writer.com", (ManualStep(step="x"),)),
        owners=owner_contacts([ID, "eve@contoso.com"], RECORDS),
        mail=("identity@contoso.com",),
        recipients=recipient_contacts(["identity@contoso.com"], RECORDS),
    )
    redacted = redacted_status(original)
    assert [contact.label for contact in (*redacted.owners, *redacted.recipients)] == ["43db4fe0", "…", "id-team"]
    assert "@contoso.com" not in str(redacted)
    assert (original.has_absent_contacts, redacted.has_absent_contacts, status().has_absent_contacts) == (
        True,
        True,
        False,
    )
