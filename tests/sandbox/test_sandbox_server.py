"""The sandbox over a socket, in a process of its own; and how it handles requests concurrently."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .client import NEW_GROUP

PROGRAM = """
import sys
from pathlib import Path
from scimconf.sandbox.server import create_app, serve
serve(create_app(), port=0, ready_file=Path(sys.argv[1]), on_ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""
CHECKOUT = Path(__file__).resolve().parents[2]


@contextmanager
def served(ready_file, stop_signal):
    """Yield the URL of a sandbox in its own process; stop it with a signal and check how it stopped."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", PROGRAM, str(ready_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            url = process.stdout.readline().strip()
            assert ready_file.read_text() == url
            yield url
            process.send_signal(stop_signal)
            assert process.stdout.readline() == "stopped\n"
            assert process.wait() == 0
            assert not ready_file.exists()
        finally:
            process.kill()


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    """An HTTP client of a served sandbox; SIGTERM stops the sandbox after the last test."""
    ready_file = tmp_path_factory.mktemp("server") / "ready"
    with served(ready_file, signal.SIGTERM) as url, httpx.Client(base_url=url.removesuffix("/v1.0")) as client:
        yield client


def test_the_server_listens_on_loopback(http):
    assert http.base_url.host == "127.0.0.1"
    response = http.get("/v1.0/users?$top=5")
    assert response.json()["@odata.nextLink"].startswith(f"{http.base_url}/v1.0/users?")
    assert len(response.headers.get_list("date")) == 1


def test_the_server_drops_a_connection_without_a_response(http):
    fault = {"method": "POST", "path": "/groups", "when": "after", "action": "drop"}
    http.post("/_sandbox/faults", json=fault)
    with pytest.raises(httpx.TransportError):
        http.post("/v1.0/groups", json=NEW_GROUP)
    assert len(http.get("/v1.0/groups?$filter=displayName eq 'New'").json()["value"]) == 1


def test_the_server_handles_requests_of_several_threads(http):
    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(lambda _: http.get("/v1.0/users/ada@contoso.com"), range(24)))
    assert [response.status_code for response in responses] == [200] * 24


def test_the_server_stops_on_an_interrupt(tmp_path):
    with served(tmp_path / "ready", signal.SIGINT) as url:
        assert url.endswith("/v1.0")


def test_delayed_responses_do_not_block_each_other(sandbox, monkeypatch):
    """No response is sent before all requests wait, so that one after another would never end."""
    client = sandbox(switches={"latency_ms": 100})
    delays: list[float] = []

    async def run():
        all_wait = asyncio.Event()

        async def wait(seconds):
            delays.append(seconds)
            if len(delays) == 10:
                all_wait.set()
            await all_wait.wait()

        monkeypatch.setattr("scimconf.sandbox.server.asyncio.sleep", wait)
        transport = httpx.ASGITransport(app=client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            await asyncio.gather(*(http.get("/v1.0/users") for _ in range(10)))

    asyncio.run(run())
    assert delays == [0.1] * 10
