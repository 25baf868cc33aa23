"""Fixtures: sandbox tenants served on a socket by this process, a working directory, and a runner of commands."""

from __future__ import annotations

import os
import threading
from queue import Queue
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import uvicorn
from canary import TOKEN

from scimconf.cli.main import main
from scimconf.sandbox.server import create_app

OURS = ("AZURE_", "SCIMCONF_", "GITHUB_", "CI", "SYSTEM_", "BUILD_")


class Server(uvicorn.Server):
    """A server that puts its port into a queue once it listens; it runs in a thread."""

    def __init__(self, app):
        quiet = {"log_level": "warning", "access_log": False, "lifespan": "off"}
        super().__init__(uvicorn.Config(app, host="127.0.0.1", port=0, date_header=False, server_header=False, **quiet))
        self.ports = Queue()

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        self.ports.put(self.servers[0].sockets[0].getsockname()[1])


@pytest.fixture
def serve():
    """Return a function that starts a tenant on its own socket and returns its Graph URL."""
    running = []

    def start(tenant=None, **options):
        server = Server(create_app(tenant, **options))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.ports.get(timeout=600)}/v1.0"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """Return an empty working directory; variables of a real tenant or forge are removed from the environment."""
    for name in [name for name in os.environ if name.startswith(OURS) and name != "SCIMCONF_UPDATE_GOLDEN"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WRITER_SCIM_TOKEN", TOKEN)
    monkeypatch.setenv("SCIMCONF_HISTORY", ".scimconf/history")  # in this folder, not in this repository
    folder = tmp_path / "checkout"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(capfd):
    """Return a function that runs a command in this process and returns exit code, stdout and stderr."""

    def command(*argv):
        capfd.readouterr()
        code = main([str(word) for word in argv])
        out, err = capfd.readouterr()
        return code, out, err

    return command


@pytest.fixture
def portal_request():
    """Return a function that sends a request to a tenant directly, without scimconf and without a proxy."""
    opener = build_opener(ProxyHandler({}))

    def send(url, method="GET", body=None):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer portal"}
        with opener.open(Request(url, body, headers, method=method)) as answer:
            return answer.read()

    return send
