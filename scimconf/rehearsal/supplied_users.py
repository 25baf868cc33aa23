"""The users with which a rehearsal starts: from a file, or a redacted sample of a tenant."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from scimconf.diagnostics import ScimconfError
from scimconf.graph.client import Graph
from scimconf.rehearsal.invented import SOURCE_PATHS, User, extensions_in
from scimconf.spec.model import Spec

MAX_USERS = 200
_KEPT = frozenset(
    {
        "accountEnabled", "companyName", "country", "department", "employeeType", "preferredLanguage", "usageLocation",
        "userType", "onPremisesSyncEnabled",
    }
)  # fmt: skip
"""Properties of a sample whose values stay: scoping filters are about these, and they name no person."""

_NOT_READ = frozenset({"otherMails", "proxyAddresses"})
"""Properties of a sample that are not read: their addresses have other names of a person."""

_WORD = re.compile(r"[^\W_]+")
_LOWER, _UPPER, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"


def read_users(content: bytes, name: str) -> tuple[User, ...]:
    """Return the users of a JSON file: a list of users in Graph's form, or a response of Graph with `value`.

    Raise ScimconfError if it is something else.
    """
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ScimconfError(f"{name} is not valid JSON: {error}", _FORM_HINT) from None
    rows = parsed.get("value") if isinstance(parsed, dict) else parsed
    if not isinstance(rows, list):
        raise ScimconfError(f"{name} has no list of users", _FORM_HINT)
    if len(rows) > MAX_USERS:
        raise ScimconfError(f"{name} has {len(rows)} users", f"A rehearsal starts with at most {MAX_USERS} users.")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not isinstance(row.get("userPrincipalName"), str):
            raise ScimconfError(f"user {number} of {name} has no userPrincipalName", _FORM_HINT)
    return tuple({key: value for key, value in row.items() if "@odata." not in key} for row in rows)


_FORM_HINT = 'Write `[{"userPrincipalName": "ada@contoso.com", "department": "Sales"}]`, or what GET /users returns.'


async def sample_users(graph: Graph, spec: Spec, number: int, key: str) -> tuple[User, ...]:
    """Return the first users of a tenant, with pseudonyms in place of what names a person."""
    properties = dict.fromkeys(str(path[0]) for path in SOURCE_PATHS.values() if path[0] not in _NOT_READ)
    select = ",".join((*properties, *extensions_in(spec)))
    response = await graph.get("/users", query={"$top": str(number), "$select": select})
    rows = response.get("value") if isinstance(response, dict) else None
    return tuple(redacted_user(row, key) for row in rows or () if isinstance(row, dict))


def redacted_user(user: Mapping[str, Any], key: str) -> User:
    """Return a user whose words are replaced by others of the same length and case; equal words stay equal.

    `key` is part of the replacement, so that it cannot be looked up. Domains and the properties of `_KEPT` stay.
    """
    present = {name: value for name, value in user.items() if value is not None and "@odata." not in name}
    redacted = {name: value if name in _KEPT else _redacted(value, key) for name, value in present.items()}
    return redacted | {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{key}/{user['id']}"))}


def _redacted(value: Any, key: str) -> Any:
    if isinstance(value, str):
        local, at, domain = value.rpartition("@")
        if at and "." in domain and " " not in domain:
            return f"{_text(local, key)}@{domain}"
        return _text(value, key)
    if isinstance(value, list):
        return [_redacted(part, key) for part in value]
    return {name: _redacted(part, key) for name, part in value.items()} if isinstance(value, dict) else value


def _text(text: str, key: str) -> str:
    return _WORD.sub(lambda match: "".join(_characters(match[0], key)), text)


def _characters(word: str, key: str) -> Iterable[str]:
    """Yield a character for each of a word: a letter of the same case, or a digit."""
    digest = sha256(f"{key}/{word.casefold()}".encode("utf-8", "surrogatepass")).digest()
    for number, character in enumerate(word):
        byte = digest[number % len(digest)]
        if character.isdecimal():
            yield _DIGITS[byte % 10]
        elif not character.isascii():
            yield "É" if character.isupper() else "é"
        else:
            yield (_UPPER if character.isupper() else _LOWER)[byte % 26]
