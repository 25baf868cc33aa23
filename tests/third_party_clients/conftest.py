"""Fixtures: a sandbox with TLS for third-party clients, and Microsoft's JavaScript client if Node is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
GRAPH_CLIENT = "@microsoft/microsoft-graph-client@3.0.7"
TENANT = {
    "generate": {"users": 250},
    "applications": [
        {
            "displayName": "Writer",
            "template": "custom",
            "roles": [{"value": "editor", "displayName": "Editor"}],
            "assignments": [{"user": "ada@contoso.com", "role": "editor"}, {"group": "AP-Finance", "role": "User"}],
            "secrets": {"BaseAddress": "https://writer.example/scim", "SecretToken": "t", "SyncAll": "false"},
            "jobs": [{"template": "scim"}],
        }
    ],
}
PROBED = {"format_version": "1.0", "facts": {}, "switches": {"paused_state": "Paused", "page_size": "50"}}


@dataclass(frozen=True)
class Served:
    """A sandbox in its own process: its root URL, and the certificate authority for its clients."""

    root: str
    authority: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "tenant.json").write_text(json.dumps(TENANT))
    ready, tls = folder / "ready", folder / "tls"
    command = [sys.executable, "-m", "scimconf", "sandbox", "serve", "--port", "0", "--ready-file", str(ready)]
    (folder / "probe.json").write_text(json.dumps(PROBED))
    command += ["--tenant", str(folder / "tenant.json"), "--tls", str(tls), "--like", str(folder / "probe.json")]
    command += ["--switch", "page_size=100"]
    with subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 600
        while not ready.exists():
            assert process.poll() is None and time.monotonic() < deadline, "the sandbox does not listen"
            time.sleep(0.02)
        yield Served(ready.read_text().removesuffix("/v1.0"), tls / "ca.pem", process)
        process.terminate()


@pytest.fixture(scope="session")
def graph_client() -> Path:
    """Return a folder with Microsoft's Graph client for Node; it is installed once in the virtual environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node is not installed, without which Microsoft's JavaScript client does not run")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 18:
        pytest.skip(f"Node {version.strip()} has no fetch, which Microsoft's JavaScript client needs")
    folder = Path(sys.prefix) / "node"
    with _exclusive_lock(folder):
        if not (folder / "node_modules" / "@microsoft" / "microsoft-graph-client").is_dir():
            command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), GRAPH_CLIENT]
            fetched = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
            if fetched.returncode:
                pytest.skip(f"npm cannot fetch {GRAPH_CLIENT}: {fetched.stderr.strip()[-200:]}")
    return folder


@contextmanager
def _exclusive_lock(folder: Path) -> Iterator[None]:
    """Lock the folder, because tests run in several processes."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".installing"
    deadline = time.monotonic() + 600
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if time.monotonic() > deadline or time.time() - lock.stat().st_mtime > 600:
                lock.unlink(missing_ok=True)
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
