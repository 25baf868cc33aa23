"""How the provisioning service reaches the application; secrets are references here, never values."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from scimconf.diagnostics import SpecPath
from scimconf.spec.codes import ModelIssue, refuse, refuse_all
from scimconf.spec.model.base import Https, Section, Text

Authentication = Literal["bearer", "oauth2_client_credentials", "entra_token", "other"]

ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
ENV_REFERENCE = r"^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$"
VAULT = r"^https://[A-Za-z0-9-]{3,24}\.(vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net)/?$"

NEEDED = {"bearer": "secret_token", "oauth2_client_credentials": "oauth2", "other": "other"}
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
"""Graph's keys that a field of its own stands for, so that `other` cannot say them too."""

MASK = "*"
CONFIDENTIAL = frozenset(
    {
        "Password", "AppKey", "ClientSecret", "ConsumerSecret", "TokenKey", "ConnectionString",
        "Oauth2AccessToken", "Oauth2RefreshToken", "Oauth2AuthorizationCode", "SyncAgentCompatibilityKey",
    }
)  # fmt: skip
"""Graph's keys whose values are secrets, so that `other` takes references for them only."""


class KeyVaultSecret(Section):
    """A secret kept in Azure Key Vault."""

    vault: Annotated[str, Field(pattern=VAULT)] = Field(
        description="The vault's address: `https://NAME.vault.azure.net`."
    )
    secret: Text = Field(description="The secret's name in the vault.")
    version: Text | None = Field(
        default=None, description="One version of the secret; the newest one where this is left out."
    )


class SecretReference(Section):
    """Where a secret's value can be had at the time of an apply; `${env:NAME}` is short for `{env: NAME}`."""

    env: Annotated[str, Field(pattern=ENV_NAME)] | None = Field(
        default=None, description="The name of the environment variable that holds the value."
    )
    file: Text | None = Field(
        default=None, description="A file that holds the value and nothing else, relative to the file that says it."
    )
    key_vault: KeyVaultSecret | None = Field(default=None, description="A secret in Azure Key Vault.")
    rotation: Text | None = Field(
        default=None, description="Any text that names this generation of the secret; a new text sends the value again."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str) and re.match(ENV_REFERENCE, value):
            return {"env": value[len("${env:") : -1]}
        return value

    @model_validator(mode="after")
    def _one(self) -> SecretReference:
        if sum(way is not None for way in (self.env, self.file, self.key_vault)) != 1:
            raise refuse("S208", "a secret reference takes exactly one of env, file, key_vault", "Keep one of them.")
        return self

    def __str__(self) -> str:
        """What a person has to provide: `WRITER_SCIM_TOKEN`, `file token.txt`, `NAME in https://…`."""
        if self.key_vault is not None:
            return f"{self.key_vault.secret} in {self.key_vault.vault}"
        return self.env or f"file {self.file}"


class OAuth2(Section):
    """A client credentials grant against the application's own token endpoint."""

    token_url: Https = Field(description="The token endpoint, by https.")
    client_id: Text = Field(description="The client's id.")
    client_secret: SecretReference = Field(description="Where the client's secret is kept.")


def _way(value: Any) -> str:
    is_reference = isinstance(value, dict | SecretReference) or re.match(ENV_REFERENCE, str(value)) is not None
    return "reference" if is_reference else "text"


OtherValue = Annotated[
    Annotated[str, Tag("text")] | Annotated[SecretReference, Tag("reference")],
    Discriminator(_way),
]


class Connection(Section):
    """The address and the credentials of the application's SCIM endpoint."""

    authentication: Authentication | None = Field(
        default=None,
        description="How the service signs in at the application: a bearer token, an OAuth 2.0 client, Entra's own token "
        "(`entra_token`), or keys of the application's own (`other`).",
    )
    base_address: Https | None = Field(
        default=None, description="The SCIM endpoint (the portal's Tenant URL), by https."
    )
    secret_token: SecretReference | None = Field(
        default=None, description="Where the bearer token (the portal's Secret Token) is kept."
    )
    oauth2: OAuth2 | None = Field(default=None, description="The OAuth 2.0 client, for `oauth2_client_credentials`.")
    other: dict[str, OtherValue] = Field(
        default={}, description="Further keys of the connection by Graph's own names; a secret one takes a reference."
    )
    on_unreadable_secret: Literal["send_changed_keys"] | None = Field(
        default=None,
        description="What to do when a stored secret cannot be read back and no reference names it. Without this the apply "
        "stops; `send_changed_keys` sends only the keys that change.",
    )

    @model_validator(mode="after")
    def _together(self) -> Connection:
        said = [*self._authentication(), *self._owned(), *self._masked()]
        if said:
            raise refuse_all(said)
        return self

    def _authentication(self) -> list[ModelIssue]:
        has = {
            "secret_token": self.secret_token is not None,
            "oauth2": self.oauth2 is not None,
            "other": bool(self.other),
        }
        if self.authentication is None:
            both = ModelIssue("S302", "secret_token and oauth2 are two ways to sign in", "Keep one of them.")
            return [both] if has["secret_token"] and has["oauth2"] else []
        needed = NEEDED.get(self.authentication)
        said = []
        if needed is not None and not has[needed]:
            said.append(
                ModelIssue("S301", f"authentication {self.authentication} needs {needed}", f"Add `{needed}:` here.")
            )
        unused = [key for key in ("secret_token", "oauth2") if key != needed and has[key]]
        return said + [
            ModelIssue("S302", f"authentication {self.authentication} does not use {key}", "Take it out.", (key,))
            for key in unused
        ]

    def _owned(self) -> list[ModelIssue]:
        return [
            ModelIssue("S303", f"{key} is what {OWNED[key]} stands for", f"Write it as {OWNED[key]}.", ("other", key))
            for key in self.other
            if key in OWNED
        ]

    def _masked(self) -> list[ModelIssue]:
        """A `*` is no value: it is what Graph shows where it shows none, and is never sent."""
        paths: list[SpecPath] = [("other", key) for key, value in self.other.items() if value == MASK]
        if self.oauth2 is not None and self.oauth2.client_id == MASK:
            paths.append(("oauth2", "client_id"))
        hint = "Write the value, or `{env: NAME}` where it is a secret."
        return [ModelIssue("S314", "`*` is what Graph shows in place of a value", hint, path) for path in paths]
