"""Signing in to Microsoft: the only door to azure-identity, which is imported when a token source is made.

A token source has azure's own `get_token`, so kiota and the Key Vault client take it as a credential. It keeps tokens
(azure's credential of the CLI starts `az` for each), answers a claims challenge with a new one, and turns azure's
errors into sentences. Tokens are never printed; of their contents only the tenant is looked at.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from scimconf.diagnostics import AuthenticationError
from scimconf.graph.settings import PUBLIC, Cloud

Auth = Literal["environment", "workload", "managed", "cli", "device_code"]
Say = Callable[[str], None]

EARLY = 300.0
"""Seconds before its end that a token is replaced, so that it outlives a wait for throttling."""
AT_LEAST = 30.0
"""Seconds that a token is used even if it ends soon, so that `az` is not started for every request."""
LONGEST = 300

TIPS: Mapping[str | None, str] = {
    None: "Sign in with `az login`, or choose a way with --auth: " + ", ".join(get_args(Auth)) + ".",
    "environment": "Set AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.",
    "workload": (
        "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE must name the application and a file with the"
        " pipeline's OIDC token. Where azure/login or AzureCLI@2 has signed `az` in, use --auth cli."
    ),
    "managed": "It works on Azure only; AZURE_CLIENT_ID names a user-assigned identity.",
    "cli": "Sign in with: az login --tenant TENANT",
    "device_code": "Open the page that was shown and type its code; AZURE_CLIENT_ID and AZURE_TENANT_ID choose the app.",
}


class Credential(Protocol):
    """What azure's credentials have in common; the token has `token` and `expires_on`, seconds since 1970."""

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class _CachedToken:
    token: Any = field(repr=False)
    until: float


class TokenSource:
    """A credential with a memory, for one command; `scope` is Graph's, other scopes work as well."""

    def __init__(
        self, credential: Credential, scope: str, tip: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.scope = scope
        self._credential = credential
        self._tip = tip
        self._clock = clock
        self._kept: dict[tuple[str | None, ...], _CachedToken] = {}

    def get_token(self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, **options: Any) -> Any:
        """An AccessToken of azure, kept until shortly before its end; `claims` always asks for a new one."""
        key = (tenant_id, *scopes)
        kept = self._kept.get(key)
        if kept is None or claims or self._clock() >= kept.until:
            token = self._new(scopes, claims=claims, tenant_id=tenant_id, **options)
            now = self._clock()
            kept = self._kept[key] = _CachedToken(token, max(now + AT_LEAST, token.expires_on - EARLY))
        return kept.token

    def fetch(self) -> None:
        """Have Graph's token now: before the event loop, which it would block, and before anything is read."""
        self.get_token(self.scope, enable_cae=True)

    def tenant_id(self) -> str:
        """The tenant that Graph's token is for, "" where the token does not say."""
        return claim(self.get_token(self.scope, enable_cae=True).token, "tid")

    def close(self) -> None:
        self._kept.clear()
        close = getattr(self._credential, "close", None)
        if close is not None:
            close()

    def _new(self, scopes: tuple[str, ...], **options: Any) -> Any:
        from azure.core.exceptions import AzureError

        try:
            return self._credential.get_token(*scopes, **options)
        except (AzureError, ValueError, OSError) as error:
            failure = explained(error, self._tip)
        raise failure


def token_source(
    auth: str | None, environ: Mapping[str, str], cloud: Cloud = PUBLIC, say: Say | None = None
) -> TokenSource:
    """The token source of `--auth`, or azure's default chain; nothing is asked yet. Raises AuthenticationError.

    `say` tells a person what to do (device code); standard output belongs to the product, so it is stderr by default.
    """
    if auth is not None and auth not in get_args(Auth):
        raise AuthenticationError(f"--auth {auth} is not known; there are {', '.join(get_args(Auth))}")
    tip = TIPS[auth]
    try:
        credential = _credential(auth, environ, cloud, say or sys.stderr.write)
    except (ValueError, OSError) as error:
        failure = explained(error, tip)
    else:
        return TokenSource(credential, cloud.scope, tip)
    raise failure


def _credential(auth: str | None, environ: Mapping[str, str], cloud: Cloud, say: Callable[[str], object]) -> Credential:
    from azure import identity

    made: Any
    match auth:
        case "environment":
            made = _application(environ, cloud)
        case "workload":
            tenant, client = _needed(environ, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", tip=TIPS[auth])
            (file,) = _needed(environ, "AZURE_FEDERATED_TOKEN_FILE", tip=TIPS[auth])
            made = identity.WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=file, authority=cloud.authority
            )
        case "managed":
            made = identity.ManagedIdentityCredential(client_id=environ.get("AZURE_CLIENT_ID"))
        case "cli":
            made = identity.AzureCliCredential(tenant_id=environ.get("AZURE_TENANT_ID", ""))
        case "device_code":
            named = {"client_id": environ.get("AZURE_CLIENT_ID"), "tenant_id": environ.get("AZURE_TENANT_ID")}
            made = identity.DeviceCodeCredential(
                authority=cloud.authority,
                prompt_callback=lambda page, code, _until: say(f"Open {page} and type the code {code}\n"),
                **{name: value for name, value in named.items() if value},
            )
        case _:
            made = identity.DefaultAzureCredential(authority=cloud.authority)
    found: Credential = made
    return found


def _application(environ: Mapping[str, str], cloud: Cloud) -> Any:
    """An application with a certificate or a secret, by the variables that azure's tools share."""
    from azure import identity

    tenant, client = _needed(environ, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", tip=TIPS["environment"])
    certificate = environ.get("AZURE_CLIENT_CERTIFICATE_PATH")
    if certificate:
        return identity.CertificateCredential(
            tenant,
            client,
            certificate,
            password=environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
            send_certificate_chain=environ.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "").lower() in {"1", "true"},
            authority=cloud.authority,
        )
    (secret,) = _needed(environ, "AZURE_CLIENT_SECRET", tip=TIPS["environment"])
    return identity.ClientSecretCredential(tenant, client, secret, authority=cloud.authority)


def _needed(environ: Mapping[str, str], *names: str, tip: str) -> tuple[str, ...]:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise AuthenticationError(f"{' and '.join(missing)} not set", tip)
    return tuple(environ[name] for name in names)


def explained(error: Exception, tip: str) -> AuthenticationError:
    """A sentence for a person: Microsoft's own (AADSTS...) where there is one, else the first line of the error."""
    if isinstance(error, OSError) and error.strerror:
        why = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    else:
        text = str(getattr(error, "message", "") or error)
        said = re.search(r"AADSTS\d+:[^\r\n]*", text)
        why = said.group() if said else next(iter(text.strip().splitlines()), type(error).__name__)
    return AuthenticationError(f"No token could be had: {why[:LONGEST]}", tip)


def claim(token: str, name: str) -> str:
    """One claim of a JWT, "" where it is none; the signature is Graph's to judge."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return ""
    return str(payload.get(name) or "") if isinstance(payload, dict) else ""
