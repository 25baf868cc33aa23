"""The HTTP side of a target: an ASGI application around a handler."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from scimconf.sandbox.target.messages import Handler, TargetRequest, TargetResponse, error_response

_BODY_LIMIT = 10_000_000
"""Bytes of a request body."""


def asgi_application(handler: Handler, url: str) -> ASGIApp:
    """Return the application that serves the handler below `url`, and without its path as scim2-server does."""
    root = urlsplit(url).path

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            await _send(error_response(413, f"The request body has more than {_BODY_LIMIT} bytes."), send)
            return
        path = scope["raw_path"].split(b"?")[0].decode("ascii", "replace")
        request = TargetRequest(
            method=scope["method"],
            path=path.removeprefix(root) if path == root or path.startswith(f"{root}/") else path,
            query=dict(parse_qsl(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            base_url=url,
        )
        await _send(await handler(request), send)

    return application


async def _body(receive: Receive) -> bytes | None:
    """Return the body of a request, None if it is too long."""
    parts = bytearray()
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if len(parts) > _BODY_LIMIT:
            return None
        if not message.get("more_body"):
            return bytes(parts)


async def _send(response: TargetResponse, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": _encoded(response)})


def _encoded(response: TargetResponse) -> bytes:
    if response.body is None:
        return b""
    return response.body.encode() if isinstance(response.body, str) else json.dumps(response.body).encode()
