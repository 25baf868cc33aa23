"""The same tenant over a socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

PROGRAM = """
import sys
from pathlib import Path
from scimconf.sandbox.server import create_app, serve
serve(create_app(), port=0, ready_file=Path(sys.argv[1]), on_ready=lambda url: print(url, flush=True))
print("stopped", flush=True)
"""
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    ready = tmp_path_factory.mktemp("server") / "ready"
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ready)], stdout=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 20
    while not ready.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    yield process, ready, ready.read_text()
    if process.poll() is None:
        process.kill()
    process.stdout.close()
    process.wait()


def test_it_serves_on_loopback(server):
    _, _, url = server
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v1.0")
    answer = httpx.get(f"{url}/users?$top=5")
    assert answer.json()["@odata.nextLink"].startswith(f"{url}/users?")
    assert len(answer.headers.get_list("date")) == 1


def test_a_dropped_connection_is_one_without_an_answer(server):
    _, _, url = server
    root = url.removesuffix("/v1.0")
    with httpx.Client() as client:
        client.post(
            f"{root}/_sandbox/faults", json={"method": "POST", "path": "/groups", "when": "after", "action": "drop"}
        )
        with pytest.raises(httpx.TransportError):
            client.post(f"{url}/groups", json={"displayName": "Lost"})
        assert len(client.get(f"{url}/groups?$filter=displayName eq 'Lost'").json()["value"]) == 1


def test_many_at_once(server):
    _, _, url = server
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{url}/users/ada@contoso.com").status_code, range(24)))
    assert answers == [200] * 24


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(tmp_path, one):
    ready = tmp_path / "ready"
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(ready)], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        url = process.stdout.readline().strip()
        assert ready.read_text() == url
        process.send_signal(one)
        assert process.stdout.readline() == "stopped\n"
        assert process.wait(10) == 0
    assert not ready.exists()


def test_waiting_answers_do_not_hold_others_up(sandbox):
    client = sandbox(switches={"latency_ms": 100})
    transport = httpx.ASGITransport(app=client.app)

    async def ask_many():
        import asyncio

        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            await asyncio.gather(*(http.get("/v1.0/users") for _ in range(100)))

    import asyncio

    begun = time.perf_counter()
    worker = threading.Thread(target=lambda: asyncio.run(ask_many()))
    worker.start()
    worker.join()
    assert time.perf_counter() - begun < 0.5 * 100 * 0.1  # one after another they would take ten seconds
