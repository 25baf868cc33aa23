"""Terraform opens one connection per request and keeps it open: the sandbox must serve 1,000 of them over TLS."""

import asyncio
import resource
import ssl
from urllib.parse import urlsplit

import pytest

MANY = 1000


@pytest.fixture
def open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MANY + 100:
        pytest.skip(f"this machine lets a process have {hard} open files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY + 100) if soft > 0 else soft, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
def test_sandbox_serves_1000_connections_at_once(served, open_files):
    statuses, second_status = asyncio.run(open_connections(served))
    assert statuses == [b"HTTP/1.1 200 OK\r\n"] * MANY
    assert second_status == b"HTTP/1.1 200 OK\r\n", "the first connection still works after the last one is open"


async def open_connections(served):
    trust = ssl.create_default_context(cafile=served.authority)
    port = urlsplit(served.root).port

    async def connect():
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="localhost")
        return reader, writer, await send_request(reader, writer)

    connections = await asyncio.gather(*(connect() for _ in range(MANY)))
    second_status = await send_request(*connections[0][:2])
    for _, writer, _ in connections:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer, _ in connections), return_exceptions=True)
    return [status for _, _, status in connections], second_status


async def send_request(reader, writer):
    writer.write(b"GET /v1.0/users/ada@contoso.com?$select=id HTTP/1.1\r\nHost: localhost\r\n\r\n")
    status, length = await reader.readline(), 0
    while (line := await reader.readline()).strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    await reader.readexactly(length)
    return status
