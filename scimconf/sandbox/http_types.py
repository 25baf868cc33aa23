"""Requests, responses and errors as the handlers see them, independent of the web framework.

Handlers raise ResponseError and no other exception. `Service` turns it into an error response.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """One request. Names of query options have no `$` and are in lower case; so are names of headers.

    `permissions` are those of the caller; None grants all.
    """

    method: str
    path: str
    base_url: str
    segments: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    permissions: frozenset[str] | None = None

    def with_route(self, path_parameters: Mapping[str, str], permissions: frozenset[str] | None) -> GraphRequest:
        return replace(self, path_parameters=path_parameters, permissions=permissions)

    @property
    def is_advanced(self) -> bool:
        """Whether the request is an advanced query (`ConsistencyLevel: eventual`)."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    @property
    def is_beta(self) -> bool:
        return self.base_url.endswith("/beta")

    def object_body(self) -> Json:
        """Return the body; raise a 400 if it is not a JSON object."""
        if not isinstance(self.body, dict):
            raise bad_request("Unable to read JSON request payload. Please ensure Content-Type header is set.")
        return self.body


@dataclass(frozen=True, slots=True)
class GraphResponse:
    """A status code with a JSON body; None is no body."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = GraphResponse(204)


@dataclass(frozen=True, slots=True)
class PendingResponse(GraphResponse):
    """A response that needs requests to an application: `complete` sends them, outside of a transaction.

    Its argument is the service, its result the response; it may raise ResponseError.
    """

    complete: Callable[[Any], Awaitable[GraphResponse]] | None = None


class ResponseError(Exception):
    """An error response that a handler returns by raising it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: tuple[Mapping[str, Any], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {message}")

    def body(self, date: str, request_id: str, client_request_id: str) -> Json:
        error: Json = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = [dict(detail) for detail in self.details]
        error["innerError"] = {"date": date, "request-id": request_id, "client-request-id": client_request_id}
        return {"error": error}


def bad_request(message: str, *, code: str = "Request_BadRequest", details: tuple[Json, ...] = ()) -> ResponseError:
    return ResponseError(400, code, message, details=details)


def unsupported_query(message: str) -> ResponseError:
    return bad_request(message, code="Request_UnsupportedQuery")


def not_found(resource: str) -> ResponseError:
    return ResponseError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{resource}' does not exist or one of its queried reference-property objects are not present.",
    )


def not_allowed() -> ResponseError:
    return ResponseError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def not_emulated(feature: str) -> ResponseError:
    """Return the error for what Graph has and the sandbox does not."""
    return ResponseError(501, "SandboxNotImplemented", f"The sandbox does not implement {feature}.")


def sync_error(status: int, code: str, message: str | None) -> ResponseError:
    """Return an error of the synchronization service: JSON text inside the message of an `UnknownError`."""
    inner: Json = {"error": {"code": code, "message": message, "target": None, "details": [], "innerError": None}}
    return ResponseError(status, "UnknownError", json.dumps(inner, indent=2).replace("\n", "\r\n"))


def sync_path_not_found(path: str) -> ResponseError:
    """Return the 404 of the synchronization service for a path that it does not have."""
    uri = f"https://syncfabric.windowsazure.com/api{path}?api-version=2.0"
    message = {"Message": f"No HTTP resource was found that matches the request URI '{uri}'."}
    return ResponseError(404, "UnknownError", json.dumps(message))


def sync_unauthorized() -> ResponseError:
    """Return the empty 401 of a missing permission, and of a service principal that is not replicated yet."""
    return ResponseError(401, "UnknownError", "")
