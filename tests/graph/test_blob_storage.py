"""Tests of the history in a container: addresses, errors, and what is sent; the container is a fake one.

`tests/cli/test_blob_history.py` runs against an emulator.
"""

import sys
from types import SimpleNamespace

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from scimconf.diagnostics import ScimconfError
from scimconf.graph import blob_storage
from scimconf.graph.blob_storage import BlobStore, blob_address, blob_failure
from scimconf.graph.credentials import TokenSource
from scimconf.graph.secret_masking import SecretMask

URL = "https://contoso.blob.core.windows.net/history"
SAS = "sv=2026-01-01&sr=c&sp=rwdl&sig=abc%2Bdef%3D"


@pytest.mark.parametrize(
    ("text", "container", "prefix"),
    [
        (URL, URL, ""),
        (f"{URL}/", URL, ""),
        (f"{URL}/a/b%20c", URL, "a/b c"),
        ("https://contoso.blob.core.usgovcloudapi.net/h-1", "https://contoso.blob.core.usgovcloudapi.net/h-1", ""),
        ("https://contoso.z01.blob.storage.azure.net/his", "https://contoso.z01.blob.storage.azure.net/his", ""),
        (f"{URL}/team?{SAS}", URL, "team"),
        (f"http://127.0.0.1:10000/account/history/x?{SAS}", "http://127.0.0.1:10000/account/history", "x"),
        (f"http://[::1]:10000/account/history?{SAS}", "http://[::1]:10000/account/history", ""),
    ],
)
def test_addresses_of_containers(text, container, prefix):
    address = blob_address(text)
    assert (address.container, address.prefix, address.sas) == (container, prefix, text.partition("?")[2])
    assert "sig" not in f"{address!r} {address.text} {BlobStore(address, None).place('writer')}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://contoso.blob.core.windows.net/history", "is not an address of Azure Blob Storage"),
        ("https://contoso.blob.core.windows.net.evil.example/history", "is not an address of Azure Blob Storage"),
        ("https://contoso.blob.core.windows.net:8443/history", "is not an address of Azure Blob Storage"),
        ("https://example.com/history", "is not an address of Azure Blob Storage"),
        ("s3://bucket/history", "is not an address of Azure Blob Storage"),
        ("https://contoso.blob.core.windows.net", "does not name a container"),
        (f"{URL}/../other", "does not name a container"),
        (f"{URL}/a//b", "does not name a container"),
        ("https://contoso.blob.core.windows.net/History", "does not name a container"),
        ("http://127.0.0.1:10000/account?sig=x", "does not name a container"),
        ("http://127.0.0.1:10000/account/history", "has no shared access signature"),
        (f"https://key@contoso.blob.core.windows.net/history?{SAS}", "has a user name"),
        (f"{URL}#part", "has a user name, a fragment"),
        (f"{URL}/\x07", "a control character"),
        ("https://[::1/history", "is not a valid address"),
        ("https://contoso.blob.core.windows.net:port/history", "is not a valid address"),
    ],
)
def test_addresses_that_are_refused(text, problem):
    with pytest.raises(ScimconfError, match=problem) as raised:
        blob_address(text)
    assert "abc" not in f"{raised.value} {raised.value.hint}"


def test_no_message_has_the_query_of_an_address():
    with pytest.raises(ScimconfError) as raised:
        blob_address(f"https://example.com/history?{SAS}")
    assert "sig" not in f"{raised.value} {raised.value.hint}"


def test_all_forms_of_a_signature_are_known():
    assert blob_address(f"{URL}?{SAS}").signatures == ("abc+def=", "abc%2Bdef%3D")
    assert blob_address(f"{URL}?sig=plain").signatures == ("plain",)
    assert blob_address(URL).signatures == ()


def failed(kind, status=None, code=None):
    error = kind("https://contoso.blob.core.windows.net/history?sig=abc")
    error.status_code, error.error_code = status, code
    return error


@pytest.mark.parametrize(
    ("error", "has_sas", "text", "hint"),
    [
        (failed(ClientAuthenticationError, 401), False, "access denied (401)", "Storage Blob Data Contributor"),
        (failed(HttpResponseError, 403, "AuthorizationFailure"), True, "(AuthorizationFailure)", "shared access"),
        (
            failed(ResourceNotFoundError, 404, SimpleNamespace(value="ContainerNotFound")),
            False,
            "the container does not exist",
            "Create it",
        ),
        (failed(ResourceExistsError, 409, "BlobImmutableDueToPolicy"), False, "protected (BlobImmutable", ""),
        (failed(ServiceRequestError), False, "no connection (ServiceRequestError)", "name of the account"),
        (failed(HttpResponseError, 503, "ServerBusy"), False, "ServerBusy (503)", ""),
    ],
)
def test_failures_say_what_to_do_and_have_no_text_of_the_library(error, has_sas, text, hint):
    failure = blob_failure(error, "The history X cannot be read", has_sas=has_sas)
    assert text in str(failure)
    assert hint in failure.hint
    assert "sig=abc" not in f"{failure} {failure.hint}"


class FakeContainer:
    """A container in memory, with the methods that the store calls."""

    def __init__(self):
        self.blobs, self.broken = {}, None

    def _fail(self):
        if self.broken is not None:
            raise self.broken

    def upload_blob(self, name, data, *, overwrite):
        self._fail()
        if name in self.blobs and not overwrite:
            raise failed(ResourceExistsError, 409, "BlobAlreadyExists")
        self.blobs[name] = data

    def download_blob(self, name):
        self._fail()
        if name not in self.blobs:
            raise failed(ResourceNotFoundError, 404, "BlobNotFound")
        return SimpleNamespace(size=len(self.blobs[name]), readall=lambda: self.blobs[name])

    def list_blob_names(self, *, name_starts_with, results_per_page=None):
        self._fail()
        return (name for name in sorted(self.blobs) if name.startswith(name_starts_with))

    def walk_blobs(self, *, name_starts_with, delimiter):
        names = self.list_blob_names(name_starts_with=name_starts_with)
        rest = {"".join(name[len(name_starts_with) :].partition(delimiter)[:2]) for name in names}
        return [SimpleNamespace(name=name_starts_with + first) for first in sorted(rest)]

    def delete_blob(self, name):
        self._fail()
        del self.blobs[name]


