"""Starts a target: a SCIM server on a loopback socket, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from typing import Any, Self

import uvicorn

from scimconf.sandbox.target.asgi import asgi_application
from scimconf.sandbox.target.catalogue import TargetError, faults_of
from scimconf.sandbox.target.messages import Handler, behind
from scimconf.sandbox.target.page import TargetView
from scimconf.sandbox.target.tolerance import Tolerance, as_sent
from scimconf.sandbox.target.vendor import VendorLimits

_ROOT = "/v2"
_START_POLL_SECONDS = 0.1


class RunningTarget:
    """A SCIM server on 127.0.0.1. `url` is the root of its endpoints, `token` the bearer token that it accepts."""

    def __init__(
        self, kind: str, token: str, peer: Any, listener: socket.socket, limits: Mapping[str, Any] | None = None
    ) -> None:
        self.kind = kind
        self.token = token
        self._peer = peer
        self._listener = listener
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}{_ROOT}"
        self._server = uvicorn.Server(_config(asgi_application(target_handler(kind, peer, limits), self.url)))
        self._thread = threading.Thread(target=self._run, name=f"target {kind}", daemon=True)
        self._thread.start()
        while not self._server.started and self._thread.is_alive():
            self._thread.join(_START_POLL_SECONDS)

    def users(self) -> list[dict[str, Any]]:
        """Return the stored users in the order of their creation, as the application itself has them."""
        return self._stored("User")

    def groups(self) -> list[dict[str, Any]]:
        """Return the stored groups in the order of their creation, with all members."""
        return self._stored("Group")

    def view(self) -> TargetView:
        """Return what the sandbox shows of the target."""
        return TargetView(self.kind, self.url, self.users, self.groups)

    def stop(self) -> None:
        """Close the socket and end the thread. Stored users and groups stay readable."""
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _stored(self, resource_type: str) -> list[dict[str, Any]]:
        resources = [item for item in self._peer.resources() if item["meta"]["resourceType"] == resource_type]
        return [as_sent(item) for item in resources]

    def _run(self) -> None:
        with self._listener:
            self._server.run(sockets=[self._listener])


def target_handler(kind: str, peer: Any, limits: Mapping[str, Any] | None = None) -> Handler:
    """Return the handler of a kind of target in front of a ScimPeer; raise TargetError if the kind is unknown.

    `limits` is the document of `VendorLimits`.
    """
    faults = faults_of(kind)
    handler: Handler = peer.respond
    if kind != "strict":
        handler = behind(Tolerance(peer), handler)
    for fault in faults:
        handler = behind(fault.middleware(), handler)
    return behind(VendorLimits(limits), handler) if limits else handler


def start_target(kind: str, *, token: str, port: int = 0, limits: Mapping[str, Any] | None = None) -> RunningTarget:
    """Start a target and return it once it listens; port 0 selects a free port.

    `kind` is `strict` (scim2-server as it is), `tolerant` (accepts what Microsoft Entra sends) or `faulty:ID` (tolerant,
    with one fault of `catalogue.FAULTS`). `limits` is the document of `vendor.VendorLimits`. Raise TargetError if the kind is unknown, a package is missing or the port
    cannot be bound.
    """
    faults_of(kind)
    try:
        from scimconf.sandbox.target.scim2 import ScimPeer
    except ImportError as error:
        raise TargetError(f"{error.name} is not installed: pip install 'scimconf[rehearsal]'") from None
    return RunningTarget(kind, token, ScimPeer(token, tolerant=kind != "strict"), _bound(port), limits)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # asyncio disables the delay of small packets by the protocol
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise TargetError(
            f"The target cannot listen on port {port}: {error.strerror}. Use port 0 for a free port"
        ) from None
    return listener


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
