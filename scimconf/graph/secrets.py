"""Values of secrets: the only place where they exist, and the only door to azure-keyvault.

A `SecretValue` cannot be printed, formatted, copied or pickled by accident; `encode`, which makes the bytes of a
request, is the one function that reveals it. What was resolved is remembered, so that `scrub` can take it out of
texts that come back from elsewhere.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from scimconf.diagnostics import SecretError
from scimconf.graph.secret_masking import echoes
from scimconf.snapshot import SecretRef

MASK = "***"
VAULT_HOSTS = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net", ".vault.microsoftazure.de")


class SecretValue:
    """A secret that shows itself as `***`; equal to another one of the same text, in constant time."""

    __slots__ = ("_reveal",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, text: str) -> None:
        self._reveal: Callable[[], str] = lambda: text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        return hmac.compare_digest(self._reveal().encode(), other._reveal().encode())

    def __iter__(self) -> NoReturn:
        raise TypeError("a secret has no parts")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is neither pickled nor copied")

    __copy__ = __reduce_ex__
    __deepcopy__ = __reduce_ex__


def encode(body: Any) -> bytes:
    """The JSON of a body as UTF-8; the only place where the secrets in it are revealed."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode()


def _plain(part: Any) -> Any:
    if isinstance(part, SecretValue):
        return part._reveal()  # noqa: SLF001  the one revealing
    if isinstance(part, Mapping):
        return dict(part)
    raise TypeError(f"{type(part).__name__} is not JSON")


Vault = Callable[[str, str, str], str]
"""From a Key Vault's URL, a secret's name and its version ("" for the latest): its value."""


class Secrets:
    """Resolves references to values, late; holds what it resolved for `scrub` and for nothing else.

    Files are relative to `folder`. `credential` makes azure's credential, only when a Key Vault is asked; without it
    Key Vault cannot be used. `vault` replaces Azure's client in tests.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        folder: Path = Path(),
        credential: Callable[[], Any] | None = None,
        vault: Vault | None = None,
    ) -> None:
        self._environ = environ
        self._folder = folder
        self._credential = credential
        self._vault = vault or self._azure
        self._known: dict[SecretRef, SecretValue] = {}
        self._masked: Callable[[str], str] = str

    def resolve(self, ref: SecretRef) -> SecretValue:
        """The value that a reference names; the same one for the whole command. Raises SecretError."""
        if ref not in self._known:
            self._known[ref] = self._read(ref)
            self._masked = _masking(self._known.values())
        return self._known[ref]

    def check(self, ref: SecretRef) -> None:
        """Raise SecretError if the variable or the file that a reference names is missing or empty.

        A Key Vault is not asked.
        """
        if ref.source != "key_vault":
            self._read(ref)

    def scrub(self, text: str) -> str:
        """The text with every resolved value masked, however an echo of it is written."""
        return self._masked(text)

    def _read(self, ref: SecretRef) -> SecretValue:
        if ref.source == "env":
            return _present(
                self._environ.get(ref.name), ref, f"{ref.name} is not set", "Set the variable for this run."
            )
        if ref.source == "file":
            return _present(_file_text(self._folder / ref.name, ref), ref, f"{ref.name} is not there")
        host = vault_host(ref)
        value = self._vault(f"https://{host}", ref.name, ref.version)
        return _present(value, ref, f"{ref.name} is not in {host}")

    def _azure(self, url: str, name: str, version: str) -> str:
        try:
            from azure.core.exceptions import AzureError
            from azure.keyvault.secrets import SecretClient
        except ImportError:
            tip = "Install it: pip install 'scimconf[keyvault]'"
            raise SecretError(f"Reading {name} from a Key Vault needs an extra that is not installed", tip) from None
        if self._credential is None:
            raise SecretError(f"{name} is in a Key Vault, and there is no credential to read it with")
        try:
            with SecretClient(url, self._credential()) as client:
                return str(client.get_secret(name, version or None).value or "")
        except AzureError as error:
            failure = vault_failure(error, url, name)
        raise failure


def _masking(values: Iterable[SecretValue]) -> Callable[[str], str]:
    """What masks the values; a function, since a pattern would show them."""
    pattern = echoes(value._reveal() for value in values)  # noqa: SLF001  only to be masked
    return lambda text: pattern.sub(MASK, text)


def _present(text: str | None, ref: SecretRef, missing: str, tip: str = "") -> SecretValue:
    if text is None:
        raise SecretError(missing, tip)
    if not text:
        raise SecretError(f"{ref.name} is empty")
    if any("\ud800" <= char <= "\udfff" for char in text):  # what Python makes of bytes that are no text
        raise SecretError(f"{ref.name} is not UTF-8")
    return SecretValue(text)


def _file_text(path: Path, ref: SecretRef) -> str | None:
    """The text of a file without a byte order mark and the newline at its end, None where there is no file."""
    why = ""
    try:
        return path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        why = "it is not UTF-8"
    except ValueError:
        why = "no file has such a name"
    raise SecretError(f"{ref.name} cannot be read: {why}")


def vault_host(ref: SecretRef) -> str:
    """The host of a reference's vault; Azure's only, since a credential goes there."""
    parts = urlsplit(ref.vault if "://" in ref.vault else f"https://{ref.vault}")
    host = parts.hostname or ""
    plain = parts.scheme == "https" and parts.netloc.lower() == host and parts.path in {"", "/"}
    if not plain or parts.query or parts.fragment or not host.endswith(VAULT_HOSTS):
        raise SecretError(
            f"{ref.vault} is not an Azure Key Vault", "Write its URL, such as https://NAME.vault.azure.net"
        )
    return host


def vault_failure(error: Exception, url: str, name: str) -> SecretError:
    """What to tell of a failed reading: the kind of failure and its status; Azure's own text is kept out."""
    status = getattr(error, "status_code", None)
    if status == 404:
        return SecretError(f"{name} is not in {url}")
    if status in {401, 403}:
        tip = "It needs the role Key Vault Secrets User, or the access policy `get` on secrets."
        return SecretError(f"{name} in {url} may not be read ({status})", tip)
    return SecretError(f"{name} in {url} could not be read ({type(error).__name__})")
