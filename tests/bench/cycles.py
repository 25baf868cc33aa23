"""Provisioning cycles of the sandbox against a SCIM server that answers at once: `python cycles.py USERS CHANGED`.

Prints the seconds, and those of this process on a processor (`-cpu`), of an initial cycle, of the same requests with bare httpx, of an incremental cycle after CHANGED users
changed, and of one without changes. The server is a process of its own: `python cycles.py --serve`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scimconf.sandbox.engine.cycle import job_ids, run_cycle
from scimconf.sandbox.engine.sender import Sender
from scimconf.sandbox.server import create_app

TOKEN = "token"  # noqa: S105  the server on this machine checks none
ROLE = "User"


# ---- a server that answers at once ----------------------------------------------------------------------------------


class Endpoint(asyncio.Protocol):
    """Finds nothing, creates with a new id, returns an empty user, and accepts each change."""

    count = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            lengths = [line[15:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            length = int(lengths[0]) if lengths else 0
            if len(rest) < length:
                return
            body, self._data = rest[:length], rest[length:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        status, content = b"200 OK", b'{"totalResults":0,"Resources":[]}'
        if method == b"POST":
            Endpoint.count += 1
            status, content = b"201 Created", b'{"id":"%d",' % Endpoint.count + body[1:]
        elif method == b"PATCH":
            status, content = b"204 No Content", b""
        elif b"filter=" not in target:
            content = b'{"id":"1","userName":"user"}'
        lines = (b"HTTP/1.1 " + status, b"Content-Type: application/scim+json", b"Content-Length: %d" % len(content))
        self._transport.write(b"\r\n".join(lines) + b"\r\n\r\n" + content)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# ---- the measurement ------------------------------------------------------------------------------------------------


def tenant(port: int, users: int) -> dict[str, Any]:
    secrets = {"BaseAddress": f"http://127.0.0.1:{port}/scim", "SecretToken": TOKEN, "SyncAll": "false"}
    edits = [{"remove": "name.formatted"}]  # generated users have no names
    application = {"displayName": "Bench", "secrets": secrets, "jobs": [{"state": "Active", "edits": edits}]}
    return {
        "base": "empty",
        "applications": [application],
        "generate": {"users": users, "assign": {"application": "Bench", "role": ROLE}},
    }


def recorded(sent: list[tuple[str, str, dict[str, str], bytes | None]]) -> None:
    """Record each request that a Sender sends."""
    plain = Sender._message

    def message(sender: Sender, request: Any, url: str) -> httpx.Request:
        made = plain(sender, request, url)
        sent.append((made.method, str(made.url), dict(made.headers), made.content or None))
        return made

    Sender._message = message  # type: ignore[method-assign]


async def bare(sent: list[tuple[str, str, dict[str, str], bytes | None]]) -> None:
    """Send the recorded requests, one after another."""
    async with httpx.AsyncClient() as client:
        for method, url, headers, content in sent:
            response = await client.request(method, url, headers=headers, content=content)
            response.read()


async def measure(port: int, users: int, changed: int) -> dict[str, float]:
    service = create_app(tenant(port, users)).state.service
    (job_id,) = job_ids(service.tenant)
    seconds = await timed("initial", cycle(service, job_id))
    for name, count in (("none", 0), ("changed", changed)):
        with service.tenant.store.transaction():
            for user in service.tenant.documents.all("user")[:count]:
                service.tenant.documents.put("user", user["id"], user | {"jobTitle": "Changed"})
        seconds |= await timed(name, cycle(service, job_id))
    sent: list[tuple[str, str, dict[str, str], bytes | None]] = []
    recorded(sent)
    await cycle(create_app(tenant(port, users)).state.service, job_id)
    return seconds | await timed("bare", bare(sent)) | {"requests": len(sent)}


async def timed(name: str, work: Coroutine[Any, Any, None]) -> dict[str, float]:
    begin, cpu = time.perf_counter(), time.process_time()
    await work
    return {name: time.perf_counter() - begin, f"{name}-cpu": time.process_time() - cpu}


async def cycle(service: Any, job_id: str) -> None:
    summary = await run_cycle(service, job_id)
    assert summary.execution and not summary.execution["countEscrowedRaw"], summary.execution


def main() -> None:
    server = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        print(json.dumps(asyncio.run(measure(port, int(sys.argv[1]), int(sys.argv[2])))))
    finally:
        server.kill()


if __name__ == "__main__":
    asyncio.run(serve()) if sys.argv[1:] == ["--serve"] else main()
