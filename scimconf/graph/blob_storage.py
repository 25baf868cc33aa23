"""The history in a container of Azure Blob Storage: the only module that imports azure-storage-blob.

A token is sent to Azure's own hosts only. A shared access signature (SAS) in the address takes its place; it is masked
as soon as it is known, and no message has the query of an address. An emulator on this machine needs a SAS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from scimconf.diagnostics import ScimconfError
from scimconf.graph.settings import is_loopback

HOST = re.compile(
    r"[a-z0-9-]+\.(?:z\d+\.blob\.storage\.azure\.net|blob\.core\.(?:windows\.net|usgovcloudapi\.net|chinacloudapi\.cn))"
)
CONTAINER = re.compile(r"(?=.{3,63}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
EXAMPLE = "https://ACCOUNT.blob.core.windows.net/CONTAINER"
MAX_BLOB = 64 * 2**20
"""Bytes of a document: the limit of a response of Graph."""
READERS = 8
_TIMEOUTS = {"connection_timeout": 10, "read_timeout": 60}
_WAITS = {"initial_backoff": 1, "increment_base": 2, "retry_total": 4, "random_jitter_range": 1}
"""Seconds: the library waits for 1, 3, 5 and 9 before it tries again, by default for minutes."""
NO_CONTAINER = "ContainerNotFound"
ROLE = "Storage Blob Data Contributor"


@dataclass(frozen=True, slots=True)
class BlobAddress:
    """The address of a container and a prefix in it; `sas` is the query with the signature, "" without one."""

    container: str
    prefix: str = ""
    sas: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The address without its signature."""
        return f"{self.container}/{quote(self.prefix)}" if self.prefix else self.container

    @property
    def signatures(self) -> tuple[str, ...]:
        """The forms of the signature that must not be printed."""
        values = parse_qs(self.sas).get("sig", [])
        encoded = re.findall(r"(?:^|&)sig=([^&]*)", self.sas)
        return tuple(dict.fromkeys((*values, *encoded)))


def blob_address(text: str) -> BlobAddress:
    """Return the address of a container, with or without a prefix and a SAS; raise ScimconfError, which has no query."""
    plain = text.partition("?")[0].partition("#")[0]
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ScimconfError(f"{plain} is not a valid address", f"Write {EXAMPLE}.") from None
    if not text.isprintable() or "@" in parts.netloc or parts.fragment:
        raise ScimconfError("the address of the history has a user name, a fragment or a control character")
    is_local = is_loopback(host)
    if not is_local and (parts.scheme != "https" or parts.netloc.lower() != host or not HOST.fullmatch(host)):
        hint = f"Write {EXAMPLE}; plain http is for an emulator on this machine only."
        raise ScimconfError(f"{plain} is not an address of Azure Blob Storage", hint)
    segments = [unquote(segment) for segment in parts.path.strip("/").split("/")]
    account, names = (segments[:1], segments[1:]) if is_local else ([], segments)
    if not names or not CONTAINER.fullmatch(names[0]) or any(name in ("", ".", "..") for name in names):
        raise ScimconfError(
            f"{plain} does not name a container", f"Write {EXAMPLE}, and after it a prefix if you like."
        )
    if is_local and not parts.query:
        hint = "Add a SAS to it: ?sv=…&sig=… No token is sent to an emulator."
        raise ScimconfError(f"{plain} is on this machine and has no shared access signature", hint)
    root = "/".join([f"{parts.scheme}://{parts.netloc}", *account])
    return BlobAddress(f"{root}/{names[0]}", "/".join(names[1:]), parts.query)


