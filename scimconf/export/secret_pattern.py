"""Where the secrets of exported applications are kept: a pattern for all of them. Pure.

    key_vault:VAULT/{name}-scim      a secret in Azure Key Vault; VAULT is its name or its URL
    env:SCIM_{name}                  an environment variable
    file:secrets/{name}              a file, relative to the spec

`{name}` is the name of the spec, `{key}` Graph's key of the secret, such as `secret-token`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scimconf.diagnostics import ScimconfError, quoted
from scimconf.export.names import slug
from scimconf.kinds.exported import ExportedSpec
from scimconf.spec.patterns import ENV_NAME, ENV_REFERENCE, VAULT

_FORMS = "Write `key_vault:VAULT/{name}-scim`, `env:SCIM_{name}` or `file:FOLDER/{name}`."
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SECRET_NAME = re.compile("[0-9A-Za-z-]{1,127}")
"""The name of a secret (Azure Key Vault: objects, identifiers and versions)."""
_VAULT_NAME = re.compile("[A-Za-z][A-Za-z0-9-]{2,23}")
SOURCES = ("key_vault", "env", "file")


@dataclass(frozen=True, slots=True)
class SecretPattern:
    """A pattern of references: the source, for Azure Key Vault the URL of the vault, and the text with placeholders."""

    source: str
    text: str
    vault: str = ""

    def reference(self, name: str, key: str) -> dict[str, Any]:
        """Return the reference of an application's secret; raise ScimconfError if it is not a valid one."""
        text = self.text.replace("{name}", slug(name)).replace("{key}", slug(_CAMEL.sub("-", key)))
        if self.source == "key_vault":
            if not _SECRET_NAME.fullmatch(text):
                raise ScimconfError(f"{quoted(text)} is not the name of a secret in Azure Key Vault", _FORMS)
            return {"key_vault": {"vault": self.vault, "secret": text}}
        if self.source == "file":
            return {"file": text}
        variable = re.sub("[^A-Z0-9]+", "_", text.upper())
        if not re.match(ENV_NAME, variable):
            raise ScimconfError(f"{quoted(variable)} is not the name of an environment variable", _FORMS)
        return {"env": variable}


def parse_pattern(text: str) -> SecretPattern:
    """Return the pattern of a text; raise ScimconfError, with the text to write, if it is none."""
    source, colon, rest = text.partition(":")
    if not colon or source not in SOURCES:
        raise ScimconfError(f"{quoted(text)} does not state where secrets are stored", _FORMS)
    unknown = [name for name in _PLACEHOLDER.findall(rest) if name not in ("name", "key")]
    if unknown:
        raise ScimconfError(f"{{{unknown[0]}}} is not a placeholder of a secret", _FORMS)
    if "{name}" not in rest:
        raise ScimconfError(f"{quoted(text)} has no {{name}}: all applications would share one secret", _FORMS)
    if source != "key_vault":
        pattern = SecretPattern(source, rest)
    else:
        vault, slash, secret = rest.rpartition("/")
        if not slash or "{" in vault:
            raise ScimconfError(f"{quoted(text)} names no vault", _FORMS)
        pattern = SecretPattern(source, secret, _vault_url(vault))
    pattern.reference("name", "Key")
    return pattern


def _vault_url(vault: str) -> str:
    url = f"https://{vault}.vault.azure.net" if _VAULT_NAME.fullmatch(vault) else vault
    if not re.match(VAULT, url):
        raise ScimconfError(f"{quoted(vault)} is not an Azure Key Vault", _FORMS)
    return url.rstrip("/")


@dataclass(slots=True)
class SecretNames:
    """The references that are in use, so that no two applications share a secret."""

    used: set[str]

    def reserve(self, reference: dict[str, Any]) -> bool:
        """Use a reference; return whether it was free. Letter case does not count, as in Azure Key Vault."""
        key = describe_reference(reference).casefold()
        is_free = key not in self.used
        self.used.add(key)
        return is_free


def describe_reference(reference: dict[str, Any]) -> str:
    """Return the source and the name of a reference, as a person looks for it."""
    if "key_vault" in reference:
        vault = reference["key_vault"]
        return f"key_vault {vault['vault']} {vault['secret']}"
    source = "env" if "env" in reference else "file"
    return f"{source} {reference[source]}"


def references_of(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield Graph's key and the reference of each secret in the tree of a spec; one in short form is a copy."""
    connection = _part(tree, "connection")
    values = {
        "SecretToken": connection.get("secret_token"),
        "ClientSecret": _part(connection, "oauth2").get("client_secret"),
    }
    for key, value in {**values, **_part(connection, "other")}.items():
        if isinstance(value, dict):
            yield key, value
        elif isinstance(value, str) and re.match(ENV_REFERENCE, value):
            yield key, {"env": value.removeprefix("${env:").removesuffix("}")}


def _part(tree: dict[str, Any], key: str) -> dict[str, Any]:
    part = tree.get(key)
    return part if isinstance(part, dict) else {}


def apply_pattern(exported: ExportedSpec, pattern: SecretPattern, names: SecretNames) -> None:
    """Replace the references of an exported spec by those of the pattern; rotations stay.

    Of several secrets each gets its key at the end of the name, unless the pattern has `{key}`. One that is in use by then
    gets a number.
    """
    secrets = list(references_of(exported.tree))
    several = len(secrets) > 1 and "{key}" not in pattern.text
    own = SecretPattern(pattern.source, f"{pattern.text}-{{key}}", pattern.vault) if several else pattern
    for key, reference in secrets:
        number, renamed = 1, own.reference(exported.tree["name"], key)
        while not names.reserve(renamed):
            number += 1
            numbered = SecretPattern(own.source, f"{own.text}-{number}", own.vault)
            renamed = numbered.reference(exported.tree["name"], key)
        rotation = {"rotation": reference["rotation"]} if "rotation" in reference else {}
        reference.clear()
        reference.update({**renamed, **rotation})
