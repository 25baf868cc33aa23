from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .scim_client import ScimClient


@pytest.fixture(scope="package")
def target() -> Iterator[Callable[[str], ScimClient]]:
    """Return a function that starts targets, each kind once; tests of one kind share its resources."""
    clients: dict[str, ScimClient] = {}
    with ExitStack() as stack:

        def start(kind: str) -> ScimClient:
            if kind not in clients:
                clients[kind] = stack.enter_context(ScimClient(kind))
            return clients[kind]

        yield start


@pytest.fixture(scope="package")
def tolerant(target: Callable[[str], ScimClient]) -> ScimClient:
    return target("tolerant")


@pytest.fixture(scope="package")
def strict(target: Callable[[str], ScimClient]) -> ScimClient:
    return target("strict")
