"""Looks up owners and recipients of emails: whether they exist, and whether their account is enabled.

All of them together are read in batches: users by name, id and mail address, groups by id and mail address; what is not
found then by its further addresses, and in the recycle bin. An error of a read is a value: nothing depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scimconf.diagnostics import GraphError
from scimconf.documents.application import organization, tenant
from scimconf.documents.contacts import (
    GROUP_PROPERTIES,
    USER_PROPERTIES,
    ContactRecords,
    DirectoryContact,
    domain_of,
    group_contact,
    matched,
    user_contact,
)
from scimconf.graph.client import Graph, Request
from scimconf.graph.lookup_plan import VALUES_A_FILTER
from scimconf.graph.principals import filtered, find_principals
from scimconf.graph.protocol.request import chunks
from scimconf.graph.reading import read
from scimconf.graph.task_group import gather_both
from scimconf.snapshot import Lookup
from scimconf.spec.patterns import is_guid

MAX_CONTACTS = 3_000
"""Owners and addresses that are looked up in one command; the others are not checked."""
_USERS = ("/users", USER_PROPERTIES, user_contact)
_GROUPS = ("/groups", GROUP_PROPERTIES, group_contact)
_Decode = Callable[[Mapping[str, Any]], DirectoryContact]
_Query = tuple[Sequence[str], Request, _Decode]
"""The texts that a request searches for, the request, and what makes a contact of a row."""


async def find_contacts(graph: Graph, owners: Collection[str], addresses: Collection[str]) -> ContactRecords:
    """Return the records of these owners (names or ids) and mail addresses. Never raise GraphError."""
    texts = sorted({text.casefold() for text in (*owners, *addresses)})
    if not texts:
        return ContactRecords()
    searched, omitted = texts[:MAX_CONTACTS], texts[MAX_CONTACTS:]
    folded = {address.casefold() for address in addresses}
    domains, records = await gather_both(_domains(graph), _answered(graph, list(_queries(searched))))
    inside = [text for text in searched if text in folded and domains is not None and domain_of(text) in domains]
    missing = [text for text in inside if text not in records.contacts and text not in records.unreadable]
    further = await _answered(graph, list(_alias_queries(missing)))
    contacts = await _with_members(graph, {**records.contacts, **further.contacts})
    unreadable = {**records.unreadable, **further.unreadable, **dict.fromkeys(omitted, f"more than {MAX_CONTACTS:,}")}
    lost = [text for text in searched if text not in contacts and (text not in folded or text in inside)]
    deleted = await _deleted(graph, lost)
    return ContactRecords(contacts=contacts, deleted=deleted, domains=domains, unreadable=unreadable)


async def _domains(graph: Graph) -> frozenset[str] | None:
    try:
        observed = tenant(await read(graph, organization(), {}))
    except GraphError:
        return None
    return None if observed is None else frozenset(domain.casefold() for domain in observed.domains)


def _queries(texts: Sequence[str]) -> Iterable[_Query]:
    ids = [text for text in texts if is_guid(text)]
    names = [text for text in texts if not is_guid(text)]
    for values, prop, (path, properties, decode) in (
        (names, "userPrincipalName", _USERS),
        (names, "mail", _USERS),
        (names, "mail", _GROUPS),
        (ids, "id", _USERS),
        (ids, "id", _GROUPS),
    ):
        for part in chunks(values, VALUES_A_FILTER):
            yield part, filtered(path, prop, part, properties), decode


async def _with_members(graph: Graph, contacts: Mapping[str, DirectoryContact]) -> dict[str, DirectoryContact]:
    """Return the contacts with whether groups have no members; what cannot be read is not called empty."""
    groups = sorted({contact.id for contact in contacts.values() if contact.type == "group"})
    query = {"$select": "id", "$top": "1"}
    requests = [Request("GET", "/groups/{group}/members", {"group": group}, query) for group in groups]
    answers = await graph.batch(requests) if requests else []
    empty = {
        group
        for group, answer in zip(groups, answers, strict=True)
        if not isinstance(answer, GraphError) and isinstance(answer.body, Mapping) and answer.body.get("value") == []
    }
    return {text: replace(contact, is_empty=contact.id in empty) for text, contact in contacts.items()}


def _alias_queries(addresses: Sequence[str]) -> Iterable[_Query]:
    """Yield the requests for those who have an address besides that of `mail` (Graph: proxyAddresses)."""
    for address in addresses:
        condition = "proxyAddresses/any(p:p eq 'smtp:{}')".format(address.replace("'", "''"))
        for path, properties, decode in (_USERS, _GROUPS):
            query = {"$filter": condition, "$select": ",".join(properties)}
            yield [address], Request("GET", path, query=query), _with_address(decode, address)


def _with_address(decode: _Decode, address: str) -> _Decode:
    def decode_alias(row: Mapping[str, Any]) -> DirectoryContact:
        contact = decode(row)
        return replace(contact, addresses=contact.addresses | {address})

    return decode_alias


async def _answered(graph: Graph, queries: Sequence[_Query]) -> ContactRecords:
    """Return who answers these queries; a text is unreadable if one of its queries fails and no other one finds it."""
    answers = await graph.batch([request for _, request, _ in queries]) if queries else []
    answered: list[DirectoryContact] = []
    failed: dict[str, str] = {}
    for (texts, _, decode), answer in zip(queries, answers, strict=True):
        if isinstance(answer, GraphError):
            failed.update(dict.fromkeys(texts, f"{answer.status} {answer.code} for {answer.path}"))
            continue
        rows = answer.body.get("value") if isinstance(answer.body, Mapping) else None
        answered += [decode(row) for row in rows or () if isinstance(row, Mapping) and "id" in row]
    contacts = matched([text for texts, _, _ in queries for text in texts], answered)
    return ContactRecords(
        contacts=contacts, unreadable={text: error for text, error in failed.items() if text not in contacts}
    )


async def _deleted(graph: Graph, texts: Iterable[str]) -> Mapping[str, str]:
    """Return the day of deletion of those in the recycle bin."""
    lookups = {text: Lookup("id" if is_guid(text) else "user", text, deleted=True) for text in texts}
    if not lookups:
        return {}
    results = await find_principals(graph, list(lookups.values()))
    deleted = {text: results.deleted.get(lookup) for text, lookup in lookups.items()}
    return {text: principal.day for text, principal in deleted.items() if principal is not None}