@pytest.fixture
def container():
    return FakeContainer()


@pytest.fixture
def store(container, monkeypatch):
    monkeypatch.setattr(BlobStore, "_new_client", lambda _self: container)
    return BlobStore(blob_address(f"{URL}/team"), lambda: None)


def test_a_container_has_what_a_folder_has(store, container):
    store.check()
    store.create("writer/1", {"entry.json": "{}", "jobs.json": "[]"})
    store.create("writer/1/after", {"jobs.json": "[1]"})
    store.replace("writer/1/entry.json", '{"status": "applied"}')
    store.create("writer-2/1", {"entry.json": "{}"})
    container.blobs["team/writer/notes.txt"] = b""
    assert min(container.blobs) == "team/writer-2/1/entry.json"
    assert (store.folders("writer"), store.folders("nobody")) == (["1"], [])
    assert store.read(["writer/1/after/jobs.json", "writer/2/jobs.json"]) == [b"[1]", None]
    store.remove("writer/1")
    assert sorted(container.blobs) == ["team/writer-2/1/entry.json", "team/writer/notes.txt"]
    assert store.place("writer/1") == f"{URL}/team/writer/1"


def test_nothing_remains_of_an_entry_that_cannot_be_written(store, container):
    container.blobs["team/writer/1/jobs.json"] = b"earlier"
    with pytest.raises(ScimconfError, match="it exists already"):
        store.create("writer/1", {"entry.json": "{}", "jobs.json": "[]"})
    assert container.blobs == {"team/writer/1/jobs.json": b"earlier"}


def test_a_failure_to_clean_up_hides_no_failure(store, container, monkeypatch):
    container.blobs["team/writer/1/jobs.json"] = b"earlier"

    def refuse(_name):
        raise AzureError("no")

    monkeypatch.setattr(container, "delete_blob", refuse)
    with pytest.raises(ScimconfError, match="it exists already"):
        store.create("writer/1", {"entry.json": "{}", "jobs.json": "[]"})


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.check(),
        lambda store: store.create("writer/1", {"entry.json": "{}"}),
        lambda store: store.replace("writer/1/entry.json", "{}"),
        lambda store: store.folders("writer"),
        lambda store: store.read(["writer/1/entry.json"]),
        lambda store: store.remove("writer/1"),
    ],
)
def test_every_call_explains_a_missing_container(store, container, call):
    container.broken = failed(ResourceNotFoundError, 404, "ContainerNotFound")
    with pytest.raises(ScimconfError, match="the container does not exist"):
        call(store)


def test_a_blob_that_is_too_large_is_not_read(store, container, monkeypatch):
    monkeypatch.setattr(blob_storage, "MAX_BLOB", 3)
    container.blobs |= {"team/a": b"1234", "team/b": b"123"}
    assert store.read(["a", "b"]) == [None, b"123"]


def test_without_the_extra_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure.storage.blob", None)
    with pytest.raises(ScimconfError, match="the extra `blob` is missing") as raised:
        BlobStore(blob_address(URL), lambda: None).check()
    assert raised.value.hint == "Install it: pip install 'scimconf[blob]'"


def test_a_signature_takes_the_place_of_a_sign_in():
    pytest.importorskip("azure.storage.blob", reason="the extra `blob` is not installed")
    requests = []

    def sign_in():
        requests.append("sign-in")
        return SimpleNamespace(get_token=lambda *_scopes, **_options: None)

    BlobStore(blob_address(f"{URL}?{SAS}"), sign_in)._container()
    assert requests == []
    client = BlobStore(blob_address(URL), sign_in)._container()
    assert (requests, client.url) == (["sign-in"], URL)


@pytest.mark.parametrize(("query", "authorization"), [("", "Bearer the-token"), (f"?{SAS}", None)])
def test_the_token_of_the_sign_in_or_the_signature_is_sent_to_the_container(query, authorization, monkeypatch):
    pytest.importorskip("azure.storage.blob", reason="the extra `blob` is not installed")
    from azure.core.pipeline.transport import RequestsTransport

    sent, scopes = [], []

    def send(_transport, request, **_options):
        sent.append((request.method, request.url, request.headers.get("Authorization")))
        raise ServiceRequestError("no network")

    class Credential:
        def get_token(self, *wanted, **_options):
            scopes.extend(wanted)
            return SimpleNamespace(token="the-token", expires_on=4_000_000_000)

    monkeypatch.setattr(RequestsTransport, "send", send)
    monkeypatch.setattr(blob_storage, "_WAITS", {"retry_total": 0})
    mask = SecretMask()
    source = TokenSource(Credential(), "graph", mask=mask)
    with pytest.raises(ScimconfError, match="no connection") as raised:
        BlobStore(blob_address(f"{URL}/team{query}"), lambda: source).replace("writer/entry.json", "{}")
    ((method, url, header),) = sent
    assert (method, header, url.startswith(f"{URL}/team/writer/entry.json")) == ("PUT", authorization, True)
    assert scopes == ([] if query else ["https://storage.azure.com/.default"])
    assert "sig=" not in str(raised.value)
    assert mask.mask_text("the-token") == ("the-token" if query else "***")
