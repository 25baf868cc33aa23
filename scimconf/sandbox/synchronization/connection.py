"""The stored secrets of a service principal, and the simulated check of its credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from scimconf.sandbox.data_files import read_data
from scimconf.sandbox.http_types import Json, bad_request, sync_error
from scimconf.sandbox.switches import Switches
from scimconf.sandbox.synchronization.stored_form import format_boolean
from scimconf.sandbox.synchronization.templates import ProvisioningTemplate, templates_of
from scimconf.sandbox.tenant import Tenant

ENDPOINTS = "endpoints"
MASK = "*"
_NAMES = read_data("secrets.json")
KEYS: frozenset[str] = frozenset(_NAMES["keys"])
SENSITIVE: frozenset[str] = frozenset(_NAMES["sensitive"])
_SETTINGS = "SyncNotificationSettings"
_SETTINGS_DEFAULTS: Json = {
    "Enabled": False,
    "Recipients": None,
    "DeleteThresholdEnabled": False,
    "DeleteThresholdValue": 500,
    "HumanResourcesLookaheadQueryEnabled": False,
}
_BOOLEANS = ("SyncAll", "SkipOutOfScopeDeletions", "UpdateKeyOnSoftDelete", "EnforceDomain", "HardDeletesEnabled")
_MASKED: Mapping[str, frozenset[str]] = {
    "sensitive": frozenset(),
    "settings": frozenset([_SETTINGS]),
    "address": frozenset(["BaseAddress"]),
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REJECTED_WORDS = ("wrong", "rejected")
_CLIENT_CREDENTIALS = "OAuth2ClientCredentialsGrant"


# ---- stored secrets -------------------------------------------------------------------------------------------------


def stored_secrets(tenant: Tenant, principal_id: str) -> dict[str, str]:
    """Return the stored secrets in clear text, in the order of their storage."""
    rows = tenant.store.rows("SELECT key, value FROM secrets WHERE resource_id = ? ORDER BY seq", (principal_id,))
    return {str(key): str(value) for key, value in rows}


def masked_secrets(tenant: Tenant, principal: Json) -> list[Json]:
    """Return the secrets as Graph returns them: sensitive values, and those of the switch `mask`, are masked."""
    switches = tenant.switches
    values = stored_secrets(tenant, principal["id"])
    if switches.sync_all_default != "absent":
        values.setdefault("SyncAll", switches.sync_all_default)
    masked_keys = (
        KEYS
        if switches.mask == "all"
        else SENSITIVE | _declared_sensitive(principal, switches) | _MASKED[switches.mask]
    )
    keys = sorted(values) if switches.secrets_order == "sorted" else values
    return [
        {"key": key, "value": MASK if key in masked_keys else _format_value(key, values[key], switches)} for key in keys
    ]


def _format_value(key: str, value: str, switches: Switches) -> str:
    if key in _BOOLEANS:
        return format_boolean(value, switches)
    if key != _SETTINGS or switches.settings_text == "as_sent":
        return value
    defaults = _SETTINGS_DEFAULTS if switches.settings_text == "filled" else {}
    return json.dumps(defaults | json.loads(value), separators=(",", ":"))


def store_secrets(tenant: Tenant, principal_id: str, sent: Mapping[str, str]) -> None:
    """Store the secrets of a PUT. An empty value deletes its key; `secrets_put` decides about absent keys."""
    before = stored_secrets(tenant, principal_id)
    switches = tenant.switches
    keeps_masked = switches.masked_secret_write == "keep"  # noqa: S105  a position of a switch
    remaining = {} if switches.secrets_put == "replace" else {k: v for k, v in before.items() if k not in sent}
    if switches.secrets_order == "kept":
        remaining = {key: value for key, value in before.items() if key in remaining or key in sent}
    written = {key: before.get(key, "") if keeps_masked and value == MASK else value for key, value in sent.items()}
    tenant.store.run("DELETE FROM secrets WHERE resource_id = ?", (principal_id,))
    _insert(tenant, principal_id, {**remaining, **written})


def parse_pairs(documents: Any) -> dict[str, str]:
    """Return the key-value pairs of a request body; raise a 400 for an unknown key or a value that is not a string."""
    if not isinstance(documents, list):
        raise bad_request("The request body must contain a collection named 'value'.", code="BadRequest")
    pairs: dict[str, str] = {}
    for document in documents:
        name = document.get("key") if isinstance(document, dict) else document
        if not isinstance(document, dict) or not isinstance(name, str) or name not in KEYS:
            raise bad_request(f"'{name}' is not a value of enumeration synchronizationSecret.", code="BadRequest")
        if not isinstance(document.get("value"), str):
            raise bad_request(f"The value of '{name}' is not a string.", code="BadRequest")
        pairs[name] = document["value"]
    return pairs


def check_notification_settings(sent: Mapping[str, str], switches: Switches) -> None:
    if _SETTINGS not in sent:
        return
    try:
        settings = json.loads(sent[_SETTINGS])
    except ValueError:
        settings = None
    several = isinstance(settings, dict) and re.search(r"[;,]", str(settings.get("Recipients") or ""))
    if not isinstance(settings, dict) or (several and switches.recipients == "one"):
        raise sync_error(400, "InvalidNotificationSettings", None)


def _declared_sensitive(principal: Json, switches: Switches) -> frozenset[str]:
    names = {
        str(config_field["name"]).lower()
        for template in templates_of(principal["applicationTemplateId"], switches)
        for config_field in template.fields
        if config_field.get("secret")
    }
    return frozenset(key for key in KEYS if key.lower() in names)


# ---- check of credentials -------------------------------------------------------------------------------------------


def connection_failure(tenant: Tenant, principal: Json, credentials: Mapping[str, str]) -> str | None:
    """Return why the application refuses these credentials; None if it accepts them."""
    address, own_token = credentials.get("BaseAddress", ""), _authorized_token(credentials)
    failure = form_failure(templates_of(principal["applicationTemplateId"], tenant.switches), credentials)
    if failure is not None:
        return failure
    if credentials.get("AuthenticationType") == _CLIENT_CREDENTIALS:
        missing = [key for key in ("Oauth2TokenExchangeUri", "Oauth2ClientId") if not credentials.get(key)]
        if missing:
            return f"A value for {missing[0]} is missing."
        return _token_failure(tenant, address, credentials.get("Oauth2ClientSecret", ""))
    token = own_token or credentials.get("SecretToken") or credentials.get("Password") or ""
    if not token and tenant.switches.blank_token == "accepted":  # noqa: S105  a position of a switch
        return None
    return _token_failure(tenant, address, token)


def form_failure(templates: Sequence[ProvisioningTemplate], credentials: Mapping[str, str]) -> str | None:
    """Return what is missing or malformed in the credentials, None if nothing. Without an address, every configuration field of the template is required."""
    address = credentials.get("BaseAddress", "")
    if address or _authorized_token(credentials):
        return _address_failure(address) if address else None
    if any(template.oauth for template in templates):
        return "Please authorize the connection to your application."
    names = {str(config_field["name"]).lower() for template in templates for config_field in template.fields}
    if "baseaddress" in names or not names:
        return _address_failure(address)
    missing = [key for key in sorted(KEYS) if key.lower() in names and not credentials.get(key)]
    return f"A value for {missing[0]} is missing." if missing else None


def _address_failure(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return "Please provide a valid tenant URL for your application."
    host = parts.hostname or ""
    if not host or not has_port or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        return "Please provide a valid tenant URL for your application."
    if host.endswith(".invalid"):
        return f"We could not reach your application at {host}: the name could not be resolved."
    return None


def _authorized_token(credentials: Mapping[str, str]) -> str:
    """Return the token that the service has because an administrator authorized the connection in the portal, or ""."""
    return credentials.get("Oauth2AccessToken") or credentials.get("Oauth2RefreshToken") or ""


def authorize(tenant: Tenant, principal_id: str) -> None:
    """Store new tokens as the service does after a person selected Authorize, and again whenever it renews them."""
    number = tenant.new_id("authorization")
    tokens = {
        "Oauth2AccessToken": f"access-{number}",
        "Oauth2RefreshToken": f"refresh-{number}",
        "Oauth2AccessTokenCreationTime": tenant.stamp(),
    }
    if tenant.switches.authorization_type != "absent":
        tokens["AuthenticationType"] = tenant.switches.authorization_type
    stored = stored_secrets(tenant, principal_id) | tokens
    tenant.store.run("DELETE FROM secrets WHERE resource_id = ?", (principal_id,))
    _insert(tenant, principal_id, stored)


def _insert(tenant: Tenant, principal_id: str, values: Mapping[str, str]) -> None:
    tenant.store.run_many(
        "INSERT INTO secrets (resource_id, key, value) VALUES (?, ?, ?)",
        ((principal_id, key, value) for key, value in values.items() if value),
    )


def _token_failure(tenant: Tenant, address: str, token: str) -> str | None:
    endpoints = {normalize_address(url): endpoint for url, endpoint in tenant.stored_value(ENDPOINTS, {}).items()}
    endpoint = endpoints.get(normalize_address(address))
    if endpoint is not None:
        accepted = token in endpoint["tokens"]
    else:
        accepted = bool(token) and token != MASK and not any(word in token.lower() for word in _REJECTED_WORDS)
    if accepted:
        return None
    return (
        "You appear to have entered invalid credentials. Please confirm you are using the correct information for an"
        " administrative account. We received this unexpected response from your application: HTTP/1.1 401 Unauthorized."
    )


def normalize_address(address: str) -> str:
    """Return an address without its query, which contains flags for the service, and without a trailing slash."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")).lower()
