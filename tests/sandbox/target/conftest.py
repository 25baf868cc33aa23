from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import canary
import pytest
from node_fixture import node_packages

from .scim_client import GROUP, ScimClient, TargetClient

HOST = Path(__file__).with_name("scimmy_host.cjs")
SCIMMY = ("scimmy@1.3.5", "scimmy-routers@1.3.2", "express@5.3.0")


@pytest.fixture(scope="package")
def target() -> Iterator[Callable[[str], TargetClient]]:
    """Return a function that starts targets, each kind once; tests of one kind share its resources."""
    clients: dict[str, TargetClient] = {}
    with ExitStack() as stack:

        def start(kind: str) -> TargetClient:
            if kind not in clients:
                clients[kind] = stack.enter_context(TargetClient(kind))
            return clients[kind]

        yield start


@pytest.fixture(scope="package")
def tolerant(target: Callable[[str], TargetClient]) -> TargetClient:
    return target("tolerant")


@pytest.fixture(scope="package")
def strict(target: Callable[[str], TargetClient]) -> TargetClient:
    return target("strict")


@pytest.fixture(scope="package")
def scimmy() -> Iterator[ScimClient]:
    """Return a client of a server with SCIMMY, a library for Node, which is installed once in the virtual environment."""
    packages = node_packages("node-scimmy", *SCIMMY)
    token = canary.secret("token of SCIMMY")
    command = ["node", str(HOST), token]
    with subprocess.Popen(command, cwd=packages, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with ScimClient(f"http://127.0.0.1:{port}/scim", token, (GROUP,)) as client:
            yield client
        process.terminate()
