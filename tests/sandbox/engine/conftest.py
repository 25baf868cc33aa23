from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.client import Client
from tests.sandbox.engine.provisioned import Provisioned
from tests.sandbox.engine.recording_server import RecordingServer


@pytest.fixture
def endpoint() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


@pytest.fixture
def provisioned(endpoint: RecordingServer) -> Iterator[Callable[..., Provisioned]]:
    """Return a function that makes a tenant with the application Writer, whose started job sends to the endpoint."""
    clients: list[Client] = []

    def make(**options: Any) -> Provisioned:
        tenant = Provisioned(endpoint, **options)
        clients.append(tenant.client)
        return tenant

    yield make
    for client in clients:
        client.close()
