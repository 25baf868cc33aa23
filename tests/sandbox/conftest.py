from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from .client import WRITER, Client

NOON = datetime(2030, 1, 2, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Iterator[Callable[..., Client]]:
    """Return a function that creates clients of sandboxes; they are closed at the end."""
    clients: list[Client] = []

    def make(tenant: Any = None, **options: Any) -> Client:
        clients.append(Client(tenant, **{"now": lambda: NOON} | options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def contoso(sandbox: Callable[..., Client]) -> Client:
    return sandbox()


@pytest.fixture
def writer(sandbox: Callable[..., Client]) -> Client:
    """Contoso with the application Writer and a paused job."""
    return sandbox({"applications": [WRITER | {"jobs": [{"template": "scim"}]}]})


@pytest.fixture
def schema(writer: Client) -> Any:
    return writer.schema()
