"""The history in a container of Azurite, Microsoft's emulator of Azure Storage, which is installed from npm into a cache."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from server_fixture import ROOT

from scimconf.diagnostics import ScimconfError
from scimconf.graph.blob_storage import BlobStore, blob_address
from scimconf.workflow import history

pytestmark = pytest.mark.slow

AZURITE = "azurite@3.35.0"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account and its key that Microsoft documents for every emulator."""
APPLY = ("--auto-approve", "--no-permission-check")


def azurite_program():
    """Return the program of Azurite in a cache of this machine, installed if needed; skip where that is not possible."""
    pytest.importorskip("azure.storage.blob", reason="the extra `blob` is not installed")
    npm, node = shutil.which("npm"), shutil.which("node")
    if not npm or not node:
        pytest.skip("npm or node is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scimconf" / AZURITE.replace("@", "-")
    program = cache / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if not program.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(cache), AZURITE]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"Azurite cannot be installed: {done.stderr.strip()[-200:]}")
    return [node, str(program)]


@pytest.fixture(scope="module")
def azurite(tmp_path_factory):
    """Return the address of a running emulator."""
    program = azurite_program()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = str(tmp_path_factory.mktemp("azurite"))
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder, "--skipApiVersionCheck"]
    with subprocess.Popen(
        [*program, *options, "--disableTelemetry", "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not _listens(port):
                assert process.poll() is None, "Azurite ended"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        finally:
            process.terminate()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def container(azurite, request):
    """Return a function that makes the address of a new container, with a signature of these permissions."""
    from azure.storage.blob import ContainerClient, generate_container_sas

    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-")
    with ContainerClient(azurite, name, credential=KEY) as client:
        client.create_container()

    def address(prefix="", permission="rwdl"):
        expiry = datetime.now(UTC) + timedelta(hours=1)
        signature = generate_container_sas(ACCOUNT, name, account_key=KEY, permission=permission, expiry=expiry)
        return f"{azurite}/{name}{prefix}?{signature}"

    return address


@pytest.fixture
def writer(cli, monkeypatch):
    """Return the command line with a spec of Writer, and a way to choose the history."""
    shutil.copytree(ROOT / "examples" / "writer-new", cli.folder / "writer")
    printed = []

    def command(*arguments):
        result = cli(*arguments)
        printed.append(result.out + result.err)
        return result

    def use(address):
        monkeypatch.setenv("SCIMCONF_HISTORY", address)
        return address

    command.use, command.folder, command.cli, command.printed = use, cli.folder, cli, printed
    return command


def edit(writer, threshold):
    spec = writer.folder / "writer" / "scimconf.yaml"
    spec.write_text(re.sub(r"deletion_threshold: \d+", f"deletion_threshold: {threshold}", spec.read_text()))


def signature_of(address):
    return parse_qs(urlsplit(address).query)["sig"][0]


def test_a_history_in_a_container_is_written_listed_rolled_back_and_exported(writer, container):
    address = writer.use(container("/team a"))
    place = address.partition("?")[0].replace(" ", "%20")
    assert writer("apply", "writer", *APPLY, "--events", "events.jsonl", "--report", "report.md").code == 0
    edit(writer, 77)
    result = writer("apply", "writer", *APPLY, "--reason", "more")
    assert result.code == 0, result
    assert re.search(rf"  history entry: {re.escape(place)}/writer/\d{{8}}T[\d.]+Z\n", result.out)
    entries = json.loads(writer("history", "writer", "--format", "json").out)["entries"]
    assert [(entry["status"], entry["run"]["reason"]) for entry in entries] == [("applied", "more"), ("applied", "")]
    name = f"writer/{entries[0]['time']}"
    for entry in (name, f"{place}/{name}"):
        exported = writer("export", "--from-history", entry, "--out", "former.yaml", "--force")
        assert exported.code == 0, exported
        assert "deletion_threshold: 50" in (writer.folder / "former.yaml").read_text()
    assert writer("rollback", "writer", "--auto-approve").code == 0
    assert "rollback to the state before" in writer("history", "--app", "writer").out
    files = [path.read_text(errors="replace") for path in writer.folder.rglob("*") if path.is_file()]
    for text in (*writer.printed, *files):
        assert signature_of(address) not in text
        assert "sig=" not in text


def test_a_signature_is_masked_also_in_the_text_of_a_usage_error(writer, container):
    address = container()
    signature = signature_of(address)
    result = writer("apply", "writer", "--history", address, "--reason", "x", f"--{signature}")
    assert result.code == 64
    assert signature not in result.out + result.err


@pytest.mark.parametrize("permission", ["l", "rl"])
def test_an_apply_whose_entry_cannot_be_written_writes_nothing(writer, container, permission):
    writer.use(container(permission=permission))
    result = writer("apply", "writer", *APPLY, "--report", "report.md")
    assert (result.code, writer.cli.writes) == (1, []), result
    assert "access denied" in result.out
    assert "The shared access signature must allow to read, write, list and delete" in " ".join(result.out.split())
    assert "access denied" in (writer.folder / "report.md").read_text()


def test_a_container_that_cannot_be_reached_stops_an_apply_before_it_reads_the_tenant(writer, container, monkeypatch):
    from scimconf.graph import blob_storage

    monkeypatch.setattr(blob_storage, "_WAITS", {"retry_total": 0})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    writer.use(re.sub(r":\d+/", f":{port}/", container(), count=1))
    result = writer("apply", "writer", *APPLY)
    assert (result.code, writer.cli.service.journal.entries) == (1, [])
    assert "cannot be read: no connection" in result.err
    assert writer("history", "writer").code == 1


def test_an_end_that_the_container_does_not_take_is_saved_and_said(writer, container, monkeypatch):
    address = writer.use(container())

    def fail(*_arguments):
        raise ScimconfError("The history cannot be written: ServerBusy (503)")

    with monkeypatch.context() as patch:
        patch.setattr(BlobStore, "replace", fail)
        result = writer("apply", "writer", *APPLY, "--report", "report.md")
    assert result.code == 5, result
    assert "The history entry is not complete" in (writer.folder / "report.md").read_text()
    (saved,) = re.findall(r"What happened is saved in (\S+)\. Copy it over", result.err)
    assert json.loads((Path(saved) / "entry.json").read_text())["status"] == "applied"
    assert (Path(saved) / "after" / "schema.json").is_file()
    assert "not ended: killed, or still running" in writer("history", "writer").out
    assert history.history_entries(BlobStore(blob_address(address), None), "writer")[0].status == "started"


def test_old_entries_in_a_container_are_deleted(writer, container, monkeypatch):
    monkeypatch.setattr(history, "KEPT_ENTRIES", 2)
    store = BlobStore(blob_address(writer.use(container())), None)
    for threshold in (50, 51, 52):
        edit(writer, threshold)
        assert writer("apply", "writer", *APPLY).code == 0
    assert len(store.folders("writer")) == 2
    assert len(history.history_entries(store, "writer")) == 2
