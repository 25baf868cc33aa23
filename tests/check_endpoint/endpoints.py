"""Endpoints for tests: scripted HTTP servers and servers that break the protocol, on loopback; and runs of checks."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from canary import TOKEN

from scimconf.check_report import CheckStatus
from scimconf.rehearsal.endpoint.checks import select
from scimconf.rehearsal.endpoint.context import RunSettings
from scimconf.rehearsal.endpoint.dialect import LEGACY
from scimconf.rehearsal.endpoint.run import EndpointRun, check_endpoint
from scimconf.rehearsal.endpoint.transport import EndpointConnection

LIST = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": []}


def run(url, *patterns, token=TOKEN, timeout=20.0, dialect=LEGACY, clock=lambda: 0.0, oauth=None, progress=str):
    """Return the outcome of a run of the checks that the patterns select."""
    return check_endpoint(
        EndpointRun(
            connection=EndpointConnection(base_address=url, token=token, timeout=timeout, is_loopback=True),
            settings=RunSettings(marker="scimconf-check-0", domain="contoso.com", dialect=dialect, oauth=oauth),
            checks=select(patterns),
            subject="checks of a test",
            secrets=(token, *((oauth.client_secret,) if oauth else ())),
            clock=clock,
            progress=progress,
        )
    )


def ids(report, *statuses):
    """Return the ids of the results with one of the statuses."""
    return [result.id for result in report.results if result.status in statuses]


def failed(report):
    return ids(report, CheckStatus.FAILED)


def result(report, name):
    return next(result for result in report.results if result.id == name)


class QuietServer(ThreadingHTTPServer):
    """Prints no traceback for a script that drops its connection."""

    def handle_error(self, *_args):
        """Print nothing."""


class Scripted(BaseHTTPRequestHandler):
    """Answers each request as a function says: (method, path, headers, body) -> (status, body, headers)."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for headers and body, which the client need not wait for

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        status, body, headers = self.server.script(self.command, self.path, self.headers, content.decode())
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/scim+json",
            "Content-Length": str(len(raw)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  names of http.server

    def log_message(self, *_args):
        """Print nothing."""


@contextmanager
def scripted(script):
    """Yield the URL of a server that answers by a script."""
    server = QuietServer(("127.0.0.1", 0), Scripted)
    server.daemon_threads = True
    server.script = script
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/scim"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw(respond):
    """Yield the URL of a server that reads a request and lets `respond(connection)` write what it wants."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: Any):
        with connection:
            try:
                connection.recv(65_536)
                respond(connection)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/scim"
    finally:
        listener.close()
