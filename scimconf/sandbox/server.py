"""The sandbox as an ASGI application, and as a server on a loopback socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
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
_HANG_UP = "scimconf.hang_up"


def create_app(
    tenant: TenantFile | Mapping[str, Any] | None = None,
    *,
    state: str | None = None,
    switches: Mapping[str, object] | None = None,
    permissions: frozenset[str] | None = None,
    now: Clock = system_clock,
    connection_lost: Callable[[], Exception] = ConnectionDropped,
) -> Starlette:
    """A sandbox with a tenant of its own.

    `state` is a file that outlives the process; a tenant that is in it already is used as it is. `connection_lost`
    makes the exception that a caller in the same process sees when a fault drops the connection.
    """
    described = tenant if isinstance(tenant, TenantFile) else TenantFile(tenant or {})

    def load(one: Tenant) -> None:
        described.load(one)
        if permissions is not None:
            one.store_value(PERMISSIONS, sorted(permissions))

    here = Tenant(Store(state or ":memory:"), initial_switches(described, switches or {}), now)
    service = Service(here, load)
    if here.stored_value("organization") is None:
        service.reset()
    elif permissions is not None:
        here.store_value(PERMISSIONS, sorted(permissions))
    graph = [Mount(f"/{version}", app=_GraphApp(service, version, connection_lost)) for version in VERSIONS]
    beside = [*control_routes(service), *login_routes(service)]
    app = Starlette(routes=[*beside, *graph, Mount("/", app=_unknown_path)])
    app.state.service = service
    return app


# ---- ASGI -----------------------------------------------------------------------------------------------------------


class _GraphApp:
    """One version of Graph. Not an endpoint of Starlette's, since it may end without an answer."""

    def __init__(self, service: Service, version: str, connection_lost: Callable[[], Exception]) -> None:
        self._service = service
        self._version = version
        self._connection_lost = connection_lost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = await request.body()
        client_id = request.headers.get("client-request-id")
        try:
            call = self._call(request, raw)
            respond = self._service.respond(call)
        except ConnectionDropped as dropped:
            hang_up = scope.get("extensions", {}).get(_HANG_UP)
            if hang_up is None:
                raise self._connection_lost() from dropped
            await hang_up()
            return
        if respond.delay_ms:
            await asyncio.sleep(respond.delay_ms / 1000)
        headers = {
            "date": format_datetime(self._service.tenant.now(), usegmt=True),
            "request-id": respond.request_id,
            "client-request-id": client_id or respond.request_id,
        }
        await _response(respond.answer, headers)(scope, receive, send)

    def _call(self, request: Request, raw: bytes) -> GraphRequest:
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
    """The path as it was sent, escapes and all, behind the version."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = raw.split(b"?", 1)[0].decode("ascii", "replace")
    return path.removeprefix(f"/{version}") or "/"


def _parsed(raw: bytes) -> Any:
    """The body; text that is no JSON counts as a body of the wrong kind, which every handler refuses."""
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _response(answer: GraphResponse, headers: Mapping[str, str]) -> Response:
    own = {**headers, **answer.headers}
    if answer.body is None:
        return Response(status_code=answer.status, headers=own)
    if isinstance(answer.body, int):
        return Response(str(answer.body), answer.status, own, media_type="text/plain")
    content = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, answer.status, own, media_type=_JSON)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    path = Request(scope, receive).url.path
    error = {
        "code": "SandboxNotImplemented",
        "message": f"The sandbox serves /v1.0, /beta and /_sandbox, not {scope['method']} {path}.",
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
) -> None:
    """Serves on 127.0.0.1 until SIGINT or SIGTERM; a port of 0 takes a free one.

    Once it listens, the Graph URL is written to the ready file and given to `on_ready`.
    """
    _allow_many_sockets()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, port)
        url = f"{'http://127.0.0.1' if tls is None else 'https://localhost'}:{listener.getsockname()[1]}/v1.0"
        config = uvicorn.Config(
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

        def ready() -> None:
            if ready_file is not None:
                _write_atomically(ready_file, url)
            if on_ready is not None:
                on_ready(url)

        with _stop_on_signals():
            _Server(config, ready).run(sockets=[listener])
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


class PortError(Exception):
    """A port that cannot be had."""


def _bind(listener: socket.socket, port: int) -> None:
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise PortError(error.strerror) from error


def _allow_many_sockets() -> None:
    """As many open files as the system lets this process have: some clients open a connection a request."""
    try:
        import resource
    except ImportError:  # pragma: no cover  Windows, where there is no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn's server, saying when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()


class _ConnectionDropMiddleware:
    """Gives the application a way to lose the connection: it closes the transport under uvicorn's `send`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), _HANG_UP: _hang_up(receive, send)}
        await self._app(scope, receive, send)


def _hang_up(receive: Receive, send: Send) -> Callable[[], Awaitable[None]]:
    async def hang_up() -> None:
        transport = getattr(send, "__self__").transport  # noqa: B009  the cycle that sends is uvicorn's
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass

    return hang_up


@contextmanager
def _stop_on_signals() -> Iterator[None]:
    """Uvicorn raises the signal that stopped it once more; here, having stopped is enough."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
