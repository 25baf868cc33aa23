"""How the provisioning service connects to the target application. Secrets are references here, never values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, ModelWrapValidatorHandler, PrivateAttr, Tag, model_validator

from scimconf.diagnostics import Diagnostic
from scimconf.spec.addresses import host_problem, other_problem
from scimconf.spec.model.base import Date, Endpoint, Https, Section, Text, not_exactly_one, owned_keys
from scimconf.spec.patterns import ENV_NAME, ENV_REFERENCE, VAULT
from scimconf.spec.secret_variables import RESERVED
from scimconf.spec.tree import SecretFile

Authentication = Literal["bearer", "oauth2_client_credentials", "entra_token", "portal", "other"]

REQUIRED_KEYS = {"bearer": "secret_token", "oauth2_client_credentials": "oauth2", "other": "other"}
ADDITIONAL_KEYS = {"other": "secret_token"}
"""The key that may stand beside the required one; for all others `other`. Salesforce takes user, password and token."""
EXAMPLES = {
    "secret_token": "secret_token: {env: NAME}",
    "oauth2": "oauth2: {token_url: https://…, client_id: ID, client_secret: {env: NAME}}",
    "other": "other: {KEY: VALUE}",
}
OWNED = {
    "BaseAddress": "connection.base_address",
    "SecretToken": "connection.secret_token",
    "AuthenticationType": "connection.authentication",
    "SyncAll": "provisioning.scope",
    "SyncNotificationSettings": "provisioning.notifications and provisioning.deletion_threshold",
    "SkipOutOfScopeDeletions": "provisioning.skip_out_of_scope_deletions",
    "Oauth2TokenExchangeUri": "connection.oauth2.token_url",
    "Oauth2ClientId": "connection.oauth2.client_id",
    "Oauth2ClientSecret": "connection.oauth2.client_secret",
}
"""Graph's keys that have a field of their own in the spec. `other` must not contain them."""

SERVICE_OWNED = frozenset(
    {
        "Oauth2AccessToken", "Oauth2RefreshToken", "Oauth2AccessTokenCreationTime", "Oauth2AuthorizationCode",
        "TokenExpiration",
    }
)  # fmt: skip
"""Graph's keys that the service writes and renews after an administrator authorized the connection in the portal."""

MASK = "*"
_HOST_HINT = "Write the name of the application's host."
CONFIDENTIAL = frozenset(
    {
        "Password", "AppKey", "ClientSecret", "ConsumerSecret", "TokenKey", "ConnectionString",
        "Oauth2AccessToken", "Oauth2RefreshToken", "Oauth2AuthorizationCode", "SyncAgentCompatibilityKey",
    }
)  # fmt: skip
"""Graph's keys whose values are secrets. In `other` they take references only."""


class KeyVaultSecret(Section):
    """A secret in Azure Key Vault."""

    vault: Annotated[str, Field(pattern=VAULT)]
    secret: Text
    version: Text | None = None


