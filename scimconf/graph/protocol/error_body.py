"""Error responses of Graph as GraphError, with a hint. Pure, no third party.

Graph passes on errors of the synchronization service in three shapes: an error whose message is the JSON text of
another error, one whose message is the JSON text `{"Message": ...}`, and an empty one. The first two are unwrapped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimconf import permissions
from scimconf.diagnostics import GraphError, TransportError
from scimconf.graph.protocol.request import Reply, Request
from scimconf.graph.protocol.retry import RETRY_LATER, retry_after, throttling_hint
from scimconf.json_types import UnusableJsonError, parse_json

MaskText = Callable[[str], str]

UNKNOWN = "UnknownError"
UNEXPECTED = "unexpected response"
EXCERPT = 200
"""Characters of a response that is not JSON to quote in a message."""
MASKED_BYTES = 20_000
"""Bytes of such a response to search for secrets before it is cut, so that no part of a secret is left."""


@dataclass(frozen=True, slots=True)
class GraphErrorBody:
    """An error's code, message and request id."""

    code: str
    message: str = ""
    request_id: str = ""


def parse_error(body: Any) -> GraphErrorBody | None:
    """Return the unwrapped error of a JSON body, or None if it is not an error."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code = str(error.get("code") or UNKNOWN)
    message = _message(error)
    inner = error.get("innerError") or error.get("innererror")
    request_id = str(inner.get("request-id") or "") if isinstance(inner, dict) else ""
    wrapped = _parsed(message)
    nested = parse_error(wrapped)
    if nested is not None:
        return GraphErrorBody(nested.code, nested.message, request_id or nested.request_id)
    if isinstance(wrapped, dict) and isinstance(wrapped.get("Message"), str):
        message = wrapped["Message"]
    return GraphErrorBody(code, message, request_id)


def _message(error: dict[str, Any]) -> str:
    if error.get("message"):
        return str(error["message"])
    details = error.get("details")
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    return "; ".join(str(row["message"]) for row in rows if row.get("message"))


def _parsed(message: str | bytes) -> Any:
    try:
        return parse_json(message)
    except ValueError:
        return None


def hint(status: int, code: str, method: str, path: str) -> str:
    """Return what to do about a refused request, or ""."""
    if status == 401 and code == "InvalidAuthenticationToken":
        return "Graph does not accept the token. Sign in again; check --auth and the tenant."
    return permissions.hint(method, path) if status in {401, 403} else ""


def check_reply(request: Request, reply: Reply, *, mask_text: MaskText, now: datetime | None) -> None:
    """Raise GraphError unless the reply is a success with JSON or without content (a login page is 200 with HTML)."""
    if not 200 <= reply.status < 300:
        raise graph_error(request, reply, _parsed(reply.content), mask_text=mask_text, now=now)
    kind = reply.headers.get("content-type", "json")
    if reply.content and "json" not in kind.lower():
        raise unexpected(request, reply, text(reply), mask_text)


def json_body(request: Request, reply: Reply, mask_text: MaskText) -> Any:
    """Return the JSON of a success, or None without content."""
    if not reply.content:
        return None
    try:
        return parse_json(reply.content)
    except UnusableJsonError as error:
        message = str(error)
    except ValueError:
        message = text(reply)
    raise unexpected(request, reply, message, mask_text)


def graph_error(request: Request, reply: Reply, body: Any, *, mask_text: MaskText, now: datetime | None) -> GraphError:
    """Return the error of a reply with this JSON; `now` is Graph's clock, for a Retry-After that is a date."""
    quote = excerpt(text(reply), mask_text)
    error = parse_error(body) or GraphErrorBody(UNEXPECTED if quote else UNKNOWN, quote)
    wait = retry_after(reply.headers.get("retry-after"), now)
    throttled = wait is not None and reply.status in RETRY_LATER
    retry_hint = throttling_hint(wait, now) if wait is not None and throttled else ""
    return GraphError(
        status=reply.status,
        code=mask_text(error.code),
        message=mask_text(error.message),
        method=request.method,
        path=mask_text(request.resolved_path()),
        request_id=mask_text(reply.request_id or error.request_id),
        client_request_id=reply.client_request_id,
        retry_after=wait,
        lost_attempt=reply.lost_attempt,
        hint=retry_hint or hint(reply.status, error.code, request.method, request.resolved_path()),
    )


def unexpected(request: Request, reply: Reply, message: str, mask_text: MaskText) -> GraphError:
    """Return the error of a reply that is a success only by its status."""
    return GraphError(
        status=reply.status,
        code=UNEXPECTED,
        message=excerpt(message, mask_text),
        method=request.method,
        path=mask_text(request.resolved_path()),
        request_id=mask_text(reply.request_id),
        client_request_id=reply.client_request_id,
    )


def no_response(request: Request, message: str, client_request_id: str = "", hint: str = "") -> TransportError:
    method, path = request.method, request.resolved_path()
    return TransportError(method=method, path=path, message=message, client_request_id=client_request_id, hint=hint)


def undocumented(method: str, path: str, difference: str) -> GraphError:
    """Return the error of a success whose JSON is not as Graph documents it; `difference` contains no value of it."""
    message = f"the response is not as Graph documents it: {difference}"
    return GraphError(status=200, code=UNEXPECTED, message=message, method=method, path=path)


def text(reply: Reply) -> str:
    return reply.content[:MASKED_BYTES].decode("utf-8", "replace")


def excerpt(message: str, mask_text: MaskText) -> str:
    """Return the start of an unexpected response, on one line and without secrets."""
    return " ".join(mask_text(message).split())[:EXCERPT]
