"""Sign-in to Microsoft: the only module that imports azure-identity, which it does when a token source is created.

A token source has azure's `get_token`, so kiota and the Key Vault client accept it as a credential. It caches tokens
(azure's CLI credential starts `az` for each one). Tokens are never printed; of their claims, only the tenant and the permissions are read.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Protocol, get_args

from scimconf.diagnostics import AuthenticationError
from scimconf.graph.secret_masking import SecretMask
from scimconf.graph.settings import PUBLIC, Cloud
from scimconf.graph.sign_in_secrets import assertion
from scimconf.json_types import Json, parse_json

Auth = Literal["environment", "workload", "managed", "cli", "device_code"]
Prompt = Callable[[str], object]

EARLY = 300.0
"""Seconds before its expiry that a token is replaced, so that it is valid after a wait for throttling."""
AT_LEAST = 30.0
"""Seconds that a token is used even if it expires soon, so that `az` is not started for every request."""
MAX_LENGTH = 300
"""Characters of azure's error to quote."""

HINTS: Mapping[str | None, str] = {
    None: "Sign in with `az login`, or choose a method with --auth: " + ", ".join(get_args(Auth)) + ".",
    "environment": "Set AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH.",
    "workload": (
        "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE must be set, the last one to a file with the"
        " pipeline's OIDC token. After azure/login or AzureCLI@2, use --auth cli."
    ),
    "managed": "Managed identities exist on Azure only; set AZURE_CLIENT_ID for a user-assigned one.",
    "cli": "Sign in with: az login --tenant TENANT",
    "device_code": "Open the page shown and enter the code. AZURE_CLIENT_ID and AZURE_TENANT_ID select app and tenant.",
}


class Credential(Protocol):
    """The interface of azure's credentials; a token has `token` and `expires_on`, in seconds since 1970."""

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class _CachedToken:
    token: Any = field(repr=False)
    until: float


class TokenSource:
    """A credential with a token cache, for one command; `scope` is Graph's, other scopes work as well.

    `mask` gets each token that is issued, and each assertion of `environ` that is sent for it.
    """

    def __init__(
        self,
        credential: Credential,
        scope: str,
        hint: str = "",
        clock: Callable[[], float] = time.time,
        *,
        mask: SecretMask,
        environ: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.scope = scope
        self._mask, self._environ = mask, environ
        self._credential, self._hint, self._clock = credential, hint, clock
        self._cache: dict[tuple[str | None, ...], _CachedToken] = {}

    def get_token(self, *scopes: str, claims: str | None = None, tenant_id: str | None = None, **options: Any) -> Any:
        """Return an azure AccessToken, from the cache until shortly before its expiry; with `claims`, always a new one."""
        key = (tenant_id, *scopes)
        cached = self._cache.get(key)
        if cached is None or claims or self._clock() >= cached.until:
            token = self._new(scopes, claims=claims, tenant_id=tenant_id, **options)
            cached = _CachedToken(token, max(self._clock() + AT_LEAST, token.expires_on - EARLY))
            self._cache[key] = cached
        return cached.token

    def fetch(self) -> None:
        """Get Graph's token before the event loop starts, because azure's synchronous credentials would block it."""
        self.get_token(self.scope, enable_cae=True)

    def claims(self) -> Mapping[str, Json]:
        """Return the claims of Graph's token."""
        return token_claims(self.get_token(self.scope, enable_cae=True).token)

    def tenant_id(self) -> str:
        return str(self.claims().get("tid") or "")

    def close(self) -> None:
        self._cache.clear()
        close = getattr(self._credential, "close", None)
        if close is not None:
            close()

    def _new(self, scopes: tuple[str, ...], **options: Any) -> Any:
        from azure.core.exceptions import AzureError

        for secret in assertion(self._environ):
            self._mask.add(secret)
        try:
            token = self._credential.get_token(*scopes, **options)
        except (AzureError, ValueError, OSError) as error:
            failure = authentication_error(error, self._hint, self._mask.mask_text)
        else:
            self._mask.add(token.token)
            return token
        raise failure


def token_source(
    auth: str | None,
    environ: Mapping[str, str],
    cloud: Cloud = PUBLIC,
    prompt: Prompt | None = None,
    *,
    mask: SecretMask,
) -> TokenSource:
    """Return the token source for `--auth`, or for azure's default chain, without requesting a token.

    `prompt` prints what the user has to do (device code), by default to stderr. Raises AuthenticationError.
    """
    if auth is not None and auth not in get_args(Auth):
        raise AuthenticationError(f"unknown --auth {auth}. Valid methods: {', '.join(get_args(Auth))}")
    hint = HINTS[auth]
    try:
        credential = _credential(auth, environ, cloud, prompt or sys.stderr.write)
    except (ValueError, OSError) as error:
        failure = authentication_error(error, hint, mask.mask_text)
    else:
        return TokenSource(credential, cloud.scope, hint, mask=mask, environ=environ)
    raise failure


def _credential(auth: str | None, environ: Mapping[str, str], cloud: Cloud, prompt: Prompt) -> Any:
    from azure import identity

    match auth:
        case "environment":
            return _application(environ, cloud)
        case "workload":
            tenant, client = _required(environ, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", hint=HINTS[auth])
            (file,) = _required(environ, "AZURE_FEDERATED_TOKEN_FILE", hint=HINTS[auth])
            return identity.WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=file, authority=cloud.authority
            )
        case "managed":
            return identity.ManagedIdentityCredential(client_id=environ.get("AZURE_CLIENT_ID"))
        case "cli":
            return identity.AzureCliCredential(tenant_id=environ.get("AZURE_TENANT_ID", ""))
        case "device_code":
            options = {"client_id": environ.get("AZURE_CLIENT_ID"), "tenant_id": environ.get("AZURE_TENANT_ID")}
            return identity.DeviceCodeCredential(
                authority=cloud.authority,
                prompt_callback=lambda page, code, _until: prompt(f"Open {page} and enter the code {code}\n"),
                **{name: value for name, value in options.items() if value},
            )
        case _:
            return identity.DefaultAzureCredential(authority=cloud.authority)


def _application(environ: Mapping[str, str], cloud: Cloud) -> Any:
    from azure import identity

    tenant, client = _required(environ, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", hint=HINTS["environment"])
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
    (secret,) = _required(environ, "AZURE_CLIENT_SECRET", hint=HINTS["environment"])
    return identity.ClientSecretCredential(tenant, client, secret, authority=cloud.authority)


def _required(environ: Mapping[str, str], *names: str, hint: str) -> tuple[str, ...]:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise AuthenticationError(f"{' and '.join(missing)} not set", hint)
    return tuple(environ[name] for name in names)


def authentication_error(error: Exception, hint: str, mask_text: Callable[[str], str]) -> AuthenticationError:
    """Return the error with Microsoft's message (AADSTS...), else with the first line of azure's."""
    if isinstance(error, OSError) and error.strerror:
        reason = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    else:
        text = str(getattr(error, "message", "") or error)
        match = re.search(r"AADSTS\d+:[^\r\n]*", text)
        reason = match.group() if match else next(iter(text.strip().splitlines()), type(error).__name__)
    return AuthenticationError(f"Could not get an access token: {mask_text(reason)[:MAX_LENGTH]}", hint)


def token_claims(token: str) -> Mapping[str, Json]:
    """Return the claims of an access token, none if it is not a JWT: it may be opaque or encrypted.

    The signature is not verified. The token is our own, received from the sign-in service over https, and its claims
    decide nothing but hints and whether an apply is worth trying: Graph verifies the token and decides.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}
