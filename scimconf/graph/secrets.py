"""Values of secrets: the only module that holds them, and the only one that imports azure-keyvault.

A `SecretValue` cannot be printed, formatted, copied or pickled by accident. Only `encode`, which makes the bytes of a
request, reveals it. Resolved values are kept, so that `mask_text` can mask them in texts from elsewhere.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from scimconf.diagnostics import SecretError
from scimconf.files import mode_for_others
from scimconf.graph.secret_masking import MASK, SecretMask
from scimconf.graph.sign_in_secrets import SHORTEST, environment_secrets
from scimconf.snapshot import SecretRef

VAULT_HOSTS = (".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net", ".vault.microsoftazure.de")


class SecretValue:
    """A secret that prints as `***`; values are compared in constant time."""

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
        raise TypeError("a secret is not iterable")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")

    __copy__ = __reduce_ex__
    __deepcopy__ = __reduce_ex__


def encode(body: Any) -> bytes:
    """Return a body as JSON in UTF-8, with the secrets in it revealed."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode()


def _plain(part: Any) -> Any:
    if isinstance(part, SecretValue):
        return part._reveal()  # noqa: SLF001  the only place that sends it
    if isinstance(part, Mapping):
        return dict(part)
    raise TypeError(f"{type(part).__name__} is not a JSON type")


Vault = Callable[[str, str, str], str]
"""Returns a value for a Key Vault URL, a secret's name and its version ("" for the latest)."""


class Secrets:
    """Resolves references to secrets; files are relative to `folder`, `vault` replaces Azure's client in tests.

    `credential` returns azure's credential; it is called for the first reference to a Key Vault. `mask` gets the values,
    and the secrets of the sign-in that the environment holds.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        folder: Path = Path(),
        credential: Callable[[], Any] | None = None,
        vault: Vault | None = None,
        mask: SecretMask | None = None,
    ) -> None:
        self._environ, self._folder, self._credential = environ, folder, credential
        self._vault = vault or self._azure
        self._resolved: dict[SecretRef, SecretValue] = {}
        self._mask = mask or SecretMask()
        for secret in environment_secrets(environ):
            self._mask.add(secret)

    def sign_in(self) -> Any:
        """Return azure's credential for another service than Graph; raise SecretError without one."""
        if self._credential is None:
            raise SecretError("there is no sign-in for Azure")
        return self._credential()

    def resolve(self, ref: SecretRef) -> SecretValue:
        """Return the value of a reference, read once for the whole command; raise SecretError."""
        if ref not in self._resolved:
            self._resolved[ref] = self._read(ref)
            self._mask.add(self._resolved[ref]._reveal())  # noqa: SLF001  only to mask it
        return self._resolved[ref]

    def check(self, ref: SecretRef) -> None:
        """Raise SecretError if the variable or the file of a reference is missing or empty; Key Vault is not asked."""
        if ref.source != "key_vault":
            self._read(ref)

    def is_available(self, ref: SecretRef) -> bool:
        """Return whether the variable of a reference is set, or its file exists; Key Vault is not asked, so it is False."""
        if ref.source == "env":
            return bool(self._environ.get(ref.name))
        return ref.source == "file" and (self._folder / ref.name).is_file()

    def mask(self, ref: SecretRef) -> None:
        """Mask the value of a reference to an environment variable from now on, if it is set and long enough.

        The service may have it from an earlier apply. Files and Key Vault are not read for this.
        """
        value = self._environ.get(ref.name, "") if ref.source == "env" else ""
        if len(value) >= SHORTEST:
            self._mask.add(value)

    def mode_for_others(self, ref: SecretRef) -> str:
        """Return the mode of the file of a reference if others than its owner can read it, else ""."""
        return mode_for_others(self._folder / ref.name) if ref.source == "file" else ""

    def mask_text(self, text: str) -> str:
        """Return the text with the values that were resolved until now, and those of the sign-in, masked in all forms."""
        return self._mask.mask_text(text)

    def _read(self, ref: SecretRef) -> SecretValue:
        if ref.source == "env":
            value, hint = self._environ.get(ref.name), "Set the environment variable."
            return _secret_value(value, ref, f"{ref.name} is not set", hint)
        if ref.source == "file":
            return _secret_value(_file_text(self._folder / ref.name, ref), ref, f"{ref.name} does not exist")
        host = vault_host(ref)
        value = self._vault(f"https://{host}", ref.name, ref.version)
        return _secret_value(value, ref, f"{host} has no secret {ref.name}")

    def _azure(self, url: str, name: str, version: str) -> str:
        try:
            from azure.core.exceptions import AzureError
            from azure.keyvault.secrets import SecretClient
        except ImportError:
            hint = "Install it: pip install 'scimconf[keyvault]'"
            raise SecretError(f"could not read {name} from Key Vault: the extra `keyvault` is missing", hint) from None
        if self._credential is None:
            raise SecretError(f"could not read {name} from Key Vault: no credential")
        try:
            with SecretClient(url, self._credential()) as client:
                return str(client.get_secret(name, version or None).value or "")
        except AzureError as error:
            failure = vault_failure(error, url, name)
        raise failure


def _secret_value(text: str | None, ref: SecretRef, missing: str, hint: str = "") -> SecretValue:
    if text is None:
        raise SecretError(missing, hint)
    if not text:
        raise SecretError(f"{ref.name} is empty", hint or f"Write the value into {ref.name}, as one line.")
    if "\n" in text or "\r" in text:
        raise SecretError(f"{ref.name} has several lines; a token is one line")
    if any("\ud800" <= char <= "\udfff" for char in text):  # how Python decodes bytes that are not UTF-8
        raise SecretError(f"{ref.name} is not UTF-8")
    return SecretValue(text)


def _file_text(path: Path, ref: SecretRef) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except ValueError:
        reason = "invalid file name"
    raise SecretError(f"could not read {ref.name}: {reason}")


def vault_host(ref: SecretRef) -> str:
    """Return the host of a Key Vault; raise SecretError unless it is Azure's, because a token is sent there."""
    parts = urlsplit(ref.vault if "://" in ref.vault else f"https://{ref.vault}")
    host = parts.hostname or ""
    plain = parts.scheme == "https" and parts.netloc.lower() == host and parts.path in {"", "/"}
    if not plain or parts.query or parts.fragment or not host.endswith(VAULT_HOSTS):
        raise SecretError(f"{ref.vault} is not an Azure Key Vault", "Write its URL: https://NAME.vault.azure.net")
    return host


def vault_failure(error: Exception, url: str, name: str) -> SecretError:
    """Return the error of a failed read, without Azure's own text."""
    status = getattr(error, "status_code", None)
    if status == 404:
        return SecretError(f"{url} has no secret {name}")
    if status in {401, 403}:
        hint = "The identity needs the role Key Vault Secrets User, or the access policy `get` for secrets."
        return SecretError(f"could not read {name} from {url}: access denied ({status})", hint)
    return SecretError(f"could not read {name} from {url} ({type(error).__name__})")
