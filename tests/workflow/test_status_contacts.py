"""Owners, recipients of emails and manual steps in `status`: who is disabled or gone, with few requests."""

from datetime import timedelta

import pytest
from tenant_fixture import NOON, Rehearsal

from scimconf.graph.contacts import MAX_CONTACTS, find_contacts
from scimconf.monitoring.application_status import ApplicationStatus
from scimconf.workflow.status import StatusOptions, all_statuses, statuses, watch
from scimconf.workflow.targets import spec_targets

ADA = "43db4fe0-2362-5aa5-a5f4-7de8f6f0f0ed"
EDITORS = "69c6e9dc-09a6-5acc-a77e-74bade1a7fe0"
SPEC = """version: 1
name: writer
application: {display_name: Writer}
provisioning: {enabled: true}
"""
OPTIONS = StatusOptions(window=timedelta(days=1), now=NOON)


def spec(tmp_path, *owners, steps=""):
    file = tmp_path / "scimconf.yaml"
    lines = f"owners: [{', '.join(owners)}]\nvendor_contact: support@writer.com\nbefore_start: [{steps}]\n"
    file.write_text(SPEC + lines)
    return file


def status_of(tenant, file) -> ApplicationStatus:
    targets = spec_targets([tenant.load(file)])
    (status,) = tenant.run(lambda session: statuses(session.graph, targets, OPTIONS))
    return status


def recipients(tenant, text):
    """Let the job send its emails to an address."""
    principal = tenant.principal()["id"]
    path = f"/servicePrincipals/{principal}/synchronization/secrets"
    pairs = {pair["key"]: pair["value"] for pair in tenant.request("GET", path)["value"]}
    value = f'{{"Enabled":true,"Recipients":"{text}"}}'
    pairs |= {"SyncNotificationSettings": value, "SecretToken": "x"}
    tenant.request("PUT", path, {"value": [{"key": key, "value": value} for key, value in pairs.items()]})


def states(contacts):
    return [(contact.text, contact.state.value) for contact in contacts]


def test_status_says_which_owners_are_disabled_deleted_or_missing(applied, tmp_path):
    applied.request("DELETE", "/users/alan@contoso.com")
    owners = ("ADA@contoso.com", ADA, EDITORS, "charles@contoso.com", "alan@contoso.com", "eve@contoso.com")
    status = status_of(applied, spec(tmp_path, *owners))
    assert [state for _, state in states(status.owners)] == [
        "enabled",
        "enabled",
        "enabled",
        "disabled",
        "deleted",
        "missing",
    ]
    assert (status.owners[2].name, status.owners[4].day) == ("Writer editors", "2026-11-25")
    assert status.has_absent_contacts
    assert not status_of(applied, spec(tmp_path, "ada@contoso.com")).has_absent_contacts


def test_an_owner_that_is_a_group_without_members_is_nobody(applied, tmp_path):
    body = {"displayName": "Empty", "mailEnabled": False, "mailNickname": "empty", "securityEnabled": True}
    group = applied.request("POST", "/groups", body)["id"]
    status = status_of(applied, spec(tmp_path, group, EDITORS))
    assert [contact.state.value for contact in status.owners] == ["empty", "enabled"]
    assert status.has_absent_contacts
    denied = {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}
    applied.fault(denied, method="GET", path="/groups/*/members", times=0)
    assert not status_of(applied, spec(tmp_path, group)).has_absent_contacts


@pytest.mark.parametrize(
    ("address", "state"),
    [
        ("identity@contoso.com", "enabled"),
        ("Grace@contoso.com", "enabled"),
        ("alias@contoso.com", "enabled"),
        ("charles@contoso.com", "disabled"),
        ("nobody@contoso.com", "missing"),
        ("ops@vendor.example", "external"),
        ("linus@fabrikam.com", "enabled"),
    ],
)
def test_status_says_whether_somebody_has_the_address_for_emails(applied, address, state):
    """A group, a user, a further address of a user, a disabled user, nobody, another domain, and a guest."""
    applied.request("PATCH", "/users/grace@contoso.com", {"proxyAddresses": ["smtp:Alias@contoso.com"]})
    recipients(applied, address)
    (status,) = applied.run(lambda session: all_statuses(session.graph, OPTIONS))
    assert states(status.recipients) == [(address, state)]


def test_status_reads_the_contacts_of_all_applications_together(applied):
    """Users by name, users and groups by address are in one batch, the members of groups in another, for all texts."""
    texts = [f"user{number}@contoso.com" for number in range(40)]
    before = len(applied.journal)
    records = applied.run(lambda session: find_contacts(session.graph, texts, ["identity@contoso.com"]))
    own = applied.journal[before:]
    assert sorted(records.contacts) == ["identity@contoso.com"]
    assert [call["path"] for call in own if call["path"].endswith("$batch")] == ["/$batch"] * 2
    assert applied.run(lambda session: find_contacts(session.graph, [], [])).contacts == {}


def test_too_many_contacts_are_not_checked(applied):
    texts = [f"{number:05}@vendor.example" for number in range(MAX_CONTACTS + 1)]
    records = applied.run(lambda session: find_contacts(session.graph, [], texts))
    assert list(records.unreadable) == [texts[-1]]


@pytest.mark.parametrize("path", ["/users", "/groups", "/organization", "/servicePrincipals/*/synchronization/secrets"])
def test_a_denied_read_of_contacts_is_no_reason_to_fail(applied, tmp_path, path):
    """What could not be looked up is not called missing."""
    applied.fault(
        {"status": 403, "body": {"error": {"code": "Denied", "message": "no"}}}, method="GET", path=path, times=0
    )
    status = status_of(applied, spec(tmp_path, "eve@contoso.com"))
    assert not status.is_failed
    assert bool(status.mail_problem) is path.endswith("secrets")
    contacts = (*status.owners, *status.recipients)
    missing = [contact.text for contact in contacts if contact.is_absent]
    assert missing == (["eve@contoso.com"] if path not in ("/users", "/groups") else [])


def test_watch_yields_statuses_with_their_contacts(applied, tmp_path):
    targets = spec_targets([applied.load(spec(tmp_path, "charles@contoso.com"))])

    async def first(session):
        return [each async for each in watch(session.graph, targets, OPTIONS, session.graph.get, 1)]

    ((status,),) = applied.run(first)
    assert states(status.owners) == [("charles@contoso.com", "disabled")]


def test_status_has_the_steps_that_block_the_first_start_and_later_a_note(applied, tmp_path):
    status = status_of(applied, spec(tmp_path, steps="{step: Enable SCIM}"))
    assert (status.unconfirmed_steps, status.has_started) == (("Enable SCIM",), True)
    assert status.ownership.vendor_contact == "support@writer.com"
    fresh = Rehearsal({"applications": [{"displayName": "Writer", "template": "custom", "jobs": [{}]}]})
    status = status_of(fresh, spec(tmp_path, steps="{step: Enable SCIM}"))
    assert (status.unconfirmed_steps, status.has_started) == (("Enable SCIM",), False)