class BlobStore:
    """A history in a container. `credential` returns azure's credential; it is called for an address without a SAS."""

    def __init__(self, address: BlobAddress, credential: Callable[[], Any]) -> None:
        self._address, self._credential = address, credential
        self._client: Any = None

    def place(self, path: str = "") -> str:
        """Return the address of a blob or of a folder, without the signature."""
        return "/".join(filter(None, [self._address.text, quote(path)]))

    def check(self) -> None:
        """Raise ScimconfError unless the container can be listed."""
        with self._explained("read", self.place()):
            next(iter(self._container().list_blob_names(results_per_page=1, name_starts_with=self._name(""))), None)

    def create(self, folder: str, texts: Mapping[str, str]) -> None:
        """Create blobs; delete those that were created if one cannot be."""
        created: list[str] = []
        try:
            for name, text in texts.items():
                self._upload(f"{folder}/{name}", text, overwrite=False)
                created.append(f"{folder}/{name}")
        except ScimconfError:
            for file in created:
                self._delete(file)
            raise

    def replace(self, file: str, text: str) -> None:
        self._upload(file, text, overwrite=True)

    def read(self, files: Sequence[str]) -> list[bytes | None]:
        """Return the content of each blob, several at a time; None for one that does not exist or is too large."""
        from concurrent.futures import ThreadPoolExecutor

        self._container()
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(self._content, files))

    def folders(self, parent: str) -> list[str]:
        prefix = self._name(f"{parent}/")
        with self._explained("read", self.place(parent)):
            blobs = self._container().walk_blobs(name_starts_with=prefix, delimiter="/")
            return [str(blob.name)[len(prefix) :].rstrip("/") for blob in blobs if str(blob.name).endswith("/")]

    def remove(self, folder: str) -> None:
        """Delete the blobs of a folder."""
        with self._explained("written", self.place(folder)):
            for name in list(self._container().list_blob_names(name_starts_with=self._name(f"{folder}/"))):
                self._container().delete_blob(name)

    def _upload(self, file: str, text: str, *, overwrite: bool) -> None:
        with self._explained("written", self.place(file)):
            self._container().upload_blob(self._name(file), text.encode(), overwrite=overwrite)

    def _delete(self, file: str) -> None:
        from azure.core.exceptions import AzureError

        with suppress(AzureError):
            self._container().delete_blob(self._name(file))

    def _content(self, file: str) -> bytes | None:
        from azure.core.exceptions import ResourceNotFoundError

        with self._explained("read", self.place(file)):
            try:
                blob = self._container().download_blob(self._name(file))
            except ResourceNotFoundError as error:
                if _code(error) == NO_CONTAINER:
                    raise
                return None
            return bytes(blob.readall()) if blob.size <= MAX_BLOB else None

    def _name(self, path: str) -> str:
        return f"{self._address.prefix}/{path}" if self._address.prefix else path

    def _container(self) -> Any:
        """Return the client of the container, which is made once; raise ScimconfError without the extra."""
        if self._client is None:
            self._client = self._new_client()
        return self._client

    def _new_client(self) -> Any:
        try:
            from azure.core.credentials import AzureSasCredential
            from azure.storage.blob import ContainerClient, ExponentialRetry
        except ImportError:
            hint = "Install it: pip install 'scimconf[blob]'"
            raise ScimconfError(f"{self.place()} cannot be used: the extra `blob` is missing", hint) from None
        sas = self._address.sas
        credential = AzureSasCredential(sas) if sas else self._credential()
        return ContainerClient.from_container_url(
            self._address.container, credential=credential, retry_policy=ExponentialRetry(**_WAITS), **_TIMEOUTS
        )

    @contextmanager
    def _explained(self, action: str, place: str) -> Iterator[None]:
        """Turn an error of azure into a ScimconfError, without azure's text: it may have the whole address."""
        from azure.core.exceptions import AzureError

        try:
            yield
        except AzureError as error:
            failure = blob_failure(error, f"The history {place} cannot be {action}", has_sas=bool(self._address.sas))
        else:
            return
        raise failure


def blob_failure(error: Exception, problem: str, *, has_sas: bool) -> ScimconfError:
    """Return the error of a request that failed, with the code of the service and what to do."""
    status, code = getattr(error, "status_code", None), _code(error)
    if status in (401, 403):
        by_sas = "The shared access signature must allow to read, write, list and delete, and must not have expired."
        by_role = f"The identity needs the role {ROLE} on the container, and the network of the account must allow it."
        return ScimconfError(f"{problem}: access denied ({code or status})", by_sas if has_sas else by_role)
    if code == NO_CONTAINER:
        return ScimconfError(f"{problem}: the container does not exist", "Create it; scimconf does not.")
    if status == 409:
        return ScimconfError(f"{problem}: it exists already, or is protected ({code or status})")
    if status is None:
        return ScimconfError(
            f"{problem}: no connection ({type(error).__name__})", "Check the name of the account, and the network."
        )
    return ScimconfError(f"{problem}: {code or type(error).__name__} ({status})")


def _code(error: Exception) -> str:
    """Return the code of the service, such as BlobNotFound, "" without one; the library has it as an enumeration."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")
