"""The sandbox as an ASGI application, and a server for it on a loopback socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from scimconf.sandbox.batch import parse_query
from scimconf.sandbox.certificates import Certificates
from scimconf.sandbox.control import control_routes
from scimconf.sandbox.faults import ConnectionDropped
from scimconf.sandbox.http_types import GraphRequest, GraphResponse
from scimconf.sandbox.login import login_routes
from scimconf.sandbox.routes import path_segments
from scimconf.sandbox.service import PERMISSIONS, Service
from scimconf.sandbox.store import Store
from scimconf.sandbox.tenant import Clock, Tenant, system_clock
from scimconf.sandbox.tenant_file import TenantFile, initial_switches

VERSIONS = ("v1.0", "beta")
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_OPEN_FILES = 65_536
_IDLE_SECONDS = 75
_DROP_CONNECTION = "scimconf.drop_connection"


def create_app(
    tenant: TenantFile | Mapping[str, Any] | None = None,
    *,
    state: str | None = None,
    switches: Mapping[str, object] | None = None,
    permissions: frozenset[str] | None = None,
    now: Clock = system_clock,
    connection_lost: Callable[[], Exception] = ConnectionDropped,
) -> Starlette:
    """Return a sandbox application with its own tenant.

    `tenant` describes the initial tenant. `state` is the path of an SQLite file; a tenant that it already contains is
    used unchanged. `permissions` are those of every caller, None for all. `connection_lost` creates the exception that
    a caller in the same process gets when a fault drops the connection.
    """
    description = tenant if isinstance(tenant, TenantFile) else TenantFile(tenant or {})

    def load(empty_tenant: Tenant) -> None:
        description.load(empty_tenant)
        if permissions is not None:
            empty_tenant.store_value(PERMISSIONS, sorted(permissions))

    sandbox_tenant = Tenant(Store(state or ":memory:"), initial_switches(description, switches or {}), now)
    service = Service(sandbox_tenant, load)
    if sandbox_tenant.stored_value("organization") is None:
        service.reset()
    elif permissions is not None:
        sandbox_tenant.store_value(PERMISSIONS, sorted(permissions))
    graph = [Mount(f"/{version}", app=_GraphApp(service, version, connection_lost)) for version in VERSIONS]
    other = [*control_routes(service), *login_routes(service)]
    app = Starlette(routes=[*other, *graph, Mount("/", app=_unknown_path)])
    app.state.service = service
    return app


# ---- ASGI -----------------------------------------------------------------------------------------------------------


class _GraphApp:
    """The ASGI application of one version of Graph. Not a Starlette endpoint, since it may end without a response."""

    def __init__(self, service: Service, version: str, connection_lost: Callable[[], Exception]) -> None:
        self._service = service
        self._version = version
        self._connection_lost = connection_lost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = await request.body()
        client_id = request.headers.get("client-request-id")
        graph_request = self._graph_request(request, raw)
        try:
            reply = await self._service.complete(graph_request, self._service.respond(graph_request))
        except ConnectionDropped as dropped:
            drop_connection = scope.get("extensions", {}).get(_DROP_CONNECTION)
            if drop_connection is None:
                raise self._connection_lost() from dropped
            await drop_connection()
            return
        if reply.delay_ms:
            await asyncio.sleep(reply.delay_ms / 1000)
        headers = {
            "date": format_datetime(self._service.tenant.now(), usegmt=True),
            "request-id": reply.request_id,
            "client-request-id": client_id or reply.request_id,
        }
        await _response(reply.response, headers)(scope, receive, send)

    def _graph_request(self, request: Request, raw: bytes) -> GraphRequest:
        path = _path_below(request, self._version)
        return GraphRequest(
            method=request.method,
            path=path,
            base_url=f"{request.url.scheme}://{request.url.netloc}/{self._version}",
            segments=path_segments(path),
            query=parse_query(request.url.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=_parsed(raw),
        )


def _path_below(request: Request, version: str) -> str:
    """Return the path after the version, still percent-encoded."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.split(b"?", 1)[0].decode("ascii", "replace")
    return path.removeprefix(f"/{version}") or "/"


def _parsed(raw: bytes) -> Any:
    """Return the JSON body; text that is not JSON is returned as a string, which every handler refuses."""
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _response(response: GraphResponse, headers: Mapping[str, str]) -> Response:
    all_headers = {**headers, **response.headers}
    if response.body is None:
        return Response(status_code=response.status, headers=all_headers)
    if isinstance(response.body, int):
        return Response(str(response.body), response.status, all_headers, media_type="text/plain")
    content = json.dumps(response.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, response.status, all_headers, media_type=_JSON)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    path = Request(scope, receive).url.path
    error = {
        "code": "SandboxNotImplemented",
        "message": f"The sandbox does not implement {scope['method']} {path}. It serves paths below /v1.0, /beta and /_sandbox.",
    }
    await _response(GraphResponse(501, {"error": error}), {})(scope, receive, send)


# ---- socket ---------------------------------------------------------------------------------------------------------


def serve(
    app: ASGIApp,
    *,
    port: int = 0,
    ready_file: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
    tls: Certificates | None = None,
    background: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Serve the application on 127.0.0.1 until SIGINT or SIGTERM. Port 0 selects a free port.

    When the server listens, the Graph URL is written to `ready_file` and passed to `on_ready`. `background` runs until
    the server stops. Raise PortError if the port cannot be bound.
    """
    _allow_many_sockets()
    with socket.socket(
        socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
    ) as listener:  # else asyncio delays packets
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, port)
        url = f"{'http://127.0.0.1' if tls is None else 'https://localhost'}:{listener.getsockname()[1]}/v1.0"

        def ready() -> None:
            if ready_file is not None:
                _write_atomically(ready_file, url)
            if on_ready is not None:
                on_ready(url)

        with _stop_signals_ignored():
            _Server(_server_config(app, tls), ready, background).run(sockets=[listener])
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def _server_config(app: ASGIApp, tls: Certificates | None) -> uvicorn.Config:
    return uvicorn.Config(
        _ConnectionDropMiddleware(app),
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=_IDLE_SECONDS,
        ssl_certfile=None if tls is None else tls.certificate,
        ssl_keyfile=None if tls is None else tls.key,
    )


class PortError(Exception):
    """The port cannot be bound."""


def _bind(listener: socket.socket, port: int) -> None:
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise PortError(error.strerror) from error


def _allow_many_sockets() -> None:
    """Raise the limit of open files, since some clients open a connection for each request."""
    if sys.platform != "win32":  # there is no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


class _Server(uvicorn.Server):
    """A uvicorn server that calls `ready` once it listens, and runs a coroutine in the background until it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        background: Callable[[], Coroutine[Any, Any, None]] | None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._background = background
        self._task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._background is not None:
            self._task = asyncio.create_task(self._background())
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await super().shutdown(sockets=sockets)


class _ConnectionDropMiddleware:
    """Adds an ASGI extension with which the application closes the connection without a response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), _DROP_CONNECTION: _connection_dropper(receive, send)}
        await self._app(scope, receive, send)


def _connection_dropper(receive: Receive, send: Send) -> Callable[[], Awaitable[None]]:
    async def drop_connection() -> None:
        transport = getattr(send, "__self__").transport  # noqa: B009  `send` is a bound method of uvicorn
        transport.abort()
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()

    return drop_connection


@contextmanager
def _stop_signals_ignored() -> Iterator[None]:
    """Ignore the signal that uvicorn raises again after it has stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
