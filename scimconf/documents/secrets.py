"""The synchronization secrets of a service principal: credentials and the portal's settings, as key/value pairs.

Graph masks sensitive values as `*` (Graph reference, synchronizationSecretKeyStringValuePair); a PUT replaces all pairs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Literal, NamedTuple

from scimconf.documents.job import BASE
from scimconf.json_types import Json, parse_json
from scimconf.snapshot import Document, SecretRef
from scimconf.spec.model import Connection, SecretReference
from scimconf.spec.model.connection import CONFIDENTIAL, SERVICE_OWNED

MASK = "*"
SCOPE = "SyncAll"
NOTIFICATIONS = "SyncNotificationSettings"
SKIP_DELETIONS = "SkipOutOfScopeDeletions"
CLIENT_CREDENTIALS = "OAuth2ClientCredentialsGrant"
_TOKENS = frozenset({"Oauth2AccessToken", "Oauth2RefreshToken"})
SETTINGS = frozenset({SCOPE, NOTIFICATIONS, SKIP_DELETIONS})
"""The keys that hold the portal's settings; all other keys belong to the connection."""


def secrets(connection: Connection | None) -> Document:
    """Return the secrets, with the references that a write needs for masked keys."""
    return Document(
        "secrets",
        f"{BASE}/secrets",
        collection=True,
        written="put_values",
        references=references(connection),
        plain=tuple(_plain(connection)),
        partial=connection is not None and connection.on_unreadable_secret is not None,
    )


def _plain(connection: Connection | None) -> Iterator[tuple[str, str]]:
    if connection is None:
        return
    if connection.base_address is not None:
        yield "BaseAddress", connection.base_address
    if connection.oauth2 is not None:
        yield "Oauth2TokenExchangeUri", connection.oauth2.token_url
        yield "Oauth2ClientId", connection.oauth2.client_id
    yield from ((key, value) for key, value in connection.other.items() if isinstance(value, str))


def references(connection: Connection | None) -> tuple[tuple[str, SecretRef], ...]:
    """Return Graph's key and the reference of every secret of the connection."""
    return tuple((key, reference_of(secret)) for key, secret in written_secrets(connection))


def written_secrets(connection: Connection | None) -> Iterator[tuple[str, SecretReference]]:
    """Yield Graph's key and the spec's reference of every secret of the connection."""
    if connection is None:
        return
    if connection.secret_token is not None:
        yield "SecretToken", connection.secret_token
    if connection.oauth2 is not None:
        yield "Oauth2ClientSecret", connection.oauth2.client_secret
    yield from ((key, value) for key, value in connection.other.items() if isinstance(value, SecretReference))


def confidential(connection: Connection | None) -> tuple[SecretRef, ...]:
    """Return the references of values that are certainly secrets, unlike that of a user name."""
    keys = CONFIDENTIAL | {"SecretToken", "Oauth2ClientSecret"}
    return tuple(reference for key, reference in references(connection) if key in keys)


def reference_of(secret: SecretReference) -> SecretRef:
    if secret.key_vault is not None:
        vault = secret.key_vault
        return SecretRef("key_vault", vault.secret, vault.vault, vault.version or "")
    return SecretRef("env", secret.env) if secret.env is not None else SecretRef("file", secret.file or "")


def values(raw: Json) -> dict[str, str]:
    """Return key → value, masked values as `*`, without empty ones."""
    return {str(pair["key"]): str(pair.get("value") or "") for pair in raw or () if pair.get("value") not in (None, "")}


def masked(raw: Json) -> frozenset[str]:
    """Return the keys whose values are masked and cannot be compared."""
    return frozenset(key for key, value in values(raw).items() if value == MASK)


def service_owned(raw: Json) -> frozenset[str]:
    """Return the stored keys that the service itself writes after an administrator authorized the connection in the portal.

    Without a token nobody has, and with client credentials the service gets its token by itself.
    """
    stored = values(raw)
    is_authorized = not _TOKENS.isdisjoint(stored) and stored.get("AuthenticationType") != CLIENT_CREDENTIALS
    return SERVICE_OWNED & stored.keys() if is_authorized else frozenset()


def unwritable(raw: Json, document: Document, written: Collection[str]) -> tuple[str, ...]:
    """Return the stored keys that a write of the whole set cannot send, sorted, apart from those that it changes.

    They are masked values that the spec has no source for, and the keys of the service, which it may have renewed since.
    A masked token that the service gets by itself need not be sent.
    """
    known = {*written, *dict(document.references), *dict(document.plain)}
    return tuple(sorted((masked(raw) - known - SERVICE_OWNED) | (service_owned(raw) - {*written})))


def notifications(raw: Json) -> Mapping[str, Json]:
    """Return the members of SyncNotificationSettings, a string of JSON; empty if it is not a JSON object."""
    try:
        members = parse_json(values(raw).get(NOTIFICATIONS) or "{}")
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def flag(text: str | None) -> bool | None:
    """Return the boolean of a setting (`true` and `True` are equal), or None if the key is missing."""
    return None if text is None else text.strip().lower() in ("true", "1")


class ProvisioningSettings(NamedTuple):
    """The portal's settings; None: not stored, or switched off, which `stores_email` and `stores_threshold` decide."""

    scope: Literal["all", "assigned"] | None
    skip_out_of_scope_deletions: bool | None
    email: Json
    stores_email: bool
    threshold: Json
    stores_threshold: bool


def settings(raw: Json) -> ProvisioningSettings:
    """Return the settings that the secrets set holds."""
    stored, members = values(raw), notifications(raw)
    sync_all = flag(stored.get(SCOPE))
    return ProvisioningSettings(
        scope=None if sync_all is None else "all" if sync_all else "assigned",
        skip_out_of_scope_deletions=flag(stored.get(SKIP_DELETIONS)),
        email=(members.get("Recipients") or None) if members.get("Enabled") else None,
        stores_email="Enabled" in members,
        threshold=(members.get("DeleteThresholdValue") or 0) if members.get("DeleteThresholdEnabled") else None,
        stores_threshold="DeleteThresholdEnabled" in members,
    )


# --- edits ---------------------------------------------------------------------------------------------------------


def value_view(raw: Json, key: tuple[str, ...]) -> Json:
    return values(raw).get(key[0])


def members_view(raw: Json, _key: tuple[str, ...]) -> Json:
    return dict(notifications(raw))


def value_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    """Return whether a plain value is stored; False for a reference, whose stored value is masked."""
    return not isinstance(value, SecretRef) and values(raw).get(key[0]) == value


def set_value(raw: Json, key: tuple[str, ...], value: Json) -> Json:
    pairs = {str(pair["key"]): dict(pair) for pair in raw or ()}
    pairs[key[0]] = {**pairs.get(key[0], {"key": key[0]}), "value": value}
    return list(pairs.values())


def remove_value(raw: Json, key: tuple[str, ...], _value: Json) -> Json:
    """Remove a key by an empty value, which works whether a PUT replaces all pairs or merges them."""
    return set_value(raw, key, "")


def flag_holds(raw: Json, key: tuple[str, ...], value: Json) -> bool:
    return flag(values(raw).get(key[0])) == flag(value)


def members_hold(raw: Json, _key: tuple[str, ...], value: Json) -> bool:
    current = notifications(raw)
    return all(current.get(name) == expected for name, expected in value.items())


def set_members(raw: Json, _key: tuple[str, ...], value: Json) -> Json:
    """Set some members of SyncNotificationSettings; the others are preserved, in their order."""
    return set_value(raw, (NOTIFICATIONS,), json.dumps({**notifications(raw), **value}, separators=(",", ":")))