class SecretReference(Section):
    """Where apply reads the value of a secret. `${env:NAME}` is short for `{env: NAME}`."""

    env: Annotated[str, Field(pattern=ENV_NAME)] | None = None
    file: Text | None = None
    key_vault: KeyVaultSecret | None = None
    rotation: Text | None = None
    expires: Date | None = None
    _file_from_spec: str = PrivateAttr(default="")

    @property
    def source(self) -> str:
        """What is referenced, for example `env:NAME`, from any working directory; without the version and the rotation."""
        if self.key_vault is not None:
            return f"key_vault:{self.key_vault.secret} in {self.key_vault.vault.rstrip('/')}".lower()
        return f"env:{self.env}" if self.env is not None else f"file:{self._file_from_spec or self.file}"

    @model_validator(mode="wrap")
    @classmethod
    def _keep_file(cls, value: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        reference = validate(value)
        if isinstance(value, Mapping) and isinstance(value.get("file"), SecretFile):
            reference._file_from_spec = value["file"].from_spec  # noqa: SLF001  its own
        return reference

    @model_validator(mode="before")
    @classmethod
    def _expand_reference(cls, value: Any) -> Any:
        if isinstance(value, str) and re.match(ENV_REFERENCE, value):
            return {"env": value[len("${env:") : -1]}
        return value

    def _errors(self) -> Iterator[Diagnostic]:
        keys = ("env", "file", "key_vault")
        if len(self._present(*keys)) != 1:
            yield not_exactly_one("a secret reference", keys, "{env: NAME}")
        if self.env is not None and RESERVED.match(self.env.upper()):
            message = f"{self.env} belongs to the sign-in or the pipeline; a spec must not send it to an application"
            yield Diagnostic("S319", message, ("env",), hint="Store the token in another variable, and write its name.")

    def __str__(self) -> str:
        """Return what the user has to provide: `WRITER_SCIM_TOKEN`, `file token.txt`, `NAME in https://…`."""
        if self.key_vault is not None:
            return f"{self.key_vault.secret} in {self.key_vault.vault}"
        return self.env or f"file {self.file}"


class OAuth2(Section):
    """An OAuth 2.0 client credentials grant at the target application's token endpoint."""

    token_url: Https
    client_id: Text
    client_secret: SecretReference


def _value_form(value: Any) -> str:
    is_reference = isinstance(value, dict | SecretReference) or re.match(ENV_REFERENCE, str(value)) is not None
    return "reference" if is_reference else "text"


OtherValue = Annotated[
    Annotated[str, Tag("text")] | Annotated[SecretReference, Tag("reference")], Discriminator(_value_form)
]


class Connection(Section):
    """The URL and the credentials of the target application's SCIM endpoint."""

    authentication: Authentication | None = None
    base_address: Endpoint | None = None
    secret_token: SecretReference | None = None
    oauth2: OAuth2 | None = None
    other: dict[str, OtherValue] = Field(default={})
    on_unreadable_secret: Literal["send_changed_keys"] | None = None

    def references(self) -> Iterator[tuple[tuple[str, ...], SecretReference]]:
        """Yield every reference to a secret with its path."""
        if self.secret_token is not None:
            yield ("secret_token",), self.secret_token
        if self.oauth2 is not None:
            yield ("oauth2", "client_secret"), self.oauth2.client_secret
        for key, value in self.other.items():
            if isinstance(value, SecretReference):
                yield ("other", key), value

    @property
    def has_credentials(self) -> bool:
        return bool(self.secret_token or self.oauth2 or self.other)

    def _errors(self) -> Iterator[Diagnostic]:
        yield from self._authentication_errors()
        yield from owned_keys("other", self.other, OWNED)
        yield from self._service_owned_errors()
        yield from self._host_errors()
        paths = [("other", key) for key, value in self.other.items() if value == MASK]
        if self.oauth2 is not None and self.oauth2.client_id == MASK:
            paths.append(("oauth2", "client_id"))
        message = f"`{MASK}` is not a value: Graph shows it instead of a secret"
        hint = "Write the value, or `{env: NAME}` if it is a secret."
        yield from (Diagnostic("S314", message, path, hint=hint) for path in paths)

    def _host_errors(self) -> Iterator[Diagnostic]:
        token_url = self.oauth2.token_url if self.oauth2 is not None else ""
        for path, url in ((("base_address",), self.base_address or ""), (("oauth2", "token_url"), token_url)):
            if problem := host_problem(url):
                yield Diagnostic("S318", problem, path, hint=_HOST_HINT)
        for key, value in self.other.items():
            if isinstance(value, str) and (problem := other_problem(key, value)):
                yield Diagnostic("S318", problem, ("other", key), hint=_HOST_HINT)

    def _service_owned_errors(self) -> Iterator[Diagnostic]:
        for key in self.other:
            if key in SERVICE_OWNED:
                message = (
                    f"the service itself writes {key}, after an administrator authorized the connection in the portal"
                )
                yield Diagnostic("S317", message, ("other", key), hint="Delete it, and write `authentication: portal`.")

    def _authentication_errors(self) -> Iterator[Diagnostic]:
        present = [*self._present("secret_token", "oauth2"), *(["other"] if self.other else [])]
        if self.authentication is None:
            if {"secret_token", "oauth2"} <= set(present):
                message = "the connection takes secret_token or oauth2, not both"
                yield Diagnostic("S302", message, hint="Delete one of them.")
            return
        required = REQUIRED_KEYS.get(self.authentication)
        if required is not None and required not in present:
            message = f"`authentication: {self.authentication}` needs `{required}`"
            yield Diagnostic("S301", message, hint=f"Add `{EXAMPLES[required]}`.")
        for key in present:
            if key not in (required, ADDITIONAL_KEYS.get(self.authentication, "other")):
                message = f"`authentication: {self.authentication}` does not use `{key}`"
                yield Diagnostic("S302", message, (key,), hint=f"Delete `{key}:`, or change `authentication:`.")
