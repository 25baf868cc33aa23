"""Users and groups as people to contact: owners of applications, and recipients of emails. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from scimconf.json_types import Json

USER_PROPERTIES = ("id", "userPrincipalName", "displayName", "mail", "accountEnabled")
GROUP_PROPERTIES = ("id", "displayName", "mail")


@dataclass(frozen=True, slots=True)
class DirectoryContact:
    """A user or a group of the tenant. `enabled` is None for a group, and if Graph does not show it.

    `is_empty`: the group has no members.
    """

    id: str
    type: Literal["user", "group"]
    name: str
    enabled: bool | None = None
    addresses: frozenset[str] = frozenset()
    is_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecords:
    """What the tenant has of some owners and addresses, by the text that was searched for, in lower case.

    A text without an entry in `contacts` was not found; `deleted` has the day of its deletion, "" if that is not known.
    `domains` are the verified domains of the tenant, in lower case, None if they could not be read. `unreadable` is the
    error of a read for each text that could not be searched for.
    """

    contacts: Mapping[str, DirectoryContact] = field(default_factory=lambda: MappingProxyType({}))
    deleted: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    domains: frozenset[str] | None = None
    unreadable: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def user_contact(row: Mapping[str, Json]) -> DirectoryContact:
    """Return the contact of a user with USER_PROPERTIES."""
    name = str(row.get("userPrincipalName") or row.get("displayName") or row["id"])
    enabled = row.get("accountEnabled")
    texts = (row.get("userPrincipalName"), row.get("mail"))
    return DirectoryContact(
        str(row["id"]).lower(), "user", name, enabled if isinstance(enabled, bool) else None, _folded(texts)
    )


def group_contact(row: Mapping[str, Json]) -> DirectoryContact:
    """Return the contact of a group with GROUP_PROPERTIES."""
    return DirectoryContact(
        str(row["id"]).lower(), "group", str(row.get("displayName") or row["id"]), None, _folded([row.get("mail")])
    )


def _folded(texts: Iterable[Json]) -> frozenset[str]:
    return frozenset(text.casefold() for text in texts if isinstance(text, str) and text)


def matched(texts: Iterable[str], rows: Iterable[DirectoryContact]) -> dict[str, DirectoryContact]:
    """Return the contact of each text that is the id, the name or an address of a row; an enabled user goes first."""
    known: dict[str, DirectoryContact] = {}
    for contact in sorted(rows, key=lambda contact: contact.enabled is False):
        for key in (contact.id, *contact.addresses):
            known.setdefault(key, contact)
    return {text: known[text] for text in texts if text in known}


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].casefold()
