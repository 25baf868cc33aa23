"""Fixtures: a sandbox with TLS for third-party clients, and Microsoft's JavaScript client if Node is installed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from node_fixture import node_packages

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
    return node_packages("node", GRAPH_CLIENT)
