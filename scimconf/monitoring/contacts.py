"""Who answers for an application and who gets its emails, judged: whether anybody is there. Pure.

Facts: the portal takes the address of one person or group for notifications (Microsoft's tutorials). A shared mailbox has a
user account that is disabled, and still receives mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal

from scimconf.documents.contacts import ContactRecords, DirectoryContact, domain_of
from scimconf.spec.model import ManualStep, Spec

_SEPARATORS = re.compile(r"[\s,;]+")


class ContactState(StrEnum):
    """Whether a contact is there; `empty` is a group without members, `external` and `unknown` could not be checked."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    EMPTY = "empty"
    DELETED = "deleted"
    MISSING = "missing"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


_ABSENT = (ContactState.DELETED, ContactState.MISSING)
_NOBODY = (ContactState.DISABLED, ContactState.EMPTY)
"""States in which an owner cannot answer; a mailbox may be read nevertheless."""
UNCHECKED = (ContactState.EXTERNAL, ContactState.UNKNOWN)
"""States of a contact that could not be looked up."""


@dataclass(frozen=True, slots=True)
class Contact:
    """An owner (as the spec names it) or a recipient of emails (an address), and what the tenant has of it.

    `name` is the principal name of a user or the name of a group, `day` the day of a deletion, `error` why it could not
    be checked.
    """

    kind: Literal["owner", "recipient"]
    text: str
    state: ContactState
    id: str = ""
    name: str = ""
    day: str = ""
    error: str = ""

    @property
    def is_absent(self) -> bool:
        """Whether nobody is there: an owner who cannot sign in, or an address that nobody has."""
        return self.state in _ABSENT or (self.kind == "owner" and self.state in _NOBODY)

    @property
    def label(self) -> str:
        """The text, with the name if it says more."""
        return (
            self.text if not self.name or self.name.casefold() == self.text.casefold() else f"{self.text} ({self.name})"
        )

    @property
    def warning(self) -> str:
        """A sentence about what is wrong, or could not be checked; "" if the contact is there."""
        return _NOTICES[self.kind][self.state].format(
            text=self.label, day=f" on {self.day}" if self.day else "", error=self.error
        )


_NOTICES = {
    "owner": {
        ContactState.ENABLED: "",
        ContactState.DISABLED: "the owner {text} is disabled: name another one under `owners`",
        ContactState.EMPTY: "the owner {text} is a group without members: add some, or name another one under `owners`",
        ContactState.DELETED: "the owner {text} was deleted{day}: name another one under `owners`",
        ContactState.MISSING: "the tenant has no user or group {text}: name another one under `owners`",
        ContactState.EXTERNAL: "",
        ContactState.UNKNOWN: "the owner {text} could not be checked: {error}",
    },
    "recipient": {
        ContactState.ENABLED: "",
        ContactState.DISABLED: "{text} has a disabled account: if it is no shared mailbox, nobody reads the emails",
        ContactState.EMPTY: "{text} is the address of a group without members",
        ContactState.DELETED: "{text} was deleted{day}, so nobody gets the emails: change `provisioning.notifications`",
        ContactState.MISSING: "no user or group of the tenant has the address {text}: change `provisioning.notifications`",
        ContactState.EXTERNAL: "{text} is an address outside of the tenant, which cannot be checked",
        ContactState.UNKNOWN: "{text} could not be checked: {error}",
    },
}


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a spec says about people: owners, the contact at the vendor, and the manual steps before the first start."""

    owners: tuple[str, ...] = ()
    vendor_contact: str = ""
    before_start: tuple[ManualStep, ...] = ()

    def unconfirmed(self, today: date) -> tuple[str, ...]:
        """Return the manual steps that nobody has confirmed."""
        return tuple(step.step for step in self.before_start if not step.is_confirmed(today))


WITHOUT_SPEC = Ownership()


def ownership(spec: Spec) -> Ownership:
    return Ownership(spec.owners, spec.vendor_contact or "", spec.before_start)


def redacted_contact(contact: Contact) -> Contact:
    """Return a contact without name and address: it goes by the start of its object id."""
    return replace(contact, text=contact.id[:8] or "…", name="")


def addresses(recipients: str) -> tuple[str, ...]:
    """Return the addresses of a job's recipients, each once; what separates several is not documented."""
    return tuple(dict.fromkeys(filter(None, _SEPARATORS.split(recipients))))


def owner_contacts(owners: Iterable[str], records: ContactRecords) -> tuple[Contact, ...]:
    return tuple(_contact("owner", owner, records, ContactState.MISSING) for owner in owners)


def recipient_contacts(recipients: Iterable[str], records: ContactRecords) -> tuple[Contact, ...]:
    return tuple(_recipients(recipients, records))


def _recipients(recipients: Iterable[str], records: ContactRecords) -> Iterator[Contact]:
    """Yield the contacts of addresses: one that nobody has is missing if its domain is one of the tenant's."""
    for address in recipients:
        is_inside = records.domains is not None and domain_of(address) in records.domains
        yield _contact("recipient", address, records, ContactState.MISSING if is_inside else ContactState.EXTERNAL)


def _contact(
    kind: Literal["owner", "recipient"], text: str, records: ContactRecords, otherwise: ContactState
) -> Contact:
    """Return the contact for a text; `otherwise` is its state if the tenant was searched for it and does not have it."""
    key = text.casefold()
    entry = records.contacts.get(key)
    if entry is not None:
        return Contact(kind, text, _state(entry), entry.id, entry.name)
    if key in records.unreadable:
        return Contact(kind, text, ContactState.UNKNOWN, error=records.unreadable[key])
    if key in records.deleted:
        return Contact(kind, text, ContactState.DELETED, day=records.deleted[key])
    if kind == "recipient" and records.domains is None:
        return Contact(kind, text, ContactState.UNKNOWN, error="the domains of the tenant could not be read")
    return Contact(kind, text, otherwise)


def _state(entry: DirectoryContact) -> ContactState:
    if entry.is_empty:
        return ContactState.EMPTY
    return ContactState.DISABLED if entry.enabled is False else ContactState.ENABLED
