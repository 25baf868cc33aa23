"""How the provisioning service connects to the target application. Secrets are references here, never values."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from scimconf.diagnostics import Diagnostic, SpecPath
from scimconf.spec.codes import model_error, model_errors
from scimconf.spec.model.base import Https, Section, Text
from scimconf.spec.patterns import ENV_NAME, ENV_REFERENCE, VAULT

Authentication = Literal["bearer", "oauth2_client_credentials", "entra_token", "other"]

REQUIRED_KEYS = {"bearer": "secret_token", "oauth2_client_credentials": "oauth2", "other": "other"}
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

MASK = "*"
CONFIDENTIAL = frozenset(
    {
        "Password", "AppKey", "ClientSecret", "ConsumerSecret", "TokenKey", "ConnectionString",
        "Oauth2AccessToken", "Oauth2RefreshToken", "Oauth2AuthorizationCode", "SyncAgentCompatibilityKey",
    }
)  # fmt: skip
"""Graph's keys whose values are secrets. In `other` they take references only."""


class KeyVaultSecret(Section):
    """A secret in Azure Key Vault."""

    vault: Annotated[str, Field(pattern=VAULT)] = Field(
        description="The URL of the vault: `https://NAME.vault.azure.net`."
    )
    secret: Text = Field(description="The name of the secret in the vault.")
    version: Text | None = Field(default=None, description="A version of the secret. Default: the latest.")


class SecretReference(Section):
    """Where apply reads the value of a secret. `${env:NAME}` is short for `{env: NAME}`."""

    env: Annotated[str, Field(pattern=ENV_NAME)] | None = Field(
        default=None, description="The name of the environment variable that holds the value."
    )
    file: Text | None = Field(
        default=None, description="A file that holds only the value. The path is relative to this file."
    )
    key_vault: KeyVaultSecret | None = Field(default=None, description="A secret in Azure Key Vault.")
    rotation: Text | None = Field(
        default=None,
        description="Any text that identifies this version of the secret, such as a date. Change it to have the value "
        "written again.",
    )

    @model_validator(mode="before")
    @classmethod
    def _expand_reference(cls, value: Any) -> Any:
        if isinstance(value, str) and re.match(ENV_REFERENCE, value):
            return {"env": value[len("${env:") : -1]}
        return value

    @model_validator(mode="after")
    def _has_one_location(self) -> SecretReference:
        if sum(location is not None for location in (self.env, self.file, self.key_vault)) != 1:
            message = "a secret reference takes exactly one of env, file, key_vault"
            raise model_error("S208", message, "Keep one of them, for example `{env: NAME}`.")
        return self

    def __str__(self) -> str:
        """Return what the user has to provide: `WRITER_SCIM_TOKEN`, `file token.txt`, `NAME in https://…`."""
        if self.key_vault is not None:
            return f"{self.key_vault.secret} in {self.key_vault.vault}"
        return self.env or f"file {self.file}"


class OAuth2(Section):
    """An OAuth 2.0 client credentials grant at the target application's token endpoint."""

    token_url: Https = Field(description="The URL of the token endpoint. Must be https.")
    client_id: Text = Field(description="The client id.")
    client_secret: SecretReference = Field(description="Where apply reads the client secret.")


def _value_form(value: Any) -> str:
    is_reference = isinstance(value, dict | SecretReference) or re.match(ENV_REFERENCE, str(value)) is not None
    return "reference" if is_reference else "text"


OtherValue = Annotated[
    Annotated[str, Tag("text")] | Annotated[SecretReference, Tag("reference")],
    Discriminator(_value_form),
]


class Connection(Section):
    """The URL and the credentials of the target application's SCIM endpoint."""

    authentication: Authentication | None = Field(
        default=None,
        description="How the service signs in at the application: `bearer` (secret token), `oauth2_client_credentials`, "
        "`entra_token` (a token that Entra issues), or `other` (keys that only this application uses).",
    )
    base_address: Https | None = Field(
        default=None,
        description="The URL of the SCIM endpoint (Tenant URL in the portal), without `/Users`. Must be https.",
    )
    secret_token: SecretReference | None = Field(
        default=None, description="Where apply reads the bearer token (Secret Token in the portal)."
    )
    oauth2: OAuth2 | None = Field(default=None, description="The OAuth 2.0 client, for `oauth2_client_credentials`.")
    other: dict[str, OtherValue] = Field(
        default={},
        description="Further keys of the connection, by Graph's names. Keys that hold secrets take a reference.",
    )
    on_unreadable_secret: Literal["send_changed_keys"] | None = Field(
        default=None,
        description="What to do if Graph masks a stored secret that no reference names. By default apply stops; "
        "`send_changed_keys` writes only the keys that change.",
    )

    @model_validator(mode="after")
    def _check(self) -> Connection:
        diagnostics = [*self._check_authentication(), *self._owned_keys(), *self._masked_values()]
        if diagnostics:
            raise model_errors(diagnostics)
        return self

    def _check_authentication(self) -> list[Diagnostic]:
        present = {
            "secret_token": self.secret_token is not None,
            "oauth2": self.oauth2 is not None,
            "other": bool(self.other),
        }
        if self.authentication is None:
            message = "the connection takes secret_token or oauth2, not both"
            both = Diagnostic("S302", message, hint="Delete one of them.")
            return [both] if present["secret_token"] and present["oauth2"] else []
        required = REQUIRED_KEYS.get(self.authentication)
        diagnostics = []
        if required is not None and not present[required]:
            message = f"`authentication: {self.authentication}` needs `{required}`"
            diagnostics.append(Diagnostic("S301", message, hint=f"Add `{EXAMPLES[required]}`."))
        unused = [key for key in ("secret_token", "oauth2") if key != required and present[key]]
        return diagnostics + [
            Diagnostic(
                "S302",
                f"`authentication: {self.authentication}` does not use `{key}`",
                (key,),
                hint=f"Delete `{key}:`, or change `authentication:`.",
            )
            for key in unused
        ]

    def _owned_keys(self) -> list[Diagnostic]:
        return [
            Diagnostic(
                "S303", f"{key} has its own field in the spec", ("other", key), hint=f"Use `{OWNED[key]}` instead."
            )
            for key in self.other
            if key in OWNED
        ]

    def _masked_values(self) -> list[Diagnostic]:
        """Return an error for each `*`: Graph shows it instead of a secret, and it must not be written."""
        paths: list[SpecPath] = [("other", key) for key, value in self.other.items() if value == MASK]
        if self.oauth2 is not None and self.oauth2.client_id == MASK:
            paths.append(("oauth2", "client_id"))
        message = "`*` is not a value: Graph shows it instead of a secret"
        hint = "Write the value, or `{env: NAME}` if it is a secret."
        return [Diagnostic("S314", message, path, hint=hint) for path in paths]
