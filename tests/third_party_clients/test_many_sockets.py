"""Terraform opens a connection a request and keeps it until it ends: a thousand of them, over TLS, are open at once."""

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
def test_a_thousand_connections_at_once(served, open_files):
    statuses, late = asyncio.run(ask(served))
    assert statuses == [b"HTTP/1.1 200 OK\r\n"] * MANY
    assert late == b"HTTP/1.1 200 OK\r\n", "the first of them is still good when the last one is there"


async def ask(served):
    trust = ssl.create_default_context(cafile=served.authority)
    port = urlsplit(served.root).port

    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="localhost")
        return reader, writer, await say(reader, writer)

    connections = await asyncio.gather(*(one() for _ in range(MANY)))
    late = await say(*connections[0][:2])
    for _, writer, _ in connections:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer, _ in connections), return_exceptions=True)
    return [status for _, _, status in connections], late


async def say(reader, writer):
    writer.write(b"GET /v1.0/users/ada@contoso.com?$select=id HTTP/1.1\r\nHost: localhost\r\n\r\n")
    status, length = await reader.readline(), 0
    while (line := await reader.readline()).strip():
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    await reader.readexactly(length)
    return status
